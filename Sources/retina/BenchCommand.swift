import RetinaEngine
import RetinaFiles
import RetinaModel

/// `retina bench`: how long a frame takes.
enum BenchCommand: Command {
  static let name = "bench"
  static let summary = "Measures the time per frame of a movie model in a stream."
  static let operands = ["MODEL"]
  static let options = [
    CommandOption("--frames", "N", "frames to time (default: 400)"),
    CommandOption("--stimulus", "FILE", "a movie to use (default: uniform noise)"),
    CommandOption("--algorithm", "A", "auto, direct or spectral (default: auto)"),
    CommandOption("--block", "N", "frames whose past is added in one go (default: 8)"),
    CommandOption("--layers", nil, "time each layer beside its count of operations"), .json,
  ]
  static let example = "retina bench Models/salamander-whitenoise.safetensors --layers"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let path = arguments.operands[0]
    let model = try ModelFile.read(path)
    var options = try streamOptions(arguments)
    options.block = try arguments.integer("--block", in: 1...64) ?? options.block
    guard let plan = StreamPlan(model, options: options) else {
      throw FileError(
        file: path, expected: "a model of movies, with an input [history, height, width]", found: "\(model.inputShape)")
    }
    let count = try arguments.integer("--frames", in: 1...1_000_000) ?? 400
    let movie = try self.movie(arguments["--stimulus"], plan: plan, frames: count)
    let timing = StreamTiming(plan, movie: movie, frames: count, clock: seconds)
    if arguments.has("--json") {
      print(json(timing, plan).text(indented: true))
    } else {
      printText(timing, plan, showsLayers: arguments.has("--layers"))
    }
    return ExitCode.done
  }

  private static func movie(_ file: String?, plan: StreamPlan, frames: Int) throws -> [Float] {
    if let file {
      let source = try StimulusSource(file, for: plan.model)
      if case .movie(let movie)? = source.stimuli.first?.content { return movie.values }
      throw FileError(file: file, expected: "a movie", found: "independent inputs")
    }
    var state: UInt64 = 1
    return (0..<max(64, plan.history) * plan.frameCount).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 23) - 1
    }
  }

  private static func printText(_ timing: StreamTiming, _ plan: StreamPlan, showsLayers: Bool) {
    let operations = plan.explanation.reduce(0) { $0 + $1.operations }
    print(
      "\(plan.model.name), \(plan.options.level.name), \(plan.options.algorithm.name), block \(plan.options.block): "
        + "\(fixed(timing.meanFrame * 1e3, 4)) ms per frame "
        + "(\(fixed(operations / timing.meanFrame / 1e9, 1)) GFLOP/s as counted), longest "
        + "\(fixed(timing.longestFrame * 1e3, 4)) ms, \(timing.frames) frames")
    guard showsLayers else { return }
    print("  layer        algorithm                      MFLOP  microseconds  GFLOP/s")
    for (stage, time) in zip(plan.explanation, timing.stages) {
      print(
        "  \(pad(stage.layer, 12)) \(pad(stage.algorithm, 28)) \(right(fixed(stage.operations / 1e6, 3), 7)) "
          + "\(right(fixed(time * 1e6, 2), 13)) \(right(fixed(stage.operations / max(time, 1e-12) / 1e9, 1), 8))")
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
            "operations": .number(stage.operations), "seconds": .number(time),
          ]
        }),
    ]
  }
}
