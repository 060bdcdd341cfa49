/// The squared error of linear networks on samples that they were not trained on, from second moments.
public struct HeldOutError: Sendable {
  /// Mean products of the stimulus' directions.
  let scatter: Matrix
  /// Mean products of responses and directions, `[cell, direction]`.
  let correlation: Matrix
  /// Mean squared response, summed over cells.
  public let power: Double

  /// The mean squared error of a network `[cell, direction]`, summed over cells.
  public func error(of network: Matrix) -> Double {
    power - 2 * dot(network.values, correlation.values) + dot((network * scatter).values, network.values)
  }
}
