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
    /// A first layer in low-rank form, whatever its rank; others by their definition.
    case lowRank

    /// The name on the command line.
    public var name: String {
      switch self {
      case .automatic: return "auto"
      case .direct: return "direct"
      case .spectral: return "spectral"
      case .lowRank: return "low-rank"
      }
    }
  }

  /// How convolutions are done.
  public var algorithm: Algorithm
  /// The instructions used.
  public var level: ProcessorLevel
  /// Frames whose past is added in one go, from 1 to ``largestBlock``: 4, 8 or 16; 1 costs more per frame, but the same for every
  /// frame.
  public var block: Int
  /// The part of a channel's largest singular value below which others may be left out of the first layer's kernels, from 0 (only
  /// what float32 cannot tell from zero) to below 1.
  public var tolerance: Double
  /// How fast the machine does what; the standard of the level when there is none.
  public var cost: PlannerCost?

  /// The block when nothing else is said; plans for others make the same choices, so that the bits do not depend on it.
  public static let usualBlock = 8
  /// The largest block.
  public static let largestBlock = 64

  /// Creates options.
  public init(
    algorithm: Algorithm = .automatic, level: ProcessorLevel = .best, block: Int = StreamOptions.usualBlock,
    tolerance: Double = 0,
    cost: PlannerCost? = nil
  ) {
    self.algorithm = algorithm
    self.level = level
    self.block = block
    self.tolerance = tolerance
    self.cost = cost
  }
}
