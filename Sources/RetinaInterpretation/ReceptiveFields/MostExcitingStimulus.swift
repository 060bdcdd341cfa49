import RetinaEngine
import RetinaModel
import RetinaProbe
import RetinaStimuli

/// The window that drives a cell most, by gradient ascent within limits.
///
/// From several random starts the window moves along the gradient of the rate; after each step its values are cut to the range and it
/// is scaled down to the norm (Walker et al., "Inception loops discover what excites neurons most", Nature Neuroscience 22, 2060, 2019).
public struct MostExcitingStimulus: Sendable {
  /// The window `[history, height, width]`, as contrasts.
  public var window: [Float]
  /// The rate it gives.
  public var rate: Float
  /// The rate for grey.
  public var greyRate: Float
  /// The rates of all starts after ascent, the best first.
  public var rates: [Float]

  /// What is allowed, and how long is searched.
  public struct Limits: Sendable {
    /// Largest magnitude of a contrast.
    public var range: Float = 1
    /// Largest root of the sum of squares.
    public var norm: Float
    /// Random starts.
    public var starts = 4
    /// Steps of each.
    public var steps = 100
    /// Seed of the starts.
    public var seed: UInt64 = 1

    /// Creates limits; white noise of contrast 1 has a norm of the root of its number of values.
    public init(norm: Float) { self.norm = norm }
  }

  /// Searches for one cell.
  ///
  /// - Throws: ``ProbeError`` when the cell does not exist.
  public init(_ model: Model, cell: Int, limits: Limits, threads: Int) throws(ProbeError) {
    let program = Program(model)
    guard (0..<program.outputCount).contains(cell) else {
      throw .outOfRange("cell", count: program.outputCount, found: cell)
    }
    let count = program.inputCount
    let results = Starts(count: limits.starts)
    Parallel.split(limits.starts, threads: threads) { range in
      let probe = Probe(program)
      for start in range {
        var generator = SeededGenerator(seed: limits.seed &+ UInt64(start))
        let window = (0..<count).map { _ in Float(generator.normal()) }
        results.set(start, MostExcitingStimulus.climb(probe, from: window, cell: cell, limits: limits))
      }
    }
    let found = results.values.sorted { $0.rate > $1.rate }
    window = found[0].window
    rate = found[0].rate
    rates = found.map { $0.rate }
    let zeros = [Float](repeating: 0, count: count)
    greyRate = try Probe(program).attribute(
      Request(.forward, target: .cell(cell, of: program)), input: zeros, baseline: zeros
    ).values[cell]
  }

  private static func climb(
    _ probe: Probe, from start: [Float], cell: Int, limits: Limits
  ) -> (window: [Float], rate: Float) {
    let request = Request(.gradient, target: .cell(cell, of: probe.program))
    let zeros = [Float](repeating: 0, count: start.count)
    // A start well inside the limits: far out the first gradient decides nothing.
    var window = limited(start, range: limits.range, norm: limits.norm * 0.1)
    var best = (window: window, rate: -Float.infinity)
    var step = limits.norm * 0.2
    for _ in 0..<limits.steps {
      guard let answer = try? probe.attribute(request, input: window, baseline: zeros) else { break }
      if answer.valueAtInput > best.rate {
        best = (window, answer.valueAtInput)
      } else {
        // Too far: back to the best, and more carefully.
        step *= 0.7
        window = best.window
      }
      let length = root(answer.values)
      guard length > 0 else { break }
      for index in window.indices { window[index] += step / length * answer.values[index] }
      window = limited(window, range: limits.range, norm: limits.norm)
    }
    return best
  }

  /// The window cut to a range and scaled down to a norm.
  private static func limited(_ window: [Float], range: Float, norm: Float) -> [Float] {
    let cut = window.map { min(max($0, -range), range) }
    let length = root(cut)
    return length > norm ? cut.map { $0 * norm / length } : cut
  }

  private static func root(_ values: [Float]) -> Float {
    Float(values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
  }
}

/// Results that several threads fill in, each its own places.
private final class Starts: @unchecked Sendable {
  private let memory: UnsafeMutableBufferPointer<(window: [Float], rate: Float)>

  init(count: Int) {
    memory = .allocate(capacity: count)
    memory.initialize(repeating: ([], 0))
  }

  deinit {
    memory.deinitialize()
    memory.deallocate()
  }

  func set(_ place: Int, _ value: (window: [Float], rate: Float)) { memory[place] = value }

  var values: [(window: [Float], rate: Float)] { Array(memory) }
}
