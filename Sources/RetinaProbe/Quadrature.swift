/// Nodes and weights for an integral over [0, 1].
///
/// The rules are those of Captum (`captum/attr/_utils/approximation_methods.py`) number for number, so that results can be
/// compared. Its trapezoid is not the textbook rule: the weights sum to (n - 1) / n, and integrals come out low by that
/// factor; the residual shows it.
public struct Quadrature: Sendable {
  /// How nodes are placed.
  public enum Rule: Sendable, CaseIterable {
    /// Gauss-Legendre: exact for polynomials up to degree 2n - 1.
    case gaussLegendre
    /// Left ends of n equal intervals.
    case riemannLeft
    /// Right ends of n equal intervals.
    case riemannRight
    /// Middles of n equal intervals.
    case riemannMiddle
    /// n equally spaced nodes from 0 to 1, half weight at the ends.
    case trapezoid
  }

  /// Places in [0, 1], ascending.
  public let nodes: [Double]
  /// Weight of each node.
  public let weights: [Double]

  /// Creates a rule of `steps` nodes (at least 1; the trapezoid needs 2).
  public init(_ rule: Rule, steps: Int) {
    let count = Double(steps)
    let equal = [Double](repeating: 1 / count, count: steps)
    switch rule {
    case .gaussLegendre: (nodes, weights) = Quadrature.gaussLegendre(steps)
    case .riemannLeft: (nodes, weights) = ((0..<steps).map { Double($0) / count }, equal)
    case .riemannRight: (nodes, weights) = ((0..<steps).map { Double($0 + 1) / count }, equal)
    case .riemannMiddle: (nodes, weights) = ((0..<steps).map { (Double($0) + 0.5) / count }, equal)
    case .trapezoid:
      nodes = steps == 1 ? [0] : (0..<steps).map { Double($0) / (count - 1) }
      weights = (0..<steps).map { ($0 == 0 || $0 == steps - 1 ? 0.5 : 1) / count }
    }
  }

  /// Roots of the Legendre polynomial by Newton's method, and the weights 2 / ((1 - x^2) P'(x)^2), mapped to [0, 1].
  static func gaussLegendre(_ count: Int) -> (nodes: [Double], weights: [Double]) {
    var nodes = [Double](repeating: 0.5, count: count)
    var weights = [Double](repeating: 1, count: count)
    for index in 0..<(count + 1) / 2 {
      // Starting point: Abramowitz and Stegun 22.16.6.
      var x = cosine(Double.pi * (Double(index) + 0.75) / (Double(count) + 0.5))
      var slope = 1.0
      for _ in 0..<100 {
        let value: Double
        (value, slope) = legendre(count, at: x)
        let step = value / slope
        x -= step
        if step.magnitude < 1e-16 { break }
      }
      let weight = 1 / ((1 - x * x) * slope * slope)
      (nodes[index], nodes[count - 1 - index]) = ((1 - x) / 2, (1 + x) / 2)
      (weights[index], weights[count - 1 - index]) = (weight, weight)
    }
    return (nodes, weights)
  }

  /// The Legendre polynomial of one degree and its derivative, by the three-term recurrence.
  private static func legendre(_ degree: Int, at x: Double) -> (value: Double, slope: Double) {
    var (previous, current) = (1.0, x)
    for order in stride(from: 1, to: degree, by: 1) {
      let k = Double(order)
      (previous, current) = (current, ((2 * k + 1) * x * current - k * previous) / (k + 1))
    }
    return (current, Double(degree) * (x * current - previous) / (x * x - 1))
  }

  /// Cosine for 0...pi by its series: only a starting point for Newton's method, and free of the C library.
  private static func cosine(_ x: Double) -> Double {
    if x > Double.pi / 2 { return -cosine(Double.pi - x) }
    var (term, sum) = (1.0, 1.0)
    for k in 1...10 {
      term *= -x * x / Double((2 * k - 1) * (2 * k))
      sum += term
    }
    return sum
  }
}
