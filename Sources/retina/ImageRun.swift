import RetinaEngine
import RetinaFiles
import RetinaModel

/// `retina run` of an image.
struct ImageRun<Image: DescribedImage> {
  private let program: ImageProgram<Image>
  private let source: StimulusSource
  private let names: [String]
  private let layers: [Int]
  private let threads: Int
  private let options: StreamOptions
  private let output: String

  init(_ program: ImageProgram<Image>, _ arguments: Arguments) throws {
    self.program = program
    output = try arguments.output()
    threads = arguments.has("--stream") ? 1 : try arguments.integer("--threads", in: 1...256) ?? availableProcessors()
    options = try Image.runOptions(arguments)
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
      let values = program.run(
        stimulus.sequence(inputShape), layers: layers, threads: threads, level: options.level,
        algorithm: options.algorithm
      ) { progress.advance($0) }
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
  /// The inputs of a shape.
  func sequence(_ inputShape: Shape) -> InputSequence {
    let tensor: Tensor
    switch content {
    case .movie(let movie): tensor = movie
    case .batch(let batch): tensor = batch
    }
    guard let inputs = InputSequence(tensor, inputShape: inputShape) else {
      fatalError("the stimulus was checked when it was loaded")
    }
    return inputs
  }
}
