import RetinaModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A two-dimensional Gaussian fitted to the map of a receptive field, by least squares.
///
/// value(row, column) = amplitude x exp(-(u^2 / major^2 + v^2 / minor^2) / 2), with u and v the distances from the centre along
/// two axes, the first of which is turned by `angle` from the right, counter-clockwise.
public struct GaussianField: Sendable {
  /// Value at the centre; below 0 for OFF fields.
  public var amplitude: Double
  /// The centre, in pixels of the map.
  public var row, column: Double
  /// Deviations along both axes in pixels, the larger and the smaller.
  public var major, minor: Double
  /// Angle of the first axis in degrees, from -90 to 90.
  public var angle: Double
  /// The part of the map's sum of squares that the Gaussian explains.
  public var explained: Double

  /// Fits a map `[height, width]` with the method of Levenberg and Marquardt, from the pixel of largest magnitude; nothing for a map of
  /// zeros.
  public init?(_ map: [Float], height: Int, width: Int) {
    let values = map.map(Double.init)
    guard values.count == height * width,
      let top = values.indices.max(by: { values[$0].magnitude < values[$1].magnitude }), values[top] != 0
    else { return nil }
    // Amplitude, row, column, logarithms of the radii, angle in radians.
    var best = [values[top], Double(top / width), Double(top % width), log(1.5), log(1.2), 0.3]
    func residuals(_ p: [Double]) -> [Double] {
      let (c, s) = (cos(p[5]), sin(p[5]))
      let (a, b) = (exp(-2 * p[3]), exp(-2 * p[4]))
      return values.indices.map { pixel in
        let (down, right) = (Double(pixel / width) - p[1], Double(pixel % width) - p[2])
        let (u, v) = (right * c - down * s, right * s + down * c)
        return p[0] * exp(-(u * u * a + v * v * b) / 2) - values[pixel]
      }
    }
    func cost(_ residuals: [Double]) -> Double { residuals.reduce(0) { $0 + $1 * $1 } }
    var current = residuals(best)
    var damping = 1e-2
    for _ in 0..<200 where damping < 1e8 {
      let columns = best.indices.map { index -> [Double] in
        var moved = best
        let step = 1e-6 * max(1, best[index].magnitude)
        moved[index] += step
        return zip(residuals(moved), current).map { ($0 - $1) / step }
      }
      var normal = columns.map { a in columns.map { b in zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } } }
      let right = columns.map { column in -zip(column, current).reduce(0) { $0 + $1.0 * $1.1 } }
      for index in best.indices { normal[index][index] = normal[index][index] * (1 + damping) + 1e-12 }
      guard let step = solve(normal, right) else { break }
      let next = zip(best, step).map { $0 + $1 }
      let found = residuals(next)
      if cost(found).isFinite, cost(found) < cost(current), next[3...4].allSatisfy({ $0.magnitude < 5 }) {
        let gain = 1 - cost(found) / cost(current)
        (best, current, damping) = (next, found, damping / 5)
        if gain < 1e-10 { break }
      } else {
        damping *= 4
      }
    }
    amplitude = best[0]
    (row, column) = (best[1], best[2])
    let (first, second) = (exp(best[3]), exp(best[4]))
    (major, minor) = (max(first, second), min(first, second))
    var turned = (best[5] + (first < second ? Double.pi / 2 : 0)).remainder(dividingBy: .pi) * 180 / .pi
    if turned <= -90 { turned += 180 }
    angle = turned
    explained = 1 - cost(current) / max(cost(values), .leastNormalMagnitude)
  }
}

/// The solution of a small system of linear equations by elimination with pivots; nothing when it is singular.
func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double]? {
  var (a, b) = (matrix, right)
  let count = b.count
  for column in 0..<count {
    guard let pivot = (column..<count).max(by: { a[$0][column].magnitude < a[$1][column].magnitude }),
      a[pivot][column] != 0
    else { return nil }
    a.swapAt(column, pivot)
    b.swapAt(column, pivot)
    for row in column + 1..<count {
      let factor = a[row][column] / a[column][column]
      for index in column..<count { a[row][index] -= factor * a[column][index] }
      b[row] -= factor * b[column]
    }
  }
  for row in stride(from: count - 1, through: 0, by: -1) {
    for column in row + 1..<max(row + 1, count) { b[row] -= a[row][column] * b[column] }
    b[row] /= a[row][row]
  }
  return b
}
