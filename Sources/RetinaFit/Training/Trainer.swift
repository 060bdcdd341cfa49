import RetinaEngine
import RetinaFiles
import RetinaModel

/// A run of training: epochs of batches, a validation after each, and the best weights kept.
///
/// Everything that a run depends on is in the state after an epoch, so that one taken up again from a ``Checkpoint`` gives the
/// identical result.
public final class Trainer {
  /// The network with its present parameters.
  public private(set) var network: Network
  /// One record per epoch done.
  public private(set) var records: [EpochRecord] = []
  /// The parameters and statistics of the best validation.
  private(set) var best: (parameters: [Float], statistics: [Float])

  /// The network that computes feature maps whole.
  private let whole: Network
  private let set: TrainingSet
  private let split: TimeSplit
  private let lag: Int
  private let options: TrainingOptions
  private let sampler: ClipSampler
  private var optimizer: Optimizer
  private let signs: [ChannelSigns]

  /// What is told while a run goes on.
  public enum Event: Sendable {
    /// A batch is done: its loss without penalties, and the first response frame of each clip.
    case step(number: Int, of: Int, loss: Double, firstResponses: [Int])
    /// An epoch is done; `isBest` when its validation is the best so far.
    case epoch(EpochRecord, isBest: Bool)
  }

  /// How a run ended.
  public enum Ending: Sendable, Equatable {
    /// All epochs or steps are done.
    case finished
    /// Validation did not become better for as long as the patience.
    case stoppedEarly
    /// Somebody asked for it.
    case interrupted
    /// The loss is not a number any more.
    case diverged
  }

  /// Prepares a run.
  ///
  /// - Throws: ``ModelError`` when the architecture does not fit the frames or the cells, or the training responses are too few
  ///   for one batch.
  public init(
    _ architecture: Architecture, set: TrainingSet, split: TimeSplit, lag: Int, options: TrainingOptions,
    level: ProcessorLevel = .best
  ) throws(ModelError) {
    func network(spacing: Int) throws(ModelError) -> Network {
      try Network(
        architecture, clips: options.clips, clipLength: options.clipLength, threads: options.threads, spacing: spacing,
        level: level)
    }
    whole = try network(spacing: 1)
    self.network = try options.coarseEpochs > 0 ? network(spacing: 2) : whole
    sampler = ClipSampler(
      train: split.train, clips: options.clips, clipLength: options.clipLength, seed: options.seed)
    var problems: [ModelError.Problem] = []
    let frame = architecture.inputShape.dimensions.dropFirst()
    if !frame.elementsEqual([set.height, set.width]) {
      problems.append(
        .init(place: "input", expected: "frames of \(set.height) x \(set.width)", found: "\(architecture.inputShape)"))
    }
    if whole.cells != set.cellCount {
      problems.append(.init(place: "cells", expected: "\(set.cellCount) outputs", found: "\(whole.cells)"))
    }
    if sampler.batches == 0 {
      problems.append(
        .init(
          place: "training responses",
          expected: "enough for a batch of \(options.clips) clips of \(options.clipLength) consecutive windows",
          found: "\(split.train.reduce(0) { $0 + $1.count }) in \(split.train.count) runs"))
    }
    guard problems.isEmpty else { throw ModelError(problems: problems) }
    (self.set, self.split, self.lag, self.options) = (set, split, lag, options)
    optimizer = Optimizer(options.optimizer, weightDecay: options.weightDecay, count: whole.parameters.count)
    signs = options.dale ? ChannelSigns.all(whole.groups, whole.parameters) : []
    best = (whole.parameters, whole.statistics)
  }

  /// Steps of the whole run.
  public var totalSteps: Int { options.steps ?? options.epochs * sampler.batches }

  /// The number of the epoch with the best validation, from 1 on; 0 before the first.
  public var bestEpoch: Int {
    // The first of equals, as the weights are kept.
    records.max { ($0.validation, -$0.epoch) < ($1.validation, -$1.epoch) }?.epoch ?? 0
  }

