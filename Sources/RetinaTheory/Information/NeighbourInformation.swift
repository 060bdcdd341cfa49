#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Mutual information of two continuous quantities from the distances of nearest neighbours.
///
/// The first estimator of Kraskov, Stögbauer and Grassberger, Physical Review E 69, 066138, 2004, with the largest
/// difference of coordinates as distance. `n^2` distances; for a few dimensions and moderate dependence only: it
/// underestimates strong dependence badly, and may come out below 0.
public enum NeighbourInformation {
  /// The information of paired rows about one another, in bits.
  ///
  /// - Throws: ``TheoryError`` for too few samples or more of one than of the other.
  public static func bits(_ first: Matrix, _ second: Matrix, neighbours k: Int = 3) throws(TheoryError) -> Double {
    try nats(first, second, neighbours: k) / M_LN2
  }

  /// The information of paired rows about one another, in nats.
  ///
  /// - Throws: ``TheoryError`` for too few samples or more of one than of the other.
  public static func nats(_ first: Matrix, _ second: Matrix, neighbours k: Int = 3) throws(TheoryError) -> Double {
    let count = first.rows
    guard count == second.rows, count > k, k >= 1 else {
      throw TheoryError(
        "nearest neighbours", expected: "as many rows of both, more than \(k)", found: "\(count) and \(second.rows)")
    }
    var sum = 0.0
    for row in 0..<count {
      var near: [Double] = []
      var (left, right) = ([Double](), [Double]())
      for other in 0..<count where other != row {
        left.append(distance(first, row, other))
        right.append(distance(second, row, other))
        near.append(max(left[left.count - 1], right[right.count - 1]))
      }
      let radius = near.sorted()[k - 1]
      sum += digamma(Double(left.count { $0 < radius } + 1)) + digamma(Double(right.count { $0 < radius } + 1))
    }
    return digamma(Double(k)) + digamma(Double(count)) - sum / Double(count)
  }

  private static func distance(_ points: Matrix, _ row: Int, _ other: Int) -> Double {
    var largest = 0.0
    for column in 0..<points.columns { largest = max(largest, (points[row, column] - points[other, column]).magnitude) }
    return largest
  }

  /// The derivative of the logarithm of the gamma function, for numbers above 0.
  public static func digamma(_ x: Double) -> Double {
    var (x, sum) = (x, 0.0)
    while x < 10 {
      sum -= 1 / x
      x += 1
    }
    let square = 1 / (x * x)
    let series = square * (1.0 / 12 - square * (1.0 / 120 - square * (1.0 / 252 - square * (1.0 / 240 - square / 132))))
    return sum + log(x) - 1 / (2 * x) - series
  }
}
