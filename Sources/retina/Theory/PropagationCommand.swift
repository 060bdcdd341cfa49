import RetinaFiles
import RetinaModel
import RetinaReport
import RetinaTheory

/// `retina theory propagation`: the spread of a model's layers, predicted and measured.
enum PropagationCommand: Command {
  static let name = "theory propagation"
  static let summary =
    "Predicts each layer's range from the weights, measures it, and says the bits that fixed point needs."
  static let operands = ["MODEL", "STIMULUS"]
  static let options = [
    CommandOption("--output", "DIR", "folder for ranges.csv, summary.json, ranges.svg (needed)"),
    CommandOption("--samples", "M", "windows of each stimulus, evenly spaced (default: 50)"),
    CommandOption("--seed", "N", "seed of the directions in which gradients are followed (default: 1)"), .json,
  ]
  static let example =
    "retina theory propagation Models/salamander-whitenoise.safetensors Stimuli/natural.json --output out"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let model = try ModelFile.read(arguments.operands[0])
    let stimuli = try TheoryStimuli(arguments.operands[1], model, arguments)
    var output = try TheoryOutput(arguments)
    let layers = try LayerRanges(model, inputs: stimuli.all, seed: arguments.seed()).layers
    var table = Table([
      "layer", "rms", "predicted rms", "peak", "predicted range", "integer bits", "predicted bits", "gradient gain",
      "similarity", "dead units",
    ])
    for layer in layers {
      table.append([
        .string(layer.name), .number(layer.measured), .number(layer.predicted), .number(layer.peak),
        .number(layer.predictedPeak), .number(Double(layer.integerBits)),
        .number(Double(layer.predictedIntegerBits)), .number(layer.gradientGain),
        layer.similarity.map { .number($0) } ?? .null,
        .number(Double(layer.deadUnits)),
      ])
    }
    output.add("stimuli", .number(Double(stimuli.count)))
    try output.add("ranges", table)
    try output.draw("ranges", figure(layers, stimuli.count))
    let stacks = stacks(model)
    try output.add("stacks", stacks)
    let notes = notes(model, layers)
    output.add("notes", .array(notes.map { .string($0) }))
    try output.finish(arguments) {
      table.printOut()
      print("\na deep stack of random layers with the weights of each of the model's:")
      stacks.printOut()
      for note in notes { print("note: \(note)") }
    }
    return ExitCode.done
  }

  private static func stacks(_ model: Model) -> Table {
    var table = Table([
      "layer", "nonlinearity", "weight variance", "bias variance", "variance", "gradient gain", "phase",
      "trainable layers",
    ])
    for stack in StackPrediction.all(of: model) {
      let found = try? stack.fixedPoint.get()
      table.append([
        .string(stack.layer), .string(stack.field.nonlinearity.rawValue), .number(stack.field.weightVariance),
        .number(stack.field.biasVariance), found.map { .number($0.variance) } ?? .null,
        found.map { .number($0.gradientGain) } ?? .null, .string(found?.phase.rawValue ?? "variance grows"),
        found.map { .number($0.trainableDepth) } ?? .null,
      ])
    }
    return table
  }

  private static func notes(_ model: Model, _ layers: [LayerRanges.Layer]) -> [String] {
    var notes = layers.filter { $0.deadUnits > 0 }.map { layer in
      "\(layer.name): \(layer.deadUnits) units give the same value for all stimuli"
    }
    if model.layers.contains(where: { if case .batchNormalization = $0.operation { true } else { false } }) {
      notes.append("the model has batch normalisation, of which the prediction for stacks knows nothing")
    }
    if model.layers.contains(where: { if case .divisiveNormalization = $0.operation { true } else { false } }) {
      notes.append("the model has divisive normalization, of which the prediction for stacks knows nothing")
    }
    return notes
  }

  private static func figure(_ layers: [LayerRanges.Layer], _ count: Int) -> LineFigure {
    let x = layers.indices.map(Double.init)
    return LineFigure(
      title: "The spread of each layer",
      subtitle: "\(count) stimuli; predicted from the weights and the spread of the input",
      horizontalLabel: "layer", verticalLabel: "value",
      series: [
        LineFigure.Series(name: "rms, measured", x: x, y: layers.map { $0.measured }),
        LineFigure.Series(name: "rms, predicted", x: x, y: layers.map { $0.predicted }, isDashed: true),
        LineFigure.Series(name: "peak, measured", x: x, y: layers.map { $0.peak }),
        LineFigure.Series(
          name: "range, predicted", x: x, y: layers.map { $0.predictedPeak }, isDashed: true),
      ], footnote: layers.enumerated().map { "\($0.offset) \($0.element.name)" }.joined(separator: ", "))
  }
}
