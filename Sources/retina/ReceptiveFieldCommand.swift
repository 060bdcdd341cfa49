import RetinaFiles
import RetinaInterpretation
import RetinaModel
import RetinaReport

/// `retina receptive-field`: what a cell of a model sees.
enum ReceptiveFieldCommand: Command {
  static let name = "receptive-field"
  static let summary = "What a cell sees: average and covariance, instantaneous fields, most exciting stimulus."
  static let operands = ["MODEL", "[STIMULUS]"]
  static let options = [
    CommandOption(
      "--output", "DIR", "folder for average.npy, exciting.npy, fields.npy, field.json and pictures (needed)"),
    CommandOption("--cell", "N", "the cell, from 0 (default: 0)"),
    CommandOption("--frames", "N", "frames of white noise that are shown (default: 10000)"),
    CommandOption("--gradients", "N", "windows, of the first movie in STIMULUS or else of white noise (default: 200)"),
    CommandOption("--clusters", "N", "shapes into which their gradients are grouped, at most (default: 3)"),
    CommandOption("--range", "X", "largest contrast of the most exciting stimulus (default: 1)"),
    CommandOption("--norm", "X", "its largest norm (default: that of a window of white noise)"), .threads, .json,
  ]
  static let example = "retina receptive-field Models/salamander-whitenoise.safetensors --cell 1 --output out"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let model = try ModelFile.read(arguments.operands[0])
    guard model.history != nil else {
      throw FileError(
        file: arguments.operands[0], expected: "a movie model with an input [history, height, width]",
        found: "\(model.inputShape)")
    }
    let output = try arguments.output()
    var request = FieldAnalysis.Request()
    request.cell = try arguments.integer("--cell", in: 0...max(0, model.cells - 1)) ?? 0
    request.frames = try arguments.integer("--frames", in: 100...100_000) ?? request.frames
    request.gradients = try arguments.integer("--gradients", in: 1...100_000) ?? request.gradients
    request.clusters = try arguments.integer("--clusters", in: 1...64) ?? request.clusters
    request.range = Float(try arguments.number("--range", in: 1e-6...1e6) ?? 1)
    request.norm = try arguments.number("--norm", in: 1e-6...1e9).map { Float($0) }
    request.threads = try arguments.integer("--threads", in: 1...256) ?? availableProcessors()
    var movie: Tensor?
    if arguments.operands.count > 1 {
      let source = try StimulusSource(arguments.operands[1], for: model)
      guard case .movie(let first)? = source.stimuli.first?.content else {
        throw FileError(
          file: arguments.operands[1], expected: "a movie [time, height, width]", found: "independent inputs")
      }
      movie = first
    }
    try FileSystem.createFolder(output)
    let progress = Progress("receptive field", total: FieldAnalysis.work)
    let analysis = try FieldAnalysis(model, request, movie: movie) { progress.advance($0) }
    progress.end()
    let report = FieldReport(analysis, model: model)
    try report.write(to: output)
    print(arguments.has("--json") ? analysis.json.text(indented: true) : report.table)
    if !arguments.has("--json") { print("written to \(output)") }
    return ExitCode.done
  }
}
