import RetinaFiles
import RetinaFit
import RetinaModel

/// What the words of `retina fit` ask for.
struct FitSettings {
  static let options = [
    CommandOption("--architecture", "NAME", "one of those below, or a FILE.json of layers (default: stacked-bn-cnn)"),
    CommandOption("--start", "MODEL", "go on from a model's layers and weights instead of an architecture"),
    CommandOption("--name", "TEXT", "what the model is called (default: as its architecture or start model)"),
    CommandOption("--history", "N", "frames that a response depends on (default: 40, or the start model's)"),
    CommandOption("--lag", "N", "frames between the newest of them and the response (default: the recording's, or 1)"),
    CommandOption("--cells", "A,B,...", "names of the cells to fit (default: all)"),
    CommandOption("--channels", "A,B,...", "channels of the convolutions (default: the architecture's)"),
    CommandOption("--kernels", "A,B,...", "sizes of their kernels (default: the architecture's)"),
    CommandOption("--readout", "R", "dense, gaussian or factorized (default: the architecture's)"),
    CommandOption("--noise", "X", "standard deviation of noise in training (default: the architecture's)"),
    CommandOption("--dropout", "X", "probability with which units are left out in training (default: 0)"),
    CommandOption(
      "--weights", "W", "stimulus (from spike-triggered averages; the default), he, orthogonal, delta-orthogonal"),
    CommandOption("--loss", "L", "poisson or mse (default: poisson)"),
    CommandOption("--optimizer", "O", "adam, adamw or sgd (default: adam)"),
    CommandOption("--rate", "X", "learning rate (default: 0.003)"),
    CommandOption(
      "--readout-rate", "X", "learning rate of Gaussian and factorised read-outs as a multiple (default: 5)"),
    CommandOption("--first-rate", "X", "learning rate of the first layer as a multiple (default: 1)"),
    CommandOption(
      "--schedule", "S", "cosine, constant, step:E,E,...:FACTOR, plateau:PATIENCE:FACTOR, exponential:FACTOR"),
    CommandOption("--decay", "X", "weight decay of the optimiser (default: 0)"),
    CommandOption("--l1", "X", "penalty: sum of magnitudes of weights"),
    CommandOption("--l2", "X", "penalty: sum of squares of weights (default: 0.0001)"),
    CommandOption("--smooth", "X", "penalty: roughness of kernels"),
    CommandOption("--group", "X", "penalty: lengths of kernels, so that whole ones go to zero"),
    CommandOption("--feature-l1", "X", "penalty: magnitudes of channel weights of Gaussian and factorised read-outs"),
    CommandOption("--activity", "X", "penalty: mean rate (default: 0)"),
    CommandOption("--clip-norm", "X", "scale longer gradients down to this length"),
    CommandOption("--dale", nil, "weights that leave a hidden channel keep one sign"),
    CommandOption("--epochs", "N", "passes over the training responses (default: 20)"),
    CommandOption(
      "--coarse-epochs", "N",
      "how many of them, the first ones, compute every second row and column of feature maps alone (default: 0)"),
    CommandOption(
      "--frozen", "X", "last part of the steps in which batch normalisation keeps its running statistics (default: 0)"),
    CommandOption("--patience", "N", "stop after so many epochs without a better validation (default: 5)"),
    CommandOption("--steps", "N", "stop after so many batches and write the last weights"),
    CommandOption("--batch", "N", "windows of a batch, a multiple of --clip (default: 48)"),
    CommandOption(
      "--clip", "N", "consecutive windows that share the work of frames (default: at most 16, four clips or more)"),
    CommandOption("--seed", "N", "what everything random depends on (default: 0)"),
    CommandOption("--validation", "X", "part of the frames before the test that chooses (default: 0.1)"),
    CommandOption("--test", "X", "last part of the frames that is held out (default: 0.2)"),
    .response, .stimulus, .testStimulus, .frameRate, .parts, .skippedStart, .transpose,
    CommandOption(
      "--held-out", nil, "after the fit, score the held-out part once and note r of every cell in the model"),
  ]

  let training: TrainingOptions
  let history, lag: Int?
  let cells: [String]?
  /// What the recording leaves open.
  let choice: RecordingChoice
  let validationFraction, testFraction: Double
  /// Whether the held-out responses are looked at, after the fit.
  let scoresHeldOut: Bool
  /// All options that a result depends on, to compare runs by.
  let description: JSON
  private let name: String?
  private let named: NamedArchitecture
  private let described: ArchitectureFile?
  private let start: Model?
  private let usesStimulus: Bool
  private let weightStart: WeightStart
  private let channels, kernels: [Int]?
  private let noise, dropout: Double?
  private let readout: ArchitectureOptions.ReadoutForm?

