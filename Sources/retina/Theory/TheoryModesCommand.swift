import RetinaFiles
import RetinaFit
import RetinaModel
import RetinaReport
import RetinaTheory

/// `retina theory modes`: what of a recording can be learned, before any model is fitted.
enum TheoryModesCommand: Command {
  static let name = "theory modes"
  static let summary = "Finds the stimulus-response modes above noise, when they are learned, and when to stop."
  static let operands = ["RECORDING", "[RESPONSES]"]
  static let options = [
    CommandOption("--output", "DIR", "folder for modes.csv, summary.json, filters.npy, .svg (needed)"),
    CommandOption("--history", "H", "frames that a response depends on, for a movie (default: 15)"),
    CommandOption("--lag", "L", "frames between the last frame seen and the response (default: the recording's, or 0)"),
    CommandOption("--pool", "S", "average over S x S pixels first (default: the least that leaves 800 dimensions)"),
    CommandOption("--rank", "K", "directions of the stimulus to keep (default: those with 99 % of the variance)"),
    CommandOption("--test", "X", "last part of the frames, which is left for --check (default: 0.2)"),
    CommandOption("--start", "U", "strength of each mode in the untrained network (default: 0.001)"),
    CommandOption("--rate", "R", "learning rate (default: 0.02 over the strongest mode)"),
    CommandOption("--check", nil, "train a linear network on the recording, compare times and held-out error"),
    CommandOption("--seed", "N", "seed of the shuffles (default: 1)"), .json,
  ]
  static let example = "retina theory modes salamander.npz --check --output out"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let (known, held) = try windows(arguments)
    let rate = try arguments.number("--rate", in: 1e-9...1e3)
    let start = try arguments.number("--start", in: 1e-12...1e3) ?? 1e-3
    let rank = try arguments.integer("--rank", in: 1...StimulusWindows.mostDimensions)
    let seed = try arguments.seed()
    var output = try TheoryOutput(arguments)
    var notes: [String] = []
    let found = try StimulusResponseModes(
      stimulus: known.stimulus, responses: known.responses, rank: rank, standardizes: arguments.operands.count == 1,
      start: start, rate: rate, seed: seed)
    let check =
      arguments.has("--check")
      ? LearningTrial(found, heldOut: found.heldOut(stimulus: held.stimulus, responses: held.responses), seed: seed)
      : nil
    var table = Table(["mode", "measured", "strength", "overlap", "predicted half time", "measured half time"])
    for (place, mode) in found.modes.enumerated() {
      table.append([
        .number(Double(place)), .number(mode.measured), mode.signal.map { .number($0.strength) } ?? .null,
        mode.signal.map { .number($0.overlap) } ?? .null, .number(mode.halfTime),
        check?.halfTimes[place].map { .number($0) } ?? .null,
      ])
    }
    let fastest = (found.modes.first?.measured ?? 0) * found.rate
    if fastest > 0.2 {
      notes.append(
        "the strongest mode times the rate is \(fixed(fastest, 2)), above 0.2: steps are too large for the predicted times"
      )
    }
    if found.curve == nil {
      notes.append("no mode stands out of the noise: a linear model has nothing to learn from so few samples")
    }
    output.add("samples", .number(Double(found.samples)))
    output.add("window", .array(known.shape.dimensions.map { .number(Double($0)) }))
    output.add("pool", .number(Double(known.pool)))
    output.add("directions", .number(Double(found.directions)))
    output.add("noise_edge", .number(found.noiseEdge))
    output.add("shuffled_mean", .number(found.shuffled.mean))
    output.add("shuffled_largest", .number(found.shuffled.largest))
    if let best = found.best {
      output.add("best_steps", .number(best.steps))
      output.add("best_error", .number(best.error))
    }
    if let best = check?.best {
      output.add("trained_best_steps", .number(Double(best.step)))
      output.add("trained_best_error", .number(best.error))
    }
    output.add("notes", .array(notes.map { .string($0) }))
    try output.add("modes", table)
    try writeFilters(found, to: output.folder)
    try draw(found, check, output)
    try output.finish(arguments) {
      print(
        "\(found.samples) windows of \(known.shape) (pixels of \(known.pool) x \(known.pool)), \(found.directions) directions;"
          + " noise ends at \(fixed(found.noiseEdge, 4))")
      print("shuffled: mean \(fixed(found.shuffled.mean, 4)), largest \(fixed(found.shuffled.largest, 4))")
      table.printOut()
      if let best = found.best {
        print("best stopping: \(fixed(best.steps, 0)) steps, relative test error \(fixed(best.error, 4)), predicted")
      }
      if let best = check?.best {
        print(
          "best stopping: \(best.step) steps, relative test error \(fixed(best.error, 4)), trained, on held-out frames")
      }
      for note in notes { print("note: \(note)") }
    }
    return ExitCode.done
  }

  /// Windows of the frames to learn from, and of those to test on.
  private static func windows(_ arguments: Arguments) throws -> (known: StimulusWindows, held: StimulusWindows) {
    let history = try arguments.integer("--history", in: 1...1000) ?? 15
    let lag = try arguments.integer("--lag", in: 0...1000)
    let pool = try arguments.integer("--pool", in: 1...1000)
    let test = try arguments.fraction("--test") ?? 0.2
    guard test > 0 else { throw UsageError("--test: expected a part above 0, found '\(test)'") }
    if arguments.operands.count == 1 {
      return try Recording.read(arguments.operands[0]).windows(
        history: history, lag: lag, pool: pool, testFraction: test)
    }
    let arrays = try ModeArrays(arguments.operands[0], arguments.operands[1], history: history)
    func part(_ frames: Range<Int>) throws(TheoryError) -> StimulusWindows {
      try arrays.windows(lag: lag ?? 0, pool: pool, frames: frames)
    }
    let start = Int((Double(arrays.frames) * (1 - test)).rounded())
    return (try part(0..<max(0, start - arrays.history - (lag ?? 0))), try part(start..<arrays.frames))
  }

  private static func writeFilters(_ found: StimulusResponseModes, to folder: String) throws {
    let values = found.modes.flatMap { $0.stimulus }.map { Float($0) }
    guard let shape = Shape(checking: [found.modes.count, values.count / max(1, found.modes.count)]),
      let tensor = Tensor(shape: shape, values: values)
    else { fatalError("a filter for each mode") }
    try NPY.write(tensor, to: "\(folder)/filters.npy")
  }

  private static func draw(
    _ found: StimulusResponseModes, _ check: LearningTrial?, _ output: TheoryOutput
  ) throws {
    let places = found.modes.indices.map(Double.init)
    try output.draw(
      "scree",
      LineFigure(
        title: "Modes of the recording", subtitle: "\(found.samples) samples, \(found.directions) directions",
        horizontalLabel: "mode", verticalLabel: "singular value",
        series: [
          LineFigure.Series(name: "measured", x: places, y: found.modes.map { $0.measured }),
          LineFigure.Series(
            name: "largest that noise gives", x: places, y: places.map { _ in found.noiseEdge }, isDashed: true),
          LineFigure.Series(
            name: "largest of the shuffles", x: places, y: places.map { _ in found.shuffled.largest }, isDashed: true),
        ]))
    let end = 2 * (found.modes.first { $0.signal != nil }.map { $0.halfTime } ?? 1000)
    let times = (0...200).map { Double($0) / 200 * max(end, found.best.map { 2 * $0.steps } ?? end) }
    var series = found.modes.enumerated().filter { $0.element.signal != nil }.prefix(5).map { place, mode in
      LineFigure.Series(
        name: "mode \(place), predicted", x: times,
        y: times.map { LearningCurve.strength(mode.measured, from: found.start, time: $0, tau: 1 / found.rate) },
        isDashed: true)
    }
    if let check {
      series += series.indices.map { place in
        LineFigure.Series(
          name: "mode \(place), trained", x: check.steps.map(Double.init), y: check.strengths.map { $0[place] })
      }
    }
    try output.draw(
      "learning",
      LineFigure(
        title: "When a linear network learns each mode", subtitle: "learning rate \(decimal(found.rate))",
        horizontalLabel: "step", verticalLabel: "strength", series: series))
    if let curve = found.curve {
      var lines = [
        LineFigure.Series(name: "predicted", x: times, y: times.map { curve.error(at: $0) }, isDashed: true)
      ]
      if let check {
        lines.append(
          LineFigure.Series(name: "trained, held-out frames", x: check.steps.map(Double.init), y: check.errors))
      }
      try output.draw(
        "overfitting",
        LineFigure(
          title: "When fitting starts to learn noise", subtitle: "relative test error of a linear network",
          horizontalLabel: "step", verticalLabel: "test error", series: lines))
    }
  }
}
