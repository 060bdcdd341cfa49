import RetinaEngine
import RetinaFiles
import RetinaModel
import RetinaProbe
import RetinaReport

/// `retina modes`: the few patterns of channels that drive a cell.
enum ModesCommand: Command {
  static let name = "modes"
  static let summary = "Finds the few patterns of channels (or units) whose sparse sums drive a cell."
  static let operands = ["MODEL", "STIMULUS"]
  static let options = [
    CommandOption("--output", "DIR", "folder for modes.npy, loadings.npy, fields.npy, summary.json, .svg (needed)"),
    CommandOption("--layer", "NAME", "the layer whose contributions are decomposed (needed)"),
    CommandOption("--cell", "N", "the cell, from 0, or a sum such as 0+3 (default: 0)"),
    CommandOption("--modes", "K", "number of modes; the error is given for 1 ... K (default: 4)"),
    CommandOption("--seeds", "S", "random starts for each number of modes (default: 5)"),
    CommandOption("--sparsity", "X", "penalty on loadings, a part of the size of the contributions (default: 0.01)"),
    CommandOption("--reduce", "R", "channel: sums over space; none: every unit (default: channel)"),
    CommandOption("--method", "M", "conductance (default), or another method that gives a number per unit"),
    CommandOption("--at", "SIDE", "output or input of the layer (default: output)"),
    CommandOption("--baseline", "B", "zero, mean, a number, or an .npy file (default: zero)"),
    CommandOption("--steps", "N", "exact, auto, or a number of nodes (default: auto)"),
    .threads, .json,
  ]
  static let example =
    "retina modes Models/salamander-whitenoise.safetensors Stimuli/battery.json --layer relu1 --modes 4 --output out"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let model = try ModelFile.read(arguments.operands[0])
    guard arguments.has("--layer") else { throw UsageError("--layer NAME is needed: the layer that is decomposed") }
    let question = try ProbeQuestion(model, arguments)
    guard question.parts.count == 1, question.parts[0].subject == .layer, question.method.needsTarget else {
      throw UsageError("modes: expected one --layer and a method that gives numbers for its units")
    }
    guard question.cells.count == 1, !question.explainsSurprisal else {
      throw UsageError("--cell: expected one cell, or a sum such as 0+3")
    }
    let count = try arguments.integer("--modes", in: 1...64) ?? 4
    let restarts = try arguments.integer("--seeds", in: 1...1000) ?? 5
    let settings = try settings(arguments)
    let source = try StimulusSource(arguments.operands[1], for: model)
    let output = try arguments.output()
    let threads = try arguments.integer("--threads", in: 1...256) ?? availableProcessors()
    try FileSystem.createFolder(output)

    let part = question.parts[0]
    let inputs = source.stimuli.map { $0.inputs(model) }
    let total = inputs.reduce(0, +)
    let progress = Progress("probing", total: total)
    let program = Program(model)
    var contributions: [Float] = []
    for stimulus in source.stimuli {
      let tables = try Probe.run(
        program, [LayerQuestion(requests: part.requests, shape: part.shape)],
        reduction: arguments["--reduce"] != "none" ? .channel : .none, count: stimulus.inputs(model),
        input: { stimulus.input($0, of: model) }, baselines: question.baselines, threads: threads,
        progress: { progress.advance($0) })
      guard tables[0].values.firstNonFinite == nil else { throw source.tooLarge(stimulus) }
      contributions += tables[0].values.values
    }
    progress.end()
    guard let matrix = NonNegativeMatrix(splitting: contributions, rows: total) else {
      fatalError("contributions were found finite, and as many for every input")
    }
    let modes = ContributionModes(matrix, modes: count, restarts: restarts, settings: settings)
    let report = ModesReport(
      model: model, question: question, source: source, inputs: inputs, modes: modes, restarts: restarts,
      sparsity: settings.sparsity)
    try report.write(to: output)
    if arguments.has("--json") {
      print(report.summary.text(indented: true))
    } else {
      report.printTable()
      print("written to \(output)")
    }
    return ExitCode.done
  }

  private static func settings(_ arguments: Arguments) throws -> SparseFactorization.Settings {
    var settings = SparseFactorization.Settings()
    guard let text = arguments["--sparsity"] else { return settings }
    guard let number = Double(text), number >= 0, number.isFinite else {
      throw UsageError("--sparsity: expected a number of at least 0, found '\(text)'")
    }
    settings.sparsity = number
    return settings
  }
}
