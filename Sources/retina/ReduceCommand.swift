import RetinaEngine
import RetinaFiles
import RetinaInterpretation
import RetinaModel

/// `retina reduce`: the few units that make a cell's responses to a family of stimuli.
enum ReduceCommand: Command {
  static let name = "reduce"
  static let summary = "Finds the fewest channels that reproduce a cell's responses, and writes the reduced model."
  static let operands = ["MODEL", "STIMULUS"]
  static let options = [
    CommandOption("--output", "DIR", "folder for reduced.safetensors, reduction.json and pictures (needed)"),
    CommandOption("--cell", "N", "the cell, from 0 (default: 0)"),
    CommandOption(
      "--layer", "NAME", "the layer whose channels are ranked (default: the first relu, else the first layer)"),
    CommandOption(
      "--by", "WHAT",
      "channel, kind (channels that compute the same at several delays), or column or row of a channel, for bars (default: channel)"
    ),
    CommandOption("--tolerance", "X", "part of the variance that may be lost (default: 0.05)"),
    CommandOption("--refit", nil, "let the units that are kept make up for the others, and choose those that can"),
    .threads, .json,
  ]
  static let example =
    "retina reduce Models/salamander-whitenoise.safetensors Stimuli/flashes.json --cell 1 --output out"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let path = arguments.operands[0]
    let model = try ModelFile.read(path)
    let output = try arguments.output()
    var request = ReductionRequest(model, layer: try layer(of: model, arguments))
    request.cell = try arguments.integer("--cell", in: 0...max(0, model.cells - 1)) ?? 0
    request.tolerance = try arguments.fraction("--tolerance") ?? request.tolerance
    request.refits = arguments.has("--refit")
    request.threads = try arguments.integer("--threads", in: 1...256) ?? availableProcessors()
    if let word = try arguments.choice("--by", of: UnitPartition.allCases.map { $0.rawValue }) {
      request.partition = UnitPartition(rawValue: word) ?? request.partition
    }
    let source = try StimulusSource(arguments.operands[1], for: model)
    let stimuli = try source.stimuli.map { stimulus in
      guard case .movie(let movie) = stimulus.content else {
        throw FileError(
          file: arguments.operands[1], place: "'\(stimulus.name)'", expected: "movies [time, height, width]",
          found: "independent inputs")
      }
      return (name: stimulus.name, movie: movie)
    }
    try FileSystem.createFolder(output)
    let progress = Progress("reducing", total: source.stimuli.reduce(0) { $0 + $1.inputs(model) })
    let reduction = try request.run(stimuli) { progress.advance($0) }
    progress.end()
    let report = ReductionReport(reduction.result, model: model)
    try report.write(to: output)
    try ModelFile.write(reduction.model, to: "\(output)/reduced.safetensors")
    print(arguments.has("--json") ? reduction.result.json.text(indented: true) : report.table)
    if !arguments.has("--json") { print("written to \(output)") }
    return ExitCode.done
  }

  /// The layer that is named, or else the first nonlinearity with channels.
  static func layer(of model: Model, _ arguments: Arguments) throws -> Int {
    let features = model.layers.indices.filter { model.shapes[$0].rank == 3 }
    guard let name = arguments["--layer"] else {
      let first = features.first { place in
        if case .activation = model.layers[place].operation { true } else { false }
      }
      guard let place = first ?? features.first else {
        throw UsageError("reduce: the model has no layer of channels")
      }
      return place
    }
    guard let place = model.index(of: name), features.contains(place) else {
      let names = features.map { model.layers[$0].name }
      throw UsageError(
        "--layer: expected one of \(names.joined(separator: ", ")), found '\(name)'"
          + suggestion(for: name, among: names))
    }
    return place
  }
}
