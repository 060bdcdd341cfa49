internal import RetinaKernels

/// Poisson counts that are the same for a seed on every processor.
struct SpikeSource {
  private var random: SeededRandom

  /// Counts above this mean are those of this mean.
  static let largestMean = 10_000.0

  init(seed: UInt64) { random = SeededRandom(seed: seed) }

  /// The seed with which the numbers go on.
  var state: UInt64 { random.state }

  /// A Poisson count: as many uniform numbers as it takes to multiply to below e^-mean, less one.
  ///
  /// Knuth, *The Art of Computer Programming* 2, 3.4.1; large means in parts, as sums of Poisson counts are Poisson counts. 0 where the
  /// mean is not above 0.
  mutating func count(mean: Double) -> UInt32 {
    var rest = mean > 0 ? min(mean, SpikeSource.largestMean) : 0
    var count: UInt32 = 0
    while rest > 0 {
      let part = min(rest, 500)
      let limit = ElementaryDouble.exp(-part)
      var product = random.uniform()
      while product > limit {
        count += 1
        product *= random.uniform()
      }
      rest -= part
    }
    return count
  }
}
