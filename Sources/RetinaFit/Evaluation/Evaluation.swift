import RetinaFiles
import RetinaModel

/// Scores of one cell on the test bins; a figure that is not defined, such as bits per spike without a spike, is nothing.
public struct CellScore: Equatable, Sendable {
  /// Correlation of rate and single-trial response, over bins.
  public var pearson: Double?
  /// Log-likelihood above a constant rate, the mean of the training bins.
  public var bitsPerSpike: Double?
  /// Poisson deviance per bin.
  public var deviance: Double?
  /// Part of the deviance of the constant rate that is explained.
  public var devianceExplained: Double?
  /// Slope of the response on the rate.
  public var calibrationSlope: Double?
  /// Response where the rate is 0, spikes per bin.
  public var calibrationIntercept: Double?
  /// Interval of ``pearson``.
  public var pearsonInterval: Interval?
  /// Interval of ``bitsPerSpike``.
  public var bitsInterval: Interval?
  /// Scores on the repeated stimulus.
  public var repeats: RepeatScore?

  init(_ sums: ResponseSums, mean: Double) {
    pearson = sums.pearson
    bitsPerSpike = sums.bitsPerSpike(mean: mean)
    deviance = sums.deviance
    devianceExplained = sums.devianceExplained(mean: mean)
    (calibrationSlope, calibrationIntercept) = sums.calibration.map { ($0.slope, $0.intercept) } ?? (nil, nil)
  }
}

/// Scores of one model.
public struct ModelScore: Equatable, Sendable {
  /// What the model is called.
  public var name: String
  /// One entry per cell.
  public var cells: [CellScore]
  /// Mean of ``CellScore/pearson`` over the cells that have it.
  public var meanPearson: Double?
  /// Interval of ``meanPearson`` over stretches of time; the cells are these cells.
  public var meanPearsonInterval: Interval?
  /// Mean of ``CellScore/bitsPerSpike`` over the cells that have it.
  public var meanBitsPerSpike: Double?
  /// Interval of ``meanBitsPerSpike``.
  public var meanBitsInterval: Interval?
  /// Predicted and observed rates of all cells together.
  public var calibration: CalibrationCurve
}

/// Two models on the same bins.
public struct ModelComparison: Equatable, Sendable {
  /// The first model.
  public var first: String
  /// The second model.
  public var second: String
  /// Mean over cells of the correlation of the first, less that of the second.
  public var pearsonDifference: Double
  /// Its interval, paired: both models on the same resampled stretches.
  public var pearsonInterval: Interval?
  /// The same of bits per spike; nothing where no cell has a spike.
  public var bitsDifference: Double?
  /// Its interval.
  public var bitsInterval: Interval?
  /// Cells in which the first has the higher correlation.
  public var cellsAhead: Int
}

/// Models beside each other on the test bins of a recording.
public struct Evaluation: Sendable {
  /// The recording.
  public var recording: String
  /// Whether the responses were made by a simulation.
  public var isSimulated: Bool
  /// The test bins.
  public var frames: [Range<Int>]
  /// Names of the cells.
  public var cells: [String]
  /// Spikes of each cell in the test bins.
  public var spikes: [Double]
  /// What repeats say about each cell; empty without repeats.
  public var ceilings: [NoiseCeiling?]
  /// The models.
  public var models: [ModelScore]
  /// Every pair of models, on request.
  public var comparisons: [ModelComparison]

  /// Scores predictions.
  ///
  /// - Parameters:
  ///   - recording: as it was given to the models.
  ///   - responses: `[frame, cell]`, spikes per bin, NaN = masked: those of the training set.
  ///   - training: bins whose mean rate is the constant that bits per spike and deviance are measured against.
  ///   - test: bins that are scored; where any model has no rate for a bin, none is scored on it.
  public init(
    _ predictions: [Prediction], recording: Recording, responses: [Float], training: [Range<Int>], test: [Range<Int>],
    bootstrap: BlockBootstrap, compares: Bool = false
  ) {
    let count = recording.cells.count
    let blocks = bootstrap.blocks(of: test)
    let draws = bootstrap.draws(blocks: blocks.count)
    func isScored(_ index: Int) -> Bool {
      !responses[index].isNaN && predictions.allSatisfy { !$0.rates[index].isNaN }
    }
    let means = (0..<count).map { cell in
      var sums = ResponseSums()
      for frame in training.joined() where !responses[frame * count + cell].isNaN {
        sums.add(rate: 0, response: Double(responses[frame * count + cell]))
      }
      return sums.meanResponse ?? 0
    }
    let repeats = recording.repeats.map { RepeatedResponses($0, recording, predictions) }
    self.recording = recording.file
    isSimulated = recording.isSimulated
    frames = test
    cells = recording.cells.map { $0.name }
    ceilings = repeats.map { repeats in (0..<count).map { NoiseCeiling(repeats.trials(of: $0)) } } ?? []
    spikes = (0..<count).map { cell in
      test.joined().reduce(0) { sum, frame in
        let index = frame * count + cell
        return isScored(index) ? sum + Double(responses[index]) : sum
      }
    }

    var resampled: [Resampled] = []
    models = []
    for prediction in predictions {
      var pairs: [(rate: Float, response: Float)] = []
      // [cell][block]
      let sums = (0..<count).map { cell in
        blocks.map { block in
          var sums = ResponseSums()
          for frame in block where isScored(frame * count + cell) {
            let index = frame * count + cell
            sums.add(rate: Double(prediction.rates[index]), response: Double(responses[index]))
            pairs.append((prediction.rates[index], responses[index]))
          }
          return sums
        }
      }
      let replicates = Resampled(sums, means: means, draws: draws)
      var scores = (0..<count).map { CellScore(Evaluation.total(sums[$0]), mean: means[$0]) }
      for cell in scores.indices {
        scores[cell].pearsonInterval = bootstrap.interval(replicates.pearson[cell].compactMap { $0 })
        scores[cell].bitsInterval = bootstrap.interval(replicates.bits[cell].compactMap { $0 })
        if let repeats, let rates = prediction.repeatRates, let ceiling = ceilings[cell] {
          scores[cell].repeats = RepeatScore(
            rates: stride(from: cell, to: rates.count, by: count).map { rates[$0] },
            responses: repeats.trials(of: cell),
            ceiling: ceiling)
        }
      }
      models.append(
        ModelScore(
          name: prediction.name, cells: scores, meanPearson: Evaluation.mean(scores.map { $0.pearson }),
          meanPearsonInterval: bootstrap.interval(replicates.meanPearson.compactMap { $0 }),
          meanBitsPerSpike: Evaluation.mean(scores.map { $0.bitsPerSpike }),
          meanBitsInterval: bootstrap.interval(replicates.meanBits.compactMap { $0 }),
          calibration: CalibrationCurve(pairs)))
      resampled.append(replicates)
    }
    comparisons = []
    guard compares else { return }
    for first in models.indices {
      for second in models.indices where second > first {
        comparisons.append(
          Evaluation.comparison(
            models[first], models[second], resampled[first], resampled[second], bootstrap: bootstrap))
      }
    }
  }

