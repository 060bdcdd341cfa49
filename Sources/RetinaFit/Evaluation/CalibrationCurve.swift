/// What was observed where a model predicted much or little: bins of equal size by predicted rate.
public struct CalibrationCurve: Equatable, Sendable {
  /// One group of bins.
  public struct Point: Equatable, Sendable {
    /// Mean predicted rate, spikes per bin.
    public var predicted: Double
    /// Mean response, spikes per bin.
    public var observed: Double
    /// Number of bins.
    public var count: Int
  }

  /// The groups, from the lowest predicted rates to the highest.
  public var points: [Point]

  /// Groups pairs of a predicted rate and a response.
  public init(_ pairs: [(rate: Float, response: Float)], groups: Int = 10) {
    let sorted = pairs.sorted { $0.rate < $1.rate }
    points = (0..<groups).compactMap { group in
      let part = sorted[group * sorted.count / groups..<(group + 1) * sorted.count / groups]
      guard !part.isEmpty else { return nil }
      return Point(
        predicted: part.reduce(0) { $0 + Double($1.rate) } / Double(part.count),
        observed: part.reduce(0) { $0 + Double($1.response) } / Double(part.count), count: part.count)
    }
  }
}
