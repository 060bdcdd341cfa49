import RetinaFiles
import RetinaModel
import Testing

private let theoryCommands = [
  "geometry", "information", "propagation", "depth", "modes", "kernel", "schedule", "invariance",
]

@Suite struct TheoryTests {
  @Test func `help lists the family and explains each`() async throws {
    let bench = try Bench()
    let family = try await bench.run("theory", "--help")
    for name in theoryCommands {
      #expect(family.contains("\n  theory \(name) "))
      let help = try await bench.run("theory", name, "--help")
      #expect(help.contains("USAGE: retina theory \(name) "))
      #expect(help.contains("--json") && help.contains("EXAMPLE: retina theory \(name) "))
      #expect(try await bench.run("help", "theory", name) == help)
    }
    #expect(try await bench.run("help", "theory") == family)
    try await bench.fails(["theory"], 64, "theory geometry, theory information", "found 'theory'")
    try await bench.fails(["theory", "geomtry"], 64, "did you mean 'theory geometry'?")
  }

  @Test func `geometry measures layers, channels and pools`() async throws {
    let bench = try Bench()
    try bench.write(classes(6), to: "classes.json")
    let found = try await bench.json(
      "theory", "geometry", "model.safetensors", "classes.json", "--output", "out", "--samples", "8", "--vectors", "20",
      "--centres", "none", "--layer", "stimulus", "--layer", "relu1", "--layer", "rate", "--drop-channels", "--pool",
      "2")
    let layers = try #require(found["geometry"]?.array)
    #expect(
      layers.map { $0["layer"]?.string } == [
        "stimulus", "stimulus, 2 x 2 means", "relu1", "relu1, 2 x 2 means", "rate",
      ])
    for layer in layers {
      let (lower, value, upper) = (layer["lower"]?.number, layer["capacity"]?.number, layer["upper"]?.number)
      #expect(try #require(lower) <= #require(value) && #require(value) <= #require(upper))
    }
    #expect(found["capacity_without_structure"]?.number == 0.25)
    #expect(found["channels"]?.array?.count == 3)
    #expect(try bench.files.filter { $0.hasSuffix(".svg") }.count == 5)
    let csv = try String(decoding: FileSystem.read(bench["out/geometry.csv"]), as: UTF8.self)
    #expect(csv.hasPrefix("layer,units,capacity,lower,upper,over 2/M,"))
    #expect(csv.contains("\"relu1, 2 x 2 means\","))
    // Another number of threads and a size that is said twice give the same numbers.
    let again = try await bench.json(
      "theory", "geometry", "model.safetensors", "classes.json", "--output", "again", "--samples", "8", "--vectors",
      "20", "--centres", "none", "--layer", "stimulus", "--layer", "relu1", "--layer", "rate", "--drop-channels",
      "--pool", "2,2", "--threads", "2")
    #expect(again == found)
  }

  @Test func `what cannot be measured is refused`() async throws {
    let bench = try Bench()
    try bench.write(classes(2), to: "two.json")
    try await bench.fails(
      ["theory", "geometry", "model.safetensors", "two.json", "--output", "out"], 65, "at least 3", "opposite")
    try await bench.fails(
      ["theory", "geometry", "model.safetensors", "movie.npy", "--output", "out"], 65, "classes: expected at least 2")
    try await bench.fails(
      ["theory", "geometry", "model.safetensors", "two.json", "--class", "colour", "--output", "out"], 65,
      "the label 'colour'", "no labels")
    try await bench.fails(
      ["theory", "information", "model.safetensors", "two.json", "--output", "out"], 64, "--noise S is needed")
    try await bench.fails(
      ["theory", "schedule", "--rate", "1", "--decay", "0.5", "--output", "out"], 65, "(1 - sqrt(momentum))^2")
    try await bench.fails(
      ["theory", "depth", "--nonlinearity", "relu", "--weight-variance", "3", "--output", "out"], 65,
      "a variance that settles")
    try await bench.fails(["theory", "depth", "--start", "4,5,3", "--output", "out"], 65, "at most as many inputs")
    try await bench.fails(
      ["theory", "modes", "movie.npy", "batch.npy", "--output", "out"], 65, "batch.npy", "responses [time, cell]")
    try await bench.fails(
      ["theory", "invariance", "model.safetensors", "batch.npy", "--output", "out"], 65, "at least 8 stimuli")
  }

  @Test func `trials, alignments and maxima are measured on request`() async throws {
    let bench = try Bench()
    // Six classes of two samples, each near an axis of its own.
    var values = [Float](repeating: 0, count: 12 * 256)
    for row in 0..<12 {
      // A square of 2 x 2 pixels of its own.
      let place = row / 2 % 4 * 2 + row / 8 * 16
      values[row * 256 + place] = 1
      values[row * 256 + 192 + place] = row % 2 == 0 ? 0.3 : -0.3
    }
    try NPY.write(try #require(Tensor(shape: Shape(12, 4, 8, 8), values: values)), to: bench["axes.npy"])
    try bench.write((0..<12).map { "class \($0 / 2)\n" }.joined(), to: "labels.txt")
    let found = try await bench.json(
      "theory", "geometry", "model.safetensors", "axes.npy", "--labels", "labels.txt", "--layer", "stimulus",
      "--centres",
      "none", "--simulated", "--dichotomy", "one-versus-rest", "--correlated", "--pool", "2", "--pooling", "maximum",
      "--output", "out")
    #expect(found["geometry"]?.array?.map { $0["layer"]?.string } == ["stimulus", "stimulus, 2 x 2 maxima"])
    #expect(found["trials"]?.array?.map { $0["kind"]?.string } == ["simulated, one-versus-rest", "correlated"])
    let curve = try #require(found["separability"]?.array)
    #expect(curve.count > 1)
    #expect(try bench.files.contains("out/separability.svg"))
    #expect(curve.allSatisfy { (0...1).contains($0["separable dichotomies"]?.number ?? -1) })
    #expect(found["alignments"]?.array?.count == 1)
  }

  /// The same input eight times over tells a layer nothing; each command says so, or that all units are dead.
  @Test func `identical stimuli and dead layers give no number in silence`() async throws {
    let bench = try Bench()
    try NPY.write(Tensor(repeating: 0.3, shape: Shape(8, 4, 8, 8)), to: bench["same.npy"])
    try bench.write((0..<8).map { "class \($0 / 2)\n" }.joined(), to: "labels.txt")
    try await bench.fails(
      ["theory", "geometry", "model.safetensors", "same.npy", "--labels", "labels.txt", "--output", "out"], 65,
      "the same mean response for every class")
    try await bench.fails(
      [
        "theory", "information", "model.safetensors", "same.npy", "--labels", "labels.txt", "--noise", "0.1",
        "--output",
        "out",
      ], 65, "the same response to every stimulus")
    try await bench.fails(
      ["theory", "kernel", "model.safetensors", "same.npy", "--output", "out"], 65, "cell 0", "rates that vary")
    let ranges = try await bench.json("theory", "propagation", "model.safetensors", "same.npy", "--output", "out")
    for layer in try #require(ranges["ranges"]?.array) { #expect(try #require(layer["dead units"]?.integer) > 0) }
    #expect(ranges["notes"]?.array?.count == Bench.model.layers.count)
    #expect(ranges["stacks"]?.array?.compactMap { $0["layer"]?.string } == ["conv1", "conv2", "dense"])

    // A first layer without weights is silent for stimuli that differ.
    var layers = Bench.model.layers
    guard case .convolution(var first) = layers[0].operation else { return }
    first.weight = Tensor(repeating: 0, shape: first.weight.shape)
    first.bias = nil
    layers[0].operation = .convolution(first)
    var facts = Bench.model.facts
    facts.golden = nil
    try ModelFile.write(
      Model(name: "dead", inputShape: Bench.model.inputShape, layers: layers, facts: facts),
      to: bench["dead.safetensors"])
    try bench.write(classes(4), to: "classes.json")
    try await bench.fails(
      ["theory", "geometry", "dead.safetensors", "classes.json", "--layer", "relu1", "--output", "out2"], 65,
      "a layer that is silent for all stimuli")
    try await bench.fails(
      [
        "theory", "information", "dead.safetensors", "classes.json", "--layer", "relu1", "--noise", "0.1", "--output",
        "out2",
      ], 65, "the same response to every stimulus")
    try await bench.fails(
      ["theory", "kernel", "dead.safetensors", "classes.json", "--output", "out2"], 65, "rates that vary")
    let dead = try await bench.json("theory", "propagation", "dead.safetensors", "classes.json", "--output", "out2")
    let silent = try #require(dead["ranges"]?.array?.first)
    #expect(silent["dead units"]?.integer == 108 && silent["similarity"] == .null)
  }

  @Test func `too few samples are refused`() async throws {
    let bench = try Bench()
    try bench.write(classes(3), to: "classes.json")
    try await bench.fails(
      ["theory", "geometry", "model.safetensors", "classes.json", "--samples", "1", "--output", "out"], 65,
      "at least 2 samples")
    try await bench.fails(
      [
        "theory", "information", "model.safetensors", "classes.json", "--samples", "1", "--noise", "0.1", "--output",
        "out",
      ], 65, "stimuli: expected at least 4")
    try await bench.fails(
      ["theory", "kernel", "model.safetensors", "classes.json", "--samples", "2", "--output", "out"], 65,
      "at least 8 stimuli")
    try await bench.fails(
      ["theory", "invariance", "model.safetensors", "classes.json", "--samples", "2", "--output", "out"], 65,
      "at least 8 stimuli")
    try NPY.write(Bench.values(30, 4, 4, scale: 1), to: bench["short.npy"])
    try NPY.write(try #require(Tensor(shape: Shape(30, 1), values: (0..<30).map(Float.init))), to: bench["rates.npy"])
    try await bench.fails(
      ["theory", "modes", "short.npy", "rates.npy", "--history", "2", "--rank", "20", "--output", "out"], 65,
      "at least 40 samples for 20 directions")
    try NPY.write(Tensor(repeating: 1, shape: Shape(30, 4, 4)), to: bench["grey.npy"])
    try await bench.fails(
      ["theory", "modes", "grey.npy", "rates.npy", "--history", "2", "--output", "out"], 65, "a stimulus that varies")
    try await bench.fails(
      ["theory", "modes", "short.npy", "rates.npy", "--history", "40", "--output", "out"], 65,
      "frames with a whole window of 40")
  }

  /// Two classes shown at opposite contrast have opposite centres about the mean of all; a third keeps them from being all.
  @Test func `antipodal centres are refused`() async throws {
    let bench = try Bench()
    var values: [Float] = []
    for (sign, unit) in [(Float(1), 0), (-1, 0), (1, 3), (-1, 3)] {
      for sample in 0..<4 {
        var input = [Float](repeating: 0, count: 256)
        input[unit] = sign
        // About the centre, in dimensions of their own.
        input[10 + sample / 2] = sample % 2 == 0 ? 0.1 : -0.1
        values += input
      }
    }
    try NPY.write(try #require(Tensor(shape: Shape(16, 4, 8, 8), values: values)), to: bench["pairs.npy"])
    try bench.write((0..<16).map { "class \($0 / 4)\n" }.joined(), to: "labels.txt")
    try await bench.fails(
      [
        "theory", "geometry", "model.safetensors", "pairs.npy", "--labels", "labels.txt", "--layer", "stimulus",
        "--centres", "none", "--output", "out",
      ], 65, "antipodal centres", "class 0", "class 1")
  }

  @Test func `information has bounds, ceilings and chance`() async throws {
    let bench = try Bench()
    try bench.write(classes(4), to: "classes.json")
    try FileSystem.createFolder(bench["checkpoints"])
    try ModelFile.write(Bench.model, to: bench["checkpoints/0.safetensors"])
    let found = try await bench.json(
      "theory", "information", "model.safetensors", "classes.json", "--output", "out", "--samples", "8", "--noise",
      "0.5", "--layer", "conv1", "--compare", "--checkpoint", "checkpoints/0.safetensors", "--bin", "0.01")
    let layer = try #require(found["information"]?.array?.first)
    func number(_ name: String) throws -> Double { try #require(layer[name]?.number) }
    #expect(try number("log2 n") == 5 && number("class entropy") == 2)
    #expect(try number("stimulus lower") <= number("stimulus upper") && number("stimulus upper") <= 5)
    #expect(found["cells"]?.array?.count == 3 && found["comparison"]?.array?.count == 1)
    let point = try #require(found["plane"]?.array?.first)
    #expect(point["stimulus upper"] == layer["stimulus upper"])
    #expect(try Set(bench.files).isSuperset(of: ["out/plane.svg", "out/information.svg"]))
  }

  @Test func `ranges and invariance are those of the model`() async throws {
    let bench = try Bench()
    try bench.write(classes(4), to: "classes.json")
    let ranges = try await bench.json(
      "theory", "propagation", "model.safetensors", "classes.json", "--samples", "4", "--output", "out")
    #expect(ranges["ranges"]?.array?.map { $0["layer"]?.string } == Bench.model.layers.map { $0.name })
    let found = try await bench.json(
      "theory", "invariance", "model.safetensors", "classes.json", "--samples", "4", "--output", "out2")
    #expect(try #require(found["invariance"]?.array).allSatisfy { $0["invariant"]?.boolean == false })
  }

  @Test func `depth, schedule and a start are computed`() async throws {
    let bench = try Bench()
    let depth = try await bench.json(
      "theory", "depth", "--variance", "0.01", "--stack", "50", "--steps", "3", "--start", "4,3,5", "--output", "out")
    #expect(depth["depth"]?.array?.first?["phase"]?.string == "critical")
    #expect(depth["stack_losses"]?.array?.count == 4)
    #expect(try NPY.read(bench["out/start.npy"]).shape == Shape(4, 3, 5, 5))
    let schedule = try await bench.json(
      "theory", "schedule", "--steps", "50", "--drop", "0.01", "--check", "--output", "s")
    #expect(try #require(schedule["check_largest_difference"]?.number) < 1e-9)
    #expect(schedule["schedule"]?.array?.count == 50)
  }

  @Test func `modes of a simulated recording are found and learned`() async throws {
    let bench = try Bench()
    // A movie of noise, and a cell that answers to one pixel of the frame before.
    let (frames, size) = (400, 16)
    var movie = Tensor(repeating: 0, shape: Shape(frames, 4, 4))
    var state: UInt32 = 7
    for place in movie.values.indices {
      state = state &* 1_664_525 &+ 1_013_904_223
      movie.values[place] = state >> 31 == 0 ? -1 : 1
    }
    var rates = Tensor(repeating: 0, shape: Shape(frames, 1))
    for time in 1..<frames { rates.values[time] = 2 * movie.values[(time - 1) * size + 5] }
    // Of the last, held out part nothing can be learned.
    for time in 320..<frames { rates.values[time] = Float(time % 3) - 1 }
    try NPY.write(movie, to: bench["movie4.npy"])
    try NPY.write(rates, to: bench["rates.npy"])
    let found = try await bench.json(
      "theory", "modes", "movie4.npy", "rates.npy", "--history", "1", "--lag", "1", "--check", "--output", "out")
    let mode = try #require(found["modes"]?.array?.first)
    #expect((try #require(mode["measured"]?.number) - 2).magnitude < 0.05)
    let (predicted, measured) = (mode["predicted half time"]?.number, mode["measured half time"]?.number)
    #expect((try #require(measured) / #require(predicted) - 1).magnitude < 0.1)
    // There the untrained network is best.
    #expect(try #require(found["trained_best_error"]?.number) > 0.95)
    #expect(found["window"] == [1, 4, 4] && found["pool"] == 1)
    let filter = try NPY.read(bench["out/filters.npy"]).values
    #expect(filter.indices.max { filter[$0].magnitude < filter[$1].magnitude } == 5)
  }

  @Test func `kernels are compared`() async throws {
    let bench = try Bench()
    try bench.write(classes(4), to: "classes.json")
    let found = try await bench.json(
      "theory", "kernel", "model.safetensors", "classes.json", "--samples", "4", "--pixels", "2", "--cell", "1",
      "--output", "out")
    let kernels = try #require(found["kernels"]?.array)
    #expect(kernels.count == 4)
    for kernel in kernels { #expect((0...1).contains(try #require(kernel["alignment"]?.number))) }
  }

  /// Movies of clouds, each a class of its own.
  private func classes(_ count: Int) -> String {
    let stimuli = (0..<count).map { place in
      """
      {"name": "cloud \(place)", "generator": "one-over-f",
       "parameters": {"duration_frames": 16, "image_frames": 16, "drift_step": 0.5, "seed": \(place + 1)}}
      """
    }
    return "{\"height\": 8, \"width\": 8, \"stimuli\": [\(stimuli.joined(separator: ",\n"))]}"
  }
}
