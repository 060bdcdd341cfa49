import RetinaEngine

/// A path that has been prepared for exact integration, and what was found along it.
///
/// Questions about other layers and cells for the same stimulus and baseline share it.
final class ExactIntegration {
  let path: Probe.Path
  let targetBoundary: Int
  private let input: [Float]
  private let baseline: [Float]
  /// The difference between stimulus and baseline at the boundaries from the start of the path to the end of its affine steps.
  private let differences: [[Float]]
  /// The units at the target's boundary for the stimulus and the baseline.
  private let unitsAtInput: [Float]
  private let unitsAtBaseline: [Float]
  private let sweep: TwoLayerSweep?
  private let oneLayer: OneLayerSweep?
  private var results: [(cell: Int, result: TwoLayerSweep.Result)] = []
  /// What was found for the last target whose cells do not stand side by side.
  private var joint: (target: Target, shares: [Share])?

  /// What a sweep found for one unit of a target.
  private struct Share {
    var unit: Int
    /// What the sweep's integrals are multiplied with.
    var weight: Float
    var result: TwoLayerSweep.Result
    /// The integral of the target's derivative with respect to the unit behind its function, and what the target gains through it.
    var influence, conductance: Double
  }

  /// Prepares a path; `sweep` is one that was set up for the same model before, if there is one.
  init(
    _ probe: Probe, input: [Float], baseline: [Float], from start: Int, target: Target, sweep: TwoLayerSweep?
  ) {
    self.input = input
    self.baseline = baseline
    targetBoundary = target.boundary
    path = probe.path(input, baseline: baseline, from: start, target: target)
    differences = (start...path.affineEnd).map { probe.copy(probe.tangents, $0) }
    unitsAtInput = probe.copy(probe.values, target.boundary)
    unitsAtBaseline = probe.copy(probe.baselineValues, target.boundary)
    self.sweep = sweep
    oneLayer = OneLayerSweep(probe, path: path, target: target)
    sweep?.findEvents(probe)
  }

  /// Whether the path is the one asked for.
  func fits(input: [Float], baseline: [Float], from start: Int, target: Target) -> Bool {
    path.start == start && targetBoundary == target.boundary && self.input == input && self.baseline == baseline
  }

  func valueAtInput(_ target: Target) -> Float { target.value { unitsAtInput[$0] } }

  func valueAtBaseline(_ target: Target) -> Float { target.value { unitsAtBaseline[$0] } }

  /// The difference between stimulus and baseline at a boundary of the affine steps.
  func difference(_ boundary: Int) -> [Float] { differences[boundary - path.start] }

  /// The integrals at a boundary from the end of the affine steps on.
  ///
  /// - Throws: ``ProbeError/notPiecewiseLinear``.
  func integral(_ probe: Probe, target: Target, boundary: Int) throws(ProbeError) -> PathIntegral {
    if let sweep, let whole = fromSweep(probe, sweep, target: target, boundary: boundary) { return whole }
    if let whole = oneLayer?.integral(probe, target: target, boundary: boundary) { return whole }
    restore(probe)
    guard var pieces = PieceSweep(probe, path: path, target: target) else { throw .notPiecewiseLinear }
    var whole = PathIntegral(count: probe.count(boundary))
    guard boundary <= pieces.straightEnd else {
      pieces.forEachPiece { $0.addBehind(to: &whole) }
      return whole
    }
    pieces.forEachPiece { piece in
      piece.pullBack(to: boundary)
      let (gradient, slope) = (probe.gradients[boundary], probe.tangents[boundary])
      for unit in whole.influence.indices {
        whole.influence[unit] += Double(gradient[unit])
        whole.conductance[unit] += Double(gradient[unit]) * Double(slope[unit])
      }
    }
    return whole
  }

  /// The conductance of one unit, as an influence on the end of the affine steps.
  ///
  /// - Throws: ``ProbeError/notPiecewiseLinear``.
  func integral(_ probe: Probe, through unit: Target, target: Target) throws(ProbeError) -> [Double] {
    restore(probe)
    guard var pieces = PieceSweep(probe, path: path, target: target) else { throw .notPiecewiseLinear }
    // Behind the last function a unit passes on what its own place before it does.
    let last = min(unit.boundary, pieces.straightEnd)
    let near = Target.unit(unit.terms[0].unit, boundary: last)
    var whole = [Double](repeating: 0, count: probe.count(path.affineEnd))
    pieces.forEachPiece { piece in
      piece.pullBack(to: last)
      near.seed(probe.gradients, count: probe.count(last), scale: probe.gradients[last][unit.terms[0].unit])
      piece.pullBack(from: last, to: path.affineEnd)
      let gradient = probe.gradients[path.affineEnd]
      for place in whole.indices { whole[place] += Double(gradient[place]) }
    }
    return whole
  }

