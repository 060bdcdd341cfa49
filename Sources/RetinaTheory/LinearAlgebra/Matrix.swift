/// A dense matrix of float64 values, row-major; for the sizes of an analysis, a few thousand rows at most.
public struct Matrix: Equatable, Sendable {
  /// Number of rows.
  public let rows: Int
  /// Number of columns.
  public let columns: Int
  /// The values, row after row.
  public var values: [Double]

  /// Creates a matrix of one value.
  public init(rows: Int, columns: Int, repeating value: Double = 0) {
    self.rows = rows
    self.columns = columns
    values = [Double](repeating: value, count: rows * columns)
  }

  /// Creates a matrix from its values, row after row; traps when there are not `rows * columns` of them.
  public init(rows: Int, columns: Int, values: [Double]) {
    precondition(values.count == rows * columns, "a matrix has rows * columns values")
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// Creates a matrix from rows of one length.
  public init(_ rows: [[Double]]) {
    self.init(rows: rows.count, columns: rows.first?.count ?? 0, values: rows.flatMap { $0 })
  }

  /// The identity.
  public static func identity(_ size: Int) -> Matrix { diagonal([Double](repeating: 1, count: size)) }

  /// A square matrix with these values on its diagonal and zeros elsewhere.
  public static func diagonal(_ values: [Double]) -> Matrix {
    var matrix = Matrix(rows: values.count, columns: values.count)
    for (place, value) in values.enumerated() { matrix[place, place] = value }
    return matrix
  }

  /// One value.
  public subscript(row: Int, column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  /// The values of a row.
  public func row(_ row: Int) -> [Double] { Array(values[row * columns..<(row + 1) * columns]) }

  /// The values of a column.
  public func column(_ column: Int) -> [Double] { (0..<rows).map { self[$0, column] } }

  /// The values on the diagonal.
  public var diagonal: [Double] { (0..<min(rows, columns)).map { self[$0, $0] } }

  /// Rows and columns exchanged.
  public var transposed: Matrix {
    var result = Matrix(rows: columns, columns: rows)
    for row in 0..<rows {
      for column in 0..<columns { result.values[column * rows + row] = values[row * columns + column] }
    }
    return result
  }

  /// The matrix product.
  public static func * (left: Matrix, right: Matrix) -> Matrix {
    precondition(left.columns == right.rows, "the columns of one factor are the rows of the other")
    var result = Matrix(rows: left.rows, columns: right.columns)
    let (inner, width) = (left.columns, right.columns)
    result.values.withUnsafeMutableBufferPointer { result in
      left.values.withUnsafeBufferPointer { left in
        right.values.withUnsafeBufferPointer { right in
          for row in 0..<left.count / max(1, inner) {
            for place in 0..<inner {
              let factor = left[row * inner + place]
              if factor == 0 { continue }
              let (target, source) = (row * width, place * width)
              for column in 0..<width { result[target + column] += factor * right[source + column] }
            }
          }
        }
      }
    }
    return result
  }

  /// The product with a vector.
  public static func * (matrix: Matrix, vector: [Double]) -> [Double] {
    (0..<matrix.rows).map { row in
      matrix.values.withUnsafeBufferPointer { values in
        vector.withUnsafeBufferPointer { dot(values.baseAddress! + row * matrix.columns, $0.baseAddress!, $0.count) }
      }
    }
  }

  /// The product with a number.
  public static func * (factor: Double, matrix: Matrix) -> Matrix {
    Matrix(rows: matrix.rows, columns: matrix.columns, values: matrix.values.map { factor * $0 })
  }

  /// The sum.
  public static func + (left: Matrix, right: Matrix) -> Matrix {
    Matrix(rows: left.rows, columns: left.columns, values: zip(left.values, right.values).map { $0 + $1 })
  }

  /// The difference.
  public static func - (left: Matrix, right: Matrix) -> Matrix {
    Matrix(rows: left.rows, columns: left.columns, values: zip(left.values, right.values).map { $0 - $1 })
  }

  /// The inner products of the rows with one another: `self * self.transposed`.
  public var gram: Matrix {
    var result = Matrix(rows: rows, columns: rows)
    values.withUnsafeBufferPointer { values in
      guard let start = values.baseAddress else { return }
      for row in 0..<rows {
        for other in 0...row {
          let product = dot(start + row * columns, start + other * columns, columns)
          result[row, other] = product
          result[other, row] = product
        }
      }
    }
    return result
  }

  /// The inner products of the rows with those of another matrix: `self * other.transposed`.
  func rowProducts(with other: Matrix) -> Matrix {
    var result = Matrix(rows: rows, columns: other.rows)
    values.withUnsafeBufferPointer { left in
      other.values.withUnsafeBufferPointer { right in
        guard let left = left.baseAddress, let right = right.baseAddress else { return }
        for row in 0..<rows {
          for column in 0..<other.rows {
            result[row, column] = dot(left + row * columns, right + column * columns, columns)
          }
        }
      }
    }
    return result
  }

  /// `transposed * other`: the sums over rows of products of columns, in blocks of rows that stay in the cache.
  func crossProducts(with other: Matrix) -> Matrix {
    var sum = Matrix(rows: columns, columns: other.columns)
    for first in stride(from: 0, to: rows, by: 128) {
      let (left, right) = (transposedRows(from: first, count: 128), other.transposedRows(from: first, count: 128))
      sum = sum + left.rowProducts(with: right)
    }
    return sum
  }

  /// `transposed * self`; see ``crossProducts(with:)``.
  var columnGram: Matrix {
    var sum = Matrix(rows: columns, columns: columns)
    for first in stride(from: 0, to: rows, by: 128) { sum = sum + transposedRows(from: first, count: 128).gram }
    return sum
  }

  /// Some rows as columns.
  private func transposedRows(from first: Int, count: Int) -> Matrix {
    let rest = min(count, rows - first)
    return Matrix(rows: rest, columns: columns, values: Array(values[first * columns..<(first + rest) * columns]))
      .transposed
  }

  /// Takes the same values from every row.
  mutating func subtractFromRows(_ shift: [Double]) {
    for row in 0..<rows {
      for column in 0..<columns { values[row * columns + column] -= shift[column] }
    }
  }

  /// Divides each column by a number of its own.
  mutating func divideColumns(by scales: [Double]) {
    for row in 0..<rows {
      for column in 0..<columns { values[row * columns + column] /= scales[column] }
    }
  }

  /// The sum of the squares of all values.
  public var squaredNorm: Double { RetinaTheory.squaredNorm(values) }
}

/// The inner product of two vectors in float64.
@inline(__always)
func dot(_ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>, _ count: Int) -> Double {
  let (wideLeft, wideRight) = (UnsafeRawPointer(left), UnsafeRawPointer(right))
  var (first, second) = (SIMD8<Double>.zero, SIMD8<Double>.zero)
  var place = 0
  while place + 16 <= count {
    first +=
      wideLeft.loadUnaligned(fromByteOffset: place * 8, as: SIMD8<Double>.self)
      * wideRight.loadUnaligned(fromByteOffset: place * 8, as: SIMD8<Double>.self)
    second +=
      wideLeft.loadUnaligned(fromByteOffset: place * 8 + 64, as: SIMD8<Double>.self)
      * wideRight.loadUnaligned(fromByteOffset: place * 8 + 64, as: SIMD8<Double>.self)
    place += 16
  }
  var sum = (first + second).sum()
  while place < count {
    sum += left[place] * right[place]
    place += 1
  }
  return sum
}

/// The inner product of two vectors of one length.
func dot(_ left: [Double], _ right: [Double]) -> Double {
  left.withUnsafeBufferPointer { left in
    right.withUnsafeBufferPointer { right in
      left.isEmpty ? 0 : dot(left.baseAddress!, right.baseAddress!, min(left.count, right.count))
    }
  }
}

/// The sum of the squares of a vector.
func squaredNorm(_ values: [Double]) -> Double { dot(values, values) }

/// The length of a vector.
func norm(_ values: [Double]) -> Double { squaredNorm(values).squareRoot() }