  /// Trains until the end.
  ///
  /// - Parameters:
  ///   - clock: seconds since some moment.
  ///   - isInterrupted: asked after every batch.
  ///   - report: told of every batch and epoch; after an epoch, ``checkpoint`` is what a run can be taken up from.
  public func run(
    clock: () -> Double, isInterrupted: () -> Bool = { false }, report: (Event) throws -> Void = { _ in }
  ) rethrows -> Ending {
    while records.count < options.epochs || options.steps != nil {
      if records.count - bestEpoch >= options.patience, options.steps == nil { return .stoppedEarly }
      if records.count >= options.coarseEpochs, network !== whole {
        (whole.parameters, whole.statistics) = (network.parameters, network.statistics)
        network = whole
      }
      let started = clock()
      var (total, batches) = (0.0, 0)
      for starts in sampler.epoch(records.count) {
        let loss = step(starts)
        guard loss.isFinite else { return .diverged }
        total += loss
        batches += 1
        try report(.step(number: optimizer.steps, of: totalSteps, loss: loss, firstResponses: starts))
        if isInterrupted() { return .interrupted }
        if let steps = options.steps, optimizer.steps >= steps {
          best = (network.parameters, network.statistics)
          return .finished
        }
      }
      let windows = Double(batches * options.clips * options.clipLength)
      let seconds = clock() - started
      guard let validation = validate() else { return .diverged }
      let record = EpochRecord(
        epoch: records.count + 1, loss: total / Double(batches), validation: validation,
        windowsPerSecond: windows / max(seconds, 1e-9))
      records.append(record)
      let isBest = bestEpoch == record.epoch
      if isBest { best = (network.parameters, network.statistics) }
      try report(.epoch(record, isBest: isBest))
    }
    return .finished
  }

  /// One step of the optimiser on clips that begin at these response frames; returns the loss without penalties.
  private func step(_ starts: [Int]) -> Double {
    let factor = options.schedule.factor(
      step: optimizer.steps, of: totalSteps, epoch: records.count, stalls: stalls)
    let cells = set.cellCount
    var responses: [Float] = []
    responses.reserveCapacity(starts.count * options.clipLength * cells)
    for start in starts {
      responses += set.responses[start * cells..<(start + options.clipLength) * cells]
    }
    let firstFrames = starts.map { $0 - lag - network.history + 1 }
    let loss = network.loss(
      movie: set.stimulus, firstFrames: firstFrames, responses: responses, loss: options.loss,
      activity: options.activity, seed: options.seed &+ UInt64(optimizer.steps) &* 0x2545_F491_4F6C_DD1D,
      keepsStatistics: Double(optimizer.steps) >= (1 - options.frozenPart) * Double(totalSteps))
    var gradient = network.gradient
    for penalty in options.penalties {
      _ = penalty.add(network.parameters, groups: network.groups, gradient: &gradient)
    }
    if let limit = options.clipNorm {
      let length = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      if length > limit { for index in gradient.indices { gradient[index] *= Float(limit / length) } }
    }
    optimizer.step(&network.parameters, gradient: gradient, groups: network.groups) { group in
      options.rate * factor * (group.isReadout ? options.readoutRate : group.layer == 0 ? options.firstRate : 1)
    }
    for sign in signs { sign.apply(&network.parameters) }
    return loss
  }

  /// How often validation has stalled for the patience of a plateau schedule.
  private var stalls: Int {
    guard case .plateau(let patience, _) = options.schedule else { return 0 }
    var (stalls, waited, best) = (0, 0, -Double.infinity)
    for record in records {
      if record.validation > best { (best, waited) = (record.validation, 0) } else { waited += 1 }
      if waited >= patience { (stalls, waited) = (stalls + 1, 0) }
    }
    return stalls
  }

  /// The mean correlation on the validation responses; nothing when rates are not numbers.
  private func validate() -> Double? {
    guard let model = try? network.model(),
      let scores = set.correlations(with: model, frames: split.validation, lag: lag, threads: options.threads)
    else { return nil }
    let known = scores.compactMap { $0 }
    return known.isEmpty ? 0 : known.reduce(0, +) / Double(known.count)
  }

  /// The model with the best weights.
  public func bestModel(facts: Facts) throws(ModelError) -> Model {
    let present = (network.parameters, network.statistics)
    (network.parameters, network.statistics) = best
    defer { (network.parameters, network.statistics) = present }
    return try network.model(facts: facts)
  }

  // MARK: - Checkpoints

  /// The state of the run after its last epoch.
  public var checkpoint: Checkpoint {
    Checkpoint(
      records: records, steps: optimizer.steps, parameters: network.parameters, statistics: network.statistics,
      first: optimizer.first, second: optimizer.second, bestParameters: best.parameters,
      bestStatistics: best.statistics)
  }

  /// Takes a run up again.
  ///
  /// - Returns: false when the checkpoint is one of another network.
  public func resume(_ checkpoint: Checkpoint) -> Bool {
    guard checkpoint.parameters.count == network.parameters.count,
      checkpoint.bestParameters.count == network.parameters.count,
      checkpoint.statistics.count == network.statistics.count,
      checkpoint.bestStatistics.count == network.statistics.count, checkpoint.first.count == optimizer.first.count,
      checkpoint.second.count == optimizer.second.count
    else { return false }
    records = checkpoint.records
    optimizer.steps = checkpoint.steps
    (network.parameters, network.statistics) = (checkpoint.parameters, checkpoint.statistics)
    (optimizer.first, optimizer.second) = (checkpoint.first, checkpoint.second)
    best = (checkpoint.bestParameters, checkpoint.bestStatistics)
    return true
  }
}
