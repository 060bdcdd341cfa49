import RetinaKernels
import Testing

/// What a convolution does along with its result has the bits of a pass of its own.
@Suite struct EpilogueTests {
  /// The passes that an epilogue stands for, over `[group][position][8]`.
  private func passes(
    _ values: [Float], positions: Int, scale: [Float]?, shift: [Float], step: Int, rectifies: Bool, _ level: Level
  ) -> [Float] {
    var result = values
    if let scale {
      PlainAffine.forwardLanes(
        count: result.count, vectors: step == 0 ? positions : 1, values: &result, scale: scale, shift: shift)
    }
    if rectifies { level.kernels.rectify(count: result.count, values: &result) }
    return result
  }

  @Test(arguments: Level.available, 0..<16)
  func `of convolutions by their definition`(level: Level, seed: Int) {
    var generator = SeededRandom(seed: UInt64(seed))
    let geometry = ConvolutionGeometry(
      inputs: 2, outputs: 16, inputHeight: 5, inputWidth: 9, kernelHeight: 2, kernelWidth: 3, paddingHorizontal: 1)
    let positions = geometry.outputHeight * geometry.outputWidth
    let (input, weights) = (generator.values(5 * 9 * 8), generator.values(16 * 2 * 6))
    let (bias, step) = (generator.values(16), seed % 2 * 8)
    let count = step == 0 ? 16 : 16 * positions
    let (scale, shift) = (seed % 4 < 2 ? generator.values(count) : nil, generator.values(count))
    var (plain, joined) = (
      [Float](repeating: .nan, count: 16 * positions), [Float](repeating: .nan, count: 16 * positions)
    )
    level.kernels.convolveFeatures(
      geometry, input: input, weights: weights, bias: bias, epilogue: .none, output: &plain)
    shift.withUnsafeBufferPointer { shift in
      (scale ?? []).withUnsafeBufferPointer { factors in
        level.kernels.convolveFeatures(
          geometry, input: input, weights: weights, bias: bias,
          epilogue: Epilogue(
            scale: scale == nil ? nil : factors.baseAddress, shift: scale == nil ? nil : shift.baseAddress, step: step,
            rectifies: seed % 8 < 4), output: &joined)
      }
    }
    let expected = passes(
      plain, positions: positions, scale: scale, shift: shift, step: step, rectifies: seed % 8 < 4, level)
    #expect(joined.bits == expected.bits, "seed \(seed)")
  }

  @Test(arguments: Level.available)
  func `relu keeps what is not a number, and has one zero`(level: Level) {
    let geometry = ConvolutionGeometry(
      inputs: 1, outputs: 8, inputHeight: 1, inputWidth: 1, kernelHeight: 1, kernelWidth: 1)
    var output = [Float](repeating: 7, count: 8)
    level.kernels.convolveFeatures(
      geometry, input: [1, 0, 0, 0, 0, 0, 0, 0], weights: [.nan, -0.0, -1, 2, .infinity, -.infinity, 0, -1e-37],
      bias: [Float](repeating: -0.0, count: 8), epilogue: Epilogue(rectifies: true), output: &output)
    #expect(
      output[0].isNaN && output[1...].map(\.bitPattern) == ([0, 0, 2, .infinity, 0, 0, 0] as [Float]).map(\.bitPattern))
  }

  @Test(arguments: Level.available)
  func `one channel is convolved like features`(level: Level) {
    var generator = SeededRandom(seed: 9)
    let geometry = ConvolutionGeometry(
      inputs: 1, outputs: 16, inputHeight: 6, inputWidth: 11, kernelHeight: 3, kernelWidth: 2, strideHorizontal: 2,
      paddingVertical: 1)
    let (frame, weights, bias) = (generator.values(66), generator.values(16 * 6), generator.values(16))
    let lanes = frame.flatMap { [$0] + [Float](repeating: .nan, count: 7) }
    let count = geometry.outputHeight * geometry.outputWidth * 16
    var (found, expected) = ([Float](repeating: .nan, count: count), [Float](repeating: .nan, count: count))
    level.kernels.convolveFrame(geometry, input: frame, weights: weights, bias: bias, output: &found)
    level.kernels.convolveFeatures(
      geometry, input: lanes, weights: weights, bias: bias, epilogue: .none, output: &expected)
    #expect(found.bits == expected.bits)
  }
}
