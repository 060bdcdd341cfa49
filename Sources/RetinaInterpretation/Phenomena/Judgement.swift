import RetinaFit
import RetinaStimuli

extension Estimate {
  /// The median of some values, at least one, and its interval over draws of as many of them.
  init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    var bootstrap = BlockBootstrap(blockLength: 1)
    bootstrap.seed = 4
    let sorted = values.sorted()
    let medians = bootstrap.draws(blocks: values.count).map { times -> Double in
      // The middle of the drawn values, from how often each was drawn.
      var (below, low): (Int, Double?) = (0, nil)
      for (place, count) in times.enumerated() where count > 0 {
        below += count
        if low == nil, below > (values.count - 1) / 2 { low = sorted[place] }
        if below > values.count / 2 { return ((low ?? sorted[place]) + sorted[place]) / 2 }
      }
      return sorted[values.count - 1]
    }
    self.init(
      median: RetinaInterpretation.median(values), interval: values.count > 1 ? bootstrap.interval(medians) : nil)
  }

  /// The lower end of what is likely.
  var low: Double { interval?.low ?? median }
}

extension PhenomenonResult {
  /// Judges the scores of a phenomenon beside those of its null.
  init(
    _ phenomenon: PhenomenonDescription, stimulus: String, scores: [Double?], nullScores: [Double?],
    beyondRange: Double,
    curves: [ResponseCurve]
  ) {
    let both = zip(scores, nullScores).compactMap { score, null in score.flatMap { a in null.map { a - $0 } } }
    let (score, difference) = (Estimate(scores.compactMap { $0 }), Estimate(both))
    let responding = scores.count { $0 != nil }
    var verdict = Verdict.notFound
    if responding < max(min(3, scores.count), (scores.count + 9) / 10) {
      verdict = .noResponse
    } else if let score, score.low > phenomenon.criterion, difference.map({ $0.low > 0 }) ?? true {
      verdict = .found
    }
    self.init(
      phenomenon: phenomenon, stimulus: stimulus, scores: scores, nullScores: nullScores, score: score,
      null: Estimate(nullScores.compactMap { $0 }), difference: difference, verdict: verdict, beyondRange: beyondRange,
      curves: curves)
  }
}
