import RetinaEngine
import RetinaKernels
import RetinaModel

/// Gradients of one cell's rate with respect to the parameters of a model, for one input.
struct ParameterGradients {
  private let model: Model
  private let program: Program
  private let values: Workspace
  private let gradients: Workspace

  /// Runs the model and follows the cell's gradient back to every layer.
  init(_ model: Model, _ program: Program, input: [Float], cell: Int) {
    (self.model, self.program) = (model, program)
    let plan = MemoryPlan(program) { _ in true }
    (values, gradients) = (Workspace(plan), Workspace(plan))
    input.withUnsafeBufferPointer { program.normalize($0.baseAddress!, into: values[0]) }
    program.run(values)
    let last = program.outputBoundary
    gradients[last].update(repeating: 0, count: program.outputCount)
    gradients[last][cell] = 1
    program.pullBack(gradients, at: values, from: last, to: 0)
  }

  /// The layers that have parameters.
  static func layers(_ model: Model) -> [Int] {
    model.layers.indices.filter { place in
      switch model.layers[place].operation {
      case .convolution, .convolutionStack, .separableConvolution, .dense, .batchNormalization: return true
      default: return false
      }
    }
  }

  /// The gradient with respect to all parameters of a layer, step after step: weights, then biases.
  ///
  /// A separable convolution counts as the convolution that it stands for.
  subscript(layer: Int) -> [Float] {
    program.steps.indices.filter { program.steps[$0].layer == layer }.flatMap { gradient(step: $0) }
  }

  private func gradient(step: Int) -> [Float] {
    let (input, slope) = (values[step], gradients[step + 1])
    switch program.steps[step].kind {
    case .convolution(let geometry, _, let bias):
      let weights = geometry.weightGradient(input: input, outputGradient: slope)
      guard bias != nil else { return weights }
      let plane = geometry.outputHeight * geometry.outputWidth
      return weights
        + (0..<geometry.outputs).map { channel in
          (0..<plane).reduce(0) { $0 + slope[channel * plane + $1] }
        }
    case .dense(let inputs, let outputs, _, let bias):
      var weights = [Float](repeating: 0, count: inputs * outputs)
      for output in 0..<outputs where slope[output] != 0 {
        for place in 0..<inputs { weights[output * inputs + place] = slope[output] * input[place] }
      }
      return bias == nil ? weights : weights + (0..<outputs).map { slope[$0] }
    case .affine(let count, let run, _, _):
      // A batch normalisation: its scale multiplies the normalised value, its shift is added.
      guard case .batchNormalization(let normalization) = model.layers[program.steps[step].layer].operation else {
        return []
      }
      var (scales, shifts) = ([Float](), [Float]())
      for channel in 0..<count / run {
        let deviation = (normalization.variance[channel] + normalization.epsilon).squareRoot()
        var (scale, shift) = (Float(0), Float(0))
        for place in channel * run..<(channel + 1) * run {
          scale += slope[place] * (input[place] - normalization.mean[channel]) / deviation
          shift += slope[place]
        }
        scales.append(scale)
        shifts.append(shift)
      }
      return scales + shifts
    default: return []
    }
  }
}

extension ConvolutionGeometry {
  /// The derivatives with respect to the kernels `[out, in / groups, height, width]`: correlations of the input with the
  /// derivatives with respect to the output.
  fileprivate func weightGradient(
    input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>
  ) -> [Float] {
    let (perGroup, outputsPerGroup) = (inputs / groups, outputs / groups)
    let taps = kernelHeight * kernelWidth
    var weights = [Float](repeating: 0, count: weightCount)
    for output in 0..<outputs {
      let slopes = outputGradient + output * outputHeight * outputWidth
      for part in 0..<perGroup {
        let plane = input + (output / outputsPerGroup * perGroup + part) * inputHeight * inputWidth
        for tap in 0..<taps {
          let (down, across) = (tap / kernelWidth * dilationVertical, tap % kernelWidth * dilationHorizontal)
          var sum: Float = 0
          for row in 0..<outputHeight {
            let y = row * strideVertical + down - paddingVertical
            guard (0..<inputHeight).contains(y) else { continue }
            let (line, slope) = (plane + y * inputWidth, slopes + row * outputWidth)
            if strideHorizontal == 1, paddingHorizontal == 0 {
              sum += product(line + across, slope, outputWidth)
            } else {
              for column in 0..<outputWidth {
                let x = column * strideHorizontal + across - paddingHorizontal
                if (0..<inputWidth).contains(x) { sum += line[x] * slope[column] }
              }
            }
          }
          weights[(output * perGroup + part) * taps + tap] = sum
        }
      }
    }
    return weights
  }

  private func product(_ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, _ count: Int) -> Float {
    let (wideLeft, wideRight) = (UnsafeRawPointer(left), UnsafeRawPointer(right))
    var wide = SIMD8<Float>.zero
    var place = 0
    while place + 8 <= count {
      wide +=
        wideLeft.loadUnaligned(fromByteOffset: place * 4, as: SIMD8<Float>.self)
        * wideRight.loadUnaligned(fromByteOffset: place * 4, as: SIMD8<Float>.self)
      place += 8
    }
    var sum = wide.sum()
    while place < count {
      sum += left[place] * right[place]
      place += 1
    }
    return sum
  }
}