  private static func comparison(
    _ first: ModelScore, _ second: ModelScore, _ a: Resampled, _ b: Resampled, bootstrap: BlockBootstrap
  ) -> ModelComparison {
    func differences(_ a: [Double?], _ b: [Double?]) -> [Double?] {
      zip(a, b).map { x, y in x.flatMap { x in y.map { x - $0 } } }
    }
    let pearson = differences(first.cells.map { $0.pearson }, second.cells.map { $0.pearson })
    let bits = differences(first.cells.map { $0.bitsPerSpike }, second.cells.map { $0.bitsPerSpike })
    return ModelComparison(
      first: first.name, second: second.name, pearsonDifference: mean(pearson) ?? 0,
      pearsonInterval: bootstrap.interval(differences(a.meanPearson, b.meanPearson).compactMap { $0 }),
      bitsDifference: mean(bits),
      bitsInterval: bootstrap.interval(differences(a.meanBits, b.meanBits).compactMap { $0 }),
      cellsAhead: pearson.count { $0 ?? 0 > 0 })
  }

  fileprivate static func total(_ sums: [ResponseSums]) -> ResponseSums {
    sums.reduce(into: ResponseSums()) { $0 += $1 }
  }

  /// The mean of the figures that are defined.
  static func mean(_ values: [Double?]) -> Double? {
    let defined = values.compactMap { $0 }
    return defined.isEmpty ? nil : defined.reduce(0, +) / Double(defined.count)
  }
}

/// Scores of one model on resampled blocks.
private struct Resampled {
  /// `[cell][replicate]`.
  var pearson: [[Double?]]
  /// `[cell][replicate]`.
  var bits: [[Double?]]
  /// Means over cells, one per replicate.
  var meanPearson: [Double?]
  /// Means over cells, one per replicate.
  var meanBits: [Double?]

  init(_ sums: [[ResponseSums]], means: [Double], draws: [[Int]]) {
    let cells = sums.enumerated().map { cell, blocks in
      draws.map { times in
        var total = ResponseSums()
        for (block, times) in zip(blocks, times) {
          for _ in 0..<times { total += block }
        }
        return (pearson: total.pearson, bits: total.bitsPerSpike(mean: means[cell]))
      }
    }
    pearson = cells.map { $0.map { $0.pearson } }
    bits = cells.map { $0.map { $0.bits } }
    meanPearson = draws.indices.map { replicate in Evaluation.mean(cells.map { $0[replicate].pearson }) }
    meanBits = draws.indices.map { replicate in Evaluation.mean(cells.map { $0[replicate].bits }) }
  }
}

/// Responses to repeats in spikes per bin; NaN in frames for which a model has no rate, so that all are scored alike.
struct RepeatedResponses {
  private let responses: [Float]
  private let trials: Int
  private let frames: Int
  private let cells: Int

  init(_ test: Recording.RepeatedTest, _ recording: Recording, _ predictions: [Prediction]) {
    let factor = recording.spikesPerFrame
    (trials, frames, cells) = (test.trials, test.stimulus.frameCount, recording.cells.count)
    let perTrial = frames * cells
    let masked = (0..<perTrial).map { index in predictions.contains { $0.repeatRates?[index].isNaN ?? false } }
    responses = test.responses.enumerated().map { masked[$0 % perTrial] ? .nan : $1 * factor }
  }

  /// `[frame, cell]` of each trial.
  var byTrial: [[Float]] {
    (0..<trials).map { Array(responses[$0 * frames * cells..<($0 + 1) * frames * cells]) }
  }

  /// `[trial][frame]` of one cell.
  func trials(of cell: Int) -> [[Float]] {
    (0..<trials).map { trial in (0..<frames).map { responses[(trial * frames + $0) * cells + cell] } }
  }
}
