import RetinaEngine
import RetinaFiles
import RetinaModel
import RetinaProbe
import Testing

@Suite struct ProbeTests {
  private func summary(_ bench: Bench, _ folder: String) throws -> JSON {
    try JSON(parsing: FileSystem.read(bench["\(folder)/summary.json"]), file: "summary.json")
  }

  /// The library's answer, for conductance of a layer.
  private func reference(_ inputs: Tensor, layer: Int, cells: [Int], sums: Bool = false) throws -> AttributionTable {
    let program = Program(Bench.model)
    let requests = cells.map {
      Request(
        .conductance, boundary: program.boundary(layer: layer, side: .output), target: .cell($0, of: program),
        steps: .count(20))
    }
    let count = Bench.model.inputShape.count
    let question = LayerQuestion(requests: requests, shape: Bench.model.shapes[layer])
    let tables = try Probe.run(
      program, [question], reduction: sums ? .channel : .none, count: inputs.shape[0],
      input: { Array(inputs.values[$0 * count..<($0 + 1) * count]) },
      baselines: [[Float](repeating: 0, count: count)], threads: 1)
    return try #require(tables.first)
  }

  private func numbers(_ json: JSON?) -> [Double] { json?.array?.compactMap { $0.number } ?? [] }

  @Test func conductanceOfAMovie() async throws {
    let bench = try Bench()
    let text = try await bench.run(
      "probe", "model.safetensors", "movie.npy", "--layer", "relu1", "--cell", "1", "--steps", "20", "--output", "out")
    #expect(text.hasPrefix("movie: 6 inputs, largest target "))
    #expect(text.hasSuffix("written to out\n"))
    #expect(try FileSystem.list(bench["out"]) == ["attribution.npy", "importance.svg", "summary.json"])
    let table = try reference(Bench.windows(Bench.movie), layer: 1, cells: [1])
    #expect(try NPY.read(bench["out/attribution.npy"]) == table.values)
    let summary = try summary(bench, "out")
    #expect(summary["method"] == "conductance")
    #expect(summary["layer"] == "relu1")
    #expect(summary["steps"] == "20")
    #expect(summary["rule"] == "gausslegendre")
    #expect(summary["baseline"] == "zero")
    #expect(summary["at"] == "output")
    #expect(summary["cells"] == [1])
    #expect(summary["shape"] == [6, 3, 6, 6])
    let sums = table.sums.map { $0[0] }
    #expect(numbers(summary["f_input"]) == sums.map { Double($0.valueAtInput) })
    #expect(numbers(summary["f_baseline"]) == sums.compactMap { $0.valueAtBaseline.map { Double($0) } })
    #expect(numbers(summary["residual"]) == sums.compactMap { $0.residual.map { Double($0) } })
    #expect(numbers(summary["relative_residual"]) == sums.compactMap { $0.relativeResidual.map { Double($0) } })
    #expect(numbers(summary["relative_residual"]).count == 6)
    let picture = String(decoding: try FileSystem.read(bench["out/importance.svg"]), as: UTF8.self)
    #expect(picture.hasPrefix("<svg") || picture.hasPrefix("<?xml"))
    #expect(picture.contains("ganglion-8"))
    #expect(picture.contains("relu1"))
  }

  @Test func severalCellsAreAnAxis() async throws {
    let bench = try Bench()
    let report = try await bench.json(
      "probe", "model.safetensors", "batch.npy", "--layer", "relu2", "--cell", "all", "--steps", "20", "--output", "out"
    )
    let table = try reference(Bench.batch, layer: 3, cells: [0, 1, 2])
    #expect(table.values.shape == Shape(3, 3, 2, 4, 4))
    #expect(try NPY.read(bench["out/attribution.npy"]) == table.values)
    #expect(try FileSystem.list(bench["out"]) == ["attribution.npy", "summary.json"])
    let summary = try summary(bench, "out")
    #expect(report == .array([summary]))
    #expect(summary["cells"] == [0, 1, 2])
    #expect(summary["f_input"]?.array?.map { $0.array?.count } == [3, 3, 3])
    #expect(numbers(summary["f_input"]?.array?[2]) == table.sums[2].map { Double($0.valueAtInput) })
  }

