/// The means of several numbers over samples, and how certain they are (Welford 1962).
struct SampleMean {
  private(set) var mean: [Double]
  private var squares: [Double]
  private var samples = 0.0

  init(count: Int) {
    mean = [Double](repeating: 0, count: count)
    squares = mean
  }

  /// Adds a sample, one number each.
  mutating func add(_ sample: (Int) -> Double) {
    samples += 1
    for index in mean.indices {
      let value = sample(index)
      let difference = value - mean[index]
      mean[index] += difference / samples
      squares[index] += difference * (value - mean[index])
    }
  }

  /// The largest standard error of a mean: the deviation of the samples over the root of their number.
  ///
  /// Nothing for a single sample.
  var largestStandardError: Float? {
    guard samples > 1 else { return nil }
    return Float((squares.reduce(0) { max($0, $1) } / (samples * (samples - 1))).squareRoot())
  }
}
