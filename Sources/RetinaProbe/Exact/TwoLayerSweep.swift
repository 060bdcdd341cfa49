import RetinaEngine
import RetinaKernels

/// Exact path integration for the chain that retina models have: affine steps, relu, a convolution (or matrix) and factors, relu,
/// affine steps, and a smooth function of single units at the end.
///
/// Units of the first layer switch at most once along the path, at a place known in closed form. In between, every unit of the second
/// layer is a line; a switch below changes the lines of the units it reaches, a switch above changes the gradients of the units that
/// feed it, and everything else stays. One clock, the integral of the last function's derivative, serves all units.
final class TwoLayerSweep {
  /// The boundaries before and after the two relu, and the last straight one.
  struct Chain {
    var first, second, straightEnd: Int
    /// The smooth last step, if there is one.
    var hasFinal: Bool
  }

  let chain: Chain
  private let program: Program
  private let shape: SweepShape
  private let memory: [UnsafeMutablePointer<Double>]
  /// The second layer: lines and signs (pass 1), what is carried (pass 2).
  private let constants, slopes, signs, slopesAtStart, signsAtStart, carried: UnsafeMutablePointer<Double>
  /// The first layer: what each unit has carried as a line in the clock, gradients and their moments.
  private let carriedConstants, carriedSlopes, gradients, moments: UnsafeMutablePointer<Double>
  private let roots, slopesThere: UnsafeMutablePointer<Double>
  private let found: UnsafeMutablePointer<Int>

  /// A switch of a unit.
  private struct Event {
    var position: Double
    /// Place of the unit in groups of eight channels; the first layer's are negative, minus one.
    var unit: Int
    /// The slope of a unit of the second layer where it crosses zero.
    var slope = 0.0
  }

  private var events: [Event] = []
  /// For each unit of the first layer, in the order of the model: its line.
  private var starts: [Float] = []
  private var rates: [Float] = []
  /// The last straight values at the baseline.
  private var endsAtBaseline: [Float] = []

  /// Sets up for paths whose affine steps end at `affineEnd`; nothing for models of another form.
  init?(_ program: Program, affineEnd: Int, target: Target) {
    guard let chain = TwoLayerSweep.chain(program, affineEnd: affineEnd, end: target.boundary),
      let map = program.scaledConvolution(from: chain.first + 1, to: chain.second)
    else { return nil }
    self.chain = chain
    self.program = program
    let geometry = map.geometry
    let (inputGroups, outputGroups) = ((geometry.inputs + 7) / 8, (geometry.outputs + 7) / 8)
    let taps = geometry.kernelHeight * geometry.kernelWidth
    let plane = geometry.outputHeight * geometry.outputWidth
    var forward = [Double](repeating: 0, count: outputGroups * geometry.inputs * taps * 8)
    var backward = [Double](repeating: 0, count: geometry.outputs * inputGroups * taps * 8)
    for output in 0..<geometry.outputs {
      for input in 0..<geometry.inputs {
        for tap in 0..<taps {
          let value = Double(map.weight[(output * geometry.inputs + input) * taps + tap])
          forward[(((output / 8) * geometry.inputs + input) * taps + tap) * 8 + output % 8] = value
          backward[((output * inputGroups + input / 8) * taps + tap) * 8 + input % 8] = value
        }
      }
    }
    var scale = [Double](repeating: 0, count: outputGroups * 8 * plane)
    for unit in 0..<geometry.outputs * plane {
      scale[TwoLayerSweep.place(unit, plane: plane)] = Double(map.scale[unit])
    }
    let above = outputGroups * 8 * plane
    let below = inputGroups * 8 * geometry.inputHeight * geometry.inputWidth
    var blocks: [UnsafeMutablePointer<Double>] = []
    func block(_ values: [Double]) -> UnsafeMutablePointer<Double> {
      let block = UnsafeMutablePointer<Double>.allocate(capacity: max(8, values.count))
      block.initialize(from: values, count: values.count)
      blocks.append(block)
      return block
    }
    let (emptyAbove, emptyBelow) = ([Double](repeating: 0, count: above), [Double](repeating: 0, count: below))
    shape = SweepShape(
      geometry: geometry, forward: UnsafePointer(block(forward)), backward: UnsafePointer(block(backward)),
      scale: UnsafePointer(block(scale)))
    (constants, slopes, signs) = (block(emptyAbove), block(emptyAbove), block(emptyAbove))
    (slopesAtStart, signsAtStart, carried) = (block(emptyAbove), block(emptyAbove), block(emptyAbove))
    (carriedConstants, carriedSlopes) = (block(emptyBelow), block(emptyBelow))
    (gradients, moments) = (block(emptyBelow), block(emptyBelow))
    (roots, slopesThere) = (block(emptyAbove + emptyAbove), block(emptyAbove + emptyAbove))
    memory = blocks
    found = .allocate(capacity: max(8, 2 * above))
    found.initialize(repeating: 0, count: max(8, 2 * above))
  }

