/// The assignment of rows to different columns whose sum of values is largest.
///
/// The Hungarian method with potentials, one row after another (Kuhn 1955; Jonker and Volgenant 1987); rows^2 x columns operations.
struct OneToOne {
  /// The column of each row.
  let columns: [Int]

  /// Assigns; needs at least as many columns as rows.
  ///
  /// - Parameter value: of a row and a column, finite.
  init(rows: Int, columns count: Int, value: (Int, Int) -> Double) {
    precondition(count >= rows, "more rows than columns")
    // Rows and columns count from 1; column 0 stands for the row that is being placed.
    var rowPotential = [Double](repeating: 0, count: rows + 1)
    var columnPotential = [Double](repeating: 0, count: count + 1)
    var owner = [Int](repeating: 0, count: count + 1)
    var before = [Int](repeating: 0, count: count + 1)
    for row in stride(from: 1, through: rows, by: 1) {
      owner[0] = row
      var column = 0
      var least = [Double](repeating: .infinity, count: count + 1)
      var isVisited = [Bool](repeating: false, count: count + 1)
      repeat {
        isVisited[column] = true
        let current = owner[column]
        var (step, next) = (Double.infinity, 0)
        for other in 1...count where !isVisited[other] {
          let cost = -value(current - 1, other - 1) - rowPotential[current] - columnPotential[other]
          if cost < least[other] { (least[other], before[other]) = (cost, column) }
          if least[other] < step { (step, next) = (least[other], other) }
        }
        for other in 0...count {
          if isVisited[other] {
            rowPotential[owner[other]] += step
            columnPotential[other] -= step
          } else {
            least[other] -= step
          }
        }
        column = next
      } while owner[column] != 0
      while column != 0 {
        owner[column] = owner[before[column]]
        column = before[column]
      }
    }
    var columns = [Int](repeating: 0, count: rows)
    for column in stride(from: 1, through: count, by: 1) where owner[column] > 0 {
      columns[owner[column] - 1] = column - 1
    }
    self.columns = columns
  }
}
