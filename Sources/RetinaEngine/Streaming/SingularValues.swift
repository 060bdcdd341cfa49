/// The singular values and vectors of a matrix: `matrix = sum over i of left[i] * right[i]^T`.
///
/// Vectors of the longer side are as long as their singular value, those of the shorter side have length 1.
///
/// One-sided Jacobi rotations (M. R. Hestenes, Inversion of Matrices by Biorthogonalization and Related Results, 1958): pairs of rows
/// are turned until all are at right angles.
struct SingularValues {
  /// From the largest to the smallest.
  private(set) var values: [Double] = []
  /// One vector per value, as long as the matrix has rows; and as it has columns.
  private(set) var left: [[Double]] = []
  private(set) var right: [[Double]] = []

  /// Decomposes a matrix of so many rows, in row-major order.
  init(_ matrix: [Double], rows: Int) {
    let columns = matrix.count / rows
    let isWide = rows <= columns
    // The shorter side is turned.
    let (count, length) = isWide ? (rows, columns) : (columns, rows)
    var turned = (0..<count).map { row in
      (0..<length).map { isWide ? matrix[row * columns + $0] : matrix[$0 * columns + row] }
    }
    var basis = (0..<count).map { row in (0..<count).map { $0 == row ? 1.0 : 0 } }
    // Converges quadratically; far fewer sweeps are ever needed.
    for _ in 0..<40 {
      var isDone = true
      for first in 0..<count {
        for second in first + 1..<max(first + 1, count)
        where SingularValues.turn(&turned, &basis, first, second) { isDone = false }
      }
      if isDone { break }
    }
    let lengths = turned.map { row in row.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    for index in (0..<count).sorted(by: { lengths[$0] > lengths[$1] }) {
      values.append(lengths[index])
      left.append(isWide ? basis[index] : turned[index])
      right.append(isWide ? turned[index] : basis[index])
    }
  }

  /// Turns two rows in their plane until they are at right angles; says whether they were not.
  private static func turn(
    _ rows: inout [[Double]], _ basis: inout [[Double]], _ first: Int, _ second: Int
  ) -> Bool {
    var (a, b, product) = (0.0, 0.0, 0.0)
    for index in rows[first].indices {
      let (x, y) = (rows[first][index], rows[second][index])
      a += x * x
      b += y * y
      product += x * y
    }
    guard product.magnitude > 1e-15 * (a * b).squareRoot() else { return false }
    let slope = (b - a) / (2 * product)
    let tangent = (slope < 0 ? -1 : 1) / (slope.magnitude + (1 + slope * slope).squareRoot())
    let cosine = 1 / (1 + tangent * tangent).squareRoot()
    let sine = cosine * tangent
    rotate(&rows, first, second, cosine, sine)
    rotate(&basis, first, second, cosine, sine)
    return true
  }

  private static func rotate(
    _ rows: inout [[Double]], _ first: Int, _ second: Int, _ cosine: Double, _ sine: Double
  ) {
    for index in rows[first].indices {
      let (x, y) = (rows[first][index], rows[second][index])
      rows[first][index] = cosine * x - sine * y
      rows[second][index] = sine * x + cosine * y
    }
  }
}
