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
  private var results: [(cell: Int, result: TwoLayerSweep.Result)] = []

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
    sweep?.findEvents(probe)
  }

  /// Whether the path is the one asked for.
  func fits(input: [Float], baseline: [Float], from start: Int, target: Target) -> Bool {
    path.start == start && targetBoundary == target.boundary && self.input == input && self.baseline == baseline
  }

  func valueAtInput(_ target: Target) -> Float {
    target.terms.reduce(0) { $0 + $1.weight * unitsAtInput[$1.unit] }
  }

  func valueAtBaseline(_ target: Target) -> Float {
    target.terms.reduce(0) { $0 + $1.weight * unitsAtBaseline[$1.unit] }
  }

  /// The difference between stimulus and baseline at a boundary of the affine steps.
  func difference(_ boundary: Int) -> [Float] { differences[boundary - path.start] }

  /// The integrals at a boundary from the end of the affine steps on.
  ///
  /// - Throws: ``ProbeError/notPiecewiseLinear``.
  func integral(_ probe: Probe, target: Target, boundary: Int) throws(ProbeError) -> PathIntegral {
    if let sweep, let whole = fromSweep(probe, sweep, target: target, boundary: boundary) { return whole }
    restore(probe)
    guard var pieces = PieceSweep(probe, path: path, target: target) else { throw .notPiecewiseLinear }
    var whole = PathIntegral(count: probe.count(boundary))
    guard boundary <= pieces.straightEnd else {
      // Behind the last function: only the target's own units, and they gain what the target gains.
      for term in target.terms {
        whole.influence[term.unit] += Double(term.weight)
        whole.conductance[term.unit] +=
          Double(term.weight) * (Double(unitsAtInput[term.unit]) - Double(unitsAtBaseline[term.unit]))
      }
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
    guard unit.boundary <= pieces.straightEnd else {
      // Behind the last function the unit is one of the target's own, and is explained like a target of its weight.
      var own = unit
      own.terms = target.terms.filter { $0.unit == unit.terms[0].unit }
      return try integral(probe, target: own, boundary: path.affineEnd).influence
    }
    var whole = [Double](repeating: 0, count: probe.count(path.affineEnd))
    pieces.forEachPiece { piece in
      piece.pullBack(to: unit.boundary)
      unit.seed(
        probe.gradients, count: probe.count(unit.boundary), scale: probe.gradients[unit.boundary][unit.terms[0].unit])
      piece.pullBack(from: unit.boundary, to: path.affineEnd)
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
    if boundary == chain.straightEnd { return atStraightEnd(probe, sweep, target: target) }
    guard let choice = side(of: boundary, in: chain, probe.program.steps) else { return nil }
    var whole = PathIntegral(count: probe.count(boundary))
    for term in target.terms {
      guard let result = result(probe, sweep, cell: term.unit) else { return nil }
      switch choice {
      case .beforeFirst: whole.add(result.beforeFirst, times: Double(term.weight))
      case .afterFirst: whole.add(result.afterFirst, times: Double(term.weight))
      case .beforeSecond: whole.add(result.beforeSecond, times: Double(term.weight))
      case .afterSecond: whole.add(result.afterSecond, times: Double(term.weight))
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

  /// The integrals at the last straight boundary: each unit of the target takes all that the target gains through it.
  private func atStraightEnd(_ probe: Probe, _ sweep: TwoLayerSweep, target: Target) -> PathIntegral? {
    var whole = PathIntegral(count: probe.count(sweep.chain.straightEnd))
    for term in target.terms {
      guard let result = result(probe, sweep, cell: term.unit) else { return nil }
      whole.influence[term.unit] += Double(term.weight) * result.clock
      whole.conductance[term.unit] +=
        Double(term.weight) * (Double(unitsAtInput[term.unit]) - Double(unitsAtBaseline[term.unit]))
    }
    return whole
  }

  /// The side of a relu whose integrals a boundary shares, up to factors of single units.
  private func side(of boundary: Int, in chain: TwoLayerSweep.Chain, _ steps: [Step]) -> Side? {
    if boundary == chain.first { return .beforeFirst }
    if boundary <= chain.second {
      if steps[chain.first + 1..<boundary].allSatisfy({ $0.isIdentity }) { return .afterFirst }
      return steps[boundary..<chain.second].allSatisfy({ $0.isUnitwise }) ? .beforeSecond : nil
    }
    let isNear = boundary <= chain.straightEnd && steps[chain.second + 1..<boundary].allSatisfy({ $0.isIdentity })
    return isNear ? .afterSecond : nil
  }

  /// The sides of the two relu.
  private enum Side {
    case beforeFirst, afterFirst, beforeSecond, afterSecond
  }

  private func result(_ probe: Probe, _ sweep: TwoLayerSweep, cell: Int) -> TwoLayerSweep.Result? {
    if let known = results.first(where: { $0.cell == cell }) { return known.result }
    let last = sweep.chain.hasFinal ? probe.program.steps[targetBoundary - 1] : nil
    guard let final = FinalNonlinearity(last, unit: cell, of: probe.program) else { return nil }
    let result = sweep.integrate(probe, unit: cell, final: final)
    results.append((cell, result))
    return result
  }
}