  @Test func channelsAreSumsOfUnits() async throws {
    let bench = try Bench()
    for reduction in ["none", "channel"] {
      try await bench.run(
        "probe", "model.safetensors", "movie.npy", "--layer", "relu1", "--reduce", reduction, "--output", reduction)
    }
    let units = try NPY.read(bench["none/attribution.npy"])
    let channels = try NPY.read(bench["channel/attribution.npy"])
    #expect(units.shape == Shape(6, 3, 6, 6))
    try #require(channels.shape == Shape(6, 3))
    for (place, sum) in channels.values.enumerated() {
      let total = units.values[place * 36..<(place + 1) * 36].reduce(0.0) { $0 + Double($1) }
      #expect(abs(Double(sum) - total) <= 1e-6 * max(1, abs(total)))
    }
    #expect(try summary(bench, "none")["f_input"] == summary(bench, "channel")["f_input"])
  }

  @Test func severalLayersAreFolders() async throws {
    let bench = try Bench()
    try await bench.run("probe", "model.safetensors", "movie.npy", "--output", "out")
    #expect(try FileSystem.list(bench["out"]) == ["importance.svg", "relu1", "relu2"])
    #expect(try NPY.read(bench["out/relu1/attribution.npy"]).shape == Shape(6, 3))
    #expect(try NPY.read(bench["out/relu2/attribution.npy"]).shape == Shape(6, 2))
    #expect(try summary(bench, "out/relu2")["layer"] == "relu2")
  }

  @Test func stimulusSetIsAFolderPerStimulus() async throws {
    let bench = try Bench()
    let report = try await bench.json(
      "probe", "model.safetensors", "set.json", "--layer", "relu2", "--output", "out")
    #expect(try FileSystem.list(bench["out"]) == ["flash", "on%2Foff"])
    for name in ["flash", "on%2Foff"] {
      #expect(try FileSystem.list(bench["out/\(name)"]) == ["attribution.npy", "importance.svg", "summary.json"])
    }
    #expect(report.array?.map { $0["stimulus"]?.string } == ["flash", "on/off"])
  }

