#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Capacities of ideal manifolds, with which measured ones are compared.
public enum BallCapacity {
  /// Points: `1 / ((1 + k^2) Phi(k) + k phi(k))` at margin k; 2 without one (Gardner 1988).
  public static func point(margin k: Double = 0) -> Double {
    1 / ((1 + k * k) * NormalDistribution.cumulative(k) + k * NormalDistribution.density(k))
  }

  /// Balls of a radius (in units of the centre's length) and dimension, at a margin (Chung, Lee and Sompolinsky, Physical
  /// Review X 8, 031003, 2018): without a margin `2 / (D + 1)` at radius 1 and `1 / (D + 1/2)` at a large one.
  ///
  /// - Parameter dimension: at least 1; need not be whole.
  public static func ball(radius: Double, dimension: Double, margin k: Double = 0) -> Double {
    guard radius > 0, dimension > 0 else { return point(margin: k) }
    let logScale = (1 - dimension / 2) * M_LN2 - lgamma(dimension / 2)
    func integrand(_ r: Double) -> Double {
      if r == 0, dimension > 1 { return 0 }
      let density = exp(logScale + (dimension - 1) * (r > 0 ? log(r) : 0) - r * r / 2)
      let lower = k - r / radius
      let touching =
        NormalDistribution.secondMoment(about: radius * r + k, from: lower, to: k + radius * r)
        / (radius * radius + 1)
      let mass = NormalDistribution.cumulative(lower)
      let embedded = NormalDistribution.secondMoment(about: k, from: -.infinity, to: lower) + r * r * mass
      return density * (touching + embedded)
    }
    let middle = dimension.squareRoot()
    return 1 / Integral.adaptive(from: max(0, middle - 12), to: middle + 12, integrand)
  }
}