  init(_ arguments: Arguments) throws {
    let names = NamedArchitecture.allCases.map { $0.rawValue }
    if let word = arguments["--architecture"], word == "glm" || word == Baseline.lnk.rawValue {
      throw UsageError("--architecture: \(word) has no model file; retina evaluate --baselines \(word) fits it")
    }
    if let file = arguments["--architecture"], file.hasSuffix(".json") {
      (named, described) = (.stackedBNCNN, try ArchitectureFile(file))
      for option in ["--channels", "--kernels", "--readout", "--noise", "--dropout"] where arguments.has(option) {
        throw UsageError("\(option) does not go with an architecture of a file, which states it")
      }
    } else {
      let name = try arguments.choice("--architecture", of: names)
      (named, described) = (name.flatMap(NamedArchitecture.init(rawValue:)) ?? .stackedBNCNN, nil)
    }
    name = arguments["--name"]
    start = try arguments["--start"].map { try ModelFile.read($0) }
    for option in ["--architecture", "--history", "--channels", "--kernels", "--readout", "--weights", "--noise"]
    where start != nil && arguments.has(option) {
      throw UsageError("\(option) does not go with --start, which brings the layers and their weights")
    }
    history = try arguments.integer("--history", in: 1...1000)
    lag = try arguments.integer("--lag", in: 0...1000)
    cells = arguments["--cells"]?.split(separator: ",").map(String.init)
    choice = try RecordingChoice(arguments)
    let forms = ArchitectureOptions.ReadoutForm.allCases.map { $0.rawValue }
    readout = try arguments.choice("--readout", of: forms).flatMap(ArchitectureOptions.ReadoutForm.init(rawValue:))
    let weights = try arguments.choice("--weights", of: ["stimulus"] + WeightStart.allCases.map { $0.rawValue })
    weightStart = weights.flatMap(WeightStart.init(rawValue:)) ?? .he
    usesStimulus = weights == nil || weights == "stimulus"
    channels = try arguments.sizes("--channels", limit: 1024)
    kernels = try arguments.sizes("--kernels", limit: 255)
    noise = try arguments.number("--noise", in: 0...10)
    dropout = try arguments.number("--dropout", in: 0...0.95)
    validationFraction = try arguments.number("--validation", in: 0.01...0.5) ?? 0.1
    testFraction = try arguments.number("--test", in: 0...0.9) ?? 0.2
    scoresHeldOut = arguments.has("--held-out")
    training = try FitSettings.training(arguments)
    let ignored = ["--output", "--resume", "--checkpoint", "--log", "--log-steps", "--results", "--json", "--epochs"]
    var members: [JSON.Member] = []
    for option in FitCommand.options where arguments.has(option.name) && !ignored.contains(option.name) {
      members.append(.init(option.name, .string(option.value == nil ? "yes" : arguments[option.name] ?? "")))
    }
    members.append(.init("--epochs", .number(Double(training.epochs))))
    description = .object(members)
  }