  deinit {
    for block in memory { block.deallocate() }
    found.deallocate()
  }

  /// Finds relu, affine, relu, affine, smooth.
  static func chain(_ program: Program, affineEnd: Int, end: Int) -> Chain? {
    var straightEnd = end
    if end > affineEnd, !program.steps[end - 1].isPiecewiseLinear { straightEnd -= 1 }
    let bends = (affineEnd..<straightEnd).filter { !program.steps[$0].isAffine }
    guard bends.count == 2, bends[0] == affineEnd else { return nil }
    for bend in bends {
      guard case .activation(.relu, _) = program.steps[bend].kind else { return nil }
    }
    return Chain(first: bends[0], second: bends[1], straightEnd: straightEnd, hasFinal: straightEnd < end)
  }

  /// The place of a unit of the model in groups of eight channels.
  static func place(_ unit: Int, plane: Int) -> Int {
    let (channel, position) = (unit / plane, unit % plane)
    return ((channel >> 3) * plane + position) * 8 + (channel & 7)
  }

  private var planeBelow: Int { shape.geometry.inputHeight * shape.geometry.inputWidth }
  private var planeAbove: Int { shape.geometry.outputHeight * shape.geometry.outputWidth }

  private func unit(_ place: Int, plane: Int, width: Int) -> SweepUnit {
    let position = place / 8 % plane
    return SweepUnit(channel: place / (8 * plane) * 8 + place % 8, row: position / width, column: position % width)
  }

  // MARK: - First pass

  /// Finds all switches along a path that the probe has set up.
  ///
  /// This does not depend on the target, so that one pass serves all cells.
  func findEvents(_ probe: Probe) {
    let (first, second) = (chain.first, chain.second)
    starts = probe.copy(probe.baselineValues, first)
    rates = probe.copy(probe.tangents, first)
    endsAtBaseline = probe.copy(probe.baselineValues, chain.straightEnd)
    var below: [Event] = []
    let (values, tangents) = (probe.values[first + 1], probe.tangents[first + 1])
    for unit in starts.indices {
      let (start, rate) = (starts[unit], rates[unit])
      let isOn = isOnAtStart(unit)
      values[unit] = isOn ? start : 0
      tangents[unit] = isOn ? rate : 0
      let position = -Double(start) / Double(rate)
      if start != 0, rate != 0, position > 0, position < 1 {
        below.append(Event(position: position, unit: -1 - TwoLayerSweep.place(unit, plane: planeBelow)))
      }
    }
    below.sort { $0.position < $1.position }
    program.run(probe.values, from: first + 1, to: second)
    program.pushForward(probe.tangents, at: probe.values, from: first + 1, to: second)
    // Lanes of channels that do not exist stay at zero, which counts as below, and never cross.
    signs.update(repeating: -1, count: shape.outputNumbers)
    let (lineStarts, lineSlopes) = (probe.values[second], probe.tangents[second])
    for unit in 0..<probe.count(second) {
      let place = TwoLayerSweep.place(unit, plane: planeAbove)
      constants[place] = Double(lineStarts[unit])
      slopes[place] = Double(lineSlopes[unit])
      let isOn = lineStarts[unit] > 0 || (lineStarts[unit] == 0 && lineSlopes[unit] > 0)
      signs[place] = isOn ? 1 : -1
    }
    slopesAtStart.update(from: slopes, count: shape.outputNumbers)
    signsAtStart.update(from: signs, count: shape.outputNumbers)
    var largest = 0.0
    for place in 0..<shape.outputNumbers {
      largest = max(largest, constants[place].magnitude, slopes[place].magnitude)
    }
    let tiny = 1e-12 * largest
    var above: [Event] = []
    for event in below {
      let line = change(event)
      let count = program.kernels.sweepCrossings(
        shape, unit(-1 - event.unit, plane: planeBelow, width: shape.geometry.inputWidth), event.position,
        line.constant, line.slope, tiny, constants, slopes, signs, found, roots,
        slopesThere)
      for index in 0..<count {
        above.append(Event(position: roots[index], unit: found[index], slope: slopesThere[index]))
      }
    }
    for place in 0..<shape.outputNumbers where (constants[place] + slopes[place]) * signs[place] < 0 {
      above.append(Event(position: -constants[place] / slopes[place], unit: place, slope: slopes[place]))
    }
    events = below + above
    // Rounding may put a root a little outside of its piece.
    for index in events.indices { events[index].position = min(1, max(0, events[index].position)) }
    events.sort { $0.position < $1.position }
  }

