import RetinaKernels
import Testing

@Suite struct SpectralTransformTests {
  /// All lengths up to 64 with a transform, and some larger ones.
  static let lengths = (2...64).filter(FourierTable.isSupported) + [72, 75, 80, 96, 100, 125, 128, 243, 256, 1024]

  @Test(arguments: Level.available, lengths)
  func `images are transformed along both axes at every length`(level: Level, length: Int) {
    var generator = SeededRandom(seed: UInt64(length))
    checkImage(SpectralShape(filling: length, 6), level, &generator)
    checkImage(SpectralShape(filling: 5, length), level, &generator)
  }

  @Test(arguments: Level.available, 0..<25)
  func `images are transformed anywhere in a field of zeros`(level: Level, seed: Int) {
    var generator = SeededRandom(seed: UInt64(seed))
    checkImage(.random(&generator), level, &generator)
  }

  @Test(arguments: Level.available, lengths)
  func `features are transformed along both axes at every length`(level: Level, length: Int) {
    var generator = SeededRandom(seed: UInt64(length))
    checkFeatures(SpectralShape(filling: length, 4), level, &generator)
    checkFeatures(SpectralShape(filling: 3, length), level, &generator)
  }

  @Test(arguments: Level.available, 0..<40)
  func `features are transformed and come back, cut and thinned`(level: Level, seed: Int) {
    var generator = SeededRandom(seed: UInt64(seed))
    checkFeatures(.random(&generator), level, &generator)
  }

  @Test(arguments: Level.available, 0..<12)
  func `a spectrum times that of a shifted point is the shifted image`(level: Level, seed: Int) {
    var generator = SeededRandom(seed: UInt64(seed))
    let shape = SpectralShape.random(&generator)
    let (rows, columns) = (FourierTable(length: shape.fieldWidth), FourierTable(length: shape.fieldHeight))
    let image = generator.values(shape.imageHeight * shape.imageWidth)
    let (down, right) = (generator.integer(0...shape.fieldHeight - 1), generator.integer(0...shape.fieldWidth - 1))
    var re = [Float](repeating: .nan, count: shape.paddedBins + 8)
    var im = re
    var scratch = [Float](repeating: .nan, count: shape.imageScratch)
    level.kernels.transformImage(
      shape, rows: FourierLayout(rows), columns: FourierLayout(columns), image: image, scratch: &scratch, re: &re,
      im: &im)
    // The conjugate of the point's spectrum, over the size of the field, in every lane.
    let (vertical, horizontal) = (Float64Fourier.circle(shape.fieldHeight), Float64Fourier.circle(shape.fieldWidth))
    let size = Double(shape.fieldHeight * shape.fieldWidth)
    var spectrum = [Float](repeating: 0, count: shape.bins * 16)
    for bin in 0..<shape.bins {
      let a = vertical[bin / shape.binColumns * down % shape.fieldHeight]
      let b = horizontal[bin % shape.binColumns * right % shape.fieldWidth]
      let (cosine, sine) = (
        (a.cosine * b.cosine - a.sine * b.sine) / size, (a.sine * b.cosine + a.cosine * b.sine) / size
      )
      for lane in 0..<8 {
        spectrum[bin * 16 + lane] = Float(Double(re[bin]) * cosine - Double(im[bin]) * sine)
        spectrum[bin * 16 + 8 + lane] = Float(Double(re[bin]) * sine + Double(im[bin]) * cosine)
      }
    }
    var features = [Float](repeating: .nan, count: shape.outputHeight * shape.outputWidth * 8)
    var room = [Float](repeating: .nan, count: shape.featureScratch)
    level.kernels.restoreFeatures(
      shape, rows: FourierLayout(rows), columns: FourierLayout(columns), spectrum: &spectrum,
      bias: [0, 1, 2, 3, 4, 5, 6, 7], epilogue: .none, scratch: &room, features: &features)
    var expected: [Double] = []
    for row in 0..<shape.outputHeight {
      for column in 0..<shape.outputWidth {
        let y = (row * shape.strideVertical + down) % shape.fieldHeight - shape.top
        let x = (column * shape.strideHorizontal + right) % shape.fieldWidth - shape.left
        let isInside = y >= 0 && y < shape.imageHeight && x >= 0 && x < shape.imageWidth
        for lane in 0..<8 { expected.append(Double(lane) + (isInside ? Double(image[y * shape.imageWidth + x]) : 0)) }
      }
    }
    #expect(relativeError(features, expected) < 1e-6, "seed \(seed), \(shape)")
  }

