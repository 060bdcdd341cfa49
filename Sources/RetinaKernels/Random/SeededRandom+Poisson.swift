extension SeededRandom {
  /// Counts above this mean are those of this mean.
  public static let largestPoissonMean = 10_000.0

  /// A Poisson count: as many uniform numbers as it takes to multiply to below e^-mean, less one.
  ///
  /// Knuth, *The Art of Computer Programming* 2, section 3.4.1; the time grows with the mean, which is small in a bin. 0 where the mean
  /// is not above 0.
  public mutating func poisson(mean: Double) -> Int {
    var rest = mean > 0 ? min(mean, SeededRandom.largestPoissonMean) : 0
    var count = 0
    while rest > 0 {
      // e^-700 is near the smallest double; sums of Poisson counts are Poisson counts.
      let part = min(rest, 500)
      let limit = ElementaryDouble.exp(-part)
      var product = uniform()
      while product > limit {
        count += 1
        product *= uniform()
      }
      rest -= part
    }
    return count
  }
}
