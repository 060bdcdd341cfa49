import RetinaFiles
import RetinaModel
import RetinaReport
import RetinaTheory

/// `retina theory depth`: how deep random networks of a kind carry signals and gradients.
enum DepthCommand: Command {
  static let name = "theory depth"
  static let summary =
    "Finds order, chaos and the edge between them for networks not yet trained, and trains a deep stack."
  static let operands: [String] = []
  static let options = [
    CommandOption("--nonlinearity", "F", "linear, relu, tanh, erf, softplus, sigmoid, gelu (default: tanh)"),
    CommandOption("--weight-variance", "W", "variance of the weights times inputs (default: the critical one)"),
    CommandOption("--bias-variance", "B", "variance of the biases (default: 0.05, or what --variance needs)"),
    CommandOption("--variance", "Q", "the variance at which units of a critical network settle; 1 / layers is usual"),
    CommandOption("--stack", "L", "also run and train a stack of L orthogonal layers"),
    CommandOption("--width", "N", "units of each layer of the stack (default: 16)"),
    CommandOption("--steps", "N", "steps of gradient descent (default: 20)"),
    CommandOption("--rate", "R", "learning rate (default: 0.1 / layers)"),
    CommandOption("--start", "O,I,K", "write delta-orthogonal kernels [O, I, K, K] with the critical gain"),
    CommandOption("--output", "DIR", "folder for summary.json, depth.csv, stack.csv, .svg, start.npy (needed)"),
    CommandOption("--seed", "N", "seed of the weights (default: 1)"), .json,
  ]
  static let example = "retina theory depth --nonlinearity tanh --bias-variance 0.05 --output out"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let functions = Nonlinearity.allCases.filter { $0 != .exp }
    let function =
      try arguments.choice("--nonlinearity", of: functions.map { $0.rawValue }).flatMap(Nonlinearity.init) ?? .tanh
    let field = try field(function, arguments)
    let start = try start(field, arguments)
    let found = try field.fixedPoint()
    var output = try TheoryOutput(arguments)
    var table = Table([
      "nonlinearity", "weight variance", "bias variance", "variance", "gradient gain", "phase", "correlation",
      "correlation depth", "trainable layers",
    ])
    table.append([
      .string(function.rawValue), .number(field.weightVariance), .number(field.biasVariance), .number(found.variance),
      .number(found.gradientGain), .string(found.phase.rawValue), .number(found.correlation),
      .number(found.correlationDepth), .number(found.trainableDepth),
    ])
    try output.add("depth", table)
    try output.draw("correlation", maps(field, found))
    var stackTable: Table?
    if let layers = try arguments.integer("--stack", in: 2...100_000) {
      stackTable = try stack(field, layers, arguments, &output)
    }
    if let start { try NPY.write(start, to: "\(output.folder)/start.npy") }
    try output.finish(arguments) {
      table.printOut()
      if let stackTable {
        print("")
        stackTable.printOut()
      }
    }
    return ExitCode.done
  }

  private static func field(_ function: Nonlinearity, _ arguments: Arguments) throws -> MeanField {
    let (weights, biases) = (
      try arguments.number("--weight-variance", in: 0...1e6), try arguments.number("--bias-variance", in: 0...1e6)
    )
    if let q = try arguments.number("--variance", in: 0...1e6) {
      guard weights == nil, biases == nil else {
        throw UsageError(
          "--variance: weights and biases follow from it; leave --weight-variance and --bias-variance out")
      }
      return try .critical(function, variance: q)
    }
    guard let weights else {
      return try .critical(function, biasVariance: biases ?? (function == .relu || function == .linear ? 0 : 0.05))
    }
    return MeanField(function, weightVariance: weights, biasVariance: biases ?? 0.05)
  }

  /// The kernels that `--start` asks for.
  private static func start(_ field: MeanField, _ arguments: Arguments) throws -> Tensor? {
    guard let extents = try arguments.integers("--start") else { return nil }
    guard extents.count == 3, extents.allSatisfy({ (1...4096).contains($0) }) else {
      throw UsageError("--start: expected outputs, inputs and size, such as 32,32,3")
    }
    return try CriticalStart.deltaOrthogonal(
      outputs: extents[0], inputs: extents[1], size: extents[2], gain: field.weightVariance.squareRoot(),
      seed: arguments.seed())
  }

  /// How the correlation of two inputs moves from layer to layer.
  private static func maps(_ field: MeanField, _ found: MeanField.FixedPoint) -> LineFigure {
    let layers = 60
    let series = [0.1, 0.5, 0.9, 0.99].map { start in
      var correlations = [start]
      for _ in 0..<layers {
        correlations.append(
          field.nextCorrelation(correlations[correlations.count - 1], variance: max(found.variance, 1e-12)))
      }
      return LineFigure.Series(name: "from \(start)", x: (0...layers).map(Double.init), y: correlations)
    }
    return LineFigure(
      title: "How alike two inputs become", subtitle: "\(field.nonlinearity.rawValue), \(found.phase.rawValue)",
      horizontalLabel: "layer", verticalLabel: "correlation of two inputs", series: series,
      footnote: "weight variance \(field.weightVariance), bias variance \(field.biasVariance)")
  }

  private static func stack(
    _ field: MeanField, _ layers: Int, _ arguments: Arguments, _ output: inout TheoryOutput
  ) throws -> Table {
    let width = try arguments.integer("--width", in: 2...256) ?? 16
    let steps = try arguments.integer("--steps", in: 1...100_000) ?? 20
    let rate = try arguments.number("--rate", in: 1e-12...1e3) ?? 0.1 / Double(layers)
    let size = max(try field.fixedVariance(), 1e-6).squareRoot()
    var stack = DeepStack(field, depth: layers, width: width, size: size, seed: try arguments.seed())
    let report = stack.train(steps: steps, rate: rate)
    var table = Table(["layer", "mean square", "gradient"])
    for (place, variance) in report.variances.enumerated() {
      let gradient = place < report.gradients.count ? JSON.number(report.gradients[place].value) : .null
      table.append([.number(Double(variance.layer)), .number(variance.value), gradient])
    }
    try output.add("stack", table)
    output.add("stack_separation", .number(report.separation))
    output.add("stack_losses", .array(report.losses.map { $0.isFinite ? .number($0) : .null }))
    output.add("stack_first_layer_change", report.firstLayerChange.isFinite ? .number(report.firstLayerChange) : .null)
    try output.draw(
      "losses",
      LineFigure(
        title: "\(layers) layers of \(field.nonlinearity.rawValue) in training",
        subtitle: "width \(width), rate \(decimal(rate))", horizontalLabel: "step", verticalLabel: "loss",
        series: [LineFigure.Series(name: "", x: report.losses.indices.map(Double.init), y: report.losses)]))
    return table
  }
}
