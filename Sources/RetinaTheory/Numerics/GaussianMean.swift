#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Means of smooth functions of normal numbers.
///
/// The trapezoid rule on equal steps, which for analytic functions errs by `e^(-2 pi d / h)` at steps `h` with poles at a
/// distance `d` (Trefethen and Weideman, SIAM Review 56, 385, 2014): the steps are chosen for poles at pi/2, those of tanh.
/// Not for relu, whose kink would leave an error of `h^2`; relu has closed forms.
public enum GaussianMean {
  /// The mean of `f(x)` for x of this variance about 0.
  public static func single(variance: Double, _ f: (Double) -> Double) -> Double {
    let deviation = max(0, variance).squareRoot()
    guard deviation > 0 else { return f(0) }
    let (step, steps) = grid(deviation)
    var sum = 0.0
    for place in -steps...steps {
      let z = step * Double(place)
      sum += exp(-z * z / 2) * f(deviation * z)
    }
    return step * sum / (2 * Double.pi).squareRoot()
  }

  /// The mean of `f(x) g(y)` for x and y of variances `q11` and `q22` and covariance `q12`.
  public static func product(
    _ q11: Double, _ q22: Double, _ q12: Double, _ f: (Double) -> Double, _ g: (Double) -> Double
  ) -> Double {
    guard q11 > 0 else { return f(0) * single(variance: q22, g) }
    let along = q12 / q11.squareRoot()
    let across = max(0, q22 - along * along).squareRoot()
    return single(variance: q11) { x in
      let mean = along * x / q11.squareRoot()
      return f(x) * single(variance: across * across) { g(mean + $0) }
    }
  }

  /// Steps of standard normal numbers up to 9 deviations, 2e-19 of the mass beyond.
  private static func grid(_ deviation: Double) -> (step: Double, steps: Int) {
    let step = min(0.2, Double.pi * Double.pi / (36 * deviation))
    return (step, Int(9 / step))
  }
}
