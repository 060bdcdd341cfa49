/// The QR decomposition of a set of vectors: an orthonormal basis, and the coordinates of the vectors in it.
///
/// Householder reflections (Golub and Van Loan, section 5.2), so that the coordinates keep all inner products to
/// rounding, whether the vectors are independent or not; 2 n m^2 operations for m vectors of length n, the basis as
/// many again.
public struct OrthogonalBasis: Sendable {
  /// Coordinates `[vector, direction]`; row k is zero after direction k.
  public let coordinates: Matrix
  private var mirrors: Matrix
  private let scales: [Double]

  /// Decomposes vectors, given as rows, that are at least as long as there are vectors.
  public init(of vectors: Matrix) {
    let (count, length) = (vectors.rows, vectors.columns)
    precondition(length >= count, "a basis of vectors that are shorter than their number has no triangular form")
    var work = vectors
    var scales = [Double](repeating: 0, count: count)
    work.values.withUnsafeMutableBufferPointer { values in
      guard let start = values.baseAddress else { return }
      for step in 0..<count {
        let mirror = start + step * length
        let size = length - step
        let tail = mirror + step
        let distance = dot(tail, tail, size).squareRoot()
        guard distance > 0 else { continue }
        let head = tail[0] < 0 ? -distance : distance
        // The mirror is v = x + sign(x0) |x| e0; its own image, -sign(x0) |x|, is kept in the coordinates.
        tail[0] += head
        scales[step] = 1 / (head * tail[0])
        for other in step + 1..<max(step + 1, count) {
          let target = start + other * length + step
          let factor = scales[step] * dot(tail, target, size)
          for place in 0..<size { target[place] -= factor * tail[place] }
        }
      }
    }
    var coordinates = Matrix(rows: count, columns: count)
    for vector in 0..<count {
      for direction in 0..<vector { coordinates[vector, direction] = work[vector, direction] }
      // v0 = x0 + head and scale = 1 / (head v0) give the head back.
      coordinates[vector, vector] = scales[vector] == 0 ? 0 : -1 / (scales[vector] * work[vector, vector])
    }
    self.coordinates = coordinates
    mirrors = work
    self.scales = scales
  }

  /// The basis vectors as rows, as many as there were vectors.
  public var basis: Matrix {
    let (count, length) = (mirrors.rows, mirrors.columns)
    var result = Matrix(rows: count, columns: length)
    for row in 0..<count { result[row, row] = 1 }
    for step in stride(from: count - 1, through: 0, by: -1) where scales[step] != 0 {
      let mirror = Array(mirrors.row(step)[step...])
      for row in 0..<count {
        let start = row * length + step
        var overlap = 0.0
        for place in mirror.indices { overlap += mirror[place] * result.values[start + place] }
        overlap *= scales[step]
        for place in mirror.indices { result.values[start + place] -= overlap * mirror[place] }
      }
    }
    return result
  }
}

extension OrthogonalBasis {
  /// Coordinates of vectors, given as rows, in an orthonormal basis of their span, without the basis.
  ///
  /// Long vectors are taken piece by piece, each joined to the coordinates of what came before (sequential TSQR; Demmel,
  /// Grigori, Hoemmen and Langou 2012), so that the work stays in the processor's cache.
  public static func coordinates(of vectors: Matrix) -> Matrix {
    let (count, length) = (vectors.rows, vectors.columns)
    let piece = max(1024, 2 * count)
    guard length > 2 * piece else { return OrthogonalBasis(of: vectors).coordinates }
    var coordinates = Matrix(rows: count, columns: 0)
    for start in stride(from: 0, to: length, by: piece) {
      // The last piece takes what is left, so that none is shorter than the number of vectors.
      guard length - start >= piece else { break }
      let end = length - start < 2 * piece ? length : start + piece
      let width = coordinates.columns + end - start
      var joined = Matrix(rows: count, columns: width)
      for row in 0..<count {
        let own = row * width + coordinates.columns
        joined.values.replaceSubrange(row * width..<own, with: coordinates.row(row))
        joined.values.replaceSubrange(
          own..<(row + 1) * width, with: vectors.values[row * length + start..<row * length + end])
      }
      coordinates = OrthogonalBasis(of: joined).coordinates
    }
    return coordinates
  }
}
