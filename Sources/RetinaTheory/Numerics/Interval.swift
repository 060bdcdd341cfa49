import RetinaStimuli

/// An estimate with the interval in which 95 % of resampled estimates lie.
public struct Interval: Equatable, Sendable {
  /// The estimate from all data.
  public var value: Double
  /// The 2.5th percentile of the resampled estimates.
  public var lower: Double
  /// The 97.5th percentile of the resampled estimates.
  public var upper: Double

  /// Creates an interval.
  public init(value: Double, lower: Double, upper: Double) {
    self.value = value
    self.lower = lower
    self.upper = upper
  }

  /// The percentile bootstrap (Efron 1979): `statistic` of all of `count` items, and of `resamples` draws of as many
  /// with repetition.
  public static func bootstrap(
    _ count: Int, resamples: Int = 500, seed: UInt64 = 1, _ statistic: ([Int]) -> Double
  ) -> Interval {
    var generator = SeededGenerator(seed: seed)
    let estimates = (0..<resamples).map { _ in
      statistic((0..<count).map { _ in Int(generator.uniform() * Double(count)) })
    }
    return Interval(value: statistic(Array(0..<count)), estimates: estimates)
  }

  /// An estimate and what resampling made of it.
  init(value: Double, estimates: [Double]) {
    let sorted = estimates.filter { $0.isFinite }.sorted()
    func percentile(_ part: Double) -> Double {
      sorted.isEmpty ? .nan : sorted[min(sorted.count - 1, Int(part * Double(sorted.count)))]
    }
    self.init(value: value, lower: percentile(0.025), upper: percentile(0.975))
  }
}
