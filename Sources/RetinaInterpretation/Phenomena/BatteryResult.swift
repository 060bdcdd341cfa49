/// What a battery of phenomena found in one responder.
public struct BatteryResult: Sendable {
  /// What was shown to.
  public var responder: String
  /// Names of its cells, in the order of the scores.
  public var cells: [String]
  /// Unit of its rates.
  public var unit: String
  /// What the null is.
  public var null: String
  /// Frames per second, micrometres per pixel, and the size of the frames.
  public var display: Display
  /// One result per phenomenon, in the order of the battery.
  public var results: [PhenomenonResult]
  /// What must be known to read the results: what was assumed, and what is extrapolation.
  public var remarks: [String]
}
