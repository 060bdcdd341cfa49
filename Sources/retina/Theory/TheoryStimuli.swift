import RetinaEngine
import RetinaFiles
import RetinaModel
import RetinaStimuli
import RetinaTheory

/// Windows of the stimuli of a file, with the class of each, and what a model's layers make of them.
struct TheoryStimuli {
  let model: Model
  let file: String
  /// Windows of each stimulus, `[n, input shape]`.
  let batches: [Tensor]
  /// The class of each window, stimulus after stimulus.
  let labels: [String]

  static let options = [
    CommandOption(
      "--samples", "M", "windows of each stimulus, evenly spaced (default: 50, or all when there are fewer)"),
    CommandOption(
      "--class", "LABEL", "classes are the values of this label of the set (default: each stimulus is one)"),
    CommandOption("--labels", "FILE", "a text file with the class of each input of an .npy batch, one a line"),
  ]

  /// Loads stimuli and picks their windows.
  init(_ path: String, _ model: Model, _ arguments: Arguments) throws {
    let source = try StimulusSource(path, for: model)
    let most = try arguments.integer("--samples", in: 1...100_000) ?? 50
    var (batches, labels) = ([Tensor](), [String]())
    let names = try TheoryStimuli.names(source, path, arguments)
    for (place, stimulus) in source.stimuli.enumerated() {
      let count = stimulus.inputs(model)
      // A list of classes is for all inputs.
      let kept = arguments.has("--labels") ? count : min(count, most)
      let chosen = (0..<kept).map { $0 * count / kept }
      let values = chosen.flatMap { stimulus.input($0, of: model) }
      guard let shape = Shape(checking: [kept] + model.inputShape.dimensions),
        let batch = Tensor(shape: shape, values: values)
      else { fatalError("as many windows as were chosen") }
      batches.append(batch)
      labels += chosen.map { names[place].count == 1 ? names[place][0] : names[place][$0] }
    }
    (self.model, file, self.batches, self.labels) = (model, path, batches, labels)
  }

  /// The class of each stimulus, or of each of its inputs.
  private static func names(_ source: StimulusSource, _ path: String, _ arguments: Arguments) throws -> [[String]] {
    if let list = arguments["--labels"] {
      guard source.stimuli.count == 1, case .batch(let batch) = source.stimuli[0].content else {
        throw UsageError("--labels: expected an .npy batch of inputs beside it")
      }
      let text = String(decoding: try FileSystem.read(list), as: UTF8.self)
      let lines = text.split(whereSeparator: \.isNewline).map(String.init)
      guard lines.count == batch.shape[0] else {
        throw FileError(
          file: list, expected: "\(batch.shape[0]) lines, one for each input of \(path)", found: "\(lines.count)")
      }
      return [lines]
    }
    guard let label = arguments["--class"] else { return source.stimuli.map { [$0.name] } }
    guard path.hasSuffix(".json") else {
      throw UsageError("--class: expected a stimulus set, whose stimuli have labels")
    }
    return try StimulusSet.read(path).stimuli.map { stimulus in
      guard let text = stimulus.labels.first(where: { $0.name == label })?.text else {
        throw FileError(
          file: path, place: "stimulus '\(stimulus.name)'", expected: "the label '\(label)'",
          found: stimulus.labels.isEmpty ? "no labels" : stimulus.labels.map { $0.name }.joined(separator: ", "))
      }
      return [text]
    }
  }

  /// Windows of all stimuli.
  var count: Int { labels.count }

  /// All windows as one batch.
  var all: Tensor {
    guard let shape = Shape(checking: [count] + model.inputShape.dimensions),
      let tensor = Tensor(shape: shape, values: batches.flatMap { $0.values })
    else { fatalError("as many windows as labels") }
    return tensor
  }

  /// The values of layers for all windows, `[window, unit]` each.
  func run(_ layers: [Int], threads: Int) throws -> [[Float]] {
    let program = Program(model)
    let progress = Progress("running", total: count)
    var values = [[Float]](repeating: [], count: layers.count)
    for (place, batch) in batches.enumerated() {
      let found = program.run(batch, of: model, layers: layers, threads: threads) { progress.advance($0) }
      for (layer, tensor) in found.tensors.enumerated() {
        guard tensor.firstNonFinite == nil else {
          throw StimulusSource.tooLarge("stimulus \(place)", file: file)
        }
        values[layer] += tensor.values
      }
    }
    progress.end()
    return values
  }
}

/// A layer, or the stimulus before the first, as a theory sees it.
struct TheoryLayer {
  var name: String
  var shape: Shape
  var responses: LabelledResponses
}

extension TheoryStimuli {
  static let stimulusName = "stimulus"

  /// The layers that `--layer` names, else the stimulus and every layer that changes values but normalisation.
  func layers(_ arguments: Arguments, threads: Int) throws -> [TheoryLayer] {
    let names = arguments.all("--layer")
    let wantsStimulus = names.isEmpty || names.contains(TheoryStimuli.stimulusName)
    let chosen =
      names.isEmpty
      ? model.layers.indices.filter { model.layers[$0].operation.isOfInterest }
      : try model.layers(names.filter { $0 != TheoryStimuli.stimulusName })
    var result: [TheoryLayer] = []
    if wantsStimulus {
      let values = batches.flatMap { $0.values }
      let responses = try LabelledResponses(values, units: model.inputShape.count, labels: labels)
      result.append(TheoryLayer(name: TheoryStimuli.stimulusName, shape: model.inputShape, responses: responses))
    }
    for (place, values) in zip(chosen, try run(chosen, threads: threads)) {
      let responses = try LabelledResponses(values, units: model.shapes[place].count, labels: labels)
      result.append(TheoryLayer(name: model.layers[place].name, shape: model.shapes[place], responses: responses))
    }
    return result
  }
}

extension RetinaModel.Operation {
  /// Whether a layer says something that the one before does not.
  fileprivate var isOfInterest: Bool {
    switch self {
    case .flatten, .reshape, .gaussianNoise, .batchNormalization: return false
    default: return true
    }
  }
}
