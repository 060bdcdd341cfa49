/// How alike two sets of modes are, whatever their order.
enum ModeMatching {
  /// The mean cosine of pairs of rows, the most alike ones paired first and every row used once.
  ///
  /// Nothing without rows. A row of zeros is like no other.
  static func similarity(_ a: [Double], _ b: [Double], count: Int) -> Double? {
    guard count > 0 else { return nil }
    let columns = a.count / count
    let (first, second) = (lengths(a, count, columns), lengths(b, count, columns))
    var cosines = [Double](repeating: 0, count: count * count)
    for row in 0..<count {
      for other in 0..<count {
        var product = 0.0
        for column in 0..<columns { product += a[row * columns + column] * b[other * columns + column] }
        let scale = first[row] * second[other]
        cosines[row * count + other] = scale > 0 ? min(1, product / scale) : 0
      }
    }
    let order = cosines.indices.sorted { cosines[$0] > cosines[$1] || (cosines[$0] == cosines[$1] && $0 < $1) }
    var (isRowTaken, isOtherTaken) = ([Bool](repeating: false, count: count), [Bool](repeating: false, count: count))
    var sum = 0.0
    for pair in order where !isRowTaken[pair / count] && !isOtherTaken[pair % count] {
      (isRowTaken[pair / count], isOtherTaken[pair % count]) = (true, true)
      sum += cosines[pair]
    }
    return sum / Double(count)
  }

  private static func lengths(_ rows: [Double], _ count: Int, _ columns: Int) -> [Double] {
    (0..<count).map { row in
      rows[row * columns..<(row + 1) * columns].reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
  }
}