  /// The path as it was prepared, after other questions have used the probe's memory.
  private func restore(_ probe: Probe) {
    _ = probe.path(input, baseline: baseline, from: path.start, target: Target(boundary: targetBoundary, terms: []))
  }

  /// The integrals of a two-layer sweep at a boundary that equals one of its own up to factors.
  private func fromSweep(
    _ probe: Probe, _ sweep: TwoLayerSweep, target: Target, boundary: Int
  ) -> PathIntegral? {
    let chain = sweep.chain
    guard let choice = side(of: boundary, in: chain, probe.program.steps),
      let shares = shares(probe, sweep, target: target)
    else { return nil }
    var whole = PathIntegral(count: probe.count(boundary))
    for share in shares {
      let weight = Double(share.weight)
      switch choice {
      case .beforeFirst: whole.add(share.result.beforeFirst, times: weight)
      case .afterFirst: whole.add(share.result.afterFirst, times: weight)
      case .beforeSecond: whole.add(share.result.beforeSecond, times: weight)
      case .afterSecond: whole.add(share.result.afterSecond, times: weight)
      case .straightEnd, .behind:
        whole.influence[share.unit] += choice == .behind ? share.influence : weight * share.result.clock
        whole.conductance[share.unit] += share.conductance
      }
    }
    if choice == .beforeSecond, boundary < chain.second {
      // Factors per unit between the boundary and the relu: they change the gradient, and not what flows.
      let gradient = probe.gradients[chain.second]
      for unit in whole.influence.indices { gradient[unit] = Float(whole.influence[unit]) }
      probe.program.pullBack(probe.gradients, at: probe.baselineValues, from: chain.second, to: boundary)
      for unit in whole.influence.indices { whole.influence[unit] = Double(probe.gradients[boundary][unit]) }
    }
    return whole
  }

  /// The place in the chain whose integrals a boundary shares, up to factors of single units.
  private func side(of boundary: Int, in chain: TwoLayerSweep.Chain, _ steps: [Step]) -> Side? {
    if boundary > chain.straightEnd { return .behind }
    if boundary == chain.straightEnd { return .straightEnd }
    if boundary == chain.first { return .beforeFirst }
    if boundary <= chain.second {
      if steps[chain.first + 1..<boundary].allSatisfy({ $0.isIdentity }) { return .afterFirst }
      return steps[boundary..<chain.second].allSatisfy({ $0.isUnitwise }) ? .beforeSecond : nil
    }
    return steps[chain.second + 1..<boundary].allSatisfy({ $0.isIdentity }) ? .afterSecond : nil
  }

  /// The sides of the two relu, and of the last function.
  private enum Side {
    case beforeFirst, afterFirst, beforeSecond, afterSecond, straightEnd, behind
  }

  /// What the units of a target add to it: each for itself, or together where the target is more than their sum.
  private func shares(_ probe: Probe, _ sweep: TwoLayerSweep, target: Target) -> [Share]? {
    let last = sweep.chain.hasFinal ? probe.program.steps[targetBoundary - 1] : nil
    guard target.quadratic == nil else {
      if let joint, joint.target == target { return joint.shares }
      guard let straight = StraightTarget(target, last: last, of: probe.program) else { return nil }
      let shares = sweep.integrate(probe, target: straight).map { found in
        Share(
          unit: found.unit, weight: 1, result: found.result, influence: found.influence, conductance: found.conductance)
      }
      joint = (target, shares)
      return shares
    }
    var shares: [Share] = []
    for term in target.terms {
      guard let result = result(probe, sweep, cell: term.unit, last) else { return nil }
      let gain = Double(unitsAtInput[term.unit]) - Double(unitsAtBaseline[term.unit])
      shares.append(
        Share(
          unit: term.unit, weight: term.weight, result: result, influence: Double(term.weight),
          conductance: Double(term.weight) * gain))
    }
    return shares
  }

  private func result(_ probe: Probe, _ sweep: TwoLayerSweep, cell: Int, _ last: Step?) -> TwoLayerSweep.Result? {
    if let known = results.first(where: { $0.cell == cell }) { return known.result }
    guard let final = FinalNonlinearity(last, unit: cell, of: probe.program) else { return nil }
    let result = sweep.integrate(probe, unit: cell, final: final)
    results.append((cell, result))
    return result
  }
}
