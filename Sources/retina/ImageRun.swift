import RetinaEngine
import RetinaFiles
import RetinaModel

/// `retina run` of an image.
struct ImageRun<Image: ModelImage> {
  private let program: ImageProgram<Image>
  private let source: StimulusSource
  private let names: [String]
  private let layers: [Int]
  private let isStreamed: Bool
  private let threads: Int
  private let level: ProcessorLevel
  private let output: String

  init(_ program: ImageProgram<Image>, _ arguments: Arguments) throws {
    self.program = program
    output = try arguments.output()
    isStreamed = arguments.has("--stream")
    threads = isStreamed ? 1 : try arguments.integer("--threads", in: 1...256) ?? availableProcessors()
    level = try streamOptions(arguments).level
    if arguments.has("--algorithm") { throw UsageError("--algorithm is for models: images have one form") }
    source = try StimulusSource(arguments.operands[1], inputShape: program.inputShape)
    let asked = arguments.all("--layer")
    (layers, names) = asked.isEmpty ? ([program.image.layerCount - 1], ["rates"]) : (try program.layers(asked), asked)
  }

  /// Runs all stimuli and writes what they give; gives one entry per file.
  func run() throws -> [JSON] {
    var written = try RunOutput(output, source, names: names, history: program.inputShape[0])
    let inputShape = program.inputShape
    let progress = Progress("running", total: source.stimuli.reduce(0) { $0 + $1.inputs(of: inputShape) })
    for stimulus in source.stimuli {
      let (inputs, isMovie) = stimulus.sequence(inputShape)
      let values =
        isStreamed && isMovie
        ? program.stream(inputs, layers: layers, level: level) { progress.advance($0) }
        : program.run(inputs, layers: layers, threads: threads, level: level) { progress.advance($0) }
      for tensor in values where tensor.firstNonFinite != nil { throw source.tooLarge(stimulus) }
      try written.add(values, for: stimulus)
    }
    progress.end()
    return try written.finish()
  }
}

extension ImageProgram {
  /// The places of layers; the error lists the names there are.
  func layers(_ asked: [String]) throws -> [Int] {
    let known = (0..<image.layerCount).flatMap { names($0) }
    return try asked.map { name in
      guard let layer = layer(named: name) else {
        throw UsageError(
          "--layer: expected a layer that the image keeps, \(known.joined(separator: ", ")), found '\(name)'"
            + suggestion(for: name, among: known))
      }
      return layer
    }
  }
}

extension LoadedStimulus {
  /// The inputs of a shape, and whether they are the windows of a movie.
  func sequence(_ inputShape: Shape) -> (inputs: InputSequence, isMovie: Bool) {
    let (tensor, isMovie): (Tensor, Bool)
    switch content {
    case .movie(let movie): (tensor, isMovie) = (movie, true)
    case .batch(let batch): (tensor, isMovie) = (batch, false)
    }
    guard let inputs = InputSequence(tensor, inputShape: inputShape) else {
      fatalError("the stimulus was checked when it was loaded")
    }
    return (inputs, isMovie)
  }
}
