import RetinaEngine

/// Methods that integrate along the straight path from a baseline to the stimulus.
///
/// x(a) = baseline + a (input - baseline). The affine steps at the start of a program are run for the two ends only: between them
/// their values lie on straight lines, so that a node costs the steps after the first layer.
extension Probe {
  /// Integrated gradients (Sundararajan, Taly, Yan 2017) over the input: `D_i * integral of dF/dx_i da`.
  ///
  /// - Parameter multipliesByInputs: when false, the factor D = input - baseline is left away.
  public func integratedGradients(
    _ input: UnsafePointer<Float>, baseline: UnsafePointer<Float>, target: Target, quadrature: Quadrature,
    multipliesByInputs: Bool = true
  ) -> Attribution {
    layerIntegratedGradients(
      input, baseline: baseline, boundary: 0, target: target, quadrature: quadrature,
      multipliesByInputs: multipliesByInputs)
  }

  /// Integrated gradients over the units of a layer, along the straight path in the layer's own space; what comes before
  /// the layer is run for the two ends only.
  public func layerIntegratedGradients(
    _ input: UnsafePointer<Float>, baseline: UnsafePointer<Float>, boundary: Int, target: Target,
    quadrature: Quadrature, multipliesByInputs: Bool = true
  ) -> Attribution {
    let ends = path(input, baseline: baseline, from: boundary, target: target)
    var integral = [Double](repeating: 0, count: count(ends.affineEnd))
    for (node, weight) in zip(quadrature.nodes, quadrature.weights) {
      move(to: node, along: ends, end: target.boundary)
      pullBack(target, to: ends.affineEnd)
      accumulate(&integral, gradients[ends.affineEnd], weight)
    }
    // The affine steps come last: they are linear, so the integral may go through them instead of every node.
    let result = pullBackIntegral(integral, through: ends, to: boundary)
    guard multipliesByInputs else {
      return Attribution(values: result, valueAtInput: ends.valueAtInput, valueAtBaseline: ends.valueAtBaseline)
    }
    let difference = tangents[boundary]
    let values = result.indices.map { result[$0] * difference[$0] }
    return .complete(values, input: ends.valueAtInput, baseline: ends.valueAtBaseline)
  }

  /// Internal influence (Leino and others 2018): `integral of dF/dy_j da` along the path in the input.
  public func internalInfluence(
    _ input: UnsafePointer<Float>, baseline: UnsafePointer<Float>, boundary: Int, target: Target,
    quadrature: Quadrature
  ) -> Attribution {
    let ends = path(input, baseline: baseline, from: 0, target: target)
    let lowest = max(boundary, ends.affineEnd)
    var integral = [Double](repeating: 0, count: count(lowest))
    for (node, weight) in zip(quadrature.nodes, quadrature.weights) {
      move(to: node, along: ends, end: target.boundary)
      pullBack(target, to: lowest)
      accumulate(&integral, gradients[lowest], weight)
    }
    let result =
      boundary < ends.affineEnd ? pullBackIntegral(integral, through: ends, to: boundary) : integral.map { Float($0) }
    return Attribution(values: result, valueAtInput: ends.valueAtInput, valueAtBaseline: ends.valueAtBaseline)
  }

  /// Conductance (Dhamdhere, Sundararajan, Yan 2018) by its definition: `integral of dF/dy_j * dy_j/da da`, with dy_j/da
  /// carried forward along the path.
  public func conductance(
    _ input: UnsafePointer<Float>, baseline: UnsafePointer<Float>, boundary: Int, target: Target,
    quadrature: Quadrature
  ) -> Attribution {
    let ends = path(input, baseline: baseline, from: 0, target: target)
    if boundary <= ends.affineEnd {
      // Along the affine steps dy/da is constant: the factor comes out of the integral.
      var result = internalInfluence(
        input, baseline: baseline, boundary: boundary, target: target, quadrature: quadrature)
      let difference = tangents[boundary]
      for index in result.values.indices { result.values[index] *= difference[index] }
      return .complete(result.values, input: ends.valueAtInput, baseline: ends.valueAtBaseline)
    }
    var integral = [Double](repeating: 0, count: count(boundary))
    for (node, weight) in zip(quadrature.nodes, quadrature.weights) {
      move(to: node, along: ends, end: target.boundary)
      program.pushForward(tangents, at: values, from: ends.affineEnd, to: boundary)
      pullBack(target, to: boundary)
      let (slope, rate) = (gradients[boundary], tangents[boundary])
      for index in integral.indices { integral[index] += weight * Double(slope[index]) * Double(rate[index]) }
    }
    return .complete(integral.map { Float($0) }, input: ends.valueAtInput, baseline: ends.valueAtBaseline)
  }

  /// How conductance is approximated by differences of the layer between nodes.
  public enum DifferenceRecipe: Sendable {
    /// Captum's `LayerConductance`: n + 1 nodes of a rule, gradient at the left node, weights ignored. The stretches before
    /// the first and after the last node are lost.
    case captum(Quadrature.Rule, steps: Int)
    /// The retina field's `integrated_gradient` at a hidden layer (baccuslab/torch-deep-retina): `steps` equally spaced nodes
    /// from 0 to 1, gradient at the right node of each of the `steps - 1` intervals.
    case retina(steps: Int)
  }

