import Glibc
import RetinaKernels

/// Two-dimensional Fourier transforms by their definition in float64.
enum Float64Fourier {
  /// One number of the transform of an image that lies in a field of zeros.
  static func bin(_ row: Int, _ column: Int, shape: SpectralShape, image: [Float]) -> (re: Double, im: Double) {
    let vertical = circle(shape.fieldHeight)
    let horizontal = circle(shape.fieldWidth)
    return image.withUnsafeBufferPointer { image in
      var (re, im) = (0.0, 0.0)
      for y in 0..<shape.imageHeight {
        let (c, s) = vertical[row * (y + shape.top) % shape.fieldHeight]
        var (sumRe, sumIm) = (0.0, 0.0)
        for x in 0..<shape.imageWidth {
          let (cosine, sine) = horizontal[column * (x + shape.left) % shape.fieldWidth]
          let value = Double(image[y * shape.imageWidth + x])
          sumRe += value * cosine
          sumIm -= value * sine
        }
        re += sumRe * c + sumIm * s
        im += sumIm * c - sumRe * s
      }
      return (re, im)
    }
  }

  /// Cosines and sines of the multiples of 1 / n of a turn.
  static func circle(_ count: Int) -> [(cosine: Double, sine: Double)] {
    (0..<count).map { (cos(2 * .pi * Double($0) / Double(count)), sin(2 * .pi * Double($0) / Double(count))) }
  }
}

extension SpectralShape {
  /// Fields of one row or column of transforms: an image that fills a field, shown whole.
  init(filling height: Int, _ width: Int) {
    self.init(
      imageHeight: height, imageWidth: width, top: 0, left: 0, fieldHeight: height, fieldWidth: width,
      resultHeight: height, resultWidth: width, strideVertical: 1, strideHorizontal: 1)
  }

  /// An image anywhere in a field that is larger, with results that are some of its rows and columns.
  static func random(_ generator: inout SeededRandom) -> SpectralShape {
    let (height, width) = (generator.integer(1...21), generator.integer(1...21))
    let (top, left) = (generator.integer(0...3), generator.integer(0...3))
    let fieldHeight = FourierTable.supportedLength(atLeast: height + top + generator.integer(0...4)) ?? 2
    let fieldWidth = FourierTable.supportedLength(atLeast: width + left + generator.integer(0...4)) ?? 2
    return SpectralShape(
      imageHeight: height, imageWidth: width, top: top, left: left, fieldHeight: fieldHeight, fieldWidth: fieldWidth,
      resultHeight: generator.integer(1...fieldHeight), resultWidth: generator.integer(1...fieldWidth),
      strideVertical: generator.integer(1...3), strideHorizontal: generator.integer(1...3))
  }

  /// At most a hundred places, spread over all of the spectrum.
  func sampledBins(_ generator: inout SeededRandom) -> [(row: Int, column: Int)] {
    let all = (0..<bins).map { (row: $0 / binColumns, column: $0 % binColumns) }
    if bins <= 100 { return all }
    return (0..<100).map { _ in generator.element(all) }
  }
}
