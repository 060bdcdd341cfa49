import RetinaEngine
import RetinaFiles
import RetinaModel
import RetinaReport
import RetinaStimuli
import RetinaTheory

/// `retina theory information`: what each layer keeps about the stimulus and its class.
enum InformationCommand: Command {
  static let name = "theory information"
  static let summary = "Bounds what each layer keeps about the stimulus and its class, with ceilings and chance."
  static let operands = ["MODEL", "STIMULUS"]
  static let options =
    [
      CommandOption("--output", "DIR", "folder for information.csv, cells.csv, summary.json, .svg (needed)"),
      CommandOption("--layer", "NAME", "a layer; may be given several times (default: those before the model's noise)"),
    ] + TheoryStimuli.options + [
      CommandOption("--noise", "S", "model: each layer's own (default), or a standard deviation for all layers"),
      CommandOption("--bin", "SECONDS", "length of the bin in which a cell's spikes count (default: one frame)"),
      CommandOption("--shuffles", "N", "shuffles of the classes for chance (default: 20)"),
      CommandOption("--compare", nil, "also binned entropies and nearest neighbours, as others publish them"),
      CommandOption("--checkpoint", "MODEL", "the same model during training, in order; draws the information plane"),
      CommandOption("--seed", "N", "seed of shuffles and counts (default: 1)"), .threads, .json,
    ]
  static let example =
    "retina theory information Models/salamander-whitenoise.safetensors Stimuli/classes-gratings.json --output out"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let model = try ModelFile.read(arguments.operands[0])
    let checkpoints = try arguments.all("--checkpoint").map { try ModelFile.read($0) }
    let deviation = try noise(arguments)
    let layers = try layers(of: model, arguments, deviation)
    let duration = try arguments.number("--bin", in: 1e-6...100) ?? 1 / (model.facts.frameRate ?? 30)
    let (threads, seed) = (try arguments.threads(), try arguments.seed())
    let shuffles = try arguments.integer("--shuffles", in: 1...1000) ?? 20
    let stimuli = try TheoryStimuli(arguments.operands[1], model, arguments)
    var output = try TheoryOutput(arguments)
    var report = InformationReport(samples: stimuli.count, duration: duration)
    let rates = model.layers.count - 1
    let found = try stimuli.run(layers.map { $0.place } + [rates], threads: threads)
    for (place, layer) in layers.enumerated() {
      let shape = model.shapes[layer.place]
      let responses = try LabelledResponses(found[place], units: shape.count, labels: stimuli.labels)
      report.add(
        model.layers[layer.place].name,
        Result { () throws(TheoryError) in
          try LayerInformation(
            responses, noiseVariance: layer.deviation * layer.deviation, shuffles: shuffles, seed: seed,
            threads: threads)
        })
      if arguments.has("--compare") {
        try report.compare(model.layers[layer.place].name, responses, stimuli, width: layer.deviation)
      }
    }
    try report.addCells(found[layers.count], model, labels: stimuli.labels, seed: seed)
    for (place, checkpoint) in checkpoints.enumerated() {
      try addPoint(place, checkpoint, stimuli, layers, threads: threads, to: &report)
    }
    try report.check()
    try report.write(to: &output)
    try output.finish(arguments) { report.printOut() }
    return ExitCode.done
  }

  private static func noise(_ arguments: Arguments) throws -> Double? {
    guard let text = arguments["--noise"], text != "model" else { return nil }
    guard let number = Double(text), number > 0, number.isFinite else {
      throw UsageError("--noise: expected 'model' or a standard deviation above 0, found '\(text)'")
    }
    return number
  }

  /// The layers that are asked for, each with the noise that is added to it.
  private static func layers(
    of model: Model, _ arguments: Arguments, _ deviation: Double?
  ) throws -> [(place: Int, deviation: Double)] {
    var own: [Int: Double] = [:]
    for (place, layer) in model.layers.enumerated() where place > 0 {
      if case .gaussianNoise(let deviation) = layer.operation, deviation > 0 { own[place - 1] = Double(deviation) }
    }
    let named = try model.layers(arguments.all("--layer"))
    let places = named.isEmpty ? (deviation == nil ? own.keys.sorted() : Array(model.layers.indices)) : named
    guard !places.isEmpty else {
      throw UsageError(
        "--noise S is needed: the model has no noise of its own, and without any information is infinite")
    }
    return try places.map { place in
      guard let noise = deviation ?? own[place] else {
        let known = own.keys.sorted().map { model.layers[$0].name }.joined(separator: ", ")
        throw UsageError(
          "--noise: layer '\(model.layers[place].name)' has none in the model"
            + (known.isEmpty ? "" : " (\(known) have)") + "; give a standard deviation")
      }
      return (place, noise)
    }
  }

  /// One point of the information plane.
  private static func addPoint(
    _ place: Int, _ checkpoint: Model, _ stimuli: TheoryStimuli, _ layers: [(place: Int, deviation: Double)],
    threads: Int, to report: inout InformationReport
  ) throws {
    guard checkpoint.shapes == stimuli.model.shapes, checkpoint.inputShape == stimuli.model.inputShape else {
      throw UsageError("--checkpoint: expected models with the layers of MODEL; number \(place) has others")
    }
    let program = Program(checkpoint)
    for layer in layers {
      let values = stimuli.batches.flatMap {
        program.run($0, of: checkpoint, layers: [layer.place], threads: threads).tensors[0].values
      }
      let responses = try LabelledResponses(
        values, units: checkpoint.shapes[layer.place].count, labels: stimuli.labels)
      let found = try LayerInformation(
        responses, noiseVariance: layer.deviation * layer.deviation, shuffles: 1, threads: threads)
      report.addPoint(place, checkpoint.layers[layer.place].name, found)
    }
  }
}
