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
  ///   - rank: directions of the stimulus to keep, those of most variance.
  ///   - ridge: added to each variance before whitening, a part of the largest.
  ///   - start: strength of each mode at the start of the network.
  ///   - rate: learning rate for a mean over samples.
  /// - Throws: ``TheoryError`` for fewer samples than twice the directions, a stimulus that does not vary, cells that are
  ///   silent.
  public init(
    stimulus: Matrix, responses: Matrix, rank: Int, ridge: Double = 1e-6, start: Double = 1e-3, rate: Double = 0.01,
    shuffles: Int = 20, seed: UInt64 = 1
  ) throws(TheoryError) {
    guard stimulus.rows == responses.rows, stimulus.rows > 1 else {
      throw TheoryError(
        "recording", expected: "as many samples of the stimulus as of the responses, more than 1",
        found: "\(stimulus.rows) and \(responses.rows)")
    }
    guard (stimulus.values + responses.values).allSatisfy(\.isFinite) else {
      throw TheoryError("recording", expected: "finite values", found: "others")
    }
    var (x, y) = (stimulus, responses)
    x.centreRows()
    y.centreRows()
    let silent = (0..<y.columns).filter { norm(y.column($0)) == 0 }
    guard silent.isEmpty else {
      throw TheoryError("cell \(silent[0])", expected: "responses that vary", found: "the same for every stimulus")
    }
    let whitening = try Whitening(x, rank: rank, ridge: ridge)
    let white = whitening.whiten(x)
    let count = white.columns
    guard stimulus.rows >= 2 * count else {
      throw TheoryError(
        "recording", expected: "at least \(2 * count) samples for \(count) directions of the stimulus; keep fewer",
        found: "\(stimulus.rows)")
    }
    let correlation = (1 / Double(x.rows)) * (y.transposed * white)
    var generator = SeededGenerator(seed: seed)
    var (largest, power) = ([Double](), 0.0)
    for _ in 0..<max(1, shuffles) {
      let keys = (0..<y.rows).map { _ in generator.next() }
      let order = (0..<y.rows).sorted { keys[$0] < keys[$1] }
      let mixed = Matrix(rows: y.rows, columns: y.columns, values: order.flatMap { y.row($0) })
      let chance = (1 / Double(x.rows)) * (mixed.transposed * white)
      power += chance.squaredNorm
      largest.append(SingularValues(chance).values[0])
    }
    let noise = (power / Double(largest.count * count * y.columns)).squareRoot()
    let (aspect, unit) = (Double(y.columns) / Double(count), noise * Double(count).squareRoot())
    let found = SingularValues(correlation)
    self.correlation = correlation
    modes = found.values.indices.map { place in
      let signal = NoisyMode(measured: found.values[place] / unit, aspect: aspect)
      return Mode(
        measured: found.values[place], signal: signal.map { ($0.strength * unit, $0.overlap) },
        halfTime: LearningCurve.halfTime(found.values[place], from: start, tau: 1 / rate),
        stimulus: whitening.restore(found.right.row(place)), cells: found.left.row(place))
    }
    noiseEdge = unit * MarchenkoPastur(aspect: aspect).edges.upper
    shuffled = (largest.reduce(0, +) / Double(largest.count), largest.max() ?? 0)
    (directions, samples, self.noise, self.start, self.rate) = (count, x.rows, noise, start, rate)
    let strengths = modes.compactMap { $0.signal.map { $0.strength / unit } }
    // In units of the noise, time runs as fast as the noise is strong.
    curve =
      strengths.isEmpty
      ? nil
      : GeneralizationCurve(
        strengths: strengths, hidden: min(count, y.columns), aspect: aspect, start: start / unit,
        tau: 1 / (rate * unit))
  }
}

/// The directions of most variance of a stimulus, each scaled to a variance of 1.
private struct Whitening {
  private let axes: Matrix
  private let scales: [Double]

  init(_ x: Matrix, rank: Int, ridge: Double) throws(TheoryError) {
    let covariance = (1 / Double(x.rows)) * x.transposed.gram
    let eigen = SymmetricEigen(covariance)
    guard let largest = eigen.values.first, largest > 0 else {
      throw TheoryError("stimulus", expected: "a stimulus that varies", found: "the same for every sample")
    }
    let kept = min(max(1, rank), eigen.values.count { $0 > 1e-12 * largest })
    axes = Matrix(rows: kept, columns: x.columns, values: Array(eigen.vectors.values[..<(kept * x.columns)]))
    scales = eigen.values[..<kept].map { ($0 + ridge * largest).squareRoot() }
  }

  func whiten(_ x: Matrix) -> Matrix {
    var white = x * axes.transposed
    for row in 0..<white.rows {
      for column in 0..<white.columns { white[row, column] /= scales[column] }
    }
    return white
  }

  /// The filter, in the original dimensions, whose output is a direction of the whitened stimulus.
  func restore(_ direction: [Double]) -> [Double] {
    (0..<axes.columns).map { column in
      direction.indices.reduce(0) { $0 + direction[$1] / scales[$1] * axes[$1, column] }
    }
  }
}
