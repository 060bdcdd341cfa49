import RetinaEngine

/// Exact path integration for one relu between affine steps, with a smooth function of single units at the end.
///
/// Every unit switches at most once along the path, at a place known in closed form, and what it adds to the target's last line does not
/// depend on the others. So the switches in order and a clock, the integral of the last function's derivative, are all there is: a unit
/// has its weight times what the clock gains while it is on. It costs a sort and one pass back, where ``PieceSweep`` runs the model
/// again for every switch.
struct OneLayerSweep {
  /// The boundaries before the relu and behind the last affine steps.
  private let first, straightEnd: Int
  private let last: Step?
  /// The line of each unit before the relu.
  private let starts, rates: [Float]
  /// The last straight values at the baseline.
  private let endsAtBaseline: [Float]
  /// The units that switch, the earliest first.
  private let switches: [(position: Double, unit: Int)]

  /// Reads a path that the probe has set up; nothing for models of another form.
  init?(_ probe: Probe, path: Probe.Path, target: Target) {
    let steps = probe.program.steps
    var end = target.boundary
    if end > path.affineEnd, !steps[end - 1].isPiecewiseLinear { end -= 1 }
    let bends = (path.affineEnd..<end).filter { !steps[$0].isAffine }
    guard bends == [path.affineEnd], case .activation(.relu, _) = steps[path.affineEnd].kind else { return nil }
    (first, straightEnd) = (path.affineEnd, end)
    last = end < target.boundary ? steps[end] : nil
    let (starts, rates) = (probe.copy(probe.baselineValues, first), probe.copy(probe.tangents, first))
    (self.starts, self.rates) = (starts, rates)
    endsAtBaseline = probe.copy(probe.baselineValues, end)
    switches = starts.indices.compactMap { unit in
      let position = -Double(starts[unit]) / Double(rates[unit])
      return position > 0 && position < 1 ? (position, unit) : nil
    }.sorted { ($0.position, $0.unit) < ($1.position, $1.unit) }
  }

  /// The integrals at a boundary from the relu on; nothing for targets that are more than a sum of units.
  func integral(_ probe: Probe, target: Target, boundary: Int) -> PathIntegral? {
    guard target.quadratic == nil, (first...straightEnd).contains(boundary) else { return nil }
    let (program, gradients, tangents) = (probe.program, probe.gradients, probe.tangents)
    var whole = PathIntegral(count: probe.count(boundary))
    for term in target.terms {
      guard let final = FinalNonlinearity(last, unit: term.unit, of: program) else { return nil }
      Target.unit(term.unit, boundary: straightEnd).seed(gradients, count: probe.count(straightEnd))
      program.pullBack(gradients, at: probe.baselineValues, from: straightEnd, to: first + 1)
      let (clock, whileOn) = clocks(gradients[first + 1], startingAt: endsAtBaseline[term.unit], final)
      let weight = Double(term.weight)
      if boundary == first {
        for unit in whileOn.indices {
          let influence = weight * Double(gradients[first + 1][unit]) * whileOn[unit]
          whole.influence[unit] += influence
          whole.conductance[unit] += influence * Double(rates[unit])
        }
      } else {
        // What each unit carries goes on to a later boundary through affine steps alone.
        for unit in whileOn.indices { tangents[first + 1][unit] = Float(Double(rates[unit]) * whileOn[unit]) }
        program.pushForward(tangents, at: probe.baselineValues, from: first + 1, to: boundary)
        for unit in whole.influence.indices {
          let gradient = weight * Double(gradients[boundary][unit])
          whole.influence[unit] += gradient * clock
          whole.conductance[unit] += gradient * Double(tangents[boundary][unit])
        }
      }
    }
    return whole
  }

  /// The integral of the last function's derivative over the whole path, and over the part on which each unit is on.
  private func clocks(
    _ weights: UnsafeMutablePointer<Float>, startingAt start: Float, _ final: FinalNonlinearity
  ) -> (whole: Double, whileOn: [Double]) {
    var isOn = starts.indices.map { starts[$0] > 0 || (starts[$0] == 0 && rates[$0] > 0) }
    var slope = 0.0
    for unit in isOn.indices where isOn[unit] { slope += Double(weights[unit]) * Double(rates[unit]) }
    var whileOn = [Double](repeating: 0, count: starts.count)
    var (line, position, clock) = (Double(start), 0.0, 0.0)
    func advance(to next: Double) {
      let end = line + slope * (next - position)
      clock += final.integralOfDerivative(from: line, to: end, length: next - position)
      (line, position) = (end, next)
    }
    for (place, unit) in switches {
      advance(to: place)
      let turn = isOn[unit] ? -1.0 : 1.0
      whileOn[unit] -= turn * clock
      slope += turn * Double(weights[unit]) * Double(rates[unit])
      isOn[unit].toggle()
    }
    advance(to: 1)
    for unit in isOn.indices where isOn[unit] { whileOn[unit] += clock }
    return (clock, whileOn)
  }
}
