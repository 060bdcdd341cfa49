/// A matrix of numbers of at least 0, row-major.
public struct NonNegativeMatrix: Sendable, Equatable {
  /// Number of rows.
  public let rows: Int
  /// Number of columns.
  public let columns: Int
  /// The numbers.
  public let values: [Double]

  /// Creates a matrix; nothing when the number of values is wrong, or one is negative or not finite.
  public init?(rows: Int, columns: Int, values: [Double]) {
    guard values.count == rows * columns, values.allSatisfy({ $0 >= 0 && $0.isFinite }) else { return nil }
    (self.rows, self.columns, self.values) = (rows, columns, values)
  }

  /// Splits contributions, one row per input and one column per channel or unit, into what excites and what inhibits.
  ///
  /// First come the columns `max(c, 0)`, then the columns `max(-c, 0)` (`ei_split` of baccuslab/bscope). Nothing when
  /// the number of contributions is wrong, or one is not finite.
  public init?(splitting contributions: [Float], rows: Int) {
    guard rows > 0, contributions.count % rows == 0 else { return nil }
    let count = contributions.count / rows
    var values = [Double](repeating: 0, count: 2 * contributions.count)
    for row in 0..<rows {
      for column in 0..<count {
        let value = Double(contributions[row * count + column])
        guard value.isFinite else { return nil }
        values[2 * row * count + column + (value < 0 ? count : 0)] = value.magnitude
      }
    }
    (self.rows, columns, self.values) = (rows, 2 * count, values)
  }

  /// The root of the sum of squares.
  var norm: Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
}