  private static func training(_ arguments: Arguments) throws -> TrainingOptions {
    var options = TrainingOptions()
    options.loss =
      try arguments.choice("--loss", of: Loss.allCases.map { $0.rawValue }).flatMap(Loss.init(rawValue:))
      ?? options.loss
    switch try arguments.choice("--optimizer", of: ["adam", "adamw", "sgd"]) {
    case "adamw": options.optimizer = .adamW()
    case "sgd": options.optimizer = .momentum()
    default: options.optimizer = .adam()
    }
    options.rate = try arguments.number("--rate", in: 0...1000) ?? options.rate
    options.readoutRate = try arguments.number("--readout-rate", in: 0...1000) ?? options.readoutRate
    options.firstRate = try arguments.number("--first-rate", in: 0...1000) ?? options.firstRate
    options.schedule = try arguments["--schedule"].map(schedule) ?? options.schedule
    options.weightDecay = try arguments.number("--decay", in: 0...1) ?? 0
    let penalties: [(String, Penalty.Measure, ParameterGroup.Role, Double?)] = [
      ("--l1", .magnitude, .weight, nil), ("--l2", .square, .weight, 1e-4), ("--smooth", .roughness, .weight, nil),
      ("--group", .group, .weight, nil), ("--feature-l1", .magnitude, .feature, nil),
    ]
    for (option, measure, role, standard) in penalties {
      if let factor = try arguments.number(option, in: 0...1e6) ?? standard, factor > 0 {
        options.penalties.append(Penalty(measure, of: role, factor: factor))
      }
    }
    options.activity = try arguments.number("--activity", in: 0...1e6) ?? 0
    options.clipNorm = try arguments.number("--clip-norm", in: 1e-9...1e9)
    options.dale = arguments.has("--dale")
    options.epochs = try arguments.integer("--epochs", in: 1...100_000) ?? options.epochs
    options.coarseEpochs = try arguments.integer("--coarse-epochs", in: 0...options.epochs) ?? 0
    options.frozenPart = try arguments.number("--frozen", in: 0...1) ?? 0
    options.patience = try arguments.integer("--patience", in: 1...100_000) ?? options.patience
    options.steps = try arguments.integer("--steps", in: 1...1_000_000_000)
    let clip = try arguments.integer("--clip", in: 1...4096)
    let batch = try arguments.integer("--batch", in: 1...65536) ?? clip.map { $0 * max(1, 48 / $0) } ?? 48
    options.clipLength = clip ?? TrainingOptions.clipLength(batch: batch)
    guard batch % options.clipLength == 0 else {
      throw UsageError("--batch: expected a multiple of --clip \(options.clipLength), found '\(batch)'")
    }
    options.clips = batch / options.clipLength
    options.seed = UInt64(try arguments.integer("--seed", in: 0...Int.max) ?? 0)
    options.threads = try arguments.integer("--threads", in: 1...256) ?? availableProcessors()
    return options
  }

  private static func schedule(_ text: String) throws -> Schedule {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    let factor = parts.last.flatMap(Double.init)
    switch parts[0] {
    case "cosine" where parts.count == 1: return .cosine(warmUp: 0.15)
    case "constant" where parts.count == 1: return .constant
    case "step" where parts.count == 3:
      let epochs = parts[1].split(separator: ",").compactMap { Int($0) }
      if let factor, factor > 0, !epochs.isEmpty { return .step(epochs: epochs, factor: factor) }
    case "plateau" where parts.count == 3:
      if let factor, factor > 0, let patience = Int(parts[1]), patience > 0 {
        return .plateau(patience: patience, factor: factor)
      }
    case "exponential" where parts.count == 2:
      if let factor, factor > 0 { return .exponential(perStep: factor) }
    default: break
    }
    throw UsageError(
      "--schedule: expected cosine, constant, step:5,15:0.1, plateau:10:0.2 or exponential:1.001, found '\(text)'")
  }

  /// The layers that training starts from.
  func architecture(for data: FitData) throws -> Architecture {
    var architecture = try start.map { Architecture($0) } ?? startingArchitecture(for: data)
    architecture.name = name ?? architecture.name
    return architecture
  }

  private func startingArchitecture(for data: FitData) throws -> Architecture {
    var options = ArchitectureOptions(
      history: data.history, height: data.set.height, width: data.set.width, cells: data.set.cellCount)
    (options.channels, options.kernels, options.readout) = (channels, kernels, readout)
    options.noise = noise.map { Float($0) }
    options.dropout = Float(dropout ?? 0)
    (options.start, options.seed) = (weightStart, training.seed)
    options.meanResponses = data.meanResponses
    let known = data.recording.cells.map { $0.centre }
    let stimulus =
      usesStimulus || known.contains { $0 == nil }
      ? StimulusStart(
        data.set, split: data.split, history: data.history, lag: data.lag, centres: known, threads: training.threads)
      : nil
    options.centres = stimulus?.centres ?? known.compactMap { $0 }
    var architecture = try described?.architecture(options) ?? named.architecture(options)
    if usesStimulus { stimulus?.apply(to: &architecture, seed: training.seed) }
    return architecture
  }

  /// The history of the start model.
  var startHistory: Int? { start?.history }

  /// What the model is called and made from.
  var summary: String {
    start.map { "layers of \($0.name)" } ?? "architecture \(described?.name ?? named.rawValue)"
  }
}

extension Arguments {
  /// Sizes of at least 1, separated by commas.
  fileprivate func sizes(_ option: String, limit: Int) throws -> [Int]? {
    guard let sizes = try integers(option) else { return nil }
    guard sizes.allSatisfy({ (1...limit).contains($0) }) else {
      throw UsageError("\(option): expected numbers from 1 to \(limit), found '\(self[option] ?? "")'")
    }
    return sizes
  }
}
