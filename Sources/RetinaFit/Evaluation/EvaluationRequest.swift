import RetinaEngine
import RetinaFiles
import RetinaModel

/// Models and baselines to be scored on the held-out part of a recording.
public struct EvaluationRequest: Sendable {
  /// The recording.
  public var recording: Recording
  /// The models, with what they are called.
  public var models: [(name: String, model: Model)]
  /// Baselines that are fitted on the training and validation bins.
  public var baselines: [Baseline] = [.ln, .glm]
  /// Frames that baselines see; the longest of the models' when nothing, or 15 without models.
  public var history: Int?
  /// Frames between the newest frame that baselines see and the response; that of the recording when nothing, else the
  /// largest of the models'.
  public var lag: Int?
  /// Part of the frames for the test.
  public var testFraction = 0.2
  /// Frames in a block of the bootstrap; two seconds when nothing.
  public var blockLength: Int?
  /// Whether each pair of models is compared.
  public var compares = false
  /// Threads to use.
  public var threads = 1

  /// Creates a request.
  public init(_ recording: Recording, models: [(name: String, model: Model)] = []) {
    self.recording = recording
    self.models = models
  }

  /// Fits the baselines and scores all on the same bins and cells: the cells of the first model, else all.
  ///
  /// - Parameter progress: called with the number of windows or fitted cells since the last call, out of ``work``.
  /// - Throws: ``FileError`` when models and recording do not fit one another, when a response could depend on frames that
  ///   are not there, or when no lag is stated.
  public func run(progress: ProgressHandler? = nil) throws(FileError) -> Evaluation {
    var recording = recording
    let names = models.first?.model.facts.cells.map { $0.name } ?? []
    if !names.isEmpty { recording = try recording.selecting(names) }
    guard let lag = lag ?? recording.lag ?? models.map({ $0.model.facts.lag }).max() else {
      throw recording.error("lag", "a lag in the metadata, in a model or asked for", "none")
    }
    let histories = models.compactMap { $0.model.history }
    let history = history ?? histories.max() ?? 15
    // The longest window of all decides which bins are scored, so that every model has them all.
    let reach = max(history + lag, models.map { ($0.model.history ?? 1) + $0.model.facts.lag }.max() ?? 0)
    let movie = try recording.stimulus.movie()
    let set = try TrainingSet(recording, movie: movie, history: reach - lag, lag: lag)
    let split = try TimeSplit(recording, history: reach - lag, lag: lag, testFraction: testFraction)
    var predictions: [Prediction] = []
    for (name, model) in models {
      predictions.append(
        try Prediction(
          name: name, model: model, recording: recording, movie: movie,
          from: split.test.map { $0.lowerBound }.min() ?? 0, threads: threads, progress: progress))
    }
    for baseline in baselines {
      predictions.append(
        try baseline.predict(
          recording, set, split, lags: lag..<lag + history, threads: threads, progress: progress))
    }
    return Evaluation(
      predictions, recording: recording, responses: set.responses, training: split.train + split.validation,
      test: split.test,
      bootstrap: BlockBootstrap(blockLength: blockLength ?? max(1, Int((2 * recording.frameRate).rounded()))),
      compares: compares)
  }

  /// About what ``run(progress:)`` counts: the test windows of every model and the cells of every baseline.
  public var work: Int {
    let tested = Int(testFraction * Double(recording.frameCount))
    let frames = tested + (recording.repeats?.stimulus.frameCount ?? 0)
    return models.count * frames + baselines.count * recording.cells.count
  }
}
