/// Finds the `a >= 0` that minimises `|S a - t|`, for one matrix `S` and many targets `t`.
///
/// The active-set method of Lawson and Hanson (Solving Least Squares Problems, 1974, chapter 23) with an orthonormal
/// basis of the columns in use, to which columns are added by Gram-Schmidt steps (twice, which keeps it orthonormal) and
/// from which they are taken by Givens rotations. A value of this type holds the working memory; it allocates nothing
/// after it is made.
public struct NonNegativeLeastSquares {
  private let length: Int
  private let count: Int
  /// The columns of S, one after another.
  private let columns: [Double]
  private let lengths: [Double]
  /// Orthonormal basis of the columns in use, one after another.
  private var basis: [Double]
  /// Coordinates of the columns in use, column after column, `capacity` each.
  private var triangle: [Double]
  /// Coordinates of the target in the basis.
  private var target: [Double]
  private var used: [Int] = []
  private var trial: [Double]
  private let capacity: Int
  /// The coefficients that ``solve(_:)`` found last, one for each column.
  public private(set) var coefficients: [Double]
  /// `t - S a` for the coefficients.
  public private(set) var residual: [Double]

  /// Prepares a matrix given by its columns, each of length `length`, one after another.
  public init(columns: [Double], length: Int) {
    self.columns = columns
    self.length = length
    count = columns.count / max(1, length)
    lengths = (0..<count).map { norm(Array(columns[$0 * length..<($0 + 1) * length])) }
    capacity = min(length, count) + 1
    basis = [Double](repeating: 0, count: capacity * length)
    triangle = [Double](repeating: 0, count: capacity * capacity)
    target = [Double](repeating: 0, count: capacity)
    trial = [Double](repeating: 0, count: capacity)
    coefficients = [Double](repeating: 0, count: count)
    residual = [Double](repeating: 0, count: length)
    used.reserveCapacity(capacity)
  }

  /// Minimises for a target.
  public mutating func solve(_ wanted: [Double]) {
    used.removeAll(keepingCapacity: true)
    for place in 0..<count { coefficients[place] = 0 }
    residual = wanted
    let scale = norm(wanted)
    var refused: [Int] = []
    // Lawson and Hanson's method ends after finitely many steps; the bound only guards against rounding.
    for _ in 0..<10 * (count + 5) {
      guard let next = steepest(except: refused, tolerance: 1e-13 * scale), add(next, wanted) else { break }
      solveTriangle()
      if trial[used.count - 1] <= 0 {
        // Rounding alone made this column look useful.
        used.removeLast()
        refused.append(next)
        continue
      }
      refused.removeAll(keepingCapacity: true)
      while let (step, blocking) = stepToBoundary() {
        for (place, column) in used.enumerated() {
          coefficients[column] += step * (trial[place] - coefficients[column])
        }
        coefficients[used[blocking]] = 0
        for place in stride(from: used.count - 1, through: 0, by: -1)
        where trial[place] <= 0 && coefficients[used[place]] <= 1e-14 * scale {
          coefficients[used[place]] = 0
          remove(place)
        }
        solveTriangle()
      }
      for (place, column) in used.enumerated() { coefficients[column] = trial[place] }
      updateResidual(wanted)
    }
  }

  /// The squared length of `S a`.
  public func squaredLength(of wanted: [Double]) -> Double {
    var sum = 0.0
    for place in 0..<length { sum += (wanted[place] - residual[place]) * (wanted[place] - residual[place]) }
    return sum
  }

  /// The unused column along which the residual falls fastest, if any does.
  private func steepest(except refused: [Int], tolerance: Double) -> Int? {
    guard used.count < capacity - 1 else { return nil }
    var (best, slope) = (-1, 0.0)
    columns.withUnsafeBufferPointer { columns in
      residual.withUnsafeBufferPointer { residual in
        for column in 0..<count where coefficients[column] == 0 && lengths[column] > 0 {
          let product = dot(columns.baseAddress! + column * length, residual.baseAddress!, length) / lengths[column]
          if product > slope, product > tolerance, !used.contains(column), !refused.contains(column) {
            (best, slope) = (column, product)
          }
        }
      }
    }
    return best < 0 ? nil : best
  }

