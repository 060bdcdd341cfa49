import RetinaEngine
import RetinaFiles
import RetinaModel
import RetinaProbe

/// `retina probe`: which units made a cell respond.
enum ProbeCommand: Command {
  static let name = "probe"
  static let summary = "Shows which interior units made a cell respond, for every window of a stimulus."
  static let operands = ["MODEL", "STIMULUS"]
  static var options: [CommandOption] {
    [
      CommandOption("--output", "DIR", "folder for attribution.npy, summary.json and importance.svg (needed)"),
      CommandOption("--method", "M", "what to compute (default: conductance); see below"),
      CommandOption("--layer", "NAME", "the layer; may be given several times (default: every interior nonlinearity)"),
      CommandOption("--at", "SIDE", "output or input of the layer (default: output)"),
      CommandOption("--cell", "N", "the cell, from 0, 'all', a sum such as 0+3, or 'surprisal' (default: 0)"),
      CommandOption("--neuron", "I,J,K", "a unit of the layer, for the neuron methods"),
      CommandOption("--baseline", "B", "zero, mean, a number, or an .npy file (default: zero)"),
      CommandOption("--corrupt", "B", "for patching: the second stimulus, an .npy as STIMULUS, or a baseline"),
      CommandOption("--steps", "N", "exact, auto, or a number of nodes (default: auto)"),
      CommandOption("--rule", "R", "\(rules.map { $0.name }.joined(separator: ", ")) (default: gausslegendre)"),
      CommandOption(
        "--reduce", "R", "channel: sums over space; none: every unit (default: none for one layer, else channel)"),
      CommandOption("--split", nil, "write the excitatory and inhibitory parts of the channel sums too"),
      CommandOption("--samples", "N", "for gradient-shap and Shapley values: random samples to draw"),
      CommandOption("--seed", "N", "where the random samples begin (default: 0)"),
      CommandOption("--no-multiply", nil, "leave away the factor (input - baseline)"),
      CommandOption("--mask", "FILE", "for ablation, patching and Shapley values: .npy with the group of every unit"),
      CommandOption("--window", "N,N,N", "for occlusion: size of the window"),
      CommandOption("--strides", "N,N,N", "for occlusion: steps of the window (default: 1)"),
      CommandOption(
        "--check", nil, "measure whether the attributions of layers are true, at each cell's largest target"),
      CommandOption("--replace", "R", "for --check: replace units with their values at the baseline, or zero"),
      CommandOption("--stream", nil, "channels of the two hidden layers frame by frame, in --steps steps (default: 8)"),
      CommandOption("--algorithm", "A", "for --stream: auto, direct, spectral or low-rank (default: auto)"),
      CommandOption("--max-residual", "X", "fail (1) when a relative residual is larger"),
      .threads, .json,
    ]
  }
  static var example: String {
    """
    retina probe Models/salamander-whitenoise.safetensors Stimuli/battery.json --cell 0 --output out

    METHODS: \(Method.allCases.map { $0.rawValue }.joined(separator: ", "))
    """
  }

  static let rules: [(name: String, rule: Quadrature.Rule)] = [
    ("gausslegendre", .gaussLegendre), ("riemann_left", .riemannLeft), ("riemann_right", .riemannRight),
    ("riemann_middle", .riemannMiddle), ("riemann_trapezoid", .trapezoid),
  ]

