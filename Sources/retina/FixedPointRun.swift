import RetinaEngine
import RetinaFiles
import RetinaModel

/// `retina run` in integers: of an image, or of a model that is put into integers first.
struct FixedPointRun {
  private let program: FixedPointProgram
  private let source: StimulusSource
  private let names: [String]
  private let layers: [Int]
  private let isStreamed: Bool
  private let threads: Int
  private let level: ProcessorLevel
  private let output: String

  init(_ arguments: Arguments) throws {
    let (path, stimulus) = (arguments.operands[0], arguments.operands[1])
    output = try arguments.output()
    isStreamed = arguments.has("--stream")
    threads = isStreamed ? 1 : try arguments.integer("--threads", in: 1...256) ?? availableProcessors()
    level = try streamOptions(arguments).level
    if arguments.has("--algorithm") { throw UsageError("--algorithm is for float32: integers have one form") }
    if ImageFile.isImage(path) {
      if arguments.has("--calibrate") { throw UsageError("--calibrate is for models: an image has its ranges") }
      program = try ImageFile.read(path)
      let precision = program.image.input.type.name
      guard arguments["--precision"] ?? precision == precision else {
        throw UsageError("--precision: the image has \(precision) values, found '\(arguments["--precision"] ?? "")'")
      }
    } else {
      let model = try ModelFile.read(path)
      _ = try model.layers(arguments.all("--layer"))
      program = try FixedPointMaking(model, path, arguments, calibrate: arguments["--calibrate"] ?? stimulus).program
    }
    source = try StimulusSource(stimulus, inputShape: program.inputShape)
    let asked = arguments.all("--layer")
    (layers, names) =
      asked.isEmpty
      ? ([program.image.layerCount - 1], ["rates"]) : (try FixedPointRun.layers(asked, program), asked)
  }

  /// The places of layers; the error lists the names there are.
  private static func layers(_ names: [String], _ program: FixedPointProgram) throws -> [Int] {
    let known = (0..<program.image.layerCount).flatMap { program.names($0) }
    return try names.map { name in
      guard let layer = program.layer(named: name) else {
        throw UsageError(
          "--layer: expected a layer that integers exist for, \(known.joined(separator: ", ")), found '\(name)'"
            + suggestion(for: name, among: known))
      }
      return layer
    }
  }

  /// Runs all stimuli and writes what they give; gives one entry per file.
  func run() throws -> [JSON] {
    if source.stimuli.count == 1, names.count == 1 {
      try checkPlace(output)
    } else {
      try FileSystem.createFolder(output)
    }
    let inputShape = program.inputShape
    let progress = Progress("running", total: source.stimuli.reduce(0) { $0 + $1.inputs(of: inputShape) })
    var report: [JSON] = []
    for stimulus in source.stimuli {
      let (tensor, isMovie): (Tensor, Bool)
      switch stimulus.content {
      case .movie(let movie): (tensor, isMovie) = (movie, true)
      case .batch(let batch): (tensor, isMovie) = (batch, false)
      }
      guard let inputs = InputSequence(tensor, inputShape: inputShape) else {
        fatalError("the stimulus was checked when it was loaded")
      }
      let values =
        isStreamed && isMovie
        ? program.stream(inputs, layers: layers, level: level) { progress.advance($0) }
        : program.run(inputs, layers: layers, threads: threads, level: level) { progress.advance($0) }
      let several = source.stimuli.count > 1
      let paths = try RunCommand.place(output, stimulus: several ? stimulus.name : nil, names: names)
      for ((tensor, name), path) in zip(zip(values, names), paths) {
        try NPY.write(tensor, to: path)
        report.append(RunCommand.entry(stimulus.name, name, path, tensor.shape))
      }
    }
    progress.end()
    return report
  }
}
