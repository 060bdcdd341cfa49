import RetinaEngine
import RetinaFiles
import RetinaModel
import RetinaProbe

/// `retina bench`: how long a frame takes, or an exact explanation of a window.
enum BenchCommand: Command {
  static let name = "bench"
  static let summary = "Measures the time per frame of a movie model or image in a stream, or of its exact explanation."
  static let operands = ["MODEL|IMAGE"]
  static let options = [
    CommandOption("--frames", "N", "frames to time (default: 400)"),
    CommandOption("--stimulus", "FILE", "a movie to use (default: uniform noise)"),
    CommandOption("--precision", "P", "\(ChosenPrecision.help) (default: float32); ranges are predicted"),
    .algorithm, .tolerance,
    CommandOption("--block", "N", "frames whose past is added in one go (default: 8)"),
    CommandOption("--layers", nil, "time each layer beside its count of operations"),
    CommandOption("--threads", "N", "time a whole movie in memory on N threads beside one"),
    CommandOption("--probe", nil, "time exact integrated gradients and conductance of every interior nonlinearity"),
    CommandOption(
      "--stream-probe", "N", "time contributions of channels in N steps per frame, beside the stream alone"),
    CommandOption(
      "--ablate", nil, "time the ablation of every hidden channel and of every unit of the first hidden layer"),
    CommandOption("--cell", "N", "with the probes: the cell that is explained, or explained first (default: 0)"),
    CommandOption("--windows", "N", "with --probe and --ablate: windows to time, each another one (default: 20)"),
    CommandOption("--clock", "C", "wall, or cpu: seconds of the processor, for a busy machine (default: wall)"), .json,
  ]
  static let example = "retina bench Models/salamander-whitenoise.safetensors --layers"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let path = arguments.operands[0]
    let clock = try arguments.choice("--clock", of: ["wall", "cpu"]) == "cpu" ? processorSeconds : seconds
    if ImageFile.isImage(path) {
      if arguments.has("--precision") {
        throw UsageError("--precision is for models: an image has its own, leave it out")
      }
      switch try ImageFile.read(path) {
      case .integers(let program): try printImage(program, arguments, clock: clock)
      case .floats(let program): try printImage(program, arguments, clock: clock)
      }
      return ExitCode.done
    }
    let model = try ModelFile.read(path)
    let chosen = try ChosenPrecision(model, path, arguments, calibrate: FixedPointMaking.predicted)
    if let note = chosen.note { writeError(note + "\n") }
    if let image = chosen.image {
      try printImage(image, arguments, clock: clock)
      return ExitCode.done
    }
    var options = try streamOptions(arguments)
    options.block = try arguments.integer("--block", in: 1...64) ?? options.block
    guard let plan = StreamPlan(model, options: options) else {
      throw FileError(
        file: path, expected: "a model of movies, with an input [history, height, width]", found: "\(model.inputShape)")
    }
    try refuseUnusedOptions(arguments)
    if arguments.has("--probe") { return try probe(plan, arguments, clock: clock) }
    if arguments.has("--ablate") { return try ablate(plan, arguments, clock: clock) }
    let count = try arguments.integer("--frames", in: 1...1_000_000) ?? 400
    let movie = try self.movie(
      arguments["--stimulus"], inputShape: plan.model.inputShape, frames: max(64, plan.history))
    if let steps = try arguments.integer("--stream-probe", in: 1...10_000) {
      return try streamProbe(plan, arguments, movie, steps: steps, frames: count, clock: clock)
    }
    if let threads = try arguments.integer("--threads", in: 1...256) {
      return try wholeMovie(plan, arguments, movie, frames: count, threads: threads)
    }
    let timing = StreamTiming(plan, movie: movie, frames: count, clock: clock)
    if arguments.has("--json") {
      print(json(timing, plan).text(indented: true))
    } else {
      printText(timing, plan, showsLayers: arguments.has("--layers"))
    }
    return ExitCode.done
  }

  private static func printImage<Image: DescribedImage>(
    _ program: ImageProgram<Image>, _ arguments: Arguments, clock: () -> Double
  ) throws {
    let bench = try ImageBench(program, arguments, clock: clock)
    print(
      arguments.has("--json") ? bench.json.text(indented: true) : bench.text(showsLayers: arguments.has("--layers")))
  }

  /// An option that a measurement does not look at is a misunderstanding.
  private static func refuseUnusedOptions(_ arguments: Arguments) throws {
    let kind = ["--probe", "--ablate", "--stream-probe", "--threads"].first { arguments.has($0) }
    let unused: [String]
    switch kind {
    case "--probe":
      unused = [
        "--frames", "--layers", "--threads", "--algorithm", "--tolerance", "--block", "--stream-probe", "--ablate",
      ]
    case "--ablate":
      unused = ["--layers", "--threads", "--algorithm", "--tolerance", "--block", "--stream-probe"]
    case "--stream-probe": unused = ["--layers", "--threads", "--windows"]
    case "--threads": unused = ["--layers", "--clock", "--cell", "--windows"]
    default: unused = ["--cell", "--windows"]
    }
    for option in unused where arguments.has(option) {
      throw UsageError("bench\(kind.map { " " + $0 } ?? "") does not use \(option): leave it out")
    }
  }

  // MARK: - Whole movies

  /// Times a movie of so many frames, which repeats the given ones.
  private static func wholeMovie(
    _ plan: StreamPlan, _ arguments: Arguments, _ values: [Float], frames: Int, threads: Int
  ) throws -> Int32 {
    let count = frames * plan.frameCount
    guard let shape = Shape(checking: [frames] + plan.model.inputShape.dimensions.dropFirst()),
      let movie = Tensor(shape: shape, values: (0..<count).map { values[$0 % values.count] }),
      let timing = MovieTiming(plan, movie: movie, threads: threads, rounds: 5, clock: seconds)
    else {
      throw UsageError("--frames: expected at least \(plan.history) frames, the model's history, found '\(frames)'")
    }
    let (one, all) = (timing.oneThread.min() ?? 0, timing.allThreads.min() ?? 0)
    if arguments.has("--json") {
      let report: JSON = [
        "model": .string(plan.model.name), "level": .string(plan.options.level.name),
        "algorithm": .string(plan.options.algorithm.name), "block": .number(Double(plan.options.block)),
        "frames": .number(Double(timing.frames)), "threads": .number(Double(threads)),
        "seconds_per_frame": .number(all / Double(frames)), "speedup": .number(timing.speedup),
        "seconds_one_thread": .array(timing.oneThread.map { .number($0) }),
        "seconds_all_threads": .array(timing.allThreads.map { .number($0) }),
      ]
      print(report.text(indented: true))
    } else {
      print(
        "\(plan.model.name), a movie of \(frames) frames, fastest of \(timing.oneThread.count) rounds: 1 thread "
          + "\(fixed(one * 1e3, 2)) ms, \(threads) threads \(fixed(all * 1e3, 2)) ms, \(fixed(timing.speedup, 2)) times "
          + "as fast")
    }
    return ExitCode.done
  }

  // MARK: - Probes

  /// Times exact explanations of one window after another.
  private static func probe(_ plan: StreamPlan, _ arguments: Arguments, clock: () -> Double) throws -> Int32 {
    let (model, program) = (plan.model, Program(plan.model))
    let cell = try arguments.integer("--cell", in: 0...model.cells - 1) ?? 0
    let count = try arguments.integer("--windows", in: 1...100_000) ?? 20
    let layers = model.interiorNonlinearities
    let timing = try ProbeTiming(
      program, boundaries: layers.map { program.boundary(layer: $0, side: .output) }, cell: cell, count: count,
      input: try windows(plan, arguments, program, count: count),
      baseline: program.normalized([Float](repeating: 0, count: plan.history * plan.frameCount)), clock: clock)
    let (first, further) = (median(timing.firstCell), timing.furtherCell.isEmpty ? nil : median(timing.furtherCell))
    if arguments.has("--json") {
      let report: JSON = [
        "model": .string(model.name), "cell": .number(Double(cell)), "windows": .number(Double(count)),
        "layers": .array(layers.map { .string(model.layers[$0].name) }), "seconds": .number(first),
        "seconds_per_further_cell": further.map { .number($0) } ?? .null,
        "relative_residual": .number(Double(timing.largestRelativeResidual)),
      ]
      print(report.text(indented: true))
    } else {
      let names = layers.map { model.layers[$0].name }.joined(separator: ", ")
      let others = further.map { "; each further cell \(fixed($0 * 1e3, 3)) ms" } ?? ""
      print(
        "\(model.name), cell \(cell), median of \(count) windows: integrated gradients"
          + "\(names.isEmpty ? "" : " and conductance of \(names)"), exact, "
          + "\(fixed(first * 1e3, 3)) ms\(others); largest relative residual \(timing.largestRelativeResidual)")
    }
    return ExitCode.done
  }

  /// Windows one frame apart, normalised: the first layer's units all differ.
  private static func windows(
    _ plan: StreamPlan, _ arguments: Arguments, _ program: Program, count: Int
  ) throws -> (Int) -> [Float] {
    let movie = try self.movie(
      arguments["--stimulus"], inputShape: plan.model.inputShape, frames: plan.history + min(count, 400))
    let (frames, window) = (movie.count / plan.frameCount, plan.history * plan.frameCount)
    return { index in
      let first = index % max(1, frames - plan.history + 1) * plan.frameCount
      return program.normalized(Array(movie[first..<first + window]))
    }
  }

  /// Times the ablation of channels and units beside a direct forward pass, which is what a frame costs in a direct stream.
  private static func ablate(_ plan: StreamPlan, _ arguments: Arguments, clock: () -> Double) throws -> Int32 {
    let (model, program) = (plan.model, Program(plan.model))
    let cell = try arguments.integer("--cell", in: 0...model.cells - 1) ?? 0
    let count = try arguments.integer("--windows", in: 1...100_000) ?? 20
    let layers = model.interiorNonlinearities
    var options = plan.options
    options.algorithm = .direct
    guard !layers.isEmpty, let direct = StreamPlan(model, options: options) else {
      throw FileError(file: arguments.operands[0], expected: "a model with a hidden nonlinearity", found: "none")
    }
    let frames = try arguments.integer("--frames", in: 1...1_000_000) ?? 100
    let movie = try self.movie(
      arguments["--stimulus"], inputShape: plan.model.inputShape, frames: max(64, plan.history))
    let forward = StreamTiming(direct, movie: movie, frames: frames, clock: clock).meanFrame
    let timing = try AblationTiming(
      program,
      layers: layers.map {
        (program.boundary(layer: $0, side: .output), model.shapes[$0].dimensions)
      },
      cell: cell, count: count, input: try windows(plan, arguments, program, count: 2 * count + 2), clock: clock)
    let (channels, units) = (median(timing.channels), median(timing.units))
    let channelCount = layers.reduce(0) { $0 + model.shapes[$1].dimensions[0] }
    let unitCount = model.shapes[layers[0]].count
    if arguments.has("--json") {
      let report: JSON = [
        "model": .string(model.name), "cell": .number(Double(cell)), "windows": .number(Double(count)),
        "seconds_direct_forward": .number(forward), "channels": .number(Double(channelCount)),
        "seconds_all_channels": .number(channels), "units": .number(Double(unitCount)),
        "seconds_all_units": .number(units),
      ]
      print(report.text(indented: true))
    } else {
      print(
        "\(model.name), cell \(cell), median of \(count) windows: a direct forward pass \(fixed(forward * 1e3, 3)) ms, "
          + "\(channelCount) channels \(fixed(channels * 1e3, 3)) ms (\(fixed(channels / forward, 2)) passes), "
          + "\(unitCount) units of \(model.layers[layers[0]].name) \(fixed(units * 1e3, 3)) ms "
          + "(\(fixed(units / forward, 2)) passes)")
    }
    return ExitCode.done
  }

  /// Times contributions frame by frame.
  private static func streamProbe(
    _ plan: StreamPlan, _ arguments: Arguments, _ movie: [Float], steps: Int, frames: Int, clock: () -> Double
  ) throws -> Int32 {
    let cell = try arguments.integer("--cell", in: 0...plan.cells - 1) ?? 0
    guard let probe = StreamProbe(plan, cell: cell, steps: steps) else {
      throw FileError(
        file: arguments.operands[0], expected: "a movie model of affine, relu, convolution, relu and affine layers",
        found: "another kind")
    }
    let timing = StreamProbeTiming(probe, movie: movie, frames: max(8, frames / 8), rounds: 15, clock: clock)
    if arguments.has("--json") {
      let report: JSON = [
        "model": .string(plan.model.name), "cell": .number(Double(cell)), "steps": .number(Double(steps)),
        "seconds_per_frame": .number(timing.stream), "seconds_per_explained_frame": .number(timing.explained),
        "ratio": .number(timing.ratio),
      ]
      print(report.text(indented: true))
    } else {
      print(
        "\(plan.model.name), cell \(cell), contributions in \(steps) steps: \(fixed(timing.explained * 1e3, 4)) ms per frame, "
          + "the stream alone \(fixed(timing.stream * 1e3, 4)) ms, ratio \(fixed(timing.ratio, 2))")
    }
    return ExitCode.done
  }

  // MARK: - Streams

  /// The values of a movie in a file, or of uniform noise.
  static func movie(_ file: String?, inputShape: Shape, frames: Int) throws -> [Float] {
    if let file {
      let source = try StimulusSource(file, inputShape: inputShape)
      if case .movie(let movie)? = source.stimuli.first?.content { return movie.values }
      throw FileError(file: file, expected: "a movie", found: "independent inputs")
    }
    var state: UInt64 = 1
    return (0..<frames * inputShape[1] * inputShape[2]).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 23) - 1
    }
  }

  private static func printText(_ timing: StreamTiming, _ plan: StreamPlan, showsLayers: Bool) {
    let operations = plan.explanation.reduce(0) { $0 + $1.work.operations }
    print(
      "\(plan.model.name), \(plan.options.level.name), \(plan.options.algorithm.name), block \(plan.options.block): "
        + "\(fixed(timing.meanFrame * 1e3, 4)) ms per frame "
        + "(\(fixed(operations / timing.meanFrame / 1e9, 1)) GFLOP/s as counted), longest "
        + "\(fixed(timing.longestFrame * 1e3, 4)) ms, \(timing.frames) frames")
    guard showsLayers else { return }
    print("  layer        algorithm                      MFLOP  microseconds  as counted  GFLOP/s")
    for (stage, time) in zip(plan.explanation, timing.stages) {
      print(
        "  \(pad(stage.layer, 12)) \(pad(stage.algorithm, 28)) \(right(fixed(stage.work.operations / 1e6, 3), 7)) "
          + "\(right(fixed(time * 1e6, 2), 13)) \(right(fixed(stage.seconds * 1e6, 2), 11)) "
          + "\(right(fixed(stage.work.operations / max(time, 1e-12) / 1e9, 1), 8))")
    }
  }

  private static func json(_ timing: StreamTiming, _ plan: StreamPlan) -> JSON {
    [
      "model": .string(plan.model.name), "level": .string(plan.options.level.name),
      "algorithm": .string(plan.options.algorithm.name), "block": .number(Double(plan.options.block)),
      "frames": .number(Double(timing.frames)), "seconds_per_frame": .number(timing.meanFrame),
      "longest_frame_seconds": .number(timing.longestFrame),
      "stages": .array(
        zip(plan.explanation, timing.stages).map { stage, time in
          [
            "layer": .string(stage.layer), "algorithm": .string(stage.algorithm),
            "operations": .number(stage.work.operations), "seconds": .number(time),
            "counted_seconds": .number(stage.seconds),
          ]
        }),
    ]
  }
}