  /// A figure is about channels of a layer and what drives a cell; other methods get none.
  @Test(arguments: Method.allCases) func methods(_ method: Method) async throws {
    let bench = try Bench()
    var words = ["probe", "model.safetensors", "movie.npy", "--method", method.rawValue, "--output", "out", "--json"]
    var shape = [6] + Bench.model.inputShape.dimensions
    var hasFigure = false
    switch method.subject {
    case .layer, .layerOrStimulus:
      words += ["--layer", "relu2"]
      shape = [6, 2, 4, 4]
      hasFigure = method.needsTarget
    case .stimulus:
      if method.needsNeuron { words += ["--layer", "relu2", "--neuron", "1,2,3"] }
      if method == .occlusion { words += ["--window", "4,4,4", "--strides", "4,4,4"] }
      if method == .shapleyValues {
        let groups = (0..<256).map { Float($0 / 64) }
        try NPY.write(try #require(Tensor(shape: Shape(4, 8, 8), values: groups)), to: bench["mask.npy"])
        words += ["--mask", "mask.npy"]
      }
    case .channels:
      words += ["--layer", "relu2"]
      shape = [6, 2]
    case .positions:
      words += ["--layer", "relu2"]
      shape = [6, 1, 4, 4]
    case .output: shape = [6, 3]
    }
    if method.needsCorrupt { words += ["--corrupt", "0.5"] }
    let outcome = try await Tool.run(words, in: bench.folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let report = try JSON(parsing: Array(outcome.output.utf8), file: "standard output")
    #expect(report.array?[0]["shape"] == .array(shape.map { .number(Double($0)) }))
    #expect(report.array?[0]["method"] == .string(method.rawValue))
    let values = try NPY.read(bench["out/attribution.npy"])
    #expect(values.shape.dimensions == shape)
    #expect(values.firstNonFinite == nil)
    #expect(try FileSystem.list(bench["out"]).contains("importance.svg") == hasFigure)
  }

  /// Two more tables, whose sum is the first.
  @Test func partsAboveAndBelowZero() async throws {
    let bench = try Bench()
    try await bench.run("probe", "model.safetensors", "movie.npy", "--layer", "relu2", "--split", "--output", "out")
    let tables = try ["", "-excitatory", "-inhibitory"].map { try NPY.read(bench["out/attribution\($0).npy"]) }
    #expect(tables.allSatisfy { $0.shape == Shape(6, 2) })
    for index in tables[0].values.indices {
      let sum = tables[1].values[index] + tables[2].values[index]
      #expect((sum - tables[0].values[index]).magnitude <= 1e-6 * (1 + tables[1].values[index]))
    }
  }

  /// The movie carried into itself changes nothing; a frame less is no second stimulus.
  @Test func patchingTakesASecondStimulus() async throws {
    let bench = try Bench()
    let start = ["probe", "model.safetensors", "movie.npy", "--layer", "relu2", "--output", "out", "--method"]
    for method in ["activation-patching", "attribution-patching"] {
      #expect(try await Tool.run(start + [method, "--corrupt", "movie.npy"], in: bench.folder).code == 0)
      #expect(try NPY.read(bench["out/attribution.npy"]).values.allSatisfy { $0 == 0 })
      #expect(try await Tool.run(start + [method, "--corrupt", "mean"], in: bench.folder).code == 0)
      #expect(try summary(bench, "out")["corrupt"] == "mean")
    }
    let movie = try NPY.read(bench["movie.npy"])
    var short = Tensor(repeating: 0, shape: Shape(movie.shape[0] - 1, 8, 8))
    short.values = Array(movie.values.dropLast(64))
    try NPY.write(short, to: bench["short.npy"])
    let outcome = try await Tool.run(start + ["activation-patching", "--corrupt", "short.npy"], in: bench.folder)
    #expect(outcome.code == 65 && outcome.errors.contains("one input, or as many as 'movie' has: 6"))
  }

  @Test func surprisalOfAllCells() async throws {
    let bench = try Bench()
    let report = try await bench.json(
      "probe", "model.safetensors", "movie.npy", "--layer", "relu2", "--cell", "surprisal", "--output", "out")
    #expect(report.array?[0]["cells"] == "surprisal")
    // The mean of (r - mu)' S^-1 (r - mu) over the windows of S itself is the number of cells, less what regularises S.
    let values = numbers(report.array?[0]["f_input"])
    let mean = values.reduce(0, +) / Double(values.count)
    #expect(values.count == 6 && mean > 0 && mean <= 3)
  }

  @Test func samplesAreCountedInTheSummary() async throws {
    let bench = try Bench()
    try await bench.run(
      "probe", "model.safetensors", "movie.npy", "--method", "gradient-shap", "--samples", "5", "--seed", "3",
      "--output", "out")
    let found = try summary(bench, "out")
    #expect(found["samples"] == 5 && found["seed"] == 3 && numbers(found["standard_error"]).count == 6)
  }

  @Test func residualsAreChecked() async throws {
    let bench = try Bench()
    let start = ["probe", "model.safetensors", "movie.npy", "--layer", "relu2", "--output", "out", "--max-residual"]
    #expect(try await Tool.run(start + ["10"], in: bench.folder).code == 0)
    let coarse = try await Tool.run(start + ["1e-9", "--steps", "1"], in: bench.folder)
    #expect(coarse.code == 1)
    #expect(coarse.errors.hasPrefix("retina: --max-residual: expected at most 1e-09, found a relative residual of "))
    let none = try await Tool.run(start + ["1", "--method", "layer-activation"], in: bench.folder)
    #expect(none.code == 1)
    #expect(none.errors.contains("layer-activation gave no relative residual to check"))
  }

  @Test func baselines() async throws {
    let bench = try Bench()
    try NPY.write(Tensor(repeating: 0.5, shape: Shape(8, 8)), to: bench["frame.npy"])
    try NPY.write(Tensor(repeating: 0.1, shape: Shape(4, 8, 8)), to: bench["window.npy"])
    var values: [String: Tensor] = [:]
    for baseline in ["zero", "0", "mean", "window.npy", "0.5", "frame.npy", "-1"] {
      try await bench.run(
        "probe", "model.safetensors", "movie.npy", "--layer", "relu1", "--baseline", baseline, "--output", "out")
      values[baseline] = try NPY.read(bench["out/attribution.npy"])
    }
    #expect(values["zero"] == values["0"])
    #expect(values["mean"] == values["window.npy"])
    #expect(values["0.5"] == values["frame.npy"])
    #expect(values["zero"] != values["mean"])
    #expect(values["-1"] != values["zero"])
  }
}
