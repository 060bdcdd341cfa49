/// What one cell answers to one stimulus, and which units made it do so.
public struct CellResponse: Sendable {
  /// The rate at each frame, in the unit of the model.
  public var rates: [Float]
  /// The rate at the baseline.
  public var rateAtBaseline: Float
  /// The recorded response at each frame, in the unit of the model, NaN where there is none; empty without a recording.
  public var observed: [Float]
  /// One for each layer of the report.
  public var layers: [LayerContributions]
  /// The largest relative residual of the contributions; nothing when nothing was explained.
  public var largestRelativeResidual: Float?

  /// The frame with the highest rate, counted from the first rate.
  public var peak: Int { rates.indices.reduce(0) { rates[$1] > rates[$0] ? $1 : $0 } }
}
