import RetinaEngine
import RetinaFiles
import RetinaFit
import RetinaInterpretation
import RetinaModel

/// `retina phenomena`: what a model, or the simulated retina, does with the stimuli of physiologists.
enum PhenomenaCommand: Command {
  static let name = "phenomena"
  static let summary =
    "Looks for thirteen phenomena of retinas in a model, beside linear-nonlinear models of its cells."
  static let operands = ["MODEL"]
  static let options = [
    CommandOption("--output", "DIR", "folder for phenomena.json and a picture of each phenomenon"),
    CommandOption("--only", "NAMES", "phenomena, separated by commas (default: all, which --list names)"),
    CommandOption("--list", nil, "explain every phenomenon: score, criterion, source (MODEL may be any word)"),
    CommandOption("--recording", "FILE", "fit the linear-nonlinear models to this recording, not to the model's rates"),
    CommandOption("--contrast", "X", "contrast of all stimuli (default: the lowest that uses the range of rates)"),
    CommandOption("--frame-rate", "X", "frames per second (default: the model's, else 30)"),
    CommandOption("--pixel-size", "X", "micrometres per pixel (default: the model's, else 50)"),
    CommandOption("--without", "PARTS", "for the MODEL 'simulated': parts of the circuit to take out"),
    CommandOption("--circuits", nil, "for the MODEL 'simulated': every part taken out in turn, found beside expected"),
    CommandOption("--seed", "N", "for the MODEL 'simulated': seed of the places of its cells (default: 1)"),
    .threads, .json,
  ]
  static let example =
    "retina phenomena Models/salamander-whitenoise.safetensors --output out  (or: retina phenomena simulated --circuits)"

  static func run(_ arguments: Arguments) throws -> Int32 {
    if arguments.has("--list") {
      print(PhenomenaReport.list)
      return ExitCode.done
    }
    var battery = Battery()
    battery.names = try names(arguments)
    battery.contrast = try arguments.number("--contrast", in: 1e-6...100)
    battery.threads = try arguments.integer("--threads", in: 1...256) ?? availableProcessors()
    let isSimulated = arguments.operands[0] == "simulated"
    if !isSimulated, let option = ["--without", "--circuits", "--seed"].first(where: { arguments.has($0) }) {
      throw UsageError("\(option) is for the simulated retina: write 'simulated' in place of a model")
    }
    if isSimulated, arguments.has("--recording") {
      throw UsageError("--recording is for models: the simulated retina is compared with models of its own rates")
    }
    if arguments.has("--circuits") { return try circuits(battery, arguments) }
    let subject = try isSimulated ? simulated(arguments) : model(arguments)
    if let output = arguments["--output"] { try FileSystem.createFolder(output) }
    let progress = Progress("phenomena", total: battery.work)
    var result = battery.run(subject.responder, display: subject.display, twin: subject.twin) { progress.advance($0) }
    progress.end()
    result.remarks = subject.remarks + result.remarks
    let report = PhenomenaReport(result)
    if let output = arguments["--output"] { try report.write(to: output) }
    print(arguments.has("--json") ? result.json.text(indented: true) : report.table)
    if let output = arguments["--output"], !arguments.has("--json") { print("written to \(output)") }
    return ExitCode.done
  }

  /// What is looked at, and what must be known about it.
  struct Subject {
    var responder: any Responder
    var display: Display
    var twin: LinearNonlinearResponder?
    var remarks: [String] = []
  }

  private static func names(_ arguments: Arguments) throws -> [String]? {
    let known = Battery.descriptions.map { $0.name }
    return try arguments["--only"]?.split(separator: ",").map { word in
      guard known.contains(String(word)) else {
        throw UsageError(
          "--only: expected \(known.joined(separator: ", ")), found '\(word)'"
            + suggestion(for: String(word), among: known))
      }
      return String(word)
    }
  }

  private static func model(_ arguments: Arguments) throws -> Subject {
    let path = arguments.operands[0]
    let recording = try arguments["--recording"].map { try Recording.read($0) }
    return try subject(try ModelFile.read(path), file: path, recording: recording, arguments)
  }

  /// A model on the display that it or the options state, beside models of the recorded cells.
  static func subject(
    _ model: Model, file path: String, recording: Recording?, _ arguments: Arguments
  ) throws -> Subject {
    guard model.inputShape.rank == 3, max(model.inputShape[1], model.inputShape[2]) <= 512 else {
      throw FileError(
        file: path, expected: "a movie model with an input [history, height, width] of at most 512 x 512",
        found: "\(model.inputShape)")
    }
    var remarks: [String] = []
    func fact(_ option: String, _ own: Double?, _ usual: Double, _ what: String) throws -> Double {
      if let given = try arguments.number(option, in: 1e-3...1e6) { return given }
      if own == nil { remarks.append("the model does not state its \(what): \(decimal(usual)) is assumed") }
      return own ?? usual
    }
    let display = Display(
      frameRate: try fact("--frame-rate", model.facts.frameRate, 30, "frame rate in frames/s"),
      pixelSize: try fact("--pixel-size", model.facts.pixelSize, 50, "pixel size in um"),
      height: model.inputShape[1], width: model.inputShape[2])
    if let source = model.facts.provenance.first(where: { $0.name == "stimulus" })?.text {
      remarks.append("the model was fitted to \(source): every other stimulus is extrapolation")
    }
    let responder = try ModelResponder(model)
    let threads = try arguments.integer("--threads", in: 1...256) ?? availableProcessors()
    let twin = try recording.map { try LinearNonlinearResponder(cellsOf: responder, in: $0, threads: threads) }
    return Subject(responder: responder, display: display, twin: twin, remarks: remarks)
  }

  private static func simulated(_ arguments: Arguments) throws -> Subject {
    var options = CascadeRetina.Options()
    options.without = try SimulateCommand.parts(arguments)
    let display = try circuitDisplay(arguments)
    (options.frameRate, options.seed) = (display.frameRate, try seed(arguments))
    return Subject(
      responder: SimulatedResponder(height: display.height, width: display.width, options: options), display: display,
      remarks: ["simulated data: the cascade retina of RetinaKit, no animal"])
  }

  private static func seed(_ arguments: Arguments) throws -> UInt64 {
    UInt64(try arguments.integer("--seed", in: 0...1 << 52) ?? 1)
  }

  private static func circuitDisplay(_ arguments: Arguments) throws -> Display {
    Display(
      frameRate: try arguments.number("--frame-rate", in: 1...1000) ?? 60,
      pixelSize: try arguments.number("--pixel-size", in: 1e-3...1e6) ?? 50, height: 50, width: 50)
  }

  private static func circuits(_ battery: Battery, _ arguments: Arguments) throws -> Int32 {
    let display = try circuitDisplay(arguments)
    let progress = Progress("circuits", total: CircuitCheck.variants.count * battery.work)
    let check = CircuitCheck(battery, display: display, seed: try seed(arguments)) { progress.advance($0) }
    progress.end()
    print(arguments.has("--json") ? check.json.text(indented: true) : PhenomenaReport.table(check))
    return check.isPassed ? ExitCode.done : ExitCode.checkFailed
  }
}
