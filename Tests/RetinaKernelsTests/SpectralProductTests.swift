import RetinaKernels
import Testing

@Suite struct SpectralProductTests {
  @Test(arguments: Level.available, 0..<12)
  func `four results at once have the bits of one at a time`(level: Level, terms: Int) {
    let isFirst = terms % 3 == 1
    var generator = SeededRandom(seed: UInt64(terms))
    let kernelStride = (terms + generator.integer(0...3)) * 16
    let resultStride = 128 + 16 * generator.integer(0...2)
    let kernels = generator.values(8 * kernelStride + 16)
    let images = generator.values((terms + 4) * 16)
    let start = generator.values(4 * resultStride)
    var together = start
    level.kernels.multiplyAddFour(
      terms: terms, kernels: kernels, kernelStride: kernelStride, images: images, isFirst: isFirst, results: &together,
      resultStride: resultStride)
    var apart = start
    apart.withUnsafeMutableBufferPointer { results in
      images.withUnsafeBufferPointer { images in
        for result in 0..<4 {
          guard let first = results.baseAddress, let image = images.baseAddress else { return }
          level.kernels.multiplyAddOne(
            terms: terms, kernels: kernels, kernelStride: kernelStride, images: image + 16 * result,
            isFirst: isFirst, results: first + result * resultStride)
        }
      }
    }
    #expect(together.bits == apart.bits, "\(terms) terms")

    // Only the eight packs of each result are taken to be zero.
    var expected = start.enumerated().map { isFirst && $0 % resultStride < 128 ? 0 : Double($1) }
    for result in 0..<4 {
      for bin in 0..<8 {
        for lane in 0..<8 {
          for term in 0..<terms {
            let kernel = bin * kernelStride + term * 16 + lane
            let image = (term + result) * 16 + bin
            let (a, b) = (Double(kernels[kernel]), Double(kernels[kernel + 8]))
            let (x, y) = (Double(images[image]), Double(images[image + 8]))
            expected[result * resultStride + bin * 16 + lane] += a * x - b * y
            expected[result * resultStride + bin * 16 + lane + 8] += a * y + b * x
          }
        }
      }
    }
    #expect(relativeError(together, expected) < 1e-6, "\(terms) terms")
  }

  @Test(arguments: Level.available, [1, 3, 7, 8, 9, 12, 16, 17])
  func `spectra of features are multiplied with those of kernels`(level: Level, channels: Int) {
    var generator = SeededRandom(seed: UInt64(channels))
    for bins in [1, 2, 3, 4, 5, 8, 11] {
      let groups = (channels + 7) / 8
      let kernels = generator.values(bins * groups * 8 * 16)
      let imageStride = 16 * (bins + generator.integer(0...2))
      var images = generator.values(groups * imageStride)
      // Lanes of channels that do not exist are not read.
      for channel in channels..<groups * 8 {
        for bin in 0..<bins {
          images[channel / 8 * imageStride + bin * 16 + channel % 8] = .nan
          images[channel / 8 * imageStride + bin * 16 + channel % 8 + 8] = .nan
        }
      }
      var results = [Float](repeating: .nan, count: bins * 16)
      level.kernels.multiplyFeatures(
        bins: bins, channels: channels, kernels: kernels, images: images, imageStride: imageStride, results: &results)
      var expected = [Double](repeating: 0, count: bins * 16)
      for bin in 0..<bins {
        for channel in 0..<channels {
          let image = channel / 8 * imageStride + bin * 16 + channel % 8
          let (x, y) = (Double(images[image]), Double(images[image + 8]))
          for lane in 0..<8 {
            let kernel = (bin * groups * 8 + channel) * 16 + lane
            let (a, b) = (Double(kernels[kernel]), Double(kernels[kernel + 8]))
            expected[bin * 16 + lane] += a * x - b * y
            expected[bin * 16 + lane + 8] += a * y + b * x
          }
        }
      }
      #expect(relativeError(results, expected) < 1e-6, "\(bins) bins")
    }
  }
}
