import RetinaEngine
import RetinaModel
import RetinaStimuli
import Testing

@testable import RetinaFit

/// Weights made from learnt numbers.
@Suite struct WeightFormTests {
  private func random(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    var values: [Float] = []
    for _ in 0..<count { values.append(Float(generator.normal())) }
    return values
  }

  @Test func aStackIsTheConvolutionThatTheModelSays() throws {
    let shapes = [[3, 5, 3, 3], [4, 3, 3, 2], [2, 4, 2, 3]]
    let weights = shapes.enumerated().map { index, shape in
      Tensor(shape: Shape(checking: shape)!, values: random(shape.reduce(1, *), seed: UInt64(index)))!
    }
    let form = WeightForm.stack(
      shapes.map { WeightForm.KernelShape(outputs: $0[0], inputs: $0[1], height: $0[2], width: $0[3]) })
    let expected = ConvolutionStack(weights: weights).composed
    #expect(form.weightCount == expected.shape.count)
    var composed = [Float](repeating: 0, count: form.weightCount)
    form.compose(weights.flatMap { $0.values }, into: &composed)
    for (a, b) in zip(composed, expected.values) { #expect(abs(a - b) < 1e-5) }
  }

  /// Compositions of one to four kernels of odd sizes, and the gradients of their kernels, on one to three threads.
  @Test(arguments: [
    [[2, 5, 3, 2]], [[3, 5, 3, 3], [4, 3, 3, 2]], [[9, 3, 1, 4], [4, 9, 3, 2], [2, 4, 2, 3]],
    [[8, 15, 3, 3], [8, 8, 3, 3], [7, 8, 3, 3], [3, 7, 2, 2]],
  ])
  func aStackIsComposedFastAsByDefinition(_ dimensions: [[Int]]) {
    let shapes = dimensions.map { WeightForm.KernelShape(outputs: $0[0], inputs: $0[1], height: $0[2], width: $0[3]) }
    let form = WeightForm.stack(shapes)
    let parameters = random(form.parameterCount, seed: 4)
    let weightGradient = random(form.weightCount, seed: 5)
    var expected = [Double](repeating: 0, count: form.weightCount)
    form.compose(parameters.map(Double.init), into: &expected)
    var expectedGradient = ArraySlice([Double](repeating: 0, count: form.parameterCount))
    form.addGradient(
      parameters.map(Double.init), weightGradient: weightGradient.map(Double.init), into: &expectedGradient)
    for threads in 1...3 {
      let stack = FastStack(shapes, kernels: KernelTable(.best), threads: threads)
      // Twice: nothing of the first time is left.
      for _ in 0..<2 {
        var found = [Float](repeating: 0, count: form.weightCount)
        stack.compose(parameters, into: &found)
        var gradient = ArraySlice([Float](repeating: 0, count: form.parameterCount))
        stack.addGradient(weightGradient, into: &gradient)
        for (found, expected) in [(found, expected), (Array(gradient), Array(expectedGradient))] {
          let largest = expected.map { abs($0) }.max()!
          for (a, b) in zip(found, expected) { #expect(abs(Double(a) - b) <= 1e-6 * largest, "\(threads) threads") }
        }
      }
    }
  }

  /// The matrix in the order of memory, and the gradients of what it is made from, with whole and with cut groups of channels.
  @Test(arguments: [(cells: 3, channels: 8), (2, 3), (1, 11), (5, 16)], [1, 2])
  func aGaussianIsComposedInMemoryAsByDefinition(_ size: (cells: Int, channels: Int), _ threads: Int) throws {
    let (cells, channels, height, width) = (size.cells, size.channels, 4, 6)
    let form = WeightForm.gaussian(cells: cells, channels: channels, height: height, width: width)
    let layout = FeatureLayout.lanes(channels: channels, height: height, width: width)
    let parameters = random(form.parameterCount, seed: 6)
    // Numbers in lanes of channels that do not exist mean nothing, not even when they are none.
    var weightGradient = [Double](repeating: 0, count: form.weightCount)
    let memory = AlignedFloats(cells * layout.floats)
    for index in 0..<memory.count { memory.base[index] = .nan }
    for (index, value) in random(form.weightCount, seed: 7).enumerated() {
      weightGradient[index] = Double(value)
      memory.base[index / layout.count * layout.floats + layout.place(index % layout.count)] = value
    }
    var expected = [Double](repeating: 0, count: form.weightCount)
    form.compose(parameters.map(Double.init), into: &expected)
    var expectedGradient = ArraySlice([Double](repeating: 0, count: form.parameterCount))
    form.addGradient(parameters.map(Double.init), weightGradient: weightGradient, into: &expectedGradient)
    let matrix = try #require(GaussianMatrix(form, layout))
    var gradient = ArraySlice([Float](repeating: 0, count: form.parameterCount))
    matrix.addGradient(parameters, matrixGradient: memory.base, into: &gradient, threads: threads)
    matrix.compose(parameters, into: memory.base, threads: threads)
    let found = (0..<form.weightCount).map {
      memory.base[$0 / layout.count * layout.floats + layout.place($0 % layout.count)]
    }
    for (found, expected) in [(found, expected), (Array(gradient), Array(expectedGradient))] {
      let largest = expected.map { abs($0) }.max()!
      for (a, b) in zip(found, expected) { #expect(abs(Double(a) - b) <= 1e-6 * largest, "\(a), expected \(b)") }
    }
  }

  /// <weights(p + e d) - weights(p - e d), g> / 2e = <d, adjoint g>, in float64.
  @Test(arguments: [
    WeightForm.stack([
      .init(outputs: 2, inputs: 3, height: 3, width: 2), .init(outputs: 3, inputs: 2, height: 2, width: 3),
    ]),
    .separable(outputs: 2, rank: 3, inputs: 4, positions: 6), .gaussian(cells: 2, channels: 3, height: 4, width: 5),
    .factorized(cells: 2, channels: 3, height: 4, width: 5), .free(count: 7),
    .pathways(count: 2, outputs: 4, inputs: 6, positions: 3),
  ])
  func theAdjointIsTheDerivative(_ form: WeightForm) {
    let parameters = random(form.parameterCount, seed: 1).map(Double.init)
    let direction = random(form.parameterCount, seed: 2).map(Double.init)
    let weightGradient = random(form.weightCount, seed: 3).map(Double.init)
    func along(_ step: Double) -> Double {
      var weights = [Double](repeating: 0, count: form.weightCount)
      form.compose(zip(parameters, direction).map { $0 + step * $1 }, into: &weights)
      return zip(weights, weightGradient).reduce(0) { $0 + $1.0 * $1.1 }
    }
    var gradient = ArraySlice([Double](repeating: 0, count: form.parameterCount))
    form.addGradient(parameters, weightGradient: weightGradient, into: &gradient)
    let expected = (along(1e-5) - along(-1e-5)) / 2e-5
    let found = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs(found - expected) < 1e-8 * max(1, abs(expected)))
  }

  @Test func aGaussianFarOutsideIsStillAMask() {
    let form = WeightForm.gaussian(cells: 1, channels: 1, height: 3, width: 3)
    var weights = [Float](repeating: 0, count: 9)
    form.compose([-500, 1, -1, 0, 2], into: &weights)
    #expect(weights.allSatisfy { $0.isFinite })
    #expect(abs(weights.reduce(0, +) - 2) < 1e-5)
  }
}