  private func isOnAtStart(_ unit: Int) -> Bool { starts[unit] > 0 || (starts[unit] == 0 && rates[unit] > 0) }

  /// What the line of a first-layer unit after the relu gains when the unit switches.
  private func change(_ event: Event) -> (constant: Double, slope: Double) {
    let unit = modelUnit(-1 - event.unit, plane: planeBelow)
    let sign = isOnAtStart(unit) ? -1.0 : 1.0
    return (sign * Double(starts[unit]), sign * Double(rates[unit]))
  }

  /// The unit of the model at a place in groups of eight channels.
  private func modelUnit(_ place: Int, plane: Int) -> Int {
    (place / (8 * plane) * 8 + place % 8) * plane + place / 8 % plane
  }

  // MARK: - Second pass

  /// The integrals at the four boundaries before and after the two relu, for one unit of the target.
  struct Result {
    var beforeFirst, afterFirst, beforeSecond, afterSecond: PathIntegral
    /// The integral of the last function's derivative.
    var clock: Double
  }

  /// Integrates one unit of the target, after ``findEvents(_:)``.
  func integrate(_ probe: Probe, unit cell: Int, final: FinalNonlinearity) -> Result {
    let (first, second) = (chain.first, chain.second)
    // The gradients of the cell before its last function: with respect to the second layer, and to the first at the start.
    Target.unit(cell, boundary: chain.straightEnd).seed(probe.gradients, count: probe.count(chain.straightEnd))
    program.pullBack(probe.gradients, at: probe.baselineValues, from: chain.straightEnd, to: second + 1)
    let weights = probe.copy(probe.gradients, second + 1)
    var z = Double(endsAtBaseline[cell])
    var slope = 0.0
    var isOnAbove = [Bool](repeating: false, count: shape.outputNumbers)
    let masked = probe.gradients[second]
    for unit in weights.indices {
      let place = TwoLayerSweep.place(unit, plane: planeAbove)
      isOnAbove[place] = signsAtStart[place] > 0
      masked[unit] = isOnAbove[place] ? weights[unit] : 0
      if isOnAbove[place] { slope += Double(weights[unit]) * slopesAtStart[place] }
    }
    program.pullBack(probe.gradients, at: probe.baselineValues, from: second, to: first + 1)
    let startGradients = probe.gradients[first + 1]
    for unit in starts.indices {
      let place = TwoLayerSweep.place(unit, plane: planeBelow)
      gradients[place] = Double(startGradients[unit])
      carriedConstants[place] = 0
      carriedSlopes[place] = isOnAtStart(unit) ? Double(rates[unit]) : 0
    }
    moments.update(repeating: 0, count: shape.inputNumbers)
    carried.update(repeating: 0, count: shape.outputNumbers)
    // For each unit of the first layer the integral of its gradient when it switched.
    var switchedAt = [Double?](repeating: nil, count: starts.count)
    var activeTime = [Double](repeating: 0, count: shape.outputNumbers)
    var (position, clock) = (0.0, 0.0)
    var value = final.value(z)
    func advance(to next: Double) {
      let end = z + slope * (next - position)
      let endValue = final.value(end)
      clock += final.integralOfDerivative(
        from: z, to: end, valueAtStart: value, valueAtEnd: endValue, length: next - position)
      (z, position, value) = (end, next, endValue)
    }
    for event in events {
      advance(to: event.position)
      if event.unit < 0 {
        let place = -1 - event.unit
        let unit = modelUnit(place, plane: planeBelow)
        switchedAt[unit] = gradients[place] * clock - moments[place]
        // What was carried up to here stays; from here on the slope is another.
        let gain = change(event).slope
        slope += gradients[place] * gain
        carriedConstants[place] -= gain * clock
        carriedSlopes[place] += gain
      } else {
        let place = event.unit
        let weight = Double(weights[modelUnit(place, plane: planeAbove)])
        let unit = unit(place, plane: planeAbove, width: shape.geometry.outputWidth)
        let turn = isOnAbove[place] ? -1.0 : 1.0
        carried[place] -=
          turn * shape.scale[place]
          * program.kernels.sweepCarried(shape, unit, clock, carriedConstants, carriedSlopes)
        activeTime[place] -= turn * clock
        isOnAbove[place].toggle()
        slope += turn * weight * event.slope
        program.kernels.sweepBack(shape, unit, clock, turn * weight * shape.scale[place], gradients, moments)
      }
    }
    advance(to: 1)
    carryToEnd(probe, isOnAbove, clock: clock)
    return result(weights, isOnAbove, switchedAt: switchedAt, activeTime: activeTime, clock: clock)
  }

