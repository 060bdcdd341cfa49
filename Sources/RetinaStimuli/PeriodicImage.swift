/// A square image without borders, sampled finer than the pixels of the movies that look at it.
///
/// Opposite edges meet, so a gaze may wander without end. Every sample holds the mean over the area of a pixel that is
/// centred on it; between samples, values are interpolated linearly. With several samples per pixel, contrast
/// changes little with the gaze's fraction of a pixel, which interpolation between whole pixels would modulate.
struct PeriodicImage {
  /// Samples along a side; a power of two.
  let side: Int
  /// Samples along a pixel.
  let samplesPerPixel: Int
  /// The samples, row-major.
  private(set) var samples: [Float]

  /// Pixels along a side for movies of this size: at least twice theirs, so that no frame shows anything twice.
  static func pixels(height: Int, width: Int) -> Int {
    var pixels = 128
    while pixels < 2 * max(height, width) { pixels *= 2 }
    return pixels
  }

  /// Creates an image from point samples.
  init(pointSamples: [Float], side: Int, samplesPerPixel: Int) {
    self.side = side
    self.samplesPerPixel = samplesPerPixel
    let alongRows = PeriodicImage.means(of: pointSamples, side: side, count: samplesPerPixel, stride: 1)
    samples = PeriodicImage.means(of: alongRows, side: side, count: samplesPerPixel, stride: side)
  }

  /// Scales the samples to a standard deviation, around the mean of 0 that they must have, and clips them to -1...1.
  mutating func normalize(standardDeviation: Double) {
    var sum = 0.0
    for sample in samples { sum += Double(sample) * Double(sample) }
    let deviation = (sum / Double(samples.count)).squareRoot()
    guard deviation > 0 else { return }
    let scale = Float(standardDeviation / deviation)
    for index in samples.indices { samples[index] = min(1, max(-1, samples[index] * scale)) }
  }

  /// Writes what a movie sees whose first pixel lies `row` and `column` pixels from the image's first.
  func look(
    row: Double, column: Double, height: Int, width: Int, into values: inout [Float], at first: Int
  ) {
    let top = row * Double(samplesPerPixel)
    let left = column * Double(samplesPerPixel)
    let below = Float(top - top.rounded(.down))
    let right = Float(left - left.rounded(.down))
    // A power of two: the mask wraps negative positions too.
    let mask = side - 1
    let (firstRow, firstColumn) = (Int(top.rounded(.down)), Int(left.rounded(.down)))
    for y in 0..<height {
      let upper = ((firstRow + y * samplesPerPixel) & mask) * side
      let lower = ((firstRow + y * samplesPerPixel + 1) & mask) * side
      for x in 0..<width {
        let near = (firstColumn + x * samplesPerPixel) & mask
        let far = (near + 1) & mask
        let above = samples[upper + near] * (1 - right) + samples[upper + far] * right
        let beneath = samples[lower + near] * (1 - right) + samples[lower + far] * right
        values[first + y * width + x] = above * (1 - below) + beneath * below
      }
    }
  }

  /// The mean of `count` neighbours along one axis, from each sample on.
  private static func means(of samples: [Float], side: Int, count: Int, stride: Int) -> [Float] {
    var means = [Float](repeating: 0, count: samples.count)
    for row in 0..<side {
      for column in 0..<side {
        let position = stride == 1 ? column : row
        let first = stride == 1 ? row * side : column
        var sum: Float = 0
        for neighbour in 0..<count { sum += samples[first + ((position + neighbour) & (side - 1)) * stride] }
        means[row * side + column] = sum / Float(count)
      }
    }
    return means
  }
}
