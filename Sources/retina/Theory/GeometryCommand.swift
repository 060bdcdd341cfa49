import RetinaFiles
import RetinaModel
import RetinaReport
import RetinaTheory

/// `retina theory geometry`: where along the layers stimulus classes become separable.
enum GeometryCommand: Command {
  static let name = "theory geometry"
  static let summary = "Measures how separable stimulus classes are in each layer, and which channel makes them so."
  static let operands = ["MODEL", "STIMULUS"]
  static let options =
    [
      CommandOption("--output", "DIR", "folder for geometry.csv, classes.csv, summary.json, .svg (needed)"),
      CommandOption("--layer", "NAME", "a layer, or 'stimulus'; may be given several times (default: all that matter)"),
    ] + TheoryStimuli.options + [
      CommandOption("--vectors", "N", "random directions for each class (default: 300)"),
      CommandOption("--margin", "K", "margin of the read-out (default: 0)"),
      CommandOption("--centres", "C", "low-rank: remove what all centres share (default); none: leave it"),
      CommandOption("--drop-channels", nil, "capacity without each channel of each layer"),
      CommandOption("--pool", "S,S", "also each layer pooled over windows of these sizes"),
      CommandOption("--pooling", "P", "mean (default) or maximum"),
      CommandOption("--simulated", nil, "capacity by trial: random dichotomies on random projections (slow)"),
      CommandOption("--dichotomy", "D", "of the trials: balanced (default), independent or one-versus-rest"),
      CommandOption("--correlated", nil, "capacity with all correlations, for few classes and samples (slow)"),
      CommandOption("--seed", "N", "seed of the random directions (default: 1)"), .threads, .json,
    ]
  static let example =
    "retina theory geometry Models/salamander-whitenoise.safetensors Stimuli/classes-gratings.json --output out"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let model = try ModelFile.read(arguments.operands[0])
    var options = LayerGeometry.Options()
    options.directions = try arguments.integer("--vectors", in: 10...100_000) ?? 300
    options.margin = try arguments.number("--margin", in: 0...100) ?? 0
    options.removesCommonDirections = try arguments.choice("--centres", of: ["low-rank", "none"]) != "none"
    options.seed = try arguments.seed()
    options.threads = try arguments.threads()
    let pools = Set(try arguments.integers("--pool") ?? []).sorted()
    let takesMaximum = try arguments.choice("--pooling", of: ["mean", "maximum"]) == "maximum"
    let stimuli = try TheoryStimuli(arguments.operands[1], model, arguments)
    var output = try TheoryOutput(arguments)
    let layers = try stimuli.layers(arguments, threads: options.threads)
    let progress = Progress("measuring", total: layers.count * (1 + pools.count))
    var report = GeometryReport(layers.map { $0.name }, classes: Set(stimuli.labels).count, samples: stimuli.count)
    for layer in layers {
      try measure(layer, options, arguments, into: &report)
      progress.advance(1)
      for size in pools where layer.shape.rank == 3 && size >= 1 && size <= min(layer.shape[1], layer.shape[2]) {
        let pooled = try Pooling.pool(layer.responses, shape: layer.shape, size: size, maximum: takesMaximum)
        try report.add(
          "\(layer.name), \(size) x \(size) \(takesMaximum ? "maxima" : "means")",
          Result { try LayerGeometry(pooled, options: options) })
        progress.advance(1)
      }
    }
    progress.end()
    try report.check()
    try report.write(to: &output, options)
    try output.finish(arguments) { report.printOut() }
    return ExitCode.done
  }

  private static func measure(
    _ layer: TheoryLayer, _ options: LayerGeometry.Options, _ arguments: Arguments, into report: inout GeometryReport
  ) throws {
    // A layer that cannot be measured is said to be; the others still are.
    try report.add(layer.name, Result { try LayerGeometry(layer.responses, options: options) }, isLayer: true)
    if arguments.has("--drop-channels"), layer.shape.rank == 3, layer.shape[0] > 1,
      layer.name != TheoryStimuli.stimulusName
    {
      report.add(
        layer.name, try ChannelContribution.measure(layer.responses, shape: layer.shape, options: options))
    }
    if arguments.has("--simulated") {
      let kinds = SimulatedCapacity.Dichotomy.allCases.map { $0.rawValue }
      let kind = try arguments.choice("--dichotomy", of: kinds).flatMap(SimulatedCapacity.Dichotomy.init) ?? .balanced
      let found = Result { () throws(TheoryError) in
        try SimulatedCapacity.search(
          layer.responses, dichotomy: kind, seed: options.seed, threads: options.threads)
      }
      report.addTrial(layer.name, "simulated, \(kind.rawValue)", found.map { ($0.capacity, nil) })
      if let curve = try? found.get().curve { report.addCurve(layer.name, curve) }
    }
    if arguments.has("--correlated") {
      let found = Result { () throws(TheoryError) in
        try CorrelatedCapacity(layer.responses, seed: options.seed, threads: options.threads)
      }
      report.addTrial(
        layer.name, "correlated", found.map { ($0.capacity.value, ($0.capacity.lower, $0.capacity.upper)) })
      if let found = try? found.get() { report.addAlignment(layer.name, found) }
    }
  }
}
