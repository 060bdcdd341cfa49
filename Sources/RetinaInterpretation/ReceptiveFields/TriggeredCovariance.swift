import RetinaFit
import RetinaStimuli
import RetinaTheory

/// Directions along which the stimulus varies more, or less, when a cell fires: the spike-triggered covariance.
///
/// The covariance of the stimulus weighted with the rate, less that of all stimuli, in the space orthogonal to the spike-triggered
/// average (Schwartz, Pillow, Rust and Simoncelli, "Spike-triggered neural characterization", Journal of Vision 6, 484, 2006).
/// A direction counts when its eigenvalue lies outside those of responses shifted in time against the stimulus.
public struct TriggeredCovariance: Sendable {
  /// Where the directions lie.
  public var cutOut: CutOut
  /// Lags of the directions.
  public var lags: Range<Int>
  /// All eigenvalues, largest first; 0 without any relation, in units of the stimulus's variance.
  public var values: [Double]
  /// The largest and the smallest eigenvalue over shifted responses.
  public var null: (low: Double, high: Double)
  /// Directions above the null, strongest first: the cell fires more when the stimulus goes far along them, either way.
  public var exciting: [[Double]]
  /// Directions below the null, strongest first: the cell is silenced by them.
  public var suppressing: [[Double]]

  /// Shifts of the null.
  static let shifts = 8

  /// Analyses the rates of one cell; `[lag, row, column]` of each direction must not be more than some hundred numbers.
  init(_ set: TrainingSet, cell: Int, cutOut: CutOut, lags: Range<Int>, frames: [Range<Int>]) {
    self.cutOut = cutOut
    self.lags = lags
    let dimensions = lags.count * cutOut.count
    var rates: [Double] = []
    var windows: [Float] = []
    for frame in frames.joined() where frame >= lags.upperBound - 1 {
      let rate = set.responses[frame * set.cellCount + cell]
      guard !rate.isNaN else { continue }
      rates.append(Double(rate))
      for lag in lags {
        for y in cutOut.rows {
          let source = ((frame - lag) * set.height + y) * set.width
          for x in cutOut.columns { windows.append(set.stimulus[source + x]) }
        }
      }
    }
    func eigen(_ weights: [Double]) -> SymmetricEigen {
      SymmetricEigen(TriggeredCovariance.difference(windows, weights: weights, dimensions: dimensions))
    }
    var generator = SeededGenerator(seed: 8)
    var (low, high) = (Double.infinity, -Double.infinity)
    for _ in 0..<TriggeredCovariance.shifts where rates.count > 2 {
      // At least a tenth of the recording away.
      let shift = Int((0.1 + 0.8 * generator.uniform()) * Double(rates.count))
      let values = eigen(Array(rates[shift...]) + Array(rates[..<shift])).values
      (low, high) = (min(low, values.min() ?? 0), max(high, values.max() ?? 0))
    }
    null = (low, high)
    let own = eigen(rates)
    values = own.values
    exciting = values.indices.filter { own.values[$0] > high }.map { own.vectors.row($0) }
    suppressing = values.indices.reversed().filter { own.values[$0] < low }.map { own.vectors.row($0) }
  }

  /// The weighted covariance less the plain one, both orthogonal to the weighted mean.
  private static func difference(_ windows: [Float], weights: [Double], dimensions: Int) -> Matrix {
    let count = weights.count
    let total = max(weights.reduce(0, +), .leastNormalMagnitude)
    var mean = [Double](repeating: 0, count: dimensions)
    for (row, weight) in weights.enumerated() {
      for index in 0..<dimensions { mean[index] += weight / total * Double(windows[row * dimensions + index]) }
    }
    let length = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let axis = mean.map { Float(length > 0 ? $0 / length : 0) }
    var sums = [Float](repeating: 0, count: dimensions * dimensions)
    var values = [Float](repeating: 0, count: dimensions)
    for (row, weight) in weights.enumerated() {
      var along: Float = 0
      for index in 0..<dimensions { along += axis[index] * windows[row * dimensions + index] }
      for index in 0..<dimensions { values[index] = windows[row * dimensions + index] - along * axis[index] }
      let factor = Float(weight / total - 1 / Double(count))
      for a in 0..<dimensions {
        let scaled = factor * values[a]
        for b in 0...a { sums[a * dimensions + b] += scaled * values[b] }
      }
    }
    var matrix = Matrix(rows: dimensions, columns: dimensions)
    for a in 0..<dimensions {
      for b in 0...a {
        matrix.values[a * dimensions + b] = Double(sums[a * dimensions + b])
        matrix.values[b * dimensions + a] = Double(sums[a * dimensions + b])
      }
    }
    return matrix
  }
}
