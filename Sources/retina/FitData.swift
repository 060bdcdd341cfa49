import RetinaEngine
import RetinaFiles
import RetinaFit
import RetinaModel

/// A recording made ready for `retina fit`.
struct FitData {
  let recording: Recording
  let set: TrainingSet
  let split: TimeSplit
  let history, lag: Int

  init(_ path: String, _ settings: FitSettings) throws {
    var recording = try Recording.read(path, settings.choice)
    if let cells = settings.cells { recording = try recording.selecting(cells) }
    self.recording = recording
    history = settings.history ?? settings.startHistory ?? 40
    lag = settings.lag ?? recording.lag ?? 1
    set = try TrainingSet(recording, history: history, lag: lag)
    split = try TimeSplit(
      recording, history: history, lag: lag, validationFraction: settings.validationFraction,
      testFraction: settings.testFraction)
  }

  /// Mean response of each cell in the training frames.
  var meanResponses: [Float] {
    (0..<set.cellCount).map { cell in
      var (sum, count) = (0.0, 0.0)
      for frame in split.train.joined() {
        let response = set.responses[frame * set.cellCount + cell]
        if !response.isNaN { (sum, count) = (sum + Double(response), count + 1) }
      }
      return Float(sum / max(1, count))
    }
  }

  /// The best model of a run with its facts and a golden pair.
  func model(_ trainer: Trainer, _ settings: FitSettings) throws -> Model {
    var facts = Facts(
      lag: lag, frameRate: recording.frameRate, normalization: set.normalization, responseUnit: "spikes/bin",
      cells: recording.cells)
    let best = trainer.records.first { $0.epoch == trainer.bestEpoch }
    func frames(_ ranges: [Range<Int>]) -> String {
      ranges.map { "\($0.lowerBound)-\($0.upperBound - 1)" }.joined(separator: ", ")
    }
    facts.provenance =
      recording.provenance + [
        ("architecture", settings.summary), ("fitted_by", "retina fit \(Retina.version)"),
        ("options", settings.description.text()),
        ("simulated", recording.isSimulated ? "yes: the recording was made by a simulation" : "no"),
        (
          "split",
          "frames \(frames(split.train)) fit, \(frames(split.validation)) validation, \(frames(split.test)) test"
        ),
        ("epochs", "\(trainer.records.count), best \(trainer.bestEpoch)"),
        ("threads", "\(settings.training.threads)"),
      ]
    if let best { facts.provenance.append(("validation_r", fixed(best.validation, 4))) }
    if settings.scoresHeldOut { try addHeldOutScores(to: &facts, trainer, threads: settings.training.threads) }
    facts.provenance.sort { $0.name < $1.name }
    facts.golden = try golden(trainer.bestModel(facts: facts))
    return try trainer.bestModel(facts: facts)
  }

  /// Notes each cell's correlation on the test responses.
  private func addHeldOutScores(to facts: inout Facts, _ trainer: Trainer, threads: Int) throws {
    let model = try trainer.bestModel(facts: Facts())
    let scores = set.correlations(with: model, frames: split.test, lag: lag, threads: threads) ?? []
    let known = scores.compactMap { $0 }
    guard !known.isEmpty else { return }
    for (cell, score) in scores.enumerated() {
      guard let score else { continue }
      facts.cells[cell].figures.append(("held_out_r", (score * 10_000).rounded() / 10_000))
      facts.cells[cell].figures.sort { $0.name < $1.name }
    }
    facts.provenance.append(("held_out_r_mean", fixed(known.reduce(0, +) / Double(known.count), 4)))
  }

  /// Two windows and what the model gives for them by definition.
  private func golden(_ model: Model) throws -> Golden? {
    let pixels = set.height * set.width
    let frames = split.validation.joined().map { $0 - lag - history + 1 }
    guard let first = frames.first, let last = frames.last,
      let shape = Shape(checking: [2] + model.inputShape.dimensions),
      let input = Tensor(
        shape: shape,
        values: [first, last].flatMap {
          set.normalization.removed(from: set.stimulus[$0 * pixels..<($0 + history) * pixels], pixels: pixels)
        })
    else { return nil }
    let output = Program(model, level: .baseline).run(input, of: model, layers: [model.layers.count - 1], threads: 1)
    return Golden(input: input, output: output.tensors[0])
  }
}

extension Normalization {
  /// Frames as they were shown.
  fileprivate func removed(from values: ArraySlice<Float>, pixels: Int) -> [Float] {
    switch self {
    case .none: return Array(values)
    case .scalar(let mean, let deviation): return values.map { $0 * deviation + mean }
    case .perPixel(let mean, let deviation):
      return values.enumerated().map { $1 * deviation.values[$0 % pixels] + mean.values[$0 % pixels] }
    }
  }
}
