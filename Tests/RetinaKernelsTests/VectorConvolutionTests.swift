import RetinaKernels
import Testing

@Suite struct VectorConvolutionTests {
  @Test(arguments: Level.available, 0..<60)
  func `features in lanes are convolved by the definition`(level: Level, seed: Int) {
    var generator = SeededRandom(seed: UInt64(seed))
    var geometry = ConvolutionGeometry.random(&generator, grouped: false)
    (geometry.inputs, geometry.outputs) = (generator.integer(1...10), generator.integer(1...10))
    let input = generator.values(geometry.inputCount)
    let weight = generator.values(geometry.weightCount)
    let bias = generator.values(geometry.outputs)
    // Lanes of input channels that do not exist are not read; those of outputs have kernels of zeros.
    let plane = geometry.inputHeight * geometry.inputWidth
    var lanes = [Float](repeating: .nan, count: (geometry.inputs + 7) / 8 * plane * 8)
    for index in input.indices {
      lanes[(index / plane / 8 * plane + index % plane) * 8 + index / plane % 8] = input[index]
    }
    let groups = (geometry.outputs + 7) / 8
    let perOutput = geometry.weightCount / geometry.outputs
    var packed = [Float](repeating: 0, count: groups * perOutput * 8)
    for index in weight.indices {
      let output = index / perOutput
      packed[(output / 8 * perOutput + index % perOutput) * 8 + output % 8] = weight[index]
    }
    let constants = bias + [Float](repeating: 0, count: groups * 8 - geometry.outputs)
    let results = geometry.outputHeight * geometry.outputWidth
    var output = [Float](repeating: .nan, count: groups * results * 8)
    level.kernels.convolveFeatures(
      geometry, input: lanes, weights: packed, bias: constants, epilogue: .none, output: &output)
    let found = (0..<geometry.outputCount).map {
      output[($0 / results / 8 * results + $0 % results) * 8 + $0 / results % 8]
    }
    let expected = Float64Definition.convolution(
      geometry, input: input.float64, weight: weight.float64, bias: bias.float64)
    #expect(relativeError(found, expected) < 1e-6, "seed \(seed), \(geometry)")
    for index in output.indices where index / (results * 8) * 8 + index % 8 >= geometry.outputs {
      #expect(output[index] == 0, "seed \(seed), \(geometry)")
    }
  }

  @Test(arguments: Level.available, [(8, 1), (8, 4), (16, 5), (64, 7), (104, 8)])
  func `rows of a matrix are multiplied with a vector`(level: Level, size: (columns: Int, rows: Int)) {
    var generator = SeededRandom(seed: UInt64(size.columns + size.rows))
    let input = generator.values(size.columns)
    let weights = generator.values(size.columns * size.rows)
    let bias = generator.values(size.rows)
    var output = [Float](repeating: .nan, count: size.rows)
    level.kernels.multiplyRows(
      columns: size.columns, rows: size.rows, weights: weights, bias: bias, input: input, output: &output)
    let expected = Float64Definition.dense(input: input.float64, weight: weights.float64, bias: bias.float64)
    #expect(relativeError(output, expected) < 1e-6)
  }
}
