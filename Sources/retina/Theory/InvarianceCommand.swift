import RetinaFiles
import RetinaModel
import RetinaTheory

/// `retina theory invariance`: tensors whose size has no meaning.
enum InvarianceCommand: Command {
  static let name = "theory invariance"
  static let summary = "Says which tensors of a model have a size without meaning, since normalisation takes it out."
  static let operands = ["MODEL", "STIMULUS"]
  static let options = [
    CommandOption("--output", "DIR", "folder for invariance.csv and summary.json (needed)"),
    CommandOption("--samples", "M", "windows of each stimulus, evenly spaced (default: 50)"), .threads, .json,
  ]
  static let example =
    "retina theory invariance Models/salamander-whitenoise.safetensors Stimuli/natural.json --samples 8 --output out"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let model = try ModelFile.read(arguments.operands[0])
    let threads = try arguments.threads()
    let stimuli = try TheoryStimuli(arguments.operands[1], model, arguments)
    var output = try TheoryOutput(arguments)
    let found = try ScaleInvariance(model, inputs: stimuli.all, threads: threads)
    var table = Table(["tensor", "invariant", "change when doubled", "without epsilon"])
    for tensor in found.tensors {
      table.append([
        .string(tensor.name), .boolean(tensor.isInvariant), .number(tensor.change),
        .number(tensor.changeWithoutEpsilon),
      ])
    }
    output.add("stimuli", .number(Double(stimuli.count)))
    try output.add("invariance", table)
    try output.finish(arguments) { table.printOut() }
    return ExitCode.done
  }
}
