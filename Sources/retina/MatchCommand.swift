import RetinaFiles
import RetinaFit
import RetinaInterpretation
import RetinaModel
import RetinaReport

/// `retina match`: recorded interneurons beside the units inside a model.
enum MatchCommand: Command {
  static let name = "match"
  static let summary = "Finds the units inside a model that are most like recorded interneurons, and tests the finding."
  static let operands = ["MODEL", "RECORDED"]
  static let options = [
    CommandOption("--output", "DIR", "folder for match.json, channels.npy and maps.svg (default: only the table)"),
    CommandOption(
      "--layer", "NAME", "a layer that is searched; may be repeated (default: the interior nonlinearities)"),
    CommandOption("--lags", "N", "frames by which a unit may run ahead or behind (default: 3)"),
    CommandOption("--shift", "N", "the stimulus is also moved by N pixels in every direction (default: 0, not moved)"),
    CommandOption("--frames", "N", "first frames that are used (default: 3000)"),
    CommandOption("--traces", "N", "traces of each array, spread evenly over it (default: 12)"),
    CommandOption("--rate", "X", "false-discovery rate at which a trace counts as matched (default: 0.05)"),
    CommandOption("--permutations", "N", "also searches for N permuted traces, and says how many are matched"),
    CommandOption("--seed", "N", "what permutations depend on (default: 0)"),
    .threads, .json,
  ]
  static let example = """
    retina match model.safetensors simulated.npz --permutations 200 --output matched

    RECORDED is a recording (Sources/RetinaFit/README.md) with arrays interior.NAME [time, unit]: potentials or glutamate signals
    of recorded cells, or units of a simulated retina.
    """

  static func run(_ arguments: Arguments) throws -> Int32 {
    let (path, file) = (arguments.operands[0], arguments.operands[1])
    let model = try ModelFile.read(path)
    let named = try model.layers(arguments.all("--layer"))
    let layers = named.isEmpty ? model.interiorNonlinearities : named
    guard !layers.isEmpty else { throw UsageError("the model has no interior nonlinearity; name a layer with --layer") }
    var request = MatchRequest(model: model, modelName: path, recording: try Recording.read(file), layers: layers)
    request.lags = try arguments.integer("--lags", in: 0...100) ?? request.lags
    request.shift = try arguments.integer("--shift", in: 0...1000) ?? request.shift
    request.frames = try arguments.integer("--frames", in: 1...1 << 24) ?? request.frames
    request.tracesPerGroup = try arguments.integer("--traces", in: 1...10_000) ?? request.tracesPerGroup
    request.rate = try arguments.fraction("--rate") ?? request.rate
    request.permutations = try arguments.integer("--permutations", in: 0...100_000) ?? request.permutations
    request.seed = UInt64(try arguments.integer("--seed", in: 0...1 << 52) ?? 0)
    request.threads = try arguments.integer("--threads", in: 1...256) ?? availableProcessors()
    let progress = Progress("matching", total: layers.count + 1)
    let results = try request.run { _ in progress.advance(1) }
    progress.end()
    if let folder = arguments["--output"] { try write(results, request.recording, to: folder) }
    print(arguments.has("--json") ? results.json.text(indented: true) : table(results, request.recording))
    return ExitCode.done
  }

  // MARK: - Files

  private static func write(_ results: MatchResults, _ recording: Recording, to folder: String) throws {
    try FileSystem.createFolder(folder)
    try FileSystem.write(Array((results.json.text(indented: true) + "\n").utf8), to: "\(folder)/match.json")
    let values = results.matches.flatMap { $0.channels.map { Float($0) } }
    if let table = Tensor(shape: Shape(results.matches.count, results.channels.count), values: values) {
      try NPY.write(table, to: "\(folder)/channels.npy")
    }
    try FileSystem.write(Array(figure(results, recording).svg().utf8), to: "\(folder)/maps.svg")
  }

  /// Maps of at most this many traces are drawn.
  private static let drawn = 48

  private static func figure(_ results: MatchResults, _ recording: Recording) -> MapFigure {
    let maps = results.matches.prefix(drawn).map { match in
      MapFigure.Map(
        name: match.name,
        remark:
          "\(match.unit.layer).\(match.unit.channel)  r \(fixed(match.correlation, 2))  q \(fixed(match.falseDiscovery, 3))",
        values: match.map, width: results.width(of: match.unit), mark: (match.unit.row, match.unit.column))
    }
    return MapFigure(
      title: "Where units are most like \(recording.isSimulated ? "simulated" : "recorded") interneurons",
      subtitle: "\(recording.file): every unit of the channel that holds the best one, at its best lag",
      label: "correlation with the trace", maps: Array(maps),
      footnote:
        "Frames mark the best unit. q is the false-discovery rate of the largest of \(results.units) correlations, "
        + "against the same search on traces moved in time."
        + (results.matches.count > drawn ? " The first \(drawn) of \(results.matches.count) traces." : ""))
  }

  // MARK: - For people

  private static func table(_ results: MatchResults, _ recording: Recording) -> String {
    let origin = recording.isSimulated ? " (simulated)" : ""
    let width = 2 + (results.matches.map { $0.name.count }.max() ?? 0)
    var lines = [
      "\(recording.file)\(origin): \(results.matches.count) traces against \(results.units) units, \(results.frames) frames, "
        + "lags to \(results.lags)", "",
      pad("trace", width) + pad("best unit", 24) + right("lag", 4) + right("r", 7) + right("held out", 10)
        + right("LN", 7) + right("null 95 %", 11) + right("p", 8) + right("q", 8),
    ]
    for match in results.matches {
      let unit = "\(match.unit.layer)[\(match.unit.channel), \(match.unit.row), \(match.unit.column)]"
      lines.append(
        pad(match.name, width) + pad(unit, 24) + right("\(match.unit.lag)", 4) + right(fixed(match.correlation, 3), 7)
          + right(fixed(match.heldOut, 3), 10) + right(fixed(match.linearNonlinear, 3), 7)
          + right(fixed(match.nullHigh, 3), 11) + right(fixed(match.probability, 4), 8)
          + right(fixed(match.falseDiscovery, 4), 8))
    }
    lines += [
      "",
      "\(results.matched) of \(results.matches.count) matched at a false-discovery rate of \(decimal(results.rate))",
      "",
      "one channel for each group (mean over its traces of the best r in the channel)",
    ]
    for group in results.groups {
      let best = group.channels.indices.max { group.channels[$0] < group.channels[$1] } ?? 0
      let own = group.assigned.map { "\(results.channels[$0].name)  r \(fixed(group.channels[$0], 3))" }
      lines.append(
        "  " + pad(group.name, width) + pad(own ?? "fewer channels than groups", 28)
          + "best of all: \(results.channels[best].name)  r \(fixed(group.channels[best], 3))")
    }
    lines += ["", "held-out canonical correlations"]
    for subspace in results.subspaces {
      let shown = subspace.correlations.prefix(6).map { fixed($0, 2) }.joined(separator: " ")
      lines.append("  " + pad(subspace.layer, width) + shown)
    }
    if let permuted = results.permuted {
      lines += [
        "",
        "of \(permuted.traces) permuted traces \(permuted.found) have p at most \(decimal(permuted.alpha)): "
          + "\(fixed(Double(permuted.found) / Double(permuted.traces), 3)) "
          + "(95 %: \(fixed(permuted.interval.low, 3)) to \(fixed(permuted.interval.high, 3)))",
      ]
    }
    return lines.joined(separator: "\n")
  }
}
