import RetinaEngine
import RetinaKernels

/// The weights and biases of a layer in training, and where their gradients go.
final class LayerWeights: @unchecked Sendable {
  /// The whole weights, as the layer computes with them.
  private(set) var values: [Float] = []
  /// One number per output, filled up to whole groups of eight.
  private let biasMemory: AlignedFloats
  private let threadBias: [AlignedFloats]
  let form: WeightForm
  private let weightRange: Range<Int>
  private let biasRange: Range<Int>?
  private let zeroMemory: AlignedFloats
  /// Composes stacks.
  private let stack: FastStack?

  init(_ form: WeightForm, at weightRange: Range<Int>, bias biasRange: Range<Int>?, outputs: Int, room: BatchRoom) {
    self.form = form
    if case .stack(let shapes) = form {
      stack = FastStack(shapes, kernels: room.kernels, threads: room.threads)
    } else {
      stack = nil
    }
    self.weightRange = weightRange
    self.biasRange = biasRange
    biasMemory = AlignedFloats((outputs + 7) / 8 * 8)
    threadBias = (0..<room.threads).map { _ in AlignedFloats((outputs + 7) / 8 * 8) }
    zeroMemory = AlignedFloats(8)
  }

  /// One number per output, filled up to whole groups of eight.
  var bias: UnsafeMutablePointer<Float> { biasMemory.base }

  /// Eight zeros.
  var zeros: UnsafeMutablePointer<Float> { zeroMemory.base }

  /// Makes the weights from the parameters.
  func prepare(_ pass: Pass) {
    prepareBias(pass)
    if values.isEmpty { values = [Float](repeating: 0, count: form.weightCount) }
    let parameters = parameters(pass)
    if let stack {
      stack.compose(parameters, into: &values)
    } else {
      form.compose(parameters, into: &values, threads: pass.threads)
    }
  }

  /// The numbers that the weights are made from.
  func parameters(_ pass: Pass) -> [Float] { Array(pass.parameters[weightRange]) }

  /// Takes the biases from the parameters, and forgets what was summed up for them.
  func prepareBias(_ pass: Pass) {
    for (index, place) in (biasRange ?? 0..<0).enumerated() { bias[index] = pass.parameters[place] }
    for memory in threadBias { memory.clear() }
  }

  /// Adds gradients of the biases of a group of eight outputs: the constant parts of the spectra of gradients.
  func addBias(thread: Int, group: Int, spectra: UnsafePointer<Float>, samples: Int, stride: Int) {
    let sums = threadBias[thread].base + 8 * group
    for sample in 0..<samples {
      for lane in 0..<8 { sums[lane] += spectra[sample * stride + lane] }
    }
  }

  /// Adds to the gradient of one bias.
  func addBias(thread: Int, output: Int, _ sum: Float) { threadBias[thread].base[output] += sum }

  /// Adds the gradients of a sample's outputs to those of the biases.
  func addBias(thread: Int, gradients: UnsafePointer<Float>, count: Int) {
    for index in 0..<count { threadBias[thread].base[index] += gradients[index] }
  }

  /// Sends a gradient of the whole weights, and the sums of the biases, to the parameters.
  func addGradient(_ weightGradient: [Float], _ pass: Pass) {
    pass.addGradient(weightRange) { gradient in
      if let stack {
        stack.addGradient(weightGradient, into: &gradient)
      } else {
        form.addGradient(
          parameters(pass), weightGradient: weightGradient, into: &gradient, threads: pass.threads)
      }
    }
    addBiasGradient(pass)
  }

  /// Adds to the gradients of the learnt numbers by other means than ``addGradient(_:_:)``.
  func addGradient(_ pass: Pass, _ add: (inout ArraySlice<Float>) -> Void) {
    pass.addGradient(weightRange, add)
    addBiasGradient(pass)
  }

  private func addBiasGradient(_ pass: Pass) {
    guard let biasRange else { return }
    for memory in threadBias {
      for (index, place) in biasRange.enumerated() { pass.gradient[place] += memory.base[index] }
    }
  }
}

/// How large batches are, and what runs them.
struct BatchRoom: Sendable {
  var clips, clipLength, threads: Int
  /// Rows and columns from one unit of a feature map that is computed to the next.
  var spacing: Int
  var kernels: KernelTable

  var samples: Int { clips * clipLength }
}

extension AlignedFloats {
  /// Adds others of the same size, in their order.
  func add(_ others: [AlignedFloats], threads: Int) {
    guard !others.isEmpty else { return }
    Parallel.split(count / 8, threads: threads) { vectors in
      for other in others {
        for index in vectors.lowerBound * 8..<vectors.upperBound * 8 { base[index] += other.base[index] }
      }
    }
    for index in count / 8 * 8..<count { for other in others { base[index] += other.base[index] } }
  }
}