  static func run(_ arguments: Arguments) throws -> Int32 {
    if ImageFile.isImage(arguments.operands[0]) {
      switch try ImageFile.read(arguments.operands[0]) {
      case .integers(let program):
        return try ImageProbeRun<FixedPointProbe>(program, [.layerGradientTimesActivation], arguments).run()
      case .floats(let program):
        return try ImageProbeRun<FloatImageProbe>(program, [.conductance, .layerGradientTimesActivation], arguments)
          .run()
      }
    }
    if arguments.has("--stream") { return try StreamedProbe.run(arguments) }
    let model = try ModelFile.read(arguments.operands[0])
    let asked = try ProbeQuestion(model, arguments)
    let check = try ProbeCheck(asked, arguments)
    let source = try StimulusSource(arguments.operands[1], for: model)
    let output = try arguments.output()
    let threads = try arguments.integer("--threads", in: 1...256) ?? availableProcessors()
    let bound = try arguments["--max-residual"].map { text throws -> Float in
      guard let number = Float(text), number >= 0 else {
        throw UsageError("--max-residual: expected a number of at least 0, found '\(text)'")
      }
      return number
    }
    try FileSystem.createFolder(output)
    let progress = Progress(
      "probing", total: source.stimuli.reduce(0) { $0 + $1.inputs(model) })
    var report: [JSON] = []
    var worst: Float?
    let runner = try Runner(model, arguments)
    for stimulus in source.stimuli {
      let folder = source.stimuli.count > 1 ? "\(output)/\(safe(stimulus.name))" : output
      try FileSystem.createFolder(folder)
      let question = try asked.about(stimulus, of: source, runner.program, threads: threads)
      let tables = try answer(question, about: stimulus, source, runner, threads, progress)
      guard tables.allSatisfy({ $0.values.firstNonFinite == nil }) else { throw source.tooLarge(stimulus) }
      let checks = try check?.run(question, stimulus, tables, program: runner.program)
      for (index, (part, table)) in zip(question.parts, tables).enumerated() {
        let place = question.parts.count > 1 ? "\(folder)/\(safe(part.name))" : folder
        try FileSystem.createFolder(place)
        try NPY.write(table.values, to: "\(place)/attribution.npy")
        if let parts = table.parts {
          try NPY.write(parts.excitatory, to: "\(place)/attribution-excitatory.npy")
          try NPY.write(parts.inhibitory, to: "\(place)/attribution-inhibitory.npy")
        }
        let summary = question.summary(
          part, table, stimulus: stimulus.name, check: checks.flatMap { check?.json($0[index]) })
        try FileSystem.write(Array((summary.text(indented: true) + "\n").utf8), to: "\(place)/summary.json")
        report.append(summary)
        if let residual = table.largestRelativeResidual { worst = max(worst ?? 0, residual) }
      }
      let picture = ProbePicture(
        model: model, question: question, stimulus: stimulus, tables: tables, runner: runner,
        frameRate: model.facts.frameRate ?? source.frameRate)
      if let figure = try picture.figure() {
        try FileSystem.write(Array(figure.svg().utf8), to: "\(folder)/importance.svg")
      }
      if !arguments.has("--json") {
        question.printTable(
          stimulus.name, tables, checks: checks?.map { results in results.flatMap { check?.lines($0) ?? [] } } ?? [])
      }
    }
    progress.end()
    if arguments.has("--json") {
      print(JSON.array(report).text(indented: true))
    } else {
      print("written to \(output)")
    }
    guard let bound else { return ExitCode.done }
    guard let worst else {
      writeError("retina: --max-residual: \(asked.method.rawValue) gave no relative residual to check\n")
      return ExitCode.checkFailed
    }
    guard worst <= bound else {
      writeError("retina: --max-residual: expected at most \(bound), found a relative residual of \(worst)\n")
      return ExitCode.checkFailed
    }
    return ExitCode.done
  }

  /// The answers for all inputs of a stimulus, one table per layer.
  private static func answer(
    _ question: ProbeQuestion, about stimulus: LoadedStimulus, _ source: StimulusSource, _ runner: Runner,
    _ threads: Int, _ progress: Progress
  ) throws -> [AttributionTable] {
    do throws(ProbeError) {
      return try Probe.run(
        runner.program, question.parts.map { LayerQuestion(requests: $0.requests, shape: $0.shape) },
        reduction: question.reduction, count: stimulus.inputs(question.model),
        input: { stimulus.input($0, of: question.model) }, baselines: question.baselines,
        corrupt: question.secondInput, threads: threads, progress: { progress.advance($0) })
    } catch {
      // Stimulus and baseline were finite when they were read.
      if error == .notFinite { throw source.tooLarge(stimulus) }
      throw error
    }
  }
}
