#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Eigenvalues and eigenvectors of a symmetric matrix, largest eigenvalue first.
///
/// Householder reflections to a tridiagonal matrix, then implicit QL steps with Wilkinson's shift (Golub and Van Loan,
/// Matrix Computations, section 8.3); about 9 n^3 operations.
public struct SymmetricEigen: Sendable {
  /// The eigenvalues, descending.
  public let values: [Double]
  /// The eigenvectors as rows, in the order of the values.
  public let vectors: Matrix

  /// Decomposes a symmetric matrix; only its lower half is read.
  public init(_ matrix: Matrix) {
    var work = matrix
    let (diagonal, beside) = SymmetricEigen.tridiagonalize(&work)
    self.init(diagonal: diagonal, beside: beside, basis: work)
  }

  /// Decomposes a tridiagonal matrix with these values on the diagonal and beside it (one fewer).
  public init(diagonal: [Double], beside: [Double]) {
    self.init(diagonal: diagonal, beside: beside + [0], basis: .identity(diagonal.count))
  }

  /// QL steps; `basis` holds the columns of the reduction as rows, which turn with the steps.
  private init(diagonal: [Double], beside: [Double], basis: Matrix) {
    let size = diagonal.count
    var (d, e, rows) = (diagonal, beside, basis)
    for lower in 0..<size {
      var steps = 0
      while true {
        var end = lower
        while end + 1 < size, e[end].magnitude > 1e-16 * (d[end].magnitude + d[end + 1].magnitude) { end += 1 }
        // 60 steps for one eigenvalue have never been seen; the matrix then holds values that are not finite.
        guard end > lower, steps < 60 else { break }
        steps += 1
        var g = (d[lower + 1] - d[lower]) / (2 * e[lower])
        var r = hypot(g, 1)
        g = d[end] - d[lower] + e[lower] / (g + (g < 0 ? -r : r))
        var (s, c, p) = (1.0, 1.0, 0.0)
        var place = end - 1
        while place >= lower {
          let (f, b) = (s * e[place], c * e[place])
          r = hypot(f, g)
          e[place + 1] = r
          if r == 0 {
            d[place + 1] -= p
            e[end] = 0
            break
          }
          (s, c) = (f / r, g / r)
          g = d[place + 1] - p
          r = (d[place] - g) * s + 2 * c * b
          p = s * r
          d[place + 1] = g + p
          g = c * r - b
          rows.values.withUnsafeMutableBufferPointer { values in
            let (first, second) = (place * size, (place + 1) * size)
            for column in 0..<size {
              let (low, high) = (values[first + column], values[second + column])
              values[second + column] = s * low + c * high
              values[first + column] = c * low - s * high
            }
          }
          place -= 1
        }
        if r == 0, place >= lower { continue }
        d[lower] -= p
        e[lower] = g
        e[end] = 0
      }
    }
    let order = (0..<size).sorted { d[$0] > d[$1] }
    values = order.map { d[$0] }
    vectors = Matrix(rows: size, columns: size, values: order.flatMap { rows.row($0) })
  }

  /// Reduces a symmetric matrix to a tridiagonal one and leaves the orthogonal basis, as rows, in its place.
  private static func tridiagonalize(_ matrix: inout Matrix) -> (diagonal: [Double], beside: [Double]) {
    let size = matrix.rows
    var basis = Matrix.identity(size)
    var beside = [Double](repeating: 0, count: size)
    for step in 0..<max(0, size - 2) {
      var mirror = (step + 1..<size).map { matrix[$0, step] }
      let length = norm(mirror)
      let sign: Double = mirror[0] < 0 ? -1 : 1
      beside[step] = -sign * length
      guard length > 0 else { continue }
      mirror[0] += sign * length
      let scale = 2 / squaredNorm(mirror)
      // A <- H A H for the trailing block, with H = I - scale v v^T, as a rank-two update.
      let count = mirror.count
      var product = [Double](repeating: 0, count: count)
      for row in 0..<count {
        var sum = 0.0
        for column in 0..<count {
          let (i, j) = (row + step + 1, column + step + 1)
          sum += (i >= j ? matrix[i, j] : matrix[j, i]) * mirror[column]
        }
        product[row] = scale * sum
      }
      let overlap = scale / 2 * dot(product, mirror)
      for place in 0..<count { product[place] -= overlap * mirror[place] }
      for row in 0..<count {
        for column in 0...row {
          matrix[row + step + 1, column + step + 1] -= mirror[row] * product[column] + product[row] * mirror[column]
        }
      }
      // The rows of the basis are the columns of the product of all reflections.
      var turned = [Double](repeating: 0, count: size)
      for row in 0..<count {
        let factor = mirror[row]
        for column in 0..<size { turned[column] += factor * basis[row + step + 1, column] }
      }
      for row in 0..<count {
        let factor = scale * mirror[row]
        for column in 0..<size { basis[row + step + 1, column] -= factor * turned[column] }
      }
    }
    if size > 1 { beside[size - 2] = matrix[size - 1, size - 2] }
    let diagonal = matrix.diagonal
    matrix = basis
    return (diagonal, beside)
  }
}
