import RetinaEngine

/// A matrix product with every unit, and its gradients.
final class DenseStep: NetworkStep, @unchecked Sendable {
  let output: FeatureLayout
  let isInPlace = false
  private let input: FeatureLayout
  private let outputs: Int
  private let weights: LayerWeights
  private let kernels: KernelTable
  /// Where the units of the input lie in memory.
  private let places: [Int]
  /// The matrix with its columns in the order of the input's memory, and gradients of it per thread.
  private let matrix: AlignedFloats
  private let gradients: [AlignedFloats]

  init(_ input: FeatureLayout, outputs: Int, weights: LayerWeights, room: BatchRoom) {
    self.input = input
    self.outputs = outputs
    self.weights = weights
    kernels = room.kernels
    output = .plain(count: outputs)
    places = (0..<input.count).map { input.place($0) }
    let count = outputs * input.floats
    matrix = AlignedFloats(count)
    gradients = (0..<room.threads).map { _ in AlignedFloats(count) }
  }

  func prepare(_ pass: Pass) {
    weights.prepare(pass)
    for row in 0..<outputs {
      let target = matrix.base + row * input.floats
      for (column, place) in places.enumerated() { target[place] = weights.values[row * input.count + column] }
    }
  }

  func forward(_ pass: Pass, _ values: StepValues) {
    guard let source = values.input.map(SendableFloats.init) else { return }
    pass.onEveryThread { thread in
      let samples = pass.samples(ofThread: thread)
      for sample in samples {
        (values.output + sample * values.outputFloats).update(from: weights.bias, count: outputs)
      }
      kernels.addMatrixProductTransposed(
        samples.count, outputs, input.floats, source.base + samples.lowerBound * input.floats, input.floats,
        matrix.base,
        input.floats, values.output + samples.lowerBound * values.outputFloats, values.outputFloats)
    }
  }

  func backward(_ pass: Pass, _ values: StepValues) {
    guard let source = values.input.map(SendableFloats.init) else { return }
    pass.onEveryThread { thread in
      let samples = pass.samples(ofThread: thread)
      let gradient = values.outputGradient + samples.lowerBound * values.outputFloats
      if let inputGradient = values.inputGradient {
        let target = inputGradient + samples.lowerBound * input.floats
        target.update(repeating: 0, count: samples.count * input.floats)
        kernels.addMatrixProduct(
          samples.count, input.floats, outputs, gradient, values.outputFloats, 1, matrix.base, input.floats, target,
          input.floats)
      }
      gradients[thread].clear()
      kernels.addMatrixProduct(
        outputs, input.floats, samples.count, gradient, 1, values.outputFloats,
        source.base + samples.lowerBound * input.floats, input.floats, gradients[thread].base, input.floats)
      for sample in samples {
        weights.addBias(
          thread: thread, gradients: values.outputGradient + sample * values.outputFloats, count: outputs)
      }
    }
    gradients[0].add(Array(gradients.dropFirst()), threads: pass.threads)
    var weightGradient = [Float](repeating: 0, count: outputs * input.count)
    for row in 0..<outputs {
      let source = gradients[0].base + row * input.floats
      for (column, place) in places.enumerated() { weightGradient[row * input.count + column] = source[place] }
    }
    weights.addGradient(weightGradient, pass)
  }
}
