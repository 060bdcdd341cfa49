/// The lowest value of a function.
enum Minimum {
  /// Golden-section search between two ends, after a scan of `scan` places has found the valley to search.
  static func search(
    from lower: Double, to upper: Double, scan: Int = 400, _ function: (Double) -> Double
  ) -> (x: Double, y: Double) {
    let step = (upper - lower) / Double(scan)
    let heights = (0...scan).map { function(lower + step * Double($0)) }
    let lowest = heights.indices.reduce(0) { heights[$1] < heights[$0] ? $1 : $0 }
    let ratio = (5.0.squareRoot() - 1) / 2
    var (low, high) = (lower + step * Double(max(0, lowest - 1)), lower + step * Double(min(scan, lowest + 1)))
    var (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
    var (atLeft, atRight) = (function(left), function(right))
    for _ in 0..<80 where high - low > 1e-12 * high.magnitude {
      if atLeft < atRight {
        (high, right, atRight) = (right, left, atLeft)
        left = high - ratio * (high - low)
        atLeft = function(left)
      } else {
        (low, left, atLeft) = (left, right, atRight)
        right = low + ratio * (high - low)
        atRight = function(right)
      }
    }
    let x = (low + high) / 2
    return (x, function(x))
  }
}
