/// Nodes and weights with which `sum of weight f(node)` is the mean of `f` under the standard normal distribution,
/// exactly for polynomials below degree `2 n`.
///
/// From the eigenvalues of the recurrence's tridiagonal matrix (Golub and Welsch 1969). The rule of published mean-field
/// code, here to reproduce its numbers: 25 nodes err by 3e-4 on `tanh^2` at variance 1.7. ``GaussianMean`` does not.
public struct GaussHermite: Sendable {
  /// The places.
  public let nodes: [Double]
  /// What the values there count; their sum is 1.
  public let weights: [Double]

  /// Creates the rule of `count` nodes.
  public init(_ count: Int) {
    let beside = (1..<max(1, count)).map { Double($0).squareRoot() }
    let eigen = SymmetricEigen(diagonal: [Double](repeating: 0, count: count), beside: beside)
    nodes = eigen.values
    weights = (0..<count).map { eigen.vectors[$0, 0] * eigen.vectors[$0, 0] }
  }

  /// The mean of a function of a standard normal number.
  public func mean(_ function: (Double) -> Double) -> Double {
    zip(nodes, weights).reduce(0) { $0 + $1.1 * function($1.0) }
  }
}