  private func checkImage(_ shape: SpectralShape, _ level: Level, _ generator: inout SeededRandom) {
    let (rows, columns) = (FourierTable(length: shape.fieldWidth), FourierTable(length: shape.fieldHeight))
    let image = generator.values(shape.imageHeight * shape.imageWidth)
    var re = [Float](repeating: .nan, count: shape.paddedBins + 8)
    var im = re
    // What was in the scratch before must not matter.
    var scratch = [Float](repeating: .nan, count: shape.imageScratch)
    level.kernels.transformImage(
      shape, rows: FourierLayout(rows), columns: FourierLayout(columns), image: image, scratch: &scratch, re: &re,
      im: &im)
    var (found, expected) = ([Float](), [Double]())
    for (row, column) in shape.sampledBins(&generator) {
      let truth = Float64Fourier.bin(row, column, shape: shape, image: image)
      expected += [truth.re, truth.im]
      found += [re[row * shape.binColumns + column], im[row * shape.binColumns + column]]
    }
    #expect(relativeError(found, expected) < 1e-6, "\(shape)")
  }

  private func checkFeatures(_ shape: SpectralShape, _ level: Level, _ generator: inout SeededRandom) {
    let (rows, columns) = (FourierTable(length: shape.fieldWidth), FourierTable(length: shape.fieldHeight))
    let plane = shape.imageHeight * shape.imageWidth
    let features = generator.values(plane * 8)
    var spectrum = [Float](repeating: .nan, count: shape.bins * 16)
    var scratch = [Float](repeating: .nan, count: shape.featureScratch)
    level.kernels.transformFeatures(
      shape, rows: FourierLayout(rows), columns: FourierLayout(columns), features: features, scratch: &scratch,
      spectrum: &spectrum)
    let lane = generator.integer(0...7)
    let image = (0..<plane).map { features[$0 * 8 + lane] }
    var (found, expected) = ([Float](), [Double]())
    for (row, column) in shape.sampledBins(&generator) {
      let truth = Float64Fourier.bin(row, column, shape: shape, image: image)
      let place = (row * shape.binColumns + column) * 16 + lane
      expected += [truth.re, truth.im]
      found += [spectrum[place], spectrum[place + 8]]
    }
    #expect(relativeError(found, expected) < 1e-6, "lane \(lane), \(shape)")

    let size = Float(shape.fieldHeight * shape.fieldWidth)
    for index in spectrum.indices { spectrum[index] /= size }
    let bias = generator.values(8)
    var restored = [Float](repeating: .nan, count: shape.outputHeight * shape.outputWidth * 8)
    scratch = [Float](repeating: .nan, count: shape.featureScratch)
    level.kernels.restoreFeatures(
      shape, rows: FourierLayout(rows), columns: FourierLayout(columns), spectrum: &spectrum, bias: bias,
      epilogue: .none, scratch: &scratch, features: &restored)
    var original: [Double] = []
    for row in 0..<shape.outputHeight {
      for column in 0..<shape.outputWidth {
        let (y, x) = (row * shape.strideVertical - shape.top, column * shape.strideHorizontal - shape.left)
        let isInside = y >= 0 && y < shape.imageHeight && x >= 0 && x < shape.imageWidth
        for lane in 0..<8 {
          let value = isInside ? features[(y * shape.imageWidth + x) * 8 + lane] : 0
          original.append(Double(value) + Double(bias[lane]))
        }
      }
    }
    #expect(relativeError(restored, original) < 1e-6, "\(shape)")
  }
}
