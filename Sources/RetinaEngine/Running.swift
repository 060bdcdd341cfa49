import RetinaKernels
import RetinaModel

extension Program {
  /// Runs the steps from one boundary to another: the values at `start` are read, those after it written.
  public func run(_ values: Workspace, from start: Int = 0, to end: Int? = nil) {
    for index in start..<(end ?? outputBoundary) {
      forward(index, input: values[index], output: values[index + 1], scratch: values.scratch)
    }
  }

  /// Derivative along a direction: reads the tangent at `start` and writes those after it.
  ///
  /// - Parameter values: the values at every boundary, from ``run(_:from:to:)``.
  public func pushForward(_ tangents: Workspace, at values: Workspace, from start: Int, to end: Int) {
    for index in start..<end {
      tangent(
        index, input: values[index], inputTangent: tangents[index], outputTangent: tangents[index + 1],
        scratch: tangents.scratch)
    }
  }

  /// Gradient: reads the gradient at boundary `start` and writes those before it, down to boundary `end`.
  ///
  /// - Parameter values: the values at every boundary, from ``run(_:from:to:)``.
  public func pullBack(_ gradients: Workspace, at values: Workspace, from start: Int, to end: Int) {
    for index in stride(from: start - 1, through: end, by: -1) {
      gradient(
        index, input: values[index], outputGradient: gradients[index + 1], inputGradient: gradients[index],
        scratch: gradients.scratch)
    }
  }

  /// Runs one step that is no convolution, and so needs no scratch.
  func run(step index: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>) {
    forward(index, input: input, output: output, scratch: output)
  }

  private func forward(
    _ index: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    switch steps[index].kind {
    case .convolution(let geometry, let weight, let bias):
      if let convolution = packed[index] {
        convolution.forward(kernels, input: input, withBias: true, output: output, scratch: scratch)
        return
      }
      PlainConvolution.forward(
        geometry, input: input, weight: parameters + weight, bias: bias.map { UnsafePointer(parameters + $0) },
        output: output)
    case .dense(let inputs, let outputs, let weight, let bias):
      PlainDense.forward(
        inputs: inputs, outputs: outputs, input: input, weight: parameters + weight,
        bias: bias.map { UnsafePointer(parameters + $0) }, output: output)
    case .affine(let count, let run, let scale, let shift):
      PlainAffine.forward(
        count: count, run: run, input: input, scale: parameters + scale, shift: parameters + shift, output: output)
    case .activation(let kind, let count):
      PlainActivation.forward(kind, count: count, input: input, output: output)
    case .parametricSoftplus(let count, let alpha, let alphaPerUnit, let beta, let betaPerUnit):
      for index in 0..<count {
        let (a, b) = (parameters[alpha + (alphaPerUnit ? index : 0)], parameters[beta + (betaPerUnit ? index : 0)])
        output[index] = a * Elementary.softplus(b * input[index])
      }
    case .maximumPool(let geometry): PlainMaximumPool.forward(geometry, input: input, output: output)
    case .averagePool(let geometry): PlainAveragePool.forward(geometry, input: input, output: output)
    case .gather(_, let count, let places):
      for index in 0..<count { output[index] = input[indices[places + index]] }
    case .identity(let count): output.update(from: input, count: count)
    }
  }

  private func tangent(
    _ index: Int, input: UnsafePointer<Float>, inputTangent: UnsafePointer<Float>,
    outputTangent: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    let step = steps[index]
    switch step.kind {
    case .convolution(let geometry, let weight, _):
      if let convolution = packed[index] {
        convolution.forward(kernels, input: inputTangent, withBias: false, output: outputTangent, scratch: scratch)
        return
      }
      PlainConvolution.forward(
        geometry, input: inputTangent, weight: parameters + weight, bias: nil, output: outputTangent)
    case .dense(let inputs, let outputs, let weight, _):
      PlainDense.forward(
        inputs: inputs, outputs: outputs, input: inputTangent, weight: parameters + weight, bias: nil,
        output: outputTangent)
    case .affine(let count, let run, let scale, _):
      PlainAffine.forward(
        count: count, run: run, input: inputTangent, scale: parameters + scale, shift: nil, output: outputTangent)
    case .activation(let kind, let count):
      PlainActivation.derivative(kind, count: count, input: input, derivative: outputTangent)
      for index in 0..<count { outputTangent[index] *= inputTangent[index] }
    case .parametricSoftplus(let count, _, _, _, _):
      for index in 0..<count {
        outputTangent[index] = inputTangent[index] * parametricSlope(step, index, input[index])
      }
    case .maximumPool(let geometry):
      PlainMaximumPool.select(geometry, input: input, values: inputTangent, output: outputTangent)
    case .averagePool, .gather, .identity:
      forward(index, input: inputTangent, output: outputTangent, scratch: scratch)
    }
  }

