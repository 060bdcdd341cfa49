import RetinaEngine
import RetinaFiles
import RetinaModel

/// `retina run`: rates, or the values of layers, for a stimulus.
enum RunCommand: Command {
  static let name = "run"
  static let summary = "Runs a model on a stimulus and writes the rates, or the values of layers."
  static let operands = ["MODEL", "STIMULUS"]
  static let options = [
    CommandOption(
      "--output", "PATH",
      "the file to write, by its ending .npy, .csv, .json, .h5 or .nwb; else a folder of .npy (needed)"),
    CommandOption("--layer", "NAME", "write this layer instead of the rates; may be given several times"),
    CommandOption("--precision", "P", "\(ChosenPrecision.help) (default: float32, or that of an image)"),
    CommandOption("--calibrate", "STIMULUS", "what the ranges of integers are taken from (default: the stimulus)"),
    .algorithm, .tolerance,
    CommandOption("--stream", nil, "one frame after another; of an .npy file only one is in memory"),
    .threads, .json,
  ]
  static let example = "retina run Models/salamander-whitenoise.safetensors Stimuli/flashes.json --output rates"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let path = arguments.operands[0]
    if ImageFile.isImage(path) {
      printReport(try runImage(arguments), arguments)
      return ExitCode.done
    }
    var chosen: ChosenPrecision?
    if try arguments.choice("--precision", of: ChosenPrecision.words) ?? "float32" != "float32" {
      let model = try ModelFile.read(path)
      _ = try model.layers(arguments.all("--layer"))
      let precision = try ChosenPrecision(
        model, path, arguments, calibrate: arguments["--calibrate"] ?? arguments.operands[1])
      if let note = precision.note { writeError(note + "\n") }
      if let image = precision.image {
        printReport(try ImageRun(image, arguments).run(), arguments, precision)
        return ExitCode.done
      }
      chosen = precision
    }
    let output = try arguments.output()
    let report: [JSON]
    switch try LoadedModel(arguments.operands[0]) {
    case .layers(let model): report = try run(model, arguments, output)
    case .graph(let program, _):
      let run = try GraphRun(program, file: arguments.operands[0], layers: arguments.all("--layer"))
      let source = try StimulusSource(arguments.operands[1], inputShape: run.inputShape)
      let progress = Progress("running", total: source.stimuli.reduce(0) { $0 + $1.inputs(of: run.inputShape) })
      var written = try RunOutput(output, source, names: run.names, history: run.inputShape[0])
      report = try write(source, &written) { try run.run($0, progress: progress) }
    }
    printReport(report, arguments, chosen)
    return ExitCode.done
  }

  /// Runs an image: what it holds is what is computed.
  private static func runImage(_ arguments: Arguments) throws -> [JSON] {
    if arguments.has("--calibrate") { throw UsageError("--calibrate is for models: an image has its ranges") }
    let precision = try arguments.choice("--precision", of: ChosenPrecision.words)
    let image = try ImageFile.read(arguments.operands[0])
    guard precision ?? image.precision == image.precision else {
      throw UsageError("--precision: the image has \(image.precision) values, found '\(precision ?? "")'")
    }
    switch image {
    case .integers(let program): return try ImageRun(program, arguments).run()
    case .floats(let program): return try ImageRun(program, arguments).run()
    }
  }

  /// - Parameter chosen: what was chosen to run, which every entry for machines says.
  private static func printReport(_ report: [JSON], _ arguments: Arguments, _ chosen: ChosenPrecision? = nil) {
    if arguments.has("--json") {
      print(JSON.array(report.map { chosen?.adding(to: $0) ?? $0 }).text(indented: true))
    } else {
      for entry in report {
        let shape = entry["shape"]?.array?.compactMap { $0.integer.map(String.init) }.joined(separator: ", ") ?? ""
        print("\(entry["file"]?.string ?? ""): \(entry["values"]?.string ?? "") [\(shape)]")
      }
    }
  }

  /// Runs layers in a row.
  private static func run(_ model: Model, _ arguments: Arguments, _ output: String) throws -> [JSON] {
    let layers = try model.layers(arguments.all("--layer"))
    let threads =
      arguments.has("--stream") ? 1 : try arguments.integer("--threads", in: 1...256) ?? availableProcessors()
    let wanted = layers.isEmpty ? [model.layers.count - 1] : layers
    let names = layers.isEmpty ? ["rates"] : layers.map { model.layers[$0].name }
    if arguments.has("--stream"), arguments.operands[1].hasSuffix(".npy"), ResultFormat(path: output) ?? .npy == .npy {
      let streamed = try StreamedRun(arguments.operands[1], model, arguments, layers: wanted)
      let paths = try place(output, names: names)
      try streamed.run(to: paths)
      return zip(names, paths).enumerated().map { index, item in
        entry(streamed.name, item.0, item.1, streamed.shapes[index])
      }
    }
    let source = try StimulusSource(arguments.operands[1], for: model)
    let runner = try Runner(model, arguments)
    let progress = Progress("running", total: source.stimuli.reduce(0) { $0 + $1.inputs(model) })
    var written = try RunOutput(output, source, names: names, history: model.inputShape[0], facts: model.facts)
    return try write(source, &written) { stimulus in
      runner.run(stimulus, layers: wanted, threads: threads) { progress.advance($0) }.tensors
    }
  }

  /// Runs stimuli that are in memory and writes what they give, one array per name.
  private static func write(
    _ source: StimulusSource, _ output: inout RunOutput, run: (LoadedStimulus) throws -> [Tensor]
  ) throws -> [JSON] {
    for stimulus in source.stimuli {
      let tensors = try run(stimulus)
      for tensor in tensors where tensor.firstNonFinite != nil { throw source.tooLarge(stimulus) }
      try output.add(tensors, for: stimulus)
    }
    return try output.finish()
  }

  static func entry(_ stimulus: String, _ values: String, _ path: String, _ shape: Shape) -> JSON {
    [
      "stimulus": .string(stimulus), "values": .string(values), "file": .string(path),
      "shape": .array(shape.dimensions.map { .number(Double($0)) }),
    ]
  }

  /// A path per layer: `PATH`, or inside the folder `PATH` when there are several stimuli or layers.
  static func place(_ output: String, stimulus: String? = nil, names: [String]) throws -> [String] {
    guard names.count > 1 || stimulus != nil else {
      try checkPlace(output)
      return [output]
    }
    let folder = names.count > 1 ? stimulus.map { output + "/" + safe($0) } ?? output : output
    try FileSystem.createFolder(folder)
    return names.map { folder + "/" + safe(names.count > 1 ? $0 : stimulus ?? "") + ".npy" }
  }
}

