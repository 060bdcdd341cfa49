import RetinaKernels
import Testing

@Suite struct PlainDenseTests {
  @Test(arguments: [(1, 1), (7, 3), (8, 1), (9, 4), (64, 5), (101, 7)])
  func `the dense layer and its adjoints follow their definition`(inputs: Int, outputs: Int) {
    var generator = SeededRandom(seed: UInt64(inputs))
    let input = generator.values(inputs)
    let weight = generator.values(inputs * outputs)
    let bias = generator.values(outputs)
    // A gradient of zero is a case of its own.
    var gradient = generator.values(outputs)
    gradient[outputs / 2] = outputs > 1 ? 0 : 1

    var output = [Float](repeating: .nan, count: outputs)
    PlainDense.forward(inputs: inputs, outputs: outputs, input: input, weight: weight, bias: bias, output: &output)
    #expect(
      relativeError(
        output, Float64Definition.dense(input: input.float64, weight: weight.float64, bias: bias.float64)) < 1e-6)
    PlainDense.forward(inputs: inputs, outputs: outputs, input: input, weight: weight, bias: nil, output: &output)
    let zeros = [Double](repeating: 0, count: outputs)
    #expect(
      relativeError(output, Float64Definition.dense(input: input.float64, weight: weight.float64, bias: zeros)) < 1e-6)

    var inputGradient = input
    PlainDense.accumulateInputGradient(
      inputs: inputs, outputs: outputs, outputGradient: gradient, weight: weight, inputGradient: &inputGradient)
    let expectedInput = (0..<inputs).map { column in
      (0..<outputs).reduce(Double(input[column])) {
        $0 + Double(gradient[$1]) * Double(weight[$1 * inputs + column])
      }
    }
    #expect(relativeError(inputGradient, expectedInput) < 1e-6)

    var weightGradient = weight
    PlainDense.accumulateWeightGradient(
      inputs: inputs, outputs: outputs, input: input, outputGradient: gradient, weightGradient: &weightGradient)
    let expectedWeight = (0..<inputs * outputs).map {
      Double(weight[$0]) + Double(gradient[$0 / inputs]) * Double(input[$0 % inputs])
    }
    #expect(relativeError(weightGradient, expectedWeight) < 1e-6)
  }
}
