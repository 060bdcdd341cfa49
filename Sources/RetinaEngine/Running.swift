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
    if let convolution = packed[index] {
      convolution.forward(kernels, input: input, withBias: true, output: output, scratch: scratch)
    } else {
      steps[index].forward(StepParameters(floats: parameters, indices: indices), input: input, output: output)
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
        outputTangent[index] =
          inputTangent[index]
          * step.parametricSlope(StepParameters(floats: parameters, indices: indices), index, input[index])
      }
    case .divisiveNormalization(let count):
      PlainDivisiveNormalization.pushForward(
        count: count, input: input, inputTangent: inputTangent, outputTangent: outputTangent)
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
    if let convolution = packed[index],
      convolution.pullBack(kernels, outputGradient: outputGradient, scratch: scratch, inputGradient: inputGradient)
    {
      return
    }
    steps[index].pullBack(
      StepParameters(floats: parameters, indices: indices), count: boundaryCounts[index], input: input,
      outputGradient: outputGradient, inputGradient: inputGradient)
  }

  /// Alpha and beta of one unit of a parametric softplus; 0 for other steps.
  public func parametricSoftplus(_ step: Step, unit: Int) -> (alpha: Float, beta: Float) {
    step.parametricSoftplus(StepParameters(floats: parameters, indices: indices), unit)
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
