import RetinaKernels

/// The parameters that steps point into.
public struct StepParameters {
  /// Weights, biases, factors.
  public var floats: UnsafePointer<Float>
  /// Places that are picked.
  public var indices: UnsafePointer<Int32>

  /// Creates a view of memory.
  public init(floats: UnsafePointer<Float>, indices: UnsafePointer<Int32>) {
    self.floats = floats
    self.indices = indices
  }
}

/// Steps by their definition: the same operations in the same order on every processor, never fused.
extension Step {
  /// Computes the output.
  ///
  /// - Parameter firstPlane: where channel 0 of the input lies; only a convolution can begin elsewhere than at 0.
  public func forward(
    _ parameters: StepParameters, input: UnsafePointer<Float>, firstPlane: Int = 0,
    output: UnsafeMutablePointer<Float>
  ) {
    let floats = parameters.floats
    switch kind {
    case .convolution(let geometry, let weight, let bias):
      PlainConvolution.forward(
        geometry, input: input, firstPlane: firstPlane, weight: floats + weight, bias: bias.map { floats + $0 },
        output: output)
    case .dense(let inputs, let outputs, let weight, let bias):
      PlainDense.forward(
        inputs: inputs, outputs: outputs, input: input, weight: floats + weight, bias: bias.map { floats + $0 },
        output: output)
    case .affine(let count, let run, let scale, let shift):
      PlainAffine.forward(
        count: count, run: run, input: input, scale: floats + scale, shift: floats + shift, output: output)
    case .activation(let kind, let count):
      PlainActivation.forward(kind, count: count, input: input, output: output)
    case .parametricSoftplus(let count, _, _, _, _):
      for index in 0..<count {
        let (alpha, beta) = parametricSoftplus(parameters, index)
        output[index] = alpha * Elementary.softplus(beta * input[index])
      }
    case .divisiveNormalization(let count):
      PlainDivisiveNormalization.forward(count: count, input: input, output: output)
    case .maximumPool(let geometry): PlainMaximumPool.forward(geometry, input: input, output: output)
    case .averagePool(let geometry): PlainAveragePool.forward(geometry, input: input, output: output)
    case .gather(_, let count, let places):
      for index in 0..<count { output[index] = input[Int(parameters.indices[places + index])] }
    case .identity(let count): output.update(from: input, count: count)
    }
  }

  /// Computes the gradient of the input from that of the output.
  ///
  /// - Parameter count: values of the input.
  public func pullBack(
    _ parameters: StepParameters, count: Int, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>
  ) {
    let floats = parameters.floats
    switch kind {
    case .convolution(let geometry, let weight, _):
      inputGradient.update(repeating: 0, count: count)
      PlainConvolution.accumulateInputGradient(
        geometry, outputGradient: outputGradient, weight: floats + weight, inputGradient: inputGradient)
    case .dense(let inputs, let outputs, let weight, _):
      inputGradient.update(repeating: 0, count: count)
      PlainDense.accumulateInputGradient(
        inputs: inputs, outputs: outputs, outputGradient: outputGradient, weight: floats + weight,
        inputGradient: inputGradient)
    case .affine(let count, let run, let scale, _):
      PlainAffine.forward(
        count: count, run: run, input: outputGradient, scale: floats + scale, shift: nil, output: inputGradient)
    case .activation(let kind, let count):
      PlainActivation.derivative(kind, count: count, input: input, derivative: inputGradient)
      for index in 0..<count { inputGradient[index] *= outputGradient[index] }
    case .parametricSoftplus(let count, _, _, _, _):
      for index in 0..<count {
        inputGradient[index] = outputGradient[index] * parametricSlope(parameters, index, input[index])
      }
    case .divisiveNormalization(let count):
      PlainDivisiveNormalization.pullBack(
        count: count, input: input, outputGradient: outputGradient, inputGradient: inputGradient)
    case .maximumPool(let geometry):
      inputGradient.update(repeating: 0, count: count)
      PlainMaximumPool.accumulateInputGradient(
        geometry, input: input, outputGradient: outputGradient, inputGradient: inputGradient)
    case .averagePool(let geometry):
      inputGradient.update(repeating: 0, count: count)
      PlainAveragePool.accumulateInputGradient(
        geometry, outputGradient: outputGradient, inputGradient: inputGradient)
    case .gather(_, let outputs, let places):
      inputGradient.update(repeating: 0, count: count)
      for index in 0..<outputs { inputGradient[Int(parameters.indices[places + index])] += outputGradient[index] }
    case .identity(let count): inputGradient.update(from: outputGradient, count: count)
    }
  }

  /// Alpha and beta of one unit of a parametric softplus; 0 for other steps.
  func parametricSoftplus(_ parameters: StepParameters, _ unit: Int) -> (alpha: Float, beta: Float) {
    guard case .parametricSoftplus(_, let alpha, let alphaPerUnit, let beta, let betaPerUnit) = kind else {
      return (0, 0)
    }
    return (
      parameters.floats[alpha + (alphaPerUnit ? unit : 0)], parameters.floats[beta + (betaPerUnit ? unit : 0)]
    )
  }

  /// d/dx of `alpha log(1 + e^(beta x))` = `alpha beta / (1 + e^(-beta x))`; 0 for other steps.
  func parametricSlope(_ parameters: StepParameters, _ unit: Int, _ x: Float) -> Float {
    let (alpha, beta) = parametricSoftplus(parameters, unit)
    return alpha * beta * Elementary.sigmoid(beta * x)
  }
}
