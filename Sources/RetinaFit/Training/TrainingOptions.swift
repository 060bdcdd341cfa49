/// How a network is trained.
public struct TrainingOptions: Equatable, Sendable {
  /// What is made small.
  public var loss = Loss.poisson
  /// The rule of the steps.
  public var optimizer = OptimizerRule.adam()
  /// The learning rate, which the schedule scales.
  public var rate = 3e-3
  /// The learning rate of read-outs as a multiple of the others.
  public var readoutRate = 5.0
  /// The learning rate of the first layer as a multiple of the others.
  public var firstRate = 1.0
  /// Weight decay of the optimiser.
  public var weightDecay = 0.0
  /// How the learning rate changes.
  public var schedule = Schedule.cosine(warmUp: 0.15)
  /// Penalties of parameters.
  public var penalties: [Penalty] = []
  /// L1 penalty of the rates.
  public var activity = 0.0
  /// The largest length of the gradient; longer ones are scaled down.
  public var clipNorm: Double?
  /// Whether the weights that leave a hidden channel keep one sign (Dale's law).
  public var dale = false
  /// Passes over the training responses.
  public var epochs = 20
  /// How many of them, the first ones, compute feature maps at every second row and column alone.
  public var coarseEpochs = 0
  /// The last part of the steps, from 0 to 1, in which batch normalisation takes its running statistics for constants.
  public var frozenPart = 0.0
  /// Epochs without a better validation before the run stops.
  public var patience = 5
  /// Steps after which the run stops, for comparisons with other programs.
  public var steps: Int?
  /// Clips of a batch, and consecutive windows of a clip.
  public var clips = 4
  /// Consecutive windows of a clip.
  public var clipLength = 12
  /// What everything random depends on.
  public var seed: UInt64 = 0
  /// Threads.
  public var threads = 1

  /// Creates the usual options.
  public init() {}

  /// The usual length of clips for a batch of so many windows: at most 16, and at least four clips, which threads can share.
  public static func clipLength(batch: Int) -> Int {
    (1...16).last { batch % $0 == 0 && batch / $0 >= 4 } ?? 1
  }
}

/// What a run has come to after an epoch.
public struct EpochRecord: Equatable, Sendable {
  /// Epochs done.
  public var epoch: Int
  /// Mean loss of the epoch's batches, without penalties.
  public var loss: Double
  /// Mean over cells of the correlation on the validation responses.
  public var validation: Double
  /// Training windows per second, without validation.
  public var windowsPerSecond: Double

  /// Creates a record.
  public init(epoch: Int, loss: Double, validation: Double, windowsPerSecond: Double) {
    self.epoch = epoch
    self.loss = loss
    self.validation = validation
    self.windowsPerSecond = windowsPerSecond
  }
}
