import RetinaKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A Poisson point-process model of one cell: the exponential of a filtered stimulus and of the spikes before.
///
/// Pillow et al., "Spatio-temporal correlations and visual signalling in a complete neuronal population", Nature 2008. The
/// stimulus filter lies on a cut-out and is a sum of smooth humps in space and time, the spike history of the cell, and of
/// coupled cells on request, a sum of humps that widen with time. The likelihood is concave, so the fit is unique.
///
/// Rates are predicted one bin ahead: they depend on the spikes that were observed before, not only on the stimulus.
public struct GeneralizedLinearModel: Sendable {
  /// What is fitted.
  public struct Options: Sendable, Equatable {
    /// Humps of the stimulus filter in time.
    public var temporalCount = 7
    /// Humps of the stimulus filter along each axis of space.
    public var spatialCount = 7
    /// Humps of the spike history; 0 for a rate that depends on the stimulus alone.
    public var historyCount = 4
    /// Frames of spike history, at least 1.
    public var historyLength = 10
    /// Cells whose spikes count, too.
    public var coupled: [Int] = []
    /// Penalty on squared weights of unit-variance regressors, beside the mean negative log-likelihood per bin.
    public var penalty = 0.01

    /// Creates options.
    public init() {}
  }

  /// Where the filter lies.
  public let cutOut: CutOut
  /// Lags of the stimulus filter.
  public let lags: Range<Int>
  /// What was fitted.
  public let options: Options
  /// The cell.
  public let cell: Int
  /// The constant, then the weights of ``GeneralizedDesign``.
  public let weights: [Double]
  /// Mean negative log-likelihood per bin on the training frames, with the penalty.
  public let objective: Double

  /// Fits one cell on some frames; masked bins among them are left out.
  public init(
    _ set: TrainingSet, cell: Int, cutOut: CutOut, lags: Range<Int>, frames: [Range<Int>], options: Options = Options()
  ) {
    let design = GeneralizedDesign(
      set.stimulus, set.responses, of: set, cell: cell, cutOut: cutOut, lags: lags, options: options)
    self.init(design, frames: frames, penalty: options.penalty)
  }

  /// Fits regressors that were made before.
  ///
  /// - Parameter start: weights of a fit with another penalty, from which it is not far.
  init(_ design: GeneralizedDesign, frames: [Range<Int>], penalty: Double, start: [Double]? = nil) {
    let (regression, bins) = (design.regression, design.bins(frames))
    let penalties = design.penalties(penalty)
    let found = QuasiNewton().minimize(start ?? regression.start(bins)) { weights, gradient in
      regression.loss(weights, bins: bins, penalties: penalties, gradient: &gradient)
    }
    (cutOut, lags, options, cell) = (design.cutOut, design.lags, design.options, design.cell)
    weights = found.point
    objective = found.value
  }

  /// Fits with the penalty that predicts the validation bins best, on training and validation bins together.
  init(_ design: GeneralizedDesign, penalties: [Double], split: TimeSplit) {
    let validation = design.bins(split.validation)
    let none = design.penalties(0)
    var best: (penalty: Double, loss: Double, weights: [Double]?) = (penalties[0], .infinity, nil)
    var start: [Double]?
    for penalty in penalties where !validation.isEmpty {
      let model = GeneralizedLinearModel(design, frames: split.train, penalty: penalty, start: start)
      var gradient = model.weights
      let loss = design.regression.loss(model.weights, bins: validation, penalties: none, gradient: &gradient)
      if loss < best.loss { best = (penalty, loss, model.weights) }
      start = model.weights
    }
    self.init(design, frames: split.train + split.validation, penalty: best.penalty, start: best.weights)
  }

  /// Rates `[frame]` in spikes per bin, one bin ahead.
  ///
  /// - Parameters:
  ///   - stimulus: `[frame, height, width]`, normalised as that of the set.
  ///   - responses: `[frame, cell]`, what was observed with it.
  public func rates(_ stimulus: [Float], _ responses: [Float], of set: TrainingSet) -> [Float] {
    rates(
      GeneralizedDesign(
        stimulus, responses, of: set, cell: cell, cutOut: cutOut, lags: lags, options: options))
  }

  /// Rates `[frame]` for regressors that were made before.
  func rates(_ design: GeneralizedDesign) -> [Float] {
    let weights = design.regression.packed(weights)
    return (0..<design.regression.bins).map { Float(ElementaryDouble.exp(design.regression.drive($0, weights))) }
  }
}

/// The regressors of a cell's rate in every frame: filtered stimuli, then filtered spike histories.
struct GeneralizedDesign {
  let cutOut: CutOut
  let lags: Range<Int>
  let options: GeneralizedLinearModel.Options
  let cell: Int
  let regression: PoissonRegression
  private let stimulusCount: Int

