/// The smallest and largest of the finite values seen.
struct Extent: Equatable {
  private(set) var lower = Double.infinity
  private(set) var upper = -Double.infinity

  /// Whether no finite value was seen.
  var isEmpty: Bool { lower > upper }
  /// The largest magnitude, 0 when nothing was seen.
  var magnitude: Double { isEmpty ? 0 : max(abs(lower), abs(upper)) }

  /// Takes the finite values in.
  mutating func include(_ values: some Sequence<Double>) {
    for value in values where value.isFinite {
      lower = min(lower, value)
      upper = max(upper, value)
    }
  }
}
