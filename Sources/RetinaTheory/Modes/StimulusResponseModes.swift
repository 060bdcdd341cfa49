import RetinaStimuli

/// The modes of a recording: patterns of the stimulus and of the cells that go together, before any model is fitted.
///
/// The stimulus is whitened, its correlation with the responses decomposed, and each singular value held against what
/// noise gives: a mode above the edge of the noise can be learned from this many samples, others cannot.
public struct StimulusResponseModes: Sendable {
  /// One mode.
  public struct Mode: Sendable {
    /// Singular value of the correlation.
    public var measured: Double
    /// Strength without noise and overlap of its vectors, where it stands out of the noise, in units of the correlation.
    public var signal: (strength: Double, overlap: Double)?
    /// Steps of gradient descent until a linear network with one hidden layer has learned half of it.
    public var halfTime: Double
    /// The pattern of the stimulus, in the original dimensions.
    public var stimulus: [Double]
    /// The pattern of the cells.
    public var cells: [Double]
  }

  /// The correlation of whitened stimulus and responses, `[cell, direction]`.
  public let correlation: Matrix
  /// The modes, strongest first.
  public let modes: [Mode]
  /// The largest singular value that noise alone gives, by the law of Marchenko and Pastur.
  public let noiseEdge: Double
  /// The largest singular value after the responses were shuffled against the stimulus: mean and largest of the shuffles.
  public let shuffled: (mean: Double, largest: Double)
  /// Directions of the stimulus that were kept.
  public let directions: Int
  /// Samples.
  public let samples: Int
  /// Standard deviation of the noise of each value of the correlation.
  public let noise: Double
  /// Strength at the start of the network whose times are predicted.
  public let start: Double
  /// The learning rate of that network.
  public let rate: Double
  /// The test error over time and its best stopping time, in steps; nothing when no mode stands out.
  public let curve: GeneralizationCurve?
  private let whitening: Whitening
  private let meanStimulus: [Double]
  /// What is taken from the responses of each cell, and what they are then divided by.
  private let centres, scales: [Double]

  /// Steps of the best stopping and the relative test error there.
  public var best: (steps: Double, error: Double)? {
    curve.map {
      let best = $0.best()
      return (best.time, best.error)
    }
  }

  /// Finds the modes.
  ///
  /// - Parameters:
  ///   - stimulus: `[sample, dimension]`.
  ///   - responses: `[sample, cell]`.
  ///   - rank: directions of the stimulus to keep, those of most variance; nothing for those that hold 99 % of it, at most a
  ///     quarter of the samples.
  ///   - ridge: added to each variance before whitening, a part of the largest.
  ///   - standardizes: whether the responses of each cell are divided by their deviation, so that the noise of all cells is
  ///     alike, as the law of Marchenko and Pastur has it.
  ///   - start: strength of each mode at the start of the network.
  ///   - rate: learning rate for a mean over samples; nothing for 0.02 over the strength of the first mode.
  /// - Throws: ``TheoryError`` for fewer samples than twice the directions, a stimulus that does not vary, cells that are
  ///   silent.
  public init(
    stimulus: Matrix, responses: Matrix, rank: Int? = nil, ridge: Double = 1e-6, standardizes: Bool = false,
    start: Double = 1e-3, rate: Double? = nil, shuffles: Int = 20, seed: UInt64 = 1
  ) throws(TheoryError) {
    guard stimulus.rows == responses.rows, stimulus.rows > 1 else {
      throw TheoryError(
        "recording", expected: "as many samples of the stimulus as of the responses, more than 1",
        found: "\(stimulus.rows) and \(responses.rows)")
    }
    guard (stimulus.values + responses.values).allSatisfy(\.isFinite) else {
      throw TheoryError("recording", expected: "finite values", found: "others")
    }
    var y = responses
    centres = y.centreRows()
    let silent = (0..<y.columns).filter { norm(y.column($0)) <= 1e-10 * norm(responses.column($0)) }
    guard silent.isEmpty else {
      throw TheoryError("cell \(silent[0])", expected: "responses that vary", found: "the same for every stimulus")
    }
    scales = (0..<y.columns).map { standardizes ? norm(y.column($0)) / Double(y.rows).squareRoot() : 1 }
    y.divideColumns(by: scales)
    var x = stimulus
    meanStimulus = x.centreRows()
    let part = 1 / Double(x.rows)
    let whitening = try Whitening(x, meanSquare: part * stimulus.squaredNorm, rank: rank, ridge: ridge)
    let count = whitening.count
    guard stimulus.rows >= 2 * count else {
      throw TheoryError(
        "recording", expected: "at least \(2 * count) samples for \(count) directions of the stimulus; keep fewer",
        found: "\(stimulus.rows)")
    }
    let correlation = whitening.whiten(part * y.crossProducts(with: x))
    var generator = SeededGenerator(seed: seed)
    var (largest, power) = ([Double](), 0.0)
    for _ in 0..<max(1, shuffles) {
      let keys = (0..<y.rows).map { _ in generator.next() }
      let order = (0..<y.rows).sorted { keys[$0] < keys[$1] }
      let mixed = Matrix(rows: y.rows, columns: y.columns, values: order.flatMap { y.row($0) })
      let chance = whitening.whiten(part * mixed.crossProducts(with: x))
      power += chance.squaredNorm
      largest.append(SingularValues(chance).values[0])
    }
    let noise = (power / Double(largest.count * count * y.columns)).squareRoot()
    let (aspect, unit) = (Double(y.columns) / Double(count), noise * Double(count).squareRoot())
    let found = SingularValues(correlation)
    let rate = rate ?? 0.02 / max(found.values[0], 1e-12)
    self.correlation = correlation
    self.whitening = whitening
    modes = found.values.indices.map { place in
      let signal = NoisyMode(measured: found.values[place] / unit, aspect: aspect)
      return Mode(
        measured: found.values[place], signal: signal.map { ($0.strength * unit, $0.overlap) },
        halfTime: LearningCurve.halfTime(found.values[place], from: start, tau: 1 / rate),
        stimulus: whitening.restore(found.right.row(place)), cells: found.left.row(place))
    }
    noiseEdge = unit * MarchenkoPastur(aspect: aspect).edges.upper
    shuffled = (largest.reduce(0, +) / Double(largest.count), largest.max() ?? 0)
    (directions, samples, self.noise, self.start, self.rate) = (count, y.rows, noise, start, rate)
    let strengths = modes.compactMap { $0.signal.map { $0.strength / unit } }
    // In units of the noise, time runs as fast as the noise is strong.
    curve =
      strengths.isEmpty
      ? nil
      : GeneralizationCurve(
        strengths: strengths, hidden: min(count, y.columns), aspect: aspect, start: start / unit,
        tau: 1 / (rate * unit))
  }

  /// The error of linear networks on other samples of the recording, `[sample, dimension]` and `[sample, cell]`.
  public func heldOut(stimulus: Matrix, responses: Matrix) -> HeldOutError {
    var y = responses
    y.subtractFromRows(centres)
    y.divideColumns(by: scales)
    var x = stimulus
    x.subtractFromRows(meanStimulus)
    let part = 1 / Double(x.rows)
    // Both sides of the second moments are taken to the directions, one after the other.
    return HeldOutError(
      scatter: whitening.whiten(whitening.whiten(part * x.columnGram).transposed),
      correlation: whitening.whiten(part * y.crossProducts(with: x)), power: part * y.squaredNorm)
  }
}