  /// Conductance by finite differences, for comparison with published numbers: `sum of dF/dy_j * (y_j(next) - y_j)`.
  public func conductance(
    _ input: UnsafePointer<Float>, baseline: UnsafePointer<Float>, boundary: Int, target: Target,
    differences recipe: DifferenceRecipe
  ) -> Attribution {
    let ends = path(input, baseline: baseline, from: 0, target: target)
    let nodes: [Double]
    let usesRightGradient: Bool
    switch recipe {
    case .captum(let rule, let steps): (nodes, usesRightGradient) = (Quadrature(rule, steps: steps + 1).nodes, false)
    case .retina(let steps): (nodes, usesRightGradient) = (Quadrature(.trapezoid, steps: steps).nodes, true)
    }
    let size = count(boundary)
    var sum = [Double](repeating: 0, count: size)
    var (previousUnits, previousGradient) = ([Float](), [Float]())
    for node in nodes {
      move(to: node, along: ends, end: target.boundary)
      // Values in the affine steps are not moved with the path; their line gives them.
      let units = boundary < ends.affineEnd ? onLine(boundary, at: node) : copy(values, boundary)
      pullBack(target, to: boundary)
      let gradient = copy(gradients, boundary)
      if !previousUnits.isEmpty {
        let slope = usesRightGradient ? gradient : previousGradient
        for index in 0..<size { sum[index] += Double(slope[index]) * Double(units[index] - previousUnits[index]) }
      }
      (previousUnits, previousGradient) = (units, gradient)
    }
    return .complete(sum.map { Float($0) }, input: ends.valueAtInput, baseline: ends.valueAtBaseline)
  }

  /// Conductance of one unit split over the input (Captum's `NeuronConductance`): `D_i * integral of dF/dy_j *
  /// dy_j/dx_i da`.
  ///
  /// Summed over the input it is the unit's conductance.
  public func unitConductance(
    _ input: UnsafePointer<Float>, baseline: UnsafePointer<Float>, unit: Target, target: Target,
    quadrature: Quadrature, multipliesByInputs: Bool = true
  ) -> Attribution {
    let ends = path(input, baseline: baseline, from: 0, target: target)
    let place = unit.terms[0].unit
    let lowest = min(ends.affineEnd, unit.boundary)
    var integral = [Double](repeating: 0, count: count(lowest))
    for (node, weight) in zip(quadrature.nodes, quadrature.weights) {
      move(to: node, along: ends, end: target.boundary)
      pullBack(target, to: unit.boundary)
      pullBack(unit, to: lowest, scale: gradients[unit.boundary][place])
      accumulate(&integral, gradients[lowest], weight)
    }
    var result = pullBackIntegral(integral, from: lowest, to: 0)
    if multipliesByInputs {
      let difference = tangents[0]
      for index in result.indices { result[index] *= difference[index] }
    }
    return Attribution(values: result, valueAtInput: ends.valueAtInput, valueAtBaseline: ends.valueAtBaseline)
  }

  // MARK: - The path

  /// A straight path in the space of one boundary.
  struct Path {
    /// Where the path is straight by definition.
    var start: Int
    /// The last boundary reached by affine steps alone: values there, too, lie on a straight line.
    var affineEnd: Int
    var valueAtInput, valueAtBaseline: Float
  }

  /// Prepares a path: ``baselineValues`` holds the baseline, ``tangents`` the difference at every boundary from `start` to
  /// the end of the affine steps.
  func path(
    _ input: UnsafePointer<Float>, baseline: UnsafePointer<Float>, from start: Int, target: Target
  ) -> Path {
    run(input, into: values, to: target.boundary)
    run(baseline, into: baselineValues, to: target.boundary)
    let affineEnd = program.endOfAffineSteps(from: start, limit: target.boundary)
    // Along affine steps the line between the two ends is all there is to know.
    for boundary in start...affineEnd {
      let (difference, end, origin) = (tangents[boundary], values[boundary], baselineValues[boundary])
      for index in 0..<count(boundary) { difference[index] = end[index] - origin[index] }
    }
    return Path(
      start: start, affineEnd: affineEnd, valueAtInput: target.value(values),
      valueAtBaseline: target.value(baselineValues))
  }

  /// Sets ``values`` to a point of the path, from the end of the affine steps to `end`.
  func move(to node: Double, along path: Path, end: Int) {
    let boundary = path.affineEnd
    let (point, origin, difference) = (values[boundary], baselineValues[boundary], tangents[boundary])
    let a = Float(node)
    for index in 0..<count(boundary) { point[index] = origin[index] + a * difference[index] }
    program.run(values, from: boundary, to: end)
  }

  /// The units of a boundary inside the affine steps at a point of the path.
  private func onLine(_ boundary: Int, at node: Double) -> [Float] {
    let (origin, difference) = (baselineValues[boundary], tangents[boundary])
    return (0..<count(boundary)).map { origin[$0] + Float(node) * difference[$0] }
  }

  private func accumulate(_ sum: inout [Double], _ values: UnsafePointer<Float>, _ weight: Double) {
    for index in sum.indices { sum[index] += weight * Double(values[index]) }
  }

  private func pullBackIntegral(_ integral: [Double], through path: Path, to boundary: Int) -> [Float] {
    pullBackIntegral(integral, from: path.affineEnd, to: boundary)
  }

  /// Sends an integrated gradient through affine steps.
  func pullBackIntegral(_ integral: [Double], from start: Int, to boundary: Int) -> [Float] {
    let gradient = gradients[start]
    for index in integral.indices { gradient[index] = Float(integral[index]) }
    program.pullBack(gradients, at: baselineValues, from: start, to: boundary)
    return copy(gradients, boundary)
  }
}
