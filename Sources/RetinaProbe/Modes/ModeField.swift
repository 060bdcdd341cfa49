/// What the inputs of a mode look like: their average weighted by the mode's loadings, less their plain average.
///
///     RF_k = sum over i of W_ik x_i / sum over i of W_ik - mean over i of x_i
///
/// with the loadings in the place of spikes in a spike-triggered average. Where the stimulus is correlated in space or time the average is
/// so, too; for white noise it shows the filter, in noise that falls with the root of ``ContributionModes/effectiveInputs``.
public struct ModeField: Sendable {
  /// The average, of the length of an input; zero for a mode without loadings.
  public var values: [Float]
  /// Pearson's correlation of the averages over two halves of the inputs: near 1 for a field, near 0 for noise.
  ///
  /// Nothing when the mode has no loadings in a half, or a half's average is constant.
  public var splitHalf: Double?
}

extension ContributionModes {
  /// What each mode's inputs look like.
  ///
  /// - Parameters:
  ///   - block: the halves are every other block of so many inputs; for a movie the model's history, so that few windows share frames
  ///     across the halves.
  ///   - input: gives an input; all of one length.
  /// - Returns: one field per mode.
  public func receptiveFields(block: Int = 1, _ input: (Int) -> [Float]) -> [ModeField] {
    var halves = [WeightedAverages(), WeightedAverages()]
    for row in 0..<matrix.rows {
      let loadings = factorization.loadings[row * factorization.count..<(row + 1) * factorization.count]
      halves[row / max(1, block) % 2].add(input(row), loadings: Array(loadings))
    }
    let whole = halves[0] + halves[1]
    return (0..<factorization.count).map { mode in
      let fields = halves.map { $0.field(mode) }
      return ModeField(
        values: (whole.field(mode) ?? [Double](repeating: 0, count: whole.length)).map { Float($0) },
        splitHalf: fields[0].flatMap { first in fields[1].flatMap { Agreement.pearson(first, $0) } })
    }
  }
}

/// Sums of inputs: plain, and for each mode weighted by its loadings.
private struct WeightedAverages {
  private var inputs = 0
  private var plain: [Double] = []
  private var weighted: [[Double]] = []
  private var totals: [Double] = []

  /// Numbers of an input.
  var length: Int { plain.count }

  mutating func add(_ input: [Float], loadings: [Double]) {
    if plain.isEmpty {
      plain = [Double](repeating: 0, count: input.count)
      weighted = loadings.map { _ in plain }
      totals = loadings.map { _ in 0 }
    }
    inputs += 1
    for place in input.indices { plain[place] += Double(input[place]) }
    for (mode, loading) in loadings.enumerated() where loading > 0 {
      totals[mode] += loading
      for place in input.indices { weighted[mode][place] += loading * Double(input[place]) }
    }
  }

  /// The weighted average less the plain one; nothing for a mode without loadings.
  func field(_ mode: Int) -> [Double]? {
    guard mode < totals.count, totals[mode] > 0 else { return nil }
    return plain.indices.map { weighted[mode][$0] / totals[mode] - plain[$0] / Double(inputs) }
  }

  static func + (first: WeightedAverages, second: WeightedAverages) -> WeightedAverages {
    guard first.inputs > 0, second.inputs > 0 else { return first.inputs > 0 ? first : second }
    var sum = first
    sum.inputs += second.inputs
    for place in sum.plain.indices { sum.plain[place] += second.plain[place] }
    for mode in sum.totals.indices {
      sum.totals[mode] += second.totals[mode]
      for place in sum.plain.indices { sum.weighted[mode][place] += second.weighted[mode][place] }
    }
    return sum
  }
}
