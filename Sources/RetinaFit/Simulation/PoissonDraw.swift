import RetinaKernels
import RetinaStimuli

extension SeededGenerator {
  /// A Poisson count of mean `rate`, at least 0: as many as uniform numbers take to multiply to below e^-rate.
  ///
  /// Knuth, *The Art of Computer Programming* 2, section 3.4.1; the time grows with the mean, which is small in a bin.
  public mutating func poisson(_ rate: Double) -> Int {
    // e^-700 is near the smallest double: larger means are split, as sums of Poisson counts are Poisson.
    if rate > 500 { return poisson(500) + poisson(rate - 500) }
    let limit = ElementaryDouble.exp(-rate)
    var (product, count) = (uniform(), 0)
    while product > limit {
      product *= uniform()
      count += 1
    }
    return count
  }
}
