/// The squared error of linear networks on samples that they were not trained on, from second moments.
public struct HeldOutError: Sendable {
  /// Mean products of the stimulus' directions.
  private let scatter: Matrix
  /// Mean products of responses and directions, `[cell, direction]`.
  private let correlation: Matrix
  /// Mean squared response, summed over cells.
  public let power: Double

  /// Takes the moments of whitened stimuli `[sample, direction]` and responses `[sample, cell]`, both less the means of the
  /// training samples.
  init(white: Matrix, responses: Matrix) {
    let part = 1 / Double(white.rows)
    scatter = part * white.transposed.gram
    correlation = part * (responses.transposed * white)
    power = part * responses.squaredNorm
  }

  /// The mean squared error of a network `[cell, direction]`, summed over cells.
  public func error(of network: Matrix) -> Double {
    power - 2 * dot(network.values, correlation.values) + dot((network * scatter).values, network.values)
  }
}
