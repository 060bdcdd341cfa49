/// The singular value decomposition `A = sum over k of values[k] left[k] right[k]^T`, largest value first.
///
/// One-sided Jacobi rotations of the columns (Hestenes 1958; Golub and Van Loan, section 8.6.3), which find small
/// singular values to high relative accuracy; about 10 sweeps of m n^2 operations for m x n, m >= n.
public struct SingularValues: Sendable {
  /// The singular values, descending; as many as the smaller side of the matrix.
  public let values: [Double]
  /// The left singular vectors as rows, each as long as the matrix has rows; zero where the value is zero.
  public let left: Matrix
  /// The right singular vectors as rows, each as long as the matrix has columns; zero where the value is zero.
  public let right: Matrix

  /// Decomposes a matrix.
  public init(_ matrix: Matrix) {
    guard matrix.rows >= matrix.columns else {
      let turned = SingularValues(matrix.transposed)
      (values, left, right) = (turned.values, turned.right, turned.left)
      return
    }
    // Rows of `work` are the columns of the matrix; `rotation` collects what was done to them.
    var work = matrix.transposed
    var rotation = Matrix.identity(matrix.columns)
    let (count, length) = (matrix.columns, matrix.rows)
    for _ in 0..<60 {
      var isDone = true
      for first in 0..<count {
        for second in first + 1..<max(first + 1, count) {
          let (a, b, c) = work.values.withUnsafeBufferPointer { values in
            let (x, y) = (values.baseAddress! + first * length, values.baseAddress! + second * length)
            return (dot(x, x, length), dot(y, y, length), dot(x, y, length))
          }
          guard c.magnitude > 1e-15 * (a * b).squareRoot(), c != 0 else { continue }
          isDone = false
          let angle = (b - a) / (2 * c)
          let tangent = (angle < 0 ? -1 : 1) / (angle.magnitude + (1 + angle * angle).squareRoot())
          let cosine = 1 / (1 + tangent * tangent).squareRoot()
          work.rotateRows(first, second, cosine: cosine, sine: cosine * tangent)
          rotation.rotateRows(first, second, cosine: cosine, sine: cosine * tangent)
        }
      }
      if isDone { break }
    }
    let lengths = (0..<count).map { norm(work.row($0)) }
    let order = (0..<count).sorted { lengths[$0] > lengths[$1] }
    values = order.map { lengths[$0] }
    left = Matrix(
      rows: count, columns: length,
      values: order.flatMap { place in work.row(place).map { lengths[place] > 0 ? $0 / lengths[place] : 0 } })
    right = Matrix(rows: count, columns: count, values: order.flatMap { rotation.row($0) })
  }
}

extension Matrix {
  /// Turns two rows: `(x, y)` become `(c x - s y, s x + c y)`.
  fileprivate mutating func rotateRows(_ first: Int, _ second: Int, cosine: Double, sine: Double) {
    let width = columns
    values.withUnsafeMutableBufferPointer { values in
      let (top, bottom) = (first * width, second * width)
      for column in 0..<width {
        let (x, y) = (values[top + column], values[bottom + column])
        values[top + column] = cosine * x - sine * y
        values[bottom + column] = sine * x + cosine * y
      }
    }
  }
}
