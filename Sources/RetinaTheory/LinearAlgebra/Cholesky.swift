/// The factor `L` of a symmetric positive matrix `A = L L^T`, and what it solves; n^3 / 3 operations.
public struct Cholesky: Sendable {
  private let factor: Matrix

  /// Decomposes a matrix of which only the lower half is read.
  ///
  /// - Returns: nothing where the matrix is not positive to rounding; add a ridge then.
  public init?(_ matrix: Matrix) {
    var factor = Matrix(rows: matrix.rows, columns: matrix.rows)
    let size = matrix.rows
    let largest = matrix.diagonal.reduce(0) { max($0, $1.magnitude) }
    for row in 0..<size {
      for column in 0...row {
        let product = factor.values.withUnsafeBufferPointer {
          dot($0.baseAddress! + row * size, $0.baseAddress! + column * size, column)
        }
        let rest = matrix[row, column] - product
        if row == column {
          guard rest > 1e-15 * largest else { return nil }
          factor[row, row] = rest.squareRoot()
        } else {
          factor[row, column] = rest / factor[column, column]
        }
      }
    }
    self.factor = factor
  }

  /// The `x` for which `A x = right`.
  public func solve(_ right: [Double]) -> [Double] {
    var x = right
    let size = factor.rows
    for row in 0..<size {
      for column in 0..<row { x[row] -= factor[row, column] * x[column] }
      x[row] /= factor[row, row]
    }
    for row in stride(from: size - 1, through: 0, by: -1) {
      for below in row + 1..<max(row + 1, size) { x[row] -= factor[below, row] * x[below] }
      x[row] /= factor[row, row]
    }
    return x
  }
}