/// Runs movies in streams and other inputs by definition.
struct Runner {
  let model: Model
  let plan: StreamPlan?
  let program: Program

  init(_ model: Model, _ arguments: Arguments) throws {
    self.model = model
    program = Program(model)
    plan = StreamPlan(model, options: try streamOptions(arguments))
  }

  func run(
    _ stimulus: LoadedStimulus, layers: [Int], threads: Int, progress: ProgressHandler? = nil
  ) -> LayerValues {
    switch stimulus.content {
    case .movie(let movie):
      guard let values = plan?.run(movie, layers: layers, threads: threads, progress: progress) else {
        fatalError("a movie was checked against the model when it was loaded")
      }
      return values
    case .batch(let batch):
      return program.run(batch, of: model, layers: layers, threads: threads, progress: progress)
    }
  }
}

/// The options of a stream from `--algorithm`, `--tolerance`, `RETINA_CPU` and the calibration of this machine.
func streamOptions(_ arguments: Arguments) throws -> StreamOptions {
  var options = StreamOptions()
  let algorithms = StreamOptions.Algorithm.allCases
  if let name = try arguments.choice("--algorithm", of: algorithms.map { $0.name }) {
    options.algorithm = algorithms.first { $0.name == name } ?? .automatic
  }
  if let name = environment("RETINA_CPU") {
    guard let level = ProcessorLevel.allCases.first(where: { $0.name == name }), level.isAvailable else {
      let available = ProcessorLevel.allCases.filter { $0.isAvailable }.map { $0.name }
      throw UsageError("RETINA_CPU: expected one of \(available.joined(separator: ", ")), found '\(name)'")
    }
    options.level = level
  }
  options.tolerance = try arguments.fraction("--tolerance") ?? options.tolerance
  options.cost = try CalibrationFile(options.level).read()
  return options
}

extension Model {
  /// The places of layers; the error lists the names there are.
  func layers(_ names: [String]) throws -> [Int] {
    var places: [Int] = []
    for name in names {
      guard let place = index(of: name) else {
        let known = layers.map { $0.name }
        throw UsageError(
          "--layer: expected one of the model's layers \(known.joined(separator: ", ")), found '\(name)'"
            + suggestion(for: name, among: known))
      }
      guard !places.contains(place) else {
        throw UsageError("--layer: expected each layer once, found '\(name)' twice")
      }
      places.append(place)
    }
    return places
  }
}

/// A name that can be part of a path; different names stay different.
func safe(_ name: String) -> String {
  if name.isEmpty { return "%" }
  let isDots = name.allSatisfy { $0 == "." }
  var text = ""
  for scalar in name.unicodeScalars {
    switch scalar {
    case "%": text += "%25"
    case "/": text += "%2F"
    case "\0": text += "%00"
    case "." where isDots: text += "%2E"
    default: text.unicodeScalars.append(scalar)
    }
  }
  return text
}

/// Looks at the place of an output file before the work that fills it.
func checkPlace(_ path: String) throws(FileError) {
  let folder = path.lastIndex(of: "/").map { path[..<$0] } ?? "."
  if FileSystem.isFolder(path) {
    throw FileError(kind: .cannotWrite, file: path, expected: "the name of a file", found: "a folder")
  }
  if !FileSystem.isFolder(folder.isEmpty ? "/" : String(folder)) {
    throw FileError(
      kind: .cannotWrite, file: path, expected: "an existing folder to write in", found: "no folder '\(folder)'")
  }
}
