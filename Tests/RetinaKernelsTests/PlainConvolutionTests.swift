import RetinaKernels
import Testing

@Suite struct PlainConvolutionTests {
  @Test(arguments: 0..<60)
  func `the convolution and its adjoints follow their definition`(seed: Int) {
    var generator = SeededRandom(seed: UInt64(seed))
    let geometry = ConvolutionGeometry.random(&generator)
    let (rows, columns) = Float64Definition.outputSize(geometry)
    #expect(geometry.outputHeight == rows && geometry.outputWidth == columns, "seed \(seed), \(geometry)")
    let input = generator.values(geometry.inputCount)
    let weight = generator.values(geometry.weightCount)
    let bias = generator.values(geometry.outputs)
    let gradient = generator.values(geometry.outputCount)

    var output = [Float](repeating: .nan, count: geometry.outputCount)
    PlainConvolution.forward(geometry, input: input, weight: weight, bias: bias, output: &output)
    let expected = Float64Definition.convolution(
      geometry, input: input.float64, weight: weight.float64, bias: bias.float64)
    #expect(relativeError(output, expected) < 1e-6, "seed \(seed), \(geometry)")

    // Both adjoints add to what is there.
    var inputGradient = input
    PlainConvolution.accumulateInputGradient(
      geometry, outputGradient: gradient, weight: weight, inputGradient: &inputGradient)
    let expectedInput = Float64Definition.convolutionInputGradient(
      geometry, outputGradient: gradient.float64, weight: weight.float64)
    let inputSum = zip(expectedInput, input).map { $0 + Double($1) }
    #expect(relativeError(inputGradient, inputSum) < 1e-6, "seed \(seed), \(geometry)")

    var weightGradient = weight
    PlainConvolution.accumulateWeightGradient(
      geometry, input: input, outputGradient: gradient, weightGradient: &weightGradient)
    let expectedWeight = Float64Definition.convolutionWeightGradient(
      geometry, outputGradient: gradient.float64, input: input.float64)
    let weightSum = zip(expectedWeight, weight).map { $0 + Double($1) }
    #expect(relativeError(weightGradient, weightSum) < 1e-6, "seed \(seed), \(geometry)")
  }

  @Test(arguments: 100..<130)
  func `the gradients are adjoint to the convolution`(seed: Int) {
    var generator = SeededRandom(seed: UInt64(seed))
    let geometry = ConvolutionGeometry.random(&generator)
    let input = generator.values(geometry.inputCount)
    let weight = generator.values(geometry.weightCount)
    let gradient = generator.values(geometry.outputCount)
    var output = [Float](repeating: 0, count: geometry.outputCount)
    PlainConvolution.forward(geometry, input: input, weight: weight, bias: nil, output: &output)
    var inputGradient = [Float](repeating: 0, count: geometry.inputCount)
    PlainConvolution.accumulateInputGradient(
      geometry, outputGradient: gradient, weight: weight, inputGradient: &inputGradient)
    var weightGradient = [Float](repeating: 0, count: geometry.weightCount)
    PlainConvolution.accumulateWeightGradient(
      geometry, input: input, outputGradient: gradient, weightGradient: &weightGradient)
    let scale = (product(output, output) * product(gradient, gradient)).squareRoot()
    #expect(abs(product(output, gradient) - product(input, inputGradient)) <= 1e-6 * scale, "seed \(seed)")
    #expect(abs(product(output, gradient) - product(weight, weightGradient)) <= 1e-6 * scale, "seed \(seed)")
  }

  @Test func `a convolution without bias starts from zero`() {
    let geometry = ConvolutionGeometry(
      inputs: 1, outputs: 1, inputHeight: 1, inputWidth: 3, kernelHeight: 1, kernelWidth: 2)
    var output: [Float] = [9, 9]
    PlainConvolution.forward(geometry, input: [1, 2, 4], weight: [10, 1], bias: nil, output: &output)
    #expect(output == [12, 24])
  }
}

extension ConvolutionGeometry {
  /// A geometry with every feature in turn: 1 x 1 kernels, kernels as large as the image, stride, padding, dilation, groups.
  static func random(_ generator: inout SeededRandom, grouped: Bool = true) -> ConvolutionGeometry {
    let groups = grouped ? generator.element([1, 1, 1, 2, 3]) : 1
    var geometry = ConvolutionGeometry(
      inputs: groups * generator.integer(1...4), outputs: groups * generator.integer(1...4),
      inputHeight: generator.integer(1...9), inputWidth: generator.integer(1...19), kernelHeight: 1, kernelWidth: 1,
      groups: groups)
    if !generator.once(in: 3) {
      (geometry.strideVertical, geometry.strideHorizontal) = (generator.integer(1...3), generator.integer(1...3))
      (geometry.paddingVertical, geometry.paddingHorizontal) = (generator.integer(0...3), generator.integer(0...3))
    }
    switch generator.integer(0...4) {
    case 0: break
    case 1: (geometry.kernelHeight, geometry.kernelWidth) = (geometry.inputHeight, geometry.inputWidth)
    default:
      geometry.kernelHeight = generator.integer(1...min(5, geometry.inputHeight))
      geometry.kernelWidth = generator.integer(1...min(5, geometry.inputWidth))
      let (height, width) = (
        geometry.inputHeight + 2 * geometry.paddingVertical, geometry.inputWidth + 2 * geometry.paddingHorizontal
      )
      while generator.once(in: 2), (geometry.dilationVertical + 1) * (geometry.kernelHeight - 1) < height {
        geometry.dilationVertical += 1
      }
      while generator.once(in: 2), (geometry.dilationHorizontal + 1) * (geometry.kernelWidth - 1) < width {
        geometry.dilationHorizontal += 1
      }
    }
    return geometry
  }
}
