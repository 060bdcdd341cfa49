import RetinaEngine

/// The methods of path integration without a quadrature error.
extension Probe {
  /// Whether the model is made of straight pieces up to a target, but for one function of single units at its end.
  func isPiecewiseLinear(to target: Target) -> Bool {
    let steps = program.steps[0..<target.boundary]
    guard let last = steps.last else { return true }
    return steps.dropLast().allSatisfy { $0.isPiecewiseLinear }
      && (last.isPiecewiseLinear || StraightTarget(target, last: last, of: program) != nil)
  }

  /// Answers a request exactly.
  func integrateExactly(_ request: Request, input: [Float], baseline: [Float]) throws(ProbeError) -> Attribution {
    guard let target = request.method.needsOnlyNeuron ? request.neuron : request.target else {
      throw .missing("a unit of the layer")
    }
    let start = request.method == .layerIntegratedGradients ? request.boundary : 0
    let path = exactIntegration(input, baseline: baseline, from: start, target: target)
    let (valueAtInput, valueAtBaseline) = (path.valueAtInput(target), path.valueAtBaseline(target))
    switch request.method {
    case .integratedGradients, .layerIntegratedGradients, .neuronIntegratedGradients:
      var values = try exactInfluence(path, target: target, boundary: start)
      guard request.multipliesByInputs else {
        return Attribution(values: values, valueAtInput: valueAtInput, valueAtBaseline: valueAtBaseline)
      }
      let difference = path.difference(start)
      for index in values.indices { values[index] *= difference[index] }
      return .complete(values, input: valueAtInput, baseline: valueAtBaseline)
    case .internalInfluence:
      return Attribution(
        values: try exactInfluence(path, target: target, boundary: request.boundary), valueAtInput: valueAtInput,
        valueAtBaseline: valueAtBaseline)
    case .neuronConductance:
      guard let unit = request.neuron else { throw .missing("a unit of the layer") }
      let integral: [Double]
      if unit.boundary > path.path.affineEnd {
        integral = try path.integral(self, through: unit, target: target)
      } else {
        // Inside the affine steps the unit sees the stimulus through fixed weights.
        let influence = try exactInfluence(path, target: target, boundary: unit.boundary)
        unit.seed(gradients, count: count(unit.boundary), scale: influence[unit.terms[0].unit])
        program.pullBack(gradients, at: baselineValues, from: unit.boundary, to: 0)
        return neuronConductance(copy(gradients, 0), path, request, valueAtInput, valueAtBaseline)
      }
      return neuronConductance(
        pullBackIntegral(integral, from: path.path.affineEnd, to: 0), path, request, valueAtInput, valueAtBaseline)
    default:
      let boundary = request.boundary
      if boundary >= path.path.affineEnd {
        let integral = try path.integral(self, target: target, boundary: boundary)
        return .complete(
          integral.conductance.map { Float($0) }, input: valueAtInput, baseline: valueAtBaseline)
      }
      var values = try exactInfluence(path, target: target, boundary: boundary)
      let difference = path.difference(boundary)
      for index in values.indices { values[index] *= difference[index] }
      return .complete(values, input: valueAtInput, baseline: valueAtBaseline)
    }
  }

  private func neuronConductance(
    _ weights: [Float], _ path: ExactIntegration, _ request: Request, _ valueAtInput: Float, _ valueAtBaseline: Float
  ) -> Attribution {
    var values = weights
    if request.multipliesByInputs {
      let difference = path.difference(0)
      for index in values.indices { values[index] *= difference[index] }
    }
    return Attribution(values: values, valueAtInput: valueAtInput, valueAtBaseline: valueAtBaseline)
  }

  /// The integrated gradient at a boundary; before the end of the affine steps it is the one there, sent back through them.
  private func exactInfluence(
    _ path: ExactIntegration, target: Target, boundary: Int
  ) throws(ProbeError) -> [Float] {
    let end = path.path.affineEnd
    let integral = try path.integral(self, target: target, boundary: max(boundary, end))
    return boundary < end
      ? pullBackIntegral(integral.influence, from: end, to: boundary) : integral.influence.map { Float($0) }
  }

  /// Answers a request with more and more Gauss-Legendre nodes, until two answers agree and the sum is right.
  ///
  /// For smooth models the error falls exponentially with the number of nodes; what is asked for is a millionth of the largest value.
  /// When the largest number of nodes is not enough, the residual of the result says so.
  func integrateAdaptively(_ request: Request, input: [Float], baseline: [Float]) throws(ProbeError) -> Attribution {
    var last: Attribution?
    for steps in [4, 8, 16, 32, 64, 128] {
      let next = try integrate(
        request, input: input, baseline: baseline, Quadrature(.gaussLegendre, steps: steps))
      if let last {
        let largest = next.values.reduce(0) { max($0, $1.magnitude) }
        let change = zip(next.values, last.values).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
        let isComplete = next.relativeResidual.map { $0 < 1e-5 } ?? true
        if change <= 1e-6 * largest, isComplete { return next }
      }
      last = next
    }
    return last ?? Attribution(values: [], valueAtInput: 0)
  }
}
