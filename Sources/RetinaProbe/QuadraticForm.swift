/// `(r - m)' P (r - m)` for the units r of one boundary, in float64.
public struct QuadraticForm: Sendable, Equatable {
  /// m.
  public var center: [Double]
  /// P, symmetric, row by row.
  public var matrix: [Double]

  /// Creates a form from m and a symmetric P.
  public init(center: [Double], matrix: [Double]) {
    self.center = center
    self.matrix = matrix
  }

  /// The surprisal of a population, `(r - mu)' S^-1 (r - mu)`: how far its rates are from their mean, in units of how they
  /// vary together.
  ///
  /// Were the rates Gaussian, half of it would be their information in nats, up to a constant (Mahalanobis 1936).
  ///
  /// mu is the mean of the rates given and S their covariance (divided by their number) plus a thousandth of the mean variance on the
  /// diagonal, so that cells that never differ, or fewer windows than cells, leave S invertible. Rates that never change give a
  /// surprisal of zero.
  ///
  /// - Parameter rates: `[windows, cells]`.
  public init(surprisalOf rates: [Float], cells: Int) {
    let windows = rates.count / max(1, cells)
    var mean = [Double](repeating: 0, count: cells)
    for index in 0..<windows * cells { mean[index % cells] += Double(rates[index]) / Double(windows) }
    var covariance = [Double](repeating: 0, count: cells * cells)
    for window in 0..<windows {
      let row = (0..<cells).map { Double(rates[window * cells + $0]) - mean[$0] }
      for first in 0..<cells {
        for second in 0...first { covariance[first * cells + second] += row[first] * row[second] / Double(windows) }
      }
    }
    let trace = (0..<cells).reduce(0.0) { $0 + covariance[$1 * cells + $1] }
    let variance = trace / Double(max(1, cells))
    for cell in 0..<cells { covariance[cell * cells + cell] += variance > 0 ? variance / 1000 : 1 }
    center = mean
    matrix = QuadraticForm.inverse(covariance, size: cells)
  }

  /// The value for some units.
  func value(_ unit: (Int) -> Double) -> Double {
    center.indices.reduce(0.0) { $0 + (unit($1) - center[$1]) * slope($1, unit) / 2 }
  }

  /// The derivative with respect to one unit, `2 P (r - m)`.
  func slope(_ place: Int, _ unit: (Int) -> Double) -> Double {
    var sum = 0.0
    for index in center.indices { sum += matrix[place * center.count + index] * (unit(index) - center[index]) }
    return 2 * sum
  }

  /// The inverse of a positive definite matrix, of which the lower triangle is given, by Cholesky's factors.
  private static func inverse(_ lower: [Double], size: Int) -> [Double] {
    var factor = lower
    for row in 0..<size {
      for column in 0...row {
        var sum = factor[row * size + column]
        for index in 0..<column { sum -= factor[row * size + index] * factor[column * size + index] }
        factor[row * size + column] = row == column ? sum.squareRoot() : sum / factor[column * size + column]
      }
    }
    var inverse = [Double](repeating: 0, count: size * size)
    for column in 0..<size {
      var solution = [Double](repeating: 0, count: size)
      for row in 0..<size {
        var sum = row == column ? 1.0 : 0
        for index in 0..<row { sum -= factor[row * size + index] * solution[index] }
        solution[row] = sum / factor[row * size + row]
      }
      for row in stride(from: size - 1, through: 0, by: -1) {
        var sum = solution[row]
        for index in stride(from: row + 1, to: size, by: 1) { sum -= factor[index * size + row] * solution[index] }
        solution[row] = sum / factor[row * size + row]
      }
      for row in 0..<size { inverse[row * size + column] = solution[row] }
    }
    return inverse
  }
}