  /// Adds what units that are on at the end have carried since the start: one convolution for all of them.
  private func carryToEnd(_ probe: Probe, _ isOnAbove: [Bool], clock: Double) {
    let times = probe.tangents[chain.first + 1]
    for unit in starts.indices {
      let place = TwoLayerSweep.place(unit, plane: planeBelow)
      times[unit] = Float(carriedConstants[place] + carriedSlopes[place] * clock)
    }
    program.pushForward(probe.tangents, at: probe.baselineValues, from: chain.first + 1, to: chain.second)
    let whole = probe.tangents[chain.second]
    for unit in 0..<probe.count(chain.second) {
      let place = TwoLayerSweep.place(unit, plane: planeAbove)
      if isOnAbove[place] { carried[place] += Double(whole[unit]) }
    }
  }

  private func result(
    _ weights: [Float], _ isOnAbove: [Bool], switchedAt: [Double?], activeTime: [Double], clock: Double
  ) -> Result {
    var (beforeFirst, afterFirst) = (PathIntegral(count: starts.count), PathIntegral(count: starts.count))
    for unit in starts.indices {
      let place = TwoLayerSweep.place(unit, plane: planeBelow)
      let whole = gradients[place] * clock - moments[place]
      let isOn = isOnAtStart(unit)
      let whileOn = switchedAt[unit].map { isOn ? $0 : whole - $0 } ?? (isOn ? whole : 0)
      afterFirst.influence[unit] = whole
      beforeFirst.influence[unit] = whileOn
      beforeFirst.conductance[unit] = whileOn * Double(rates[unit])
    }
    afterFirst.conductance = beforeFirst.conductance
    var (beforeSecond, afterSecond) = (PathIntegral(count: weights.count), PathIntegral(count: weights.count))
    for unit in weights.indices {
      let place = TwoLayerSweep.place(unit, plane: planeAbove)
      let weight = Double(weights[unit])
      afterSecond.influence[unit] = weight * clock
      beforeSecond.influence[unit] = weight * (activeTime[place] + (isOnAbove[place] ? clock : 0))
      beforeSecond.conductance[unit] = weight * carried[place]
    }
    afterSecond.conductance = beforeSecond.conductance
    return Result(
      beforeFirst: beforeFirst, afterFirst: afterFirst, beforeSecond: beforeSecond, afterSecond: afterSecond,
      clock: clock)
  }
}
