import RetinaFiles
import RetinaModel
import RetinaReport
import RetinaTheory

/// `retina theory modes`: what of a recording can be learned, before any model is fitted.
enum TheoryModesCommand: Command {
  static let name = "theory modes"
  static let summary = "Finds the stimulus-response modes above noise, when they are learned, and when to stop."
  static let operands = ["STIMULUS", "RESPONSES"]
  static let options = [
    CommandOption("--output", "DIR", "folder for modes.csv, summary.json, filters.npy, .svg (needed)"),
    CommandOption("--history", "H", "frames that a response depends on, for a movie (default: 15)"),
    CommandOption("--lag", "L", "frames between the last frame seen and the response (default: 0)"),
    CommandOption("--pool", "S", "average a movie over S x S pixels first (default: 1)"),
    CommandOption("--rank", "K", "directions of the stimulus to keep, those of most variance (default: 200)"),
    CommandOption("--start", "U", "strength of each mode in the untrained network (default: 0.001)"),
    CommandOption("--rate", "R", "learning rate (default: 0.01)"),
    CommandOption("--check", nil, "train a linear network on the recording, and compare times"),
    CommandOption("--seed", "N", "seed of the shuffles (default: 1)"), .json,
  ]
  static let example = "retina theory modes stimulus.npy responses.npy --history 8 --pool 2 --output out"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let (stimulus, responses) = try recording(arguments)
    let rate = try arguments.number("--rate", in: 1e-9...1e3) ?? 0.01
    let start = try arguments.number("--start", in: 1e-12...1e3) ?? 1e-3
    let rank = try arguments.integer("--rank", in: 1...2000) ?? 200
    let seed = try arguments.seed()
    var output = try TheoryOutput(arguments)
    let found = try StimulusResponseModes(
      stimulus: stimulus, responses: responses, rank: rank, start: start, rate: rate, seed: seed)
    let check = arguments.has("--check") ? LearningCheck(found) : nil
    var table = Table(["mode", "measured", "strength", "overlap", "predicted half time", "measured half time"])
    for (place, mode) in found.modes.enumerated() {
      table.append([
        .number(Double(place)), .number(mode.measured), mode.signal.map { .number($0.strength) } ?? .null,
        mode.signal.map { .number($0.overlap) } ?? .null, .number(mode.halfTime),
        check?.halfTimes[place].map { .number(Double($0)) } ?? .null,
      ])
    }
    output.add("samples", .number(Double(found.samples)))
    output.add("directions", .number(Double(found.directions)))
    output.add("noise_edge", .number(found.noiseEdge))
    output.add("shuffled_mean", .number(found.shuffled.mean))
    output.add("shuffled_largest", .number(found.shuffled.largest))
    if let best = found.best {
      output.add("best_steps", .number(best.steps))
      output.add("best_error", .number(best.error))
    }
    try output.add("modes", table)
    try writeFilters(found, to: output.folder)
    try draw(found, check, output)
    try output.finish(arguments) {
      print("\(found.samples) samples, \(found.directions) directions; noise ends at \(fixed(found.noiseEdge, 4))")
      print("shuffled: mean \(fixed(found.shuffled.mean, 4)), largest \(fixed(found.shuffled.largest, 4))")
      table.printOut()
      if let best = found.best {
        print("best stopping: \(fixed(best.steps, 0)) steps, relative test error \(fixed(best.error, 4))")
      } else {
        print("note: no mode stands out of the noise: a linear model has nothing to learn from so few samples")
      }
    }
    return ExitCode.done
  }

  /// Samples of the stimulus and of the responses, paired.
  private static func recording(_ arguments: Arguments) throws -> (Matrix, Matrix) {
    let (stimulusFile, responseFile) = (arguments.operands[0], arguments.operands[1])
    let (stimulus, responses) = (try NPY.read(stimulusFile), try NPY.read(responseFile))
    for (tensor, file) in [(stimulus, stimulusFile), (responses, responseFile)] {
      if let place = tensor.firstNonFinite {
        throw StimulusSource.notFinite(tensor.values[place], at: place, file: file, place: "array")
      }
    }
    guard responses.shape.rank == 2, responses.shape.count > 0 else {
      throw FileError(file: responseFile, expected: "responses [time, cell]", found: "\(responses.shape)")
    }
    let cells = responses.shape[1]
    func matrix(_ rows: Int, _ values: [Float], _ file: String) throws -> Matrix {
      let width = rows > 0 ? values.count / rows : 0
      guard width <= 2000 else {
        throw FileError(
          file: file, expected: "at most 2000 dimensions; average pixels with --pool, or shorten --history",
          found: "\(width)")
      }
      return Matrix(rows: rows, columns: width, values: values.map { Double($0) })
    }
    guard stimulus.shape.rank == 3 else {
      guard stimulus.shape.rank == 2, stimulus.shape[0] == responses.shape[0] else {
        throw FileError(
          file: stimulusFile, expected: "a movie [time, height, width], or [\(responses.shape[0]), dimension]",
          found: "\(stimulus.shape)")
      }
      return (
        try matrix(stimulus.shape[0], stimulus.values, stimulusFile),
        try matrix(responses.shape[0], responses.values, responseFile)
      )
    }
    let history = try arguments.integer("--history", in: 1...1000) ?? 15
    let lag = try arguments.integer("--lag", in: 0...1000) ?? 0
    let pool = try arguments.integer("--pool", in: 1...1000) ?? 1
    let frames = stimulus.pooled(pool)
    let size = frames.shape.count / max(1, frames.shape[0])
    // A response for every frame, or for every complete window of `retina run`.
    let missing = frames.shape[0] - responses.shape[0]
    guard missing == 0 || missing == history - 1, frames.shape[0] >= history + lag, size > 0 else {
      throw FileError(
        file: responseFile,
        expected: "a response for each of \(frames.shape[0]) frames, or for each window of \(history)",
        found: "\(responses.shape[0])")
    }
    let times = Array(history - 1 + lag..<frames.shape[0])
    var seen: [Float] = []
    for time in times {
      let first = time - lag - history + 1
      seen += frames.values[first * size..<(first + history) * size]
    }
    let windows = try matrix(times.count, seen, stimulusFile)
    let rates = times.flatMap { responses.values[($0 - missing) * cells..<($0 - missing + 1) * cells] }
    return (windows, Matrix(rows: times.count, columns: cells, values: rates.map { Double($0) }))
  }

  private static func writeFilters(_ found: StimulusResponseModes, to folder: String) throws {
    let values = found.modes.flatMap { $0.stimulus }.map { Float($0) }
    guard let shape = Shape(checking: [found.modes.count, values.count / max(1, found.modes.count)]),
      let tensor = Tensor(shape: shape, values: values)
    else { fatalError("a filter for each mode") }
    try NPY.write(tensor, to: "\(folder)/filters.npy")
  }

  private static func draw(
    _ found: StimulusResponseModes, _ check: LearningCheck?, _ output: TheoryOutput
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
    if let check { series += check.series(Array(series.indices)) }
    try output.draw(
      "learning",
      LineFigure(
        title: "When a linear network learns each mode", subtitle: "learning rate \(decimal(found.rate))",
        horizontalLabel: "step", verticalLabel: "strength", series: series))
    if let curve = found.curve {
      try output.draw(
        "overfitting",
        LineFigure(
          title: "When fitting starts to learn noise", subtitle: "predicted relative test error of a linear network",
          horizontalLabel: "step", verticalLabel: "test error",
          series: [LineFigure.Series(name: "", x: times, y: times.map { curve.error(at: $0) })]))
    }
  }
}

