#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The standard normal distribution.
public enum NormalDistribution {
  /// The density `e^(-x^2 / 2) / sqrt(2 pi)`.
  public static func density(_ x: Double) -> Double { exp(-x * x / 2) / (2 * Double.pi).squareRoot() }

  /// The probability of a value below `x`.
  public static func cumulative(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }

  /// The integral of `(centre - t)^2` times the density from `lower` to `upper`, either of which may be infinite.
  static func secondMoment(about centre: Double, from lower: Double, to upper: Double) -> Double {
    guard upper > lower else { return 0 }
    func edge(_ x: Double) -> Double { x.isInfinite ? 0 : x * density(x) }
    let mass = cumulative(upper) - cumulative(lower)
    let first = density(lower) - density(upper)
    let second = mass + edge(lower) - edge(upper)
    return centre * centre * mass - 2 * centre * first + second
  }
}
