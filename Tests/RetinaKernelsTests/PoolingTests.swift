import RetinaKernels
import Testing

@Suite struct PoolingTests {
  @Test(arguments: 0..<30)
  func `pools and their adjoints follow their definition`(seed: Int) {
    var generator = SeededRandom(seed: UInt64(seed))
    let geometry = PoolGeometry.random(&generator)
    let count = geometry.channels * geometry.inputHeight * geometry.inputWidth
    let input = generator.values(count)
    let maxima = Float64Definition.pool(geometry, input: input.float64) { $0.max() ?? .nan }
    let means = Float64Definition.pool(geometry, input: input.float64) { $0.reduce(0, +) / Double($0.count) }
    #expect(geometry.outputCount == maxima.count, "seed \(seed), \(geometry)")
    var output = [Float](repeating: .nan, count: geometry.outputCount)
    PlainMaximumPool.forward(geometry, input: input, output: &output)
    #expect(output.float64 == maxima, "seed \(seed), \(geometry)")
    PlainAveragePool.forward(geometry, input: input, output: &output)
    #expect(relativeError(output, means) < 1e-6, "seed \(seed), \(geometry)")

    // The derivative along a direction, and the gradient, are adjoint.
    let (tangent, gradient) = (generator.values(count), generator.values(geometry.outputCount))
    var (outputTangent, inputGradient) = (output, [Float](repeating: 0, count: count))
    PlainMaximumPool.select(geometry, input: input, values: tangent, output: &outputTangent)
    PlainMaximumPool.accumulateInputGradient(
      geometry, input: input, outputGradient: gradient, inputGradient: &inputGradient)
    #expect(abs(product(outputTangent, gradient) - product(tangent, inputGradient)) < 1e-5, "seed \(seed), \(geometry)")
    inputGradient = [Float](repeating: 0, count: count)
    PlainAveragePool.forward(geometry, input: tangent, output: &outputTangent)
    PlainAveragePool.accumulateInputGradient(geometry, outputGradient: gradient, inputGradient: &inputGradient)
    #expect(abs(product(outputTangent, gradient) - product(tangent, inputGradient)) < 1e-5, "seed \(seed), \(geometry)")
  }

  @Test func `the first of several maxima wins`() {
    let geometry = PoolGeometry(
      channels: 1, inputHeight: 2, inputWidth: 4, kernelHeight: 2, kernelWidth: 2, strideVertical: 2,
      strideHorizontal: 2)
    let input: [Float] = [
      1, 5, 7, 7,
      5, 5, 7, 7,
    ]
    var output: [Float] = [0, 0]
    PlainMaximumPool.select(geometry, input: input, values: [0, 1, 2, 3, 4, 5, 6, 7], output: &output)
    #expect(output == [1, 2])
    var gradient = [Float](repeating: 0, count: 8)
    PlainMaximumPool.accumulateInputGradient(geometry, input: input, outputGradient: [3, 4], inputGradient: &gradient)
    #expect(gradient == [0, 3, 4, 0, 0, 0, 0, 0])
  }

  @Test(arguments: 0..<4)
  func `a NaN in a window is its maximum and its mean`(place: Int) {
    let geometry = PoolGeometry(
      channels: 1, inputHeight: 2, inputWidth: 4, kernelHeight: 2, kernelWidth: 2, strideVertical: 2,
      strideHorizontal: 2)
    var input: [Float] = [1, .infinity, 2, 3, -1, 4, 5, 6]
    input[place / 2 * 4 + place % 2] = .nan
    var output: [Float] = [0, 0]
    PlainMaximumPool.forward(geometry, input: input, output: &output)
    #expect(output[0].isNaN && output[1] == 6)
    PlainAveragePool.forward(geometry, input: input, output: &output)
    #expect(output[0].isNaN && output[1] == 4)
  }
}

extension PoolGeometry {
  /// Windows that overlap, touch, or leave gaps and borders.
  static func random(_ generator: inout SeededRandom) -> PoolGeometry {
    let (height, width) = (generator.integer(1...7), generator.integer(1...9))
    return PoolGeometry(
      channels: generator.integer(1...3), inputHeight: height, inputWidth: width,
      kernelHeight: generator.integer(1...min(3, height)), kernelWidth: generator.integer(1...min(4, width)),
      strideVertical: generator.integer(1...3), strideHorizontal: generator.integer(1...4))
  }
}