/// A linear network that is trained on a recording's correlation, mode by mode.
private struct LearningCheck {
  private var steps: [Int] = []
  private var strengths: [[Double]] = []
  /// Steps until half of each mode was learned; nothing where it was not.
  private(set) var halfTimes: [Int?]

  init(_ found: StimulusResponseModes) {
    let modes = SingularValues(found.correlation)
    var network = LinearNetwork(
      alignedWith: found.correlation, hidden: modes.values.count, start: found.start)
    halfTimes = modes.values.map { _ in nil }
    // Twice the time of the slowest mode that can be seen, in at most 4000 steps.
    let slowest = found.modes.last { $0.signal != nil }?.halfTime ?? 1000
    let total = Int(min(4000, 2 * slowest + 10))
    for step in 1...total {
      network.train(on: found.correlation, rate: found.rate, steps: 1)
      let now = network.strengths(of: modes)
      for place in now.indices where halfTimes[place] == nil && now[place] >= modes.values[place] / 2 {
        halfTimes[place] = step
      }
      if step % max(1, total / 100) == 0 {
        steps.append(step)
        strengths.append(now)
      }
    }
  }

  func series(_ places: [Int]) -> [LineFigure.Series] {
    places.map { place in
      LineFigure.Series(name: "mode \(place), trained", x: steps.map(Double.init), y: strengths.map { $0[place] })
    }
  }
}

extension Tensor {
  /// A movie averaged over squares of pixels; rows and columns that fill no square are left out.
  fileprivate func pooled(_ size: Int) -> Tensor {
    guard size > 1, shape.rank == 3 else { return self }
    let (rows, columns) = (self.shape[1] / size, self.shape[2] / size)
    guard let pooledShape = Shape(checking: [self.shape[0], rows, columns]) else { return self }
    var result = Tensor(repeating: 0, shape: pooledShape)
    for time in 0..<self.shape[0] {
      for y in 0..<rows * size {
        for x in 0..<columns * size {
          result.values[(time * rows + y / size) * columns + x / size] +=
            values[(time * shape[1] + y) * shape[2] + x] / Float(size * size)
        }
      }
    }
    return result
  }
}