  private func gradient(
    _ index: Int, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    let (step, inputCount) = (steps[index], boundaryCounts[index])
    switch step.kind {
    case .convolution(let geometry, let weight, _):
      if let convolution = packed[index],
        convolution.pullBack(kernels, outputGradient: outputGradient, scratch: scratch, inputGradient: inputGradient)
      {
        return
      }
      inputGradient.update(repeating: 0, count: inputCount)
      PlainConvolution.accumulateInputGradient(
        geometry, outputGradient: outputGradient, weight: parameters + weight, inputGradient: inputGradient)
    case .dense(let inputs, let outputs, let weight, _):
      inputGradient.update(repeating: 0, count: inputCount)
      PlainDense.accumulateInputGradient(
        inputs: inputs, outputs: outputs, outputGradient: outputGradient, weight: parameters + weight,
        inputGradient: inputGradient)
    case .affine(let count, let run, let scale, _):
      PlainAffine.forward(
        count: count, run: run, input: outputGradient, scale: parameters + scale, shift: nil, output: inputGradient)
    case .activation(let kind, let count):
      PlainActivation.derivative(kind, count: count, input: input, derivative: inputGradient)
      for index in 0..<count { inputGradient[index] *= outputGradient[index] }
    case .parametricSoftplus(let count, _, _, _, _):
      for index in 0..<count {
        inputGradient[index] = outputGradient[index] * parametricSlope(step, index, input[index])
      }
    case .maximumPool(let geometry):
      inputGradient.update(repeating: 0, count: inputCount)
      PlainMaximumPool.accumulateInputGradient(
        geometry, input: input, outputGradient: outputGradient, inputGradient: inputGradient)
    case .averagePool(let geometry):
      inputGradient.update(repeating: 0, count: inputCount)
      PlainAveragePool.accumulateInputGradient(
        geometry, outputGradient: outputGradient, inputGradient: inputGradient)
    case .gather(_, let count, let places):
      inputGradient.update(repeating: 0, count: inputCount)
      for index in 0..<count { inputGradient[indices[places + index]] += outputGradient[index] }
    case .identity(let count): inputGradient.update(from: outputGradient, count: count)
    }
  }

  /// Alpha and beta of one unit of a parametric softplus; 0 for other steps.
  public func parametricSoftplus(_ step: Step, unit: Int) -> (alpha: Float, beta: Float) {
    guard case .parametricSoftplus(_, let alpha, let alphaPerUnit, let beta, let betaPerUnit) = step.kind else {
      return (0, 0)
    }
    return (parameters[alpha + (alphaPerUnit ? unit : 0)], parameters[beta + (betaPerUnit ? unit : 0)])
  }

  /// d/dx of `alpha log(1 + e^(beta x))` = `alpha beta / (1 + e^(-beta x))`; 0 for other steps.
  private func parametricSlope(_ step: Step, _ unit: Int, _ x: Float) -> Float {
    let (alpha, beta) = parametricSoftplus(step, unit: unit)
    return alpha * beta * Elementary.sigmoid(beta * x)
  }

  /// The affine map from one boundary to another as one convolution followed by a factor per unit of the result, the
  /// constant left away; nothing for maps of another form.
  ///
  /// A matrix counts as a convolution of single values.
  public func scaledConvolution(
    from start: Int, to end: Int
  ) -> (geometry: ConvolutionGeometry, weight: [Float], scale: [Float])? {
    var weights: [Tensor] = []
    var geometries: [ConvolutionGeometry] = []
    var scale = [Float](repeating: 1, count: boundaryCounts[end])
    for index in start..<end {
      switch steps[index].kind {
      case .convolution(let geometry, let weight, _):
        guard geometry.groups == 1, scale.allSatisfy({ $0 == 1 }) else { return nil }
        let shape = Shape(geometry.outputs, geometry.inputs, geometry.kernelHeight, geometry.kernelWidth)
        guard let tensor = Tensor(shape: shape, values: copy(weight, shape.count)) else { return nil }
        weights.append(tensor)
        geometries.append(geometry)
      case .dense(let inputs, let outputs, let weight, _):
        guard weights.isEmpty, scale.allSatisfy({ $0 == 1 }),
          let tensor = Tensor(shape: Shape(outputs, inputs, 1, 1), values: copy(weight, outputs * inputs))
        else { return nil }
        weights.append(tensor)
        geometries.append(
          ConvolutionGeometry(
            inputs: inputs, outputs: outputs, inputHeight: 1, inputWidth: 1, kernelHeight: 1, kernelWidth: 1))
      case .affine(let count, let run, let factors, _):
        guard !weights.isEmpty, count == scale.count else { return nil }
        for unit in 0..<count { scale[unit] *= parameters[factors + unit / run] }
      case .identity: break
      default: return nil
      }
    }
    guard let first = geometries.first else { return nil }
    if geometries.count == 1 { return (first, weights[0].values, scale) }
    guard geometries.allSatisfy({ $0.isPlain }) else { return nil }
    let composed = ConvolutionStack(weights: weights).composed
    var whole = first
    whole.outputs = composed.shape[0]
    (whole.kernelHeight, whole.kernelWidth) = (composed.shape[2], composed.shape[3])
    return (whole, composed.values, scale)
  }

  private func copy(_ place: Int, _ count: Int) -> [Float] {
    [Float](UnsafeBufferPointer(start: parameters + place, count: count))
  }
}
