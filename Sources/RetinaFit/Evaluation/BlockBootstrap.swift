import RetinaStimuli

/// Confidence intervals from resampled stretches of time.
///
/// Neighbouring bins share stimulus and spike history, so single bins must not be resampled: the test is cut into blocks that do
/// not overlap, and as many are drawn with replacement (Carlstein, "The use of subseries values for estimating the variance
/// of a general statistic from a stationary sequence", Annals of Statistics 1986). A block is drawn for all cells and models
/// at once, which keeps what they share: differences between models are paired.
public struct BlockBootstrap: Sendable {
  /// How often blocks are drawn.
  public var replicates = 1000
  /// Bins in a block.
  public var blockLength: Int
  /// Probability inside an interval.
  public var confidence = 0.95
  /// Seed of the draws.
  public var seed: UInt64 = 0

  /// Creates a bootstrap.
  public init(blockLength: Int) {
    self.blockLength = blockLength
  }

  /// The blocks of some runs of frames; a shorter rest at the end of a run is a block, too.
  public func blocks(of frames: [Range<Int>]) -> [Range<Int>] {
    frames.flatMap { run in
      stride(from: run.lowerBound, to: run.upperBound, by: max(1, blockLength)).map {
        $0..<min($0 + max(1, blockLength), run.upperBound)
      }
    }
  }

  /// How often each block is drawn, for every replicate.
  public func draws(blocks: Int) -> [[Int]] {
    var generator = SeededGenerator(seed: seed)
    return (0..<replicates).map { _ in
      var times = [Int](repeating: 0, count: blocks)
      for _ in 0..<blocks { times[Int(generator.uniform() * Double(blocks))] += 1 }
      return times
    }
  }

  /// The middle part of a statistic's values; nothing when there are fewer than two.
  public func interval(_ values: [Double]) -> Interval? {
    let sorted = values.sorted()
    guard sorted.count > 1 else { return nil }
    let tail = (1 - confidence) / 2
    return Interval(low: quantile(sorted, tail), high: quantile(sorted, 1 - tail))
  }
}

/// A confidence interval.
public struct Interval: Equatable, Sendable {
  /// The lower end.
  public var low: Double
  /// The upper end.
  public var high: Double

  /// Creates an interval.
  public init(low: Double, high: Double) { (self.low, self.high) = (low, high) }
}

/// A quantile of sorted values, at least one, between neighbours in proportion (NumPy's default).
func quantile(_ sorted: [Double], _ part: Double) -> Double {
  let place = part * Double(sorted.count - 1)
  let below = min(Int(place), sorted.count - 1)
  let above = min(below + 1, sorted.count - 1)
  return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
}
