import RetinaKernels

/// Whether the importance of channels is a property of the model or of the few inputs that it was measured with.
///
/// The inputs are cut into blocks of neighbours, which see much of the same stimulus, and the blocks dealt at random to
/// two halves. The importance of a channel in a half is the mean magnitude of its attribution there; the two halves'
/// importances are correlated over channels, and the correlations averaged over many deals.
public struct SplitHalf: Sendable, Equatable {
  /// Mean of Pearson's correlation; nothing when there are fewer than two blocks or channels, or all channels are
  /// alike.
  public var pearson: Double?
  /// Mean of Spearman's correlation; nothing in the same cases.
  public var spearman: Double?
  /// Number of blocks.
  public var blocks: Int

  /// Splits a table.
  ///
  /// - Parameters:
  ///   - channels: for each channel its attribution at every input.
  ///   - block: inputs per block; for a movie the model's history, so that few windows share frames across the halves.
  public init(_ channels: [[Float]], block: Int, splits: Int = 50, seed: UInt64 = 1) {
    let inputs = channels.first?.count ?? 0
    blocks = (inputs + max(1, block) - 1) / max(1, block)
    guard blocks >= 2 else { return }
    var random = SeededRandom(seed: seed)
    var (pearsons, spearmans) = ([Double](), [Double]())
    for _ in 0..<splits {
      var order = Array(0..<blocks)
      random.shuffle(&order)
      var isFirst = [Bool](repeating: false, count: blocks)
      for place in order[..<(blocks / 2)] { isFirst[place] = true }
      let halves = [true, false].map { half in
        channels.map { values in
          var (sum, count) = (0.0, 0)
          for input in values.indices where isFirst[input / max(1, block)] == half {
            sum += Double(values[input].magnitude)
            count += 1
          }
          return sum / Double(max(1, count))
        }
      }
      let agreement = Agreement(halves[0], halves[1])
      if let pearson = agreement.pearson { pearsons.append(pearson) }
      if let spearman = agreement.spearman { spearmans.append(spearman) }
    }
    pearson = SplitHalf.mean(pearsons)
    spearman = SplitHalf.mean(spearmans)
  }

  private static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}
