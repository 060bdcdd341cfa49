/// A stretch of values laid along a stretch of the drawing.
struct Axis: Equatable {
  /// The value at ``start``.
  let lower: Double
  /// The value at ``end``, above ``lower``.
  let upper: Double
  /// The coordinate of the lower value.
  let start: Double
  /// The coordinate of the upper value; below ``start`` on an axis that points up.
  let end: Double
  let ticks: Ticks

  /// Creates an axis from the lower to the upper value; an interval that is empty or not finite is replaced.
  init(
    from lower: Double, through upper: Double, start: Double, end: Double, ticks count: Int, smallestStep: Double = 0
  ) {
    let interval = Axis.usable(lower, upper)
    self.lower = interval.lower
    self.upper = interval.upper
    self.start = start
    self.end = end
    ticks = Ticks(from: interval.lower, through: interval.upper, about: count, smallestStep: smallestStep)
  }

  /// The coordinate of a value.
  func position(of value: Double) -> Double { start + (value - lower) / (upper - lower) * (end - start) }

  /// The widest tick label at a text size.
  func labelWidth(size: Double) -> Double {
    ticks.labels.reduce(0) { max($0, TextWidth.estimate($1, size: size)) }
  }

  private static func usable(_ lower: Double, _ upper: Double) -> (lower: Double, upper: Double) {
    let (lower, upper) = (min(max(lower, -1e299), 1e299), min(max(upper, -1e299), 1e299))
    guard lower.isFinite, upper.isFinite, lower <= upper else { return (0, 1) }
    let resolution = max(abs(lower), abs(upper)) * 1e-9
    if upper - lower > max(resolution, NumberText.smallest * 1000) { return (lower, upper) }
    let padding = abs(lower) < 1e-280 ? 1 : abs(lower) / 2
    return (lower - padding, upper + padding)
  }
}
