import RetinaEngine
import RetinaKernels
import RetinaModel

/// A step that is computed by its plain definition: convolutions with stride, padding, dilation or groups, divisive normalisation,
/// pooling, picked units.
///
/// Values are brought into the order of the model and back.
final class PlainStep: NetworkStep, @unchecked Sendable {
  let output: FeatureLayout
  let isInPlace = false
  private let input: FeatureLayout
  private let kind: Kind
  private let memory: [Thread]

  /// What is computed.
  enum Kind {
    case convolution(ConvolutionGeometry, LayerWeights)
    case divisiveNormalization
    case maximumPool(PoolGeometry)
    case averagePool(PoolGeometry)
    case gather([Int])
    /// The same values under another shape.
    case rearrange
  }

  /// What a thread works in.
  private struct Thread {
    let input, output, weightGradient: AlignedFloats
  }

  init(_ kind: Kind, input: FeatureLayout, output: FeatureLayout, room: BatchRoom) {
    self.kind = kind
    self.input = input
    self.output = output
    var weights = 0
    if case .convolution(let geometry, _) = kind { weights = geometry.weightCount }
    memory = (0..<room.threads).map { _ in
      Thread(
        input: AlignedFloats(input.floats), output: AlignedFloats(output.floats),
        weightGradient: AlignedFloats(weights))
    }
  }

  func prepare(_ pass: Pass) {
    if case .convolution(_, let weights) = kind { weights.prepare(pass) }
  }

  func forward(_ pass: Pass, _ values: StepValues) {
    guard let source = values.input.map(SendableFloats.init) else { return }
    pass.onEveryThread { thread in
      let (from, to) = (memory[thread].input.base, memory[thread].output.base)
      for sample in pass.samples(ofThread: thread) {
        input.unpack(source.base + sample * values.inputFloats, into: from)
        switch kind {
        case .convolution(let geometry, let weights):
          PlainConvolution.forward(geometry, input: from, weight: weights.values, bias: weights.bias, output: to)
        case .divisiveNormalization: PlainDivisiveNormalization.forward(count: output.count, input: from, output: to)
        case .maximumPool(let geometry): PlainMaximumPool.forward(geometry, input: from, output: to)
        case .averagePool(let geometry): PlainAveragePool.forward(geometry, input: from, output: to)
        case .gather(let places): for (index, place) in places.enumerated() { to[index] = from[place] }
        case .rearrange: to.update(from: from, count: input.count)
        }
        output.pack(to, into: values.output + sample * values.outputFloats)
      }
    }
  }

  func backward(_ pass: Pass, _ values: StepValues) {
    guard let source = values.input.map(SendableFloats.init) else { return }
    let place = AlignedFloats(max(input.floats, output.floats) * pass.threads * 2)
    pass.onEveryThread { thread in
      let room = place.base + thread * max(input.floats, output.floats) * 2
      let (gradient, back) = (room, room + max(input.floats, output.floats))
      memory[thread].weightGradient.clear()
      for sample in pass.samples(ofThread: thread) {
        output.unpack(values.outputGradient + sample * values.outputFloats, into: gradient)
        input.unpack(source.base + sample * values.inputFloats, into: memory[thread].input.base)
        back.update(repeating: 0, count: input.count)
        backward(gradient, into: back, thread: thread)
        if let inputGradient = values.inputGradient {
          input.pack(back, into: inputGradient + sample * values.inputFloats)
        }
      }
    }
    guard case .convolution(let geometry, let weights) = kind else { return }
    memory[0].weightGradient.add(memory.dropFirst().map { $0.weightGradient }, threads: 1)
    weights.addGradient(
      Array(UnsafeBufferPointer(start: memory[0].weightGradient.base, count: geometry.weightCount)), pass)
  }

  private func backward(
    _ gradient: UnsafeMutablePointer<Float>, into back: UnsafeMutablePointer<Float>, thread: Int
  ) {
    let from = memory[thread].input.base
    switch kind {
    case .convolution(let geometry, let weights):
      PlainConvolution.accumulateInputGradient(
        geometry, outputGradient: gradient, weight: weights.values, inputGradient: back)
      PlainConvolution.accumulateWeightGradient(
        geometry, input: from, outputGradient: gradient, weightGradient: memory[thread].weightGradient.base)
      let plane = geometry.outputHeight * geometry.outputWidth
      for output in 0..<geometry.outputs {
        var sum: Float = 0
        for position in 0..<plane { sum += gradient[output * plane + position] }
        weights.addBias(thread: thread, output: output, sum)
      }
    case .divisiveNormalization:
      PlainDivisiveNormalization.pullBack(
        count: output.count, input: from, outputGradient: gradient, inputGradient: back)
    case .maximumPool(let geometry):
      PlainMaximumPool.accumulateInputGradient(
        geometry, input: from, outputGradient: gradient, inputGradient: back)
    case .averagePool(let geometry):
      PlainAveragePool.accumulateInputGradient(geometry, outputGradient: gradient, inputGradient: back)
    case .gather(let places):
      for (index, place) in places.enumerated() { back[place] += gradient[index] }
    case .rearrange: back.update(from: gradient, count: input.count)
    }
  }
}

/// The windows of a movie, for networks whose first layer is not a convolution that shares the work of frames.
final class WindowStep: NetworkStep, @unchecked Sendable {
  let output: FeatureLayout
  let isInPlace = false
  private let pixels: Int

  init(_ shape: Shape) {
    output = .plain(count: shape.count)
    pixels = shape.count / shape[0]
  }

  func prepare(_ pass: Pass) {}

  func forward(_ pass: Pass, _ values: StepValues) {
    for (clip, frame) in pass.firstFrames.enumerated() {
      for step in 0..<pass.clipLength {
        (values.output + (clip * pass.clipLength + step) * values.outputFloats)
          .update(from: pass.movie + (frame + step) * pixels, count: output.count)
      }
    }
  }

  func backward(_ pass: Pass, _ values: StepValues) {}
}
