#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Singular values of an `outputs x inputs` matrix of noise whose values have the variance `1 / inputs`, both large.
///
/// The law of Marchenko and Pastur (1967): all between `1 - sqrt(A)` and `1 + sqrt(A)`, for `A = outputs / inputs`.
public struct MarchenkoPastur: Sendable {
  /// Outputs per input.
  public let aspect: Double

  /// Creates the law for an aspect above 0.
  public init(aspect: Double) { self.aspect = aspect }

  /// The least and the largest singular value.
  public var edges: (lower: Double, upper: Double) { ((1 - aspect.squareRoot()).magnitude, 1 + aspect.squareRoot()) }

  /// The mean of a function of the singular values, those that are zero for want of rows or columns left out.
  public func mean(_ function: (Double) -> Double) -> Double {
    // With s^2 = 1 + A + 2 sqrt(A) cos(angle) the density is sin(angle)^2 / s^2, periodic: equal steps converge fast.
    let steps = 2000
    var (sum, mass) = (0.0, 0.0)
    for step in 0..<steps {
      let (value, weight) = point((Double(step) + 0.5) / Double(steps) * .pi)
      sum += weight * function(value)
      mass += weight
    }
    return sum / mass
  }

  /// `count` values, descending, between which equal parts of the law lie.
  public func quantiles(_ count: Int) -> [Double] {
    let steps = 40 * count
    let points = (0..<steps).map { point((Double($0) + 0.5) / Double(steps) * .pi) }
    let mass = points.reduce(0) { $0 + $1.weight }
    var (values, sum) = ([Double](), 0.0)
    for (value, weight) in points {
      sum += weight
      while values.count < count, sum >= (Double(values.count) + 0.5) / Double(count) * mass { values.append(value) }
    }
    while values.count < count { values.append(edges.lower) }
    return values
  }

  private func point(_ angle: Double) -> (value: Double, weight: Double) {
    let square = max(1 + aspect + 2 * aspect.squareRoot() * cos(angle), 1e-300)
    return (square.squareRoot(), sin(angle) * sin(angle) / square)
  }
}
