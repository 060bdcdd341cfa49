/// What a stream may be told; everything has a sensible default.
public struct StreamOptions: Sendable {
  /// How convolutions are done.
  public enum Algorithm: Sendable, CaseIterable {
    /// What the planner counts to be fastest.
    case automatic
    /// By their definition.
    case direct
    /// In the frequency domain wherever that is possible.
    case spectral

    /// The name on the command line.
    public var name: String {
      switch self {
      case .automatic: return "auto"
      case .direct: return "direct"
      case .spectral: return "spectral"
      }
    }
  }

  /// How convolutions are done.
  public var algorithm: Algorithm
  /// The instructions used.
  public var level: ProcessorLevel
  /// Frames whose past is added in one go: 4, 8 or 16; 1 costs more per frame, but the same for every frame.
  public var block: Int

  /// Creates options.
  public init(algorithm: Algorithm = .automatic, level: ProcessorLevel = .best, block: Int = 8) {
    self.algorithm = algorithm
    self.level = level
    self.block = block
  }
}
