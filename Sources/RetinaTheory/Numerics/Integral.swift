/// Integrals over an interval.
public enum Integral {
  /// Simpson's rule on halves of halves until the value stands still to a part `tolerance` of the whole (Lyness 1969).
  ///
  /// - Parameter function: smooth inside the interval; kinks cost time, not accuracy.
  public static func adaptive(
    from lower: Double, to upper: Double, tolerance: Double = 1e-12, _ function: (Double) -> Double
  ) -> Double {
    // Pieces to start with, so that a narrow peak is not overlooked.
    let pieces = 32
    let width = (upper - lower) / Double(pieces)
    var ends: [(x: Double, y: Double)] = []
    for piece in 0...pieces {
      let x = piece == pieces ? upper : lower + width * Double(piece)
      ends.append((x, function(x)))
    }
    let middles = (0..<pieces).map { function(ends[$0].x + width / 2) }
    let scale = (0..<pieces).reduce(0.0) {
      $0 + (width / 6 * (ends[$1].y + 4 * middles[$1] + ends[$1 + 1].y)).magnitude
    }
    return (0..<pieces).reduce(0) { sum, piece in
      sum
        + refined(
          function, ends[piece], (ends[piece].x + width / 2, middles[piece]), ends[piece + 1],
          allowed: tolerance * scale / Double(pieces), depth: 40)
    }
  }

  private typealias Point = (x: Double, y: Double)

  private static func refined(
    _ function: (Double) -> Double, _ left: Point, _ middle: Point, _ right: Point, allowed: Double, depth: Int
  ) -> Double {
    let width = right.x - left.x
    let whole = width / 6 * (left.y + 4 * middle.y + right.y)
    let (first, second) = ((left.x + middle.x) / 2, (middle.x + right.x) / 2)
    let (low, high): (Point, Point) = ((first, function(first)), (second, function(second)))
    let halves = width / 12 * (left.y + 4 * low.y + 2 * middle.y + 4 * high.y + right.y)
    guard (halves - whole).magnitude > 15 * allowed, depth > 0 else { return halves + (halves - whole) / 15 }
    return refined(function, left, low, middle, allowed: allowed / 2, depth: depth - 1)
      + refined(function, middle, high, right, allowed: allowed / 2, depth: depth - 1)
  }
}
