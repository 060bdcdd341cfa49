#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The two means of a nonlinearity that all theories of wide networks rest on.
///
/// For normal x and y of variances `q11`, `q22` and covariance `q12`: `value = E[f(x) f(y)]`, `slopes = E[f'(x) f'(y)]`. Closed
/// forms for linear, relu (Cho and Saul 2009), erf (Williams 1997), gelu (Tsuchida et al. 2021, here by partial
/// integration; the second is the first's derivative by `q12`, Price 1958) and exp; quadrature for tanh, softplus and
/// sigmoid.
public struct DualActivation: Equatable, Sendable {
  /// `E[f(x) f(y)]`.
  public let value: Double
  /// `E[f'(x) f'(y)]`.
  public let slopes: Double

  /// Finds both means.
  public init(_ nonlinearity: Nonlinearity, _ q11: Double, _ q22: Double, _ q12: Double) {
    switch nonlinearity {
    case .linear: (value, slopes) = (q12, 1)
    case .relu: (value, slopes) = DualActivation.relu(q11, q22, q12)
    case .erf:
      let product = (1 + 2 * q11) * (1 + 2 * q22)
      value = 2 / .pi * asin(max(-1, min(1, 2 * q12 / product.squareRoot())))
      slopes = 4 / .pi / (product - 4 * q12 * q12).squareRoot()
    case .gelu: (value, slopes) = DualActivation.gelu(q11, q22, q12)
    case .exp:
      value = exponential((q11 + q22) / 2 + q12)
      slopes = value
    case .tanh, .softplus, .sigmoid:
      if q11 == q22, q12 == q11 {
        value = GaussianMean.single(variance: q11) { nonlinearity.value($0) * nonlinearity.value($0) }
        slopes = GaussianMean.single(variance: q11) { nonlinearity.slope($0) * nonlinearity.slope($0) }
      } else {
        value = GaussianMean.product(q11, q22, q12, nonlinearity.value, nonlinearity.value)
        slopes = GaussianMean.product(q11, q22, q12, nonlinearity.slope, nonlinearity.slope)
      }
    }
  }

  private static func relu(_ q11: Double, _ q22: Double, _ q12: Double) -> (Double, Double) {
    // (p - q12)(p + q12) keeps the digits that p^2 - q12^2 would lose for inputs that are nearly the same.
    let p = max(0, q11 * q22).squareRoot()
    let height = (max(0, p - q12) * max(0, p + q12)).squareRoot()
    // Without input there is no angle; a right one is the convention.
    let angle = p > 0 ? atan2(height, q12) : .pi / 2
    return ((height + (.pi - angle) * q12) / (2 * .pi), (.pi - angle) / (2 * .pi))
  }

  private static func gelu(_ q11: Double, _ q22: Double, _ q12: Double) -> (Double, Double) {
    let (first, second) = (1 + q11, 1 + q22)
    let scale = (first * second).squareRoot()
    let rho = q12 / scale
    let width = ((scale - q12) * (scale + q12)).squareRoot() / scale
    let quadrant = 0.25 + asin(rho) / (2 * .pi)
    let mixed = 1 - q11 / first - q22 / second
    let edge = (q11 * q22 + q12 * q12 * mixed) / scale
    let edgeSlope = 2 * q12 * mixed / scale
    return (
      q12 * quadrant + edge / (2 * .pi * width),
      quadrant + q12 / (2 * .pi * scale * width)
        + (edgeSlope / width + edge * rho / (width * width * width * scale)) / (2 * .pi)
    )
  }
}

private func exponential(_ x: Double) -> Double { exp(x) }
