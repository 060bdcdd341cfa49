import RetinaEngine
import RetinaFiles
import RetinaFit
import RetinaModel
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// `retina fit`: fits a model to a recording.
enum FitCommand: Command {
  static let name = "fit"
  static let summary = "Fits a model to a recording and writes the weights that are best on the validation responses."
  static let operands = ["[RECORDING]"]
  static let options =
    [
      CommandOption("--output", "MODEL", "the .safetensors to write (needed)"),
      CommandOption(
        "--resume", nil,
        "take up a run that was cut off, with the same options; with --sweep, begin it or leave it where that is due"),
      CommandOption("--checkpoint", "FILE", "where the state of the run is kept (default: MODEL.checkpoint)"),
      CommandOption("--log", "FILE", "also write JSON lines: one per epoch, with --log-steps one per batch"),
      CommandOption("--sweep", "FILE", "fit one job of a JSON array of jobs, each an array of the words of retina fit"),
      CommandOption("--job", "K", "with --sweep: which one, from 0 on"),
      CommandOption("--results", "FILE", "also score the model on the held-out bins, for retina evaluate --merge"),
      CommandOption("--log-steps", nil, "log every batch with the frames it holds"),
    ] + FitSettings.options + [.threads, .json]
  static var example: String {
    """
    retina fit salamander.npz --architecture stacked-bn-cnn --readout gaussian --history 15 --output model.safetensors

    ARCHITECTURES:
    \(NamedArchitecture.allCases.map(described).joined(separator: "\n"))
      glm, linear-nonlinear-kinetic: with a state from frame to frame, no layers: retina evaluate --baselines fits and scores them
    A JSON file describes any other: layers as in a model file, with sizes in the place of weights (Sources/RetinaFit/README.md).
    """
  }

  private static func described(_ architecture: NamedArchitecture) -> String {
    "  \(pad(architecture.rawValue, 16)) \(architecture.summary)\n\(pad("", 19))(\(architecture.source))"
  }

  static func run(_ arguments: Arguments) throws -> Int32 {
    if let file = arguments["--sweep"] { return try sweep(file, arguments) }
    guard let recording = arguments.operands.first else { throw UsageError("fit: expected RECORDING, found nothing") }
    let output = try arguments.output()
    for path in [output, arguments["--results"]].compactMap({ $0 }) { try checkPlace(path) }
    let settings = try FitSettings(arguments)
    let data = try FitData(recording, settings)
    let started = seconds()
    let architecture = try settings.architecture(for: data)
    let trainer = try Trainer(
      architecture, set: data.set, split: data.split, lag: data.lag, options: settings.training, level: .best)
    let checkpoint = try checkpoint(arguments)
    let run: JSON = ["recording": .string(recording), "options": settings.description]
    if arguments.has("--resume") { try resume(trainer, checkpoint, run) }
    var stopwatch = BatchTimes()
    var log = try FitLog(arguments["--log"], logsSteps: arguments.has("--log-steps"), trainer.records)
    let monitor = FitMonitor(epochs: settings.training.epochs, isSilent: arguments.has("--json"))
    Interruption.watch()
    let ending = try trainer.run(clock: seconds, isInterrupted: { Interruption.isAsked }) { event in
      stopwatch.note(event)
      try log.add(event)
      monitor.show(event, bestEpoch: trainer.bestEpoch)
      if case .epoch = event { try keep(trainer, checkpoint, run) }
    }
    monitor.end()
    if ending == .diverged {
      throw FileError(
        file: recording, expected: "a loss that is a number; try a lower --rate or --clip-norm 1",
        found: "one that is not, in epoch \(trainer.records.count + 1)")
    }
    if trainer.records.isEmpty, settings.training.steps == nil {
      writeError("retina: interrupted before the first epoch was done; nothing is written\n")
      return ExitCode.interrupted
    }
    let fitTime = seconds() - started
    let model = try data.model(trainer, settings)
    try ModelFile.write(model, to: output)
    if ending != .interrupted, settings.training.steps == nil { unlink(checkpoint) }
    if let results = arguments["--results"], ending != .interrupted {
      var request = EvaluationRequest(data.recording, models: [(output, model)])
      (request.baselines, request.threads) = ([], settings.training.threads)
      try FileSystem.write(Array((try request.run().json.text(indented: true) + "\n").utf8), to: results)
    }
    report(trainer, ending, output, (fitTime, stopwatch.median), arguments.has("--json"))
    return ending == .interrupted ? ExitCode.interrupted : ExitCode.done
  }

  /// Fits one job of a sweep; taken up again, one that is done is left, and one without a checkpoint begins.
  private static func sweep(_ file: String, _ arguments: Arguments) throws -> Int32 {
    guard let job = try arguments.integer("--job", in: 0...1_000_000) else {
      throw UsageError("--sweep: expected --job K, the job to fit")
    }
    var extra = ["--threads", "--results"].flatMap { option in arguments[option].map { [option, $0] } ?? [] }
    let sweep = try FitSweep(file)
    var words = try sweep.arguments(job: job, extra: extra)
    guard !words.has("--sweep") else { throw UsageError("--sweep: a job of \(file) is a sweep itself") }
    if arguments.has("--resume") {
      if FileSystem.isFile(try checkpoint(words)) {
        extra.append("--resume")
        words = try sweep.arguments(job: job, extra: extra)
      } else if FileSystem.isFile(try words.output()) {
        print("\(try words.output()): done before")
        return ExitCode.done
      }
    }
    return try run(words)
  }

  /// Where the state of a run is kept.
  private static func checkpoint(_ arguments: Arguments) throws -> String {
    try arguments["--checkpoint"] ?? arguments.output() + ".checkpoint"
  }

