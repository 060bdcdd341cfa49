import RetinaEngine

/// A matrix product with every unit, and its gradients.
final class DenseStep: NetworkStep, @unchecked Sendable {
  let output: FeatureLayout
  let isInPlace = false
  private let input: FeatureLayout
  private let outputs: Int
  private let weights: LayerWeights
  private let kernels: KernelTable
  /// The matrix with its columns in the order of the input's memory, and gradients of it per thread.
  private let matrix: AlignedFloats
  private let gradients: [AlignedFloats]
  /// The gradient of the matrix in the order of the model.
  private var weightGradient: [Float]
  /// Makes the matrix of a Gaussian read-out as it lies in memory.
  private let gaussian: GaussianMatrix?

  init(_ input: FeatureLayout, outputs: Int, weights: LayerWeights, room: BatchRoom) {
    self.input = input
    self.outputs = outputs
    self.weights = weights
    kernels = room.kernels
    output = .plain(count: outputs)
    let count = outputs * input.floats
    matrix = AlignedFloats(count)
    gradients = (0..<room.threads).map { _ in AlignedFloats(count) }
    gaussian = GaussianMatrix(weights.form, input, spacing: room.spacing)
    weightGradient = [Float](repeating: 0, count: gaussian == nil ? outputs * input.count : 0)
  }

  func prepare(_ pass: Pass) {
    if let gaussian {
      weights.prepareBias(pass)
      return gaussian.compose(weights.parameters(pass), into: matrix.base, threads: pass.threads)
    }
    weights.prepare(pass)
    Parallel.split(outputs, threads: pass.threads) { rows in
      weights.values.withUnsafeBufferPointer { values in
        for row in rows {
          input.pack(values.baseAddress! + row * input.count, into: matrix.base + row * input.floats)
        }
      }
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
    if let gaussian {
      return weights.addGradient(pass) { gradient in
        gaussian.addGradient(
          weights.parameters(pass), matrixGradient: gradients[0].base, into: &gradient, threads: pass.threads)
      }
    }
    weightGradient.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let target = SendableFloats(base)
      Parallel.split(outputs, threads: pass.threads) { rows in
        for row in rows {
          input.unpack(gradients[0].base + row * input.floats, into: target.base + row * input.count)
        }
      }
    }
    weights.addGradient(weightGradient, pass)
  }
}
