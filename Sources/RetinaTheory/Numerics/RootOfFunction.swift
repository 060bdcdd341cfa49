/// A zero of a function between two places where its signs differ.
enum RootOfFunction {
  /// Bisection, until the interval cannot be halved or is a part 1e-15 of its end.
  static func bisect(from lower: Double, to upper: Double, _ function: (Double) -> Double) -> Double {
    var (low, high) = (lower, upper)
    let isRising = function(low) < 0
    for _ in 0..<200 {
      let middle = low + (high - low) / 2
      guard middle > low, middle < high, high - low > 1e-15 * high.magnitude else { break }
      if (function(middle) < 0) == isRising { low = middle } else { high = middle }
    }
    return low + (high - low) / 2
  }
}
