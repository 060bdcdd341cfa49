import RetinaStimuli

/// How well any model could predict a cell, from its responses to repeats of one stimulus.
///
/// The responses are a signal, the same in all trials, plus noise. Two estimates that make different assumptions stand side
/// by side. *Split-half*: the correlation of the means of two halves of the trials, averaged over random splits, lengthened to
/// all trials (Spearman 1910, Brown 1910). *Analytic*: signal power (T P(mean) - mean P(trial)) / (T - 1) (Sahani and Linden,
/// "How linear are auditory cortical responses?", NIPS 2003). The ceiling of a correlation with the mean of the trials is
/// the square root of that mean's reliability (Schoppe et al., "Measuring the performance of neural models", Frontiers in
/// Computational Neuroscience 2016).
public struct NoiseCeiling: Equatable, Sendable {
  /// Trials.
  public var trials: Int
  /// Frames in which all trials have a response.
  public var frames: Int
  /// Variance of the signal over frames, unbiased; below 0 by chance where there is little signal.
  public var signalPower: Double
  /// Variance of a response over trials, mean over frames, unbiased.
  public var noisePower: Double
  /// Mean correlation of the means of two halves of the trials; nothing where a half is constant.
  public var splitHalf: Double?

  /// The largest correlation with the mean of all trials that a model can have, from the split halves.
  public var splitHalfCeiling: Double? { splitHalf.map { max(0, reliability($0, of: Double(trials))).squareRoot() } }

  /// The largest correlation with a single trial, from the split halves.
  public var splitHalfSingleTrialCeiling: Double? {
    splitHalf.map { max(0, reliability($0, of: 1)).squareRoot() }
  }

  /// The largest correlation with the mean of all trials, from the powers.
  public var ceiling: Double { NoiseCeiling.ceiling(signalPower, noisePower / Double(trials)) }

  /// The largest correlation with a single trial, from the powers.
  public var singleTrialCeiling: Double { NoiseCeiling.ceiling(signalPower, noisePower) }

  /// Part of the variance of single responses that the stimulus explains; 0 to 1 but for chance.
  public var explainableVariance: Double {
    let total = signalPower + noisePower
    return total > 0 ? signalPower / total : 0
  }

  /// Spearman and Brown: the reliability of the mean of `count` trials from that of half of them.
  private func reliability(_ half: Double, of count: Double) -> Double {
    let factor = count / Double(trials / 2)
    return factor * half / (1 + (factor - 1) * half)
  }

  private static func ceiling(_ signal: Double, _ noise: Double) -> Double {
    signal > 0 ? (signal / (signal + noise)).squareRoot() : 0
  }

  /// Random splits that are averaged.
  static let splits = 100

  /// Measures one cell; nothing for fewer than two trials or frames.
  ///
  /// - Parameter responses: `[trial][frame]`, spikes per bin; frames in which a trial is NaN are left out.
  public init?(_ responses: [[Float]], seed: UInt64 = 0) {
    guard responses.count > 1, let length = responses.first?.count else { return nil }
    let valid = (0..<length).filter { frame in responses.allSatisfy { !$0[frame].isNaN } }
    guard valid.count > 1 else { return nil }
    let trials = responses.map { trial in valid.map { Double(trial[$0]) } }
    let count = Double(trials.count)
    self.trials = trials.count
    frames = valid.count
    let means = NoiseCeiling.mean(of: trials[...])
    let ofTrials = trials.map { NoiseCeiling.variance($0) }.reduce(0, +) / count
    signalPower = (count * NoiseCeiling.variance(means) - ofTrials) / (count - 1)
    noisePower =
      valid.indices.reduce(0) { sum, frame in
        sum + trials.reduce(0) { $0 + ($1[frame] - means[frame]) * ($1[frame] - means[frame]) }
      } / (count - 1) / Double(valid.count)
    splitHalf = NoiseCeiling.splitHalf(trials, seed: seed)
  }

  private static func splitHalf(_ trials: [[Double]], seed: UInt64) -> Double? {
    var generator = SeededGenerator(seed: seed)
    var order = trials
    var correlations: [Double] = []
    let half = trials.count / 2
    for _ in 0..<splits {
      for place in order.indices.dropFirst().reversed() {
        order.swapAt(place, Int(generator.uniform() * Double(place + 1)))
      }
      let (a, b) = (mean(of: order[..<half]), mean(of: order[half..<2 * half]))
      var sums = ResponseSums()
      for (x, y) in zip(a, b) { sums.add(rate: x, response: y) }
      guard variance(a) > 0, let correlation = sums.pearson else { continue }
      correlations.append(correlation)
    }
    return correlations.isEmpty ? nil : correlations.reduce(0, +) / Double(correlations.count)
  }

  private static func mean(of trials: ArraySlice<[Double]>) -> [Double] {
    var sum = [Double](repeating: 0, count: trials.first?.count ?? 0)
    for trial in trials {
      for frame in sum.indices { sum[frame] += trial[frame] }
    }
    return sum.map { $0 / Double(trials.count) }
  }

  /// Variance over frames, unbiased.
  private static func variance(_ values: [Double]) -> Double {
    let mean = values.reduce(0, +) / Double(values.count)
    return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
  }
}