  init(
    _ stimulus: [Float], _ responses: [Float], of set: TrainingSet, cell: Int, cutOut: CutOut, lags: Range<Int>,
    options: GeneralizedLinearModel.Options
  ) {
    (self.cutOut, self.lags, self.options, self.cell) = (cutOut, lags, options, cell)
    var regressors: [[Float]] = []
    let temporal = RaisedCosines.linear(count: options.temporalCount, length: lags.count).map(unit)
    let rows = RaisedCosines.linear(count: options.spatialCount, length: cutOut.rows.count).map(unit)
    let columns = RaisedCosines.linear(count: options.spatialCount, length: cutOut.columns.count).map(unit)
    for row in rows {
      for column in columns {
        let course = project(
          stimulus, set.height, set.width, cutOut, row.flatMap { y in column.map { Float(y * $0) } })
        for hump in temporal { regressors.append(filtered(course, hump, firstLag: lags.lowerBound)) }
      }
    }
    stimulusCount = regressors.count
    if options.historyCount > 0 {
      let humps = RaisedCosines.logarithmic(count: options.historyCount, length: options.historyLength)
      for source in [cell] + options.coupled {
        let spikes = stride(from: source, to: responses.count, by: set.cellCount).map { index in
          responses[index].isNaN ? 0 : responses[index]
        }
        for hump in humps { regressors.append(filtered(spikes, hump.map { Float($0) }, firstLag: 1)) }
      }
    }
    let frames = stimulus.count / (set.height * set.width)
    regression = PoissonRegression(regressors, responses: (0..<frames).map { responses[$0 * set.cellCount + cell] })
  }

  /// The frames of some ranges whose response is not masked.
  func bins(_ frames: [Range<Int>]) -> [Int] { frames.joined().filter { !regression.responses[$0].isNaN } }

  /// The penalty of each weight; the constant is free, and spike histories, which are few, are hardly held back.
  func penalties(_ penalty: Double) -> [Double] {
    (0..<regression.count).map { $0 == 0 ? 0 : $0 <= stimulusCount ? penalty : penalty * 1e-3 }
  }
}

/// A course weighted by a hump, which reaches from a lag backwards: `[frame]`; what lies before the course counts as 0.
private func filtered(_ course: [Float], _ hump: [Float], firstLag: Int) -> [Float] {
  var sums = [Float](repeating: 0, count: course.count)
  for (index, weight) in hump.enumerated() {
    let lag = firstLag + index
    for frame in lag..<max(lag, course.count) { sums[frame] += weight * course[frame - lag] }
  }
  return sums
}

/// A hump of length 1: for a white stimulus of unit variance what it filters has unit variance, too.
private func unit(_ hump: [Double]) -> [Float] {
  let norm = hump.reduce(0) { $0 + $1 * $1 }.squareRoot()
  return hump.map { Float(norm > 0 ? $0 / norm : $0) }
}

/// Penalised Poisson regression with an exponential link: mean over bins of rate - y ln(rate), plus half of each
/// penalty times its squared weight.
struct PoissonRegression {
  typealias Lane = SIMD8<Double>
  /// The regressors of a bin one after another, a constant 1 first, filled up with zeros to whole lanes.
  private var rows: [Lane]
  private let lanes: Int
  /// Spikes per bin.
  let responses: [Double]
  /// Weights, the constant included.
  let count: Int

  /// The number of bins.
  var bins: Int { responses.count }

  /// Creates a regression; `regressors` are `[regressor][bin]`.
  init(_ regressors: [[Float]], responses: [Float]) {
    count = regressors.count + 1
    let lanes = (count + 7) / 8
    self.lanes = lanes
    self.responses = responses.map(Double.init)
    rows = [Lane](repeating: .zero, count: responses.count * lanes)
    rows.withUnsafeMutableBytes { memory in
      let values = memory.bindMemory(to: Double.self)
      for bin in responses.indices { values[bin * lanes * 8] = 1 }
      for (index, regressor) in regressors.enumerated() {
        for bin in responses.indices { values[bin * lanes * 8 + index + 1] = Double(regressor[bin]) }
      }
    }
  }

  /// The logarithm of the mean response, and weights 0.
  func start(_ bins: [Int]) -> [Double] {
    let mean = bins.reduce(0) { $0 + responses[$1] } / Double(max(1, bins.count))
    return [log(max(mean, 1e-6))] + [Double](repeating: 0, count: count - 1)
  }

  /// The logarithm of the rate in a bin.
  @inline(__always)
  func drive(_ bin: Int, _ weights: [Lane]) -> Double {
    var sum = Lane.zero
    for lane in 0..<lanes { sum += rows[bin * lanes + lane] * weights[lane] }
    return sum.sum()
  }

  /// The loss over some bins, and its gradient by weight.
  func loss(_ weights: [Double], bins: [Int], penalties: [Double], gradient: inout [Double]) -> Double {
    let packed = packed(weights)
    var sums = [Lane](repeating: .zero, count: lanes)
    var loss = 0.0
    for bin in bins {
      let drive = drive(bin, packed)
      let rate = ElementaryDouble.exp(drive)
      loss += rate - responses[bin] * drive
      let slope = rate - responses[bin]
      for lane in 0..<lanes { sums[lane] += slope * rows[bin * lanes + lane] }
    }
    let scale = 1 / Double(max(1, bins.count))
    loss *= scale
    for index in 0..<count {
      gradient[index] = sums[index / 8][index % 8] * scale + penalties[index] * weights[index]
      loss += penalties[index] * weights[index] * weights[index] / 2
    }
    return loss
  }

  /// The regressors of a bin, the constant first, in lanes.
  func row(_ bin: Int) -> [Lane] { Array(rows[bin * lanes..<(bin + 1) * lanes]) }

  /// Weights in lanes.
  func packed(_ weights: [Double]) -> [Lane] {
    (0..<lanes).map { lane in
      var values = Lane.zero
      for index in lane * 8..<min(count, lane * 8 + 8) { values[index - lane * 8] = weights[index] }
      return values
    }
  }
}