  /// Puts a column into use; false where it lies in the span of those in use.
  private mutating func add(_ column: Int, _ wanted: [Double]) -> Bool {
    let size = used.count
    let (length, capacity, limit) = (length, capacity, 1e-11 * lengths[column])
    let start = column * length
    let isNew = basis.withUnsafeMutableBufferPointer { basis in
      triangle.withUnsafeMutableBufferPointer { triangle in
        columns.withUnsafeBufferPointer { columns in
          let fresh = basis.baseAddress! + size * length
          fresh.update(from: columns.baseAddress! + start, count: length)
          let coordinates = triangle.baseAddress! + size * capacity
          for place in 0..<size { coordinates[place] = 0 }
          for _ in 0..<2 {
            for place in 0..<size {
              let direction = basis.baseAddress! + place * length
              let overlap = dot(direction, fresh, length)
              coordinates[place] += overlap
              for index in 0..<length { fresh[index] -= overlap * direction[index] }
            }
          }
          let rest = dot(fresh, fresh, length).squareRoot()
          guard rest > limit else { return false }
          for index in 0..<length { fresh[index] /= rest }
          coordinates[size] = rest
          return true
        }
      }
    }
    guard isNew else { return false }
    target[size] = basis.withUnsafeBufferPointer { basis in
      wanted.withUnsafeBufferPointer { dot(basis.baseAddress! + size * length, $0.baseAddress!, length) }
    }
    used.append(column)
    return true
  }

  /// The coefficients of the columns in use that fit the target best, whatever their sign.
  private mutating func solveTriangle() {
    for row in stride(from: used.count - 1, through: 0, by: -1) {
      var value = target[row]
      for column in row + 1..<max(row + 1, used.count) { value -= triangle[column * capacity + row] * trial[column] }
      trial[row] = value / triangle[row * capacity + row]
    }
  }

  /// How far one may go from the coefficients to the trial ones, and the column that stands in the way; nothing when all
  /// the way.
  private func stepToBoundary() -> (step: Double, blocking: Int)? {
    var first: (step: Double, blocking: Int)?
    for (place, column) in used.enumerated() where trial[place] <= 0 {
      let room = coefficients[column] > 0 ? coefficients[column] / (coefficients[column] - trial[place]) : 0
      if room < first?.step ?? .infinity { first = (room, place) }
    }
    return first
  }

  /// Takes a column out of use.
  private mutating func remove(_ place: Int) {
    let (size, length, capacity) = (used.count, length, capacity)
    for column in place..<size - 1 {
      for row in 0...column + 1 {
        triangle[column * capacity + row] = triangle[(column + 1) * capacity + row]
      }
    }
    for row in place..<size - 1 {
      let (above, below) = (triangle[row * capacity + row], triangle[row * capacity + row + 1])
      let radius = (above * above + below * below).squareRoot()
      let (cosine, sine) = radius > 0 ? (above / radius, below / radius) : (1, 0)
      for column in row..<size - 1 {
        let (x, y) = (triangle[column * capacity + row], triangle[column * capacity + row + 1])
        triangle[column * capacity + row] = cosine * x + sine * y
        triangle[column * capacity + row + 1] = cosine * y - sine * x
      }
      (target[row], target[row + 1]) = (
        cosine * target[row] + sine * target[row + 1], cosine * target[row + 1] - sine * target[row]
      )
      basis.withUnsafeMutableBufferPointer { basis in
        let (top, bottom) = (basis.baseAddress! + row * length, basis.baseAddress! + (row + 1) * length)
        for index in 0..<length {
          let (x, y) = (top[index], bottom[index])
          top[index] = cosine * x + sine * y
          bottom[index] = cosine * y - sine * x
        }
      }
    }
    used.remove(at: place)
  }

  private mutating func updateResidual(_ wanted: [Double]) {
    let (length, size) = (length, used.count)
    residual.withUnsafeMutableBufferPointer { residual in
      wanted.withUnsafeBufferPointer { residual.baseAddress!.update(from: $0.baseAddress!, count: length) }
      basis.withUnsafeBufferPointer { basis in
        for place in 0..<size {
          let (direction, amount) = (basis.baseAddress! + place * length, target[place])
          for index in 0..<length { residual[index] -= amount * direction[index] }
        }
      }
    }
  }
}