  /// Keeps the state of the run; where there is no room, what was kept before stays.
  private static func keep(_ trainer: Trainer, _ path: String, _ run: JSON) throws(FileError) {
    do {
      try trainer.checkpoint.write(to: path, run: run)
    } catch {
      throw FileError(
        kind: error.kind, file: error.file,
        expected: "room for the state of epoch \(trainer.records.count)"
          + (trainer.records.count > 1 ? "; with room, --resume goes on from the epoch before" : ""), found: error.found
      )
    }
  }

  private static func resume(_ trainer: Trainer, _ path: String, _ run: JSON) throws {
    let (state, told) = try Checkpoint.read(path)
    guard told == run else {
      throw FileError(
        file: path, place: "run", expected: "the options of this run, \(run.text())", found: told.text())
    }
    guard trainer.resume(state) else {
      throw FileError(file: path, expected: "the state of this network", found: "that of another one")
    }
  }

  private static func report(
    _ trainer: Trainer, _ ending: Trainer.Ending, _ output: String, _ seconds: (fit: Double, perBatch: Double?),
    _ isJSON: Bool
  ) {
    let best = trainer.records.first { $0.epoch == trainer.bestEpoch }
    if isJSON {
      let report: JSON = [
        "model": .string(output), "epochs": .number(Double(trainer.records.count)),
        "best_epoch": .number(Double(trainer.bestEpoch)),
        "validation_r": best.map { .number($0.validation) } ?? .null, "ending": .string("\(ending)"),
        "seconds": .number(seconds.fit), "seconds_per_batch": seconds.perBatch.map { .number($0) } ?? .null,
      ]
      print(report.text(indented: true))
    } else if let best {
      print(
        "\(output): validation r \(fixed(best.validation, 4)), epoch \(best.epoch) of \(trainer.records.count), "
          + "\(fixed(seconds.fit, 1)) s without reading the recording"
          + (ending == .interrupted ? "; interrupted: --resume goes on" : ""))
    } else {
      print("\(output): after \(trainer.totalSteps) steps")
    }
  }
}

/// How long batches take.
private struct BatchTimes {
  private var last: Double?
  private var times: [Double] = []

  mutating func note(_ event: Trainer.Event) {
    let now = seconds()
    if case .step = event {
      if let last { times.append(now - last) }
      last = now
    } else {
      // Validation is no part of the next batch.
      last = nil
    }
  }

  var median: Double? { times.isEmpty ? nil : times.sorted()[times.count / 2] }
}

/// Progress of a fit on standard error: a line per epoch, and how far the epoch is where standard error is a terminal.
private final class FitMonitor {
  private let epochs: Int
  private let isSilent: Bool
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let started = seconds()
  private var first: Int?

  init(epochs: Int, isSilent: Bool) {
    self.epochs = epochs
    self.isSilent = isSilent
  }

  func show(_ event: Trainer.Event, bestEpoch: Int) {
    switch event {
    case .step(let number, let total, let loss, _):
      if first == nil { first = number - 1 }
      guard isTerminal, let first else { return }
      let left = (seconds() - started) / Double(number - first) * Double(total - number)
      writeError("\r\u{1B}[Kstep \(number) of \(total), loss \(fixed(loss, 4)), at most \(duration(left)) left")
    case .epoch(let record, let isBest):
      end()
      guard !isSilent else { return }
      writeError(
        "epoch \(record.epoch) of \(epochs): loss \(fixed(record.loss, 5)), validation r \(fixed(record.validation, 4))"
          + "\(isBest ? " (best)" : ""), \(Int(record.windowsPerSecond)) windows/s\n")
    }
  }

  func end() {
    if isTerminal { writeError("\r\u{1B}[K") }
  }

  private func duration(_ seconds: Double) -> String {
    seconds < 90 ? "\(Int(seconds.rounded())) s" : "\(Int((seconds / 60).rounded())) min"
  }
}

/// JSON lines about a run, one per epoch or per batch.
private struct FitLog {
  private let path: String?
  private let logsSteps: Bool
  private var lines: [String] = []

  /// Begins with the epochs that a run taken up again has done.
  init(_ path: String?, logsSteps: Bool, _ records: [EpochRecord]) throws {
    self.path = path
    self.logsSteps = logsSteps
    if let path { try checkPlace(path) }
    lines = records.map { FitLog.line($0) }
  }

  mutating func add(_ event: Trainer.Event) throws {
    guard let path else { return }
    switch event {
    case .step(let number, let total, let loss, let starts):
      guard logsSteps else { return }
      let line: JSON = [
        "step": .number(Double(number)), "loss": .number(loss),
        "first_responses": .array(starts.map { .number(Double($0)) }),
      ]
      lines.append(line.text())
      if number == total { try write(path) }
    case .epoch(let record, _):
      lines.append(FitLog.line(record))
      try write(path)
    }
  }

  private func write(_ path: String) throws {
    try FileSystem.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: path)
  }

  private static func line(_ record: EpochRecord) -> String {
    let line: JSON = [
      "epoch": .number(Double(record.epoch)), "loss": .number(record.loss),
      "validation_r": .number(record.validation), "windows_per_second": .number(record.windowsPerSecond.rounded()),
    ]
    return line.text()
  }
}

/// Whether Ctrl-C or a request to end has come; a signal handler reaches nothing but globals.
private let interruption = Atomic<Bool>(false)

private enum Interruption {
  static var isAsked: Bool { interruption.load(ordering: .relaxed) }

  /// The first signal ends the run after the present batch, a second one at once.
  static func watch() {
    // Whoever started this process may have left them blocked.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
    sigprocmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM] {
      _ = signal(number) { received in
        interruption.store(true, ordering: .relaxed)
        _ = signal(received, SIG_DFL)
      }
    }
  }
}
