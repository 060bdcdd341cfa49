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
  /// The lines and signs of the second layer (pass 1).
  private let constants, slopes, signs: UnsafeMutablePointer<Double>
  /// What is kept of each unit of the first layer (pass 2), see ``Kernels``.
  private let below: UnsafeMutablePointer<Double>
  private let roots, slopesThere: UnsafeMutablePointer<Double>
  private let found: UnsafeMutablePointer<Int>
  /// For each unit in the order of the model, its place in ``below``, and that in the lines of the second layer.
  private let placesBelow, placesAbove: [Int]

  /// How far the numbers of a unit in ``below`` are from its place.
  private enum Offset {
    static let gradient = 0
    static let moment = 8
    static let constant = 16
    static let slope = 24
  }

  /// A switch of a unit.
  private struct Event {
    var position: Double
    /// Whether the unit is one of the second layer.
    var isAbove: Bool
    var unit: Int
    /// The slope of a unit of the second layer where it crosses zero.
    var slope = 0.0
  }

  private var events: [Event] = []
  /// For each unit of the first layer, in the order of the model: its line.
  private var starts: [Float] = []
  private var rates: [Float] = []
  /// For each unit of the second layer, whether it is on at the start, and its slope there.
  private var isOnAboveAtStart: [Bool] = []
  private var slopesAtStart: [Double] = []
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
    let planeBelow = geometry.inputHeight * geometry.inputWidth
    placesBelow = (0..<geometry.inputCount).map { unit in
      let place = TwoLayerSweep.place(unit, plane: planeBelow)
      return place / 8 * 32 + place % 8
    }
    placesAbove = (0..<geometry.outputCount).map { TwoLayerSweep.place($0, plane: plane) }
    var blocks: [UnsafeMutablePointer<Double>] = []
    func block(_ values: [Double]) -> UnsafeMutablePointer<Double> {
      let block = UnsafeMutablePointer<Double>.allocate(capacity: max(8, values.count))
      block.initialize(from: values, count: values.count)
      blocks.append(block)
      return block
    }
    shape = SweepShape(
      geometry: geometry, forward: UnsafePointer(block(forward)), backward: UnsafePointer(block(backward)),
      scale: UnsafePointer(block(scale)))
    let above = [Double](repeating: 0, count: scale.count)
    (constants, slopes, signs) = (block(above), block(above), block(above))
    (roots, slopesThere) = (block(above + above), block(above + above))
    below = block([Double](repeating: 0, count: inputGroups * 32 * planeBelow))
    memory = blocks
    found = .allocate(capacity: max(8, 2 * above.count))
    found.initialize(repeating: 0, count: max(8, 2 * above.count))
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

  // MARK: - First pass

  /// Finds all switches along a path that the probe has set up.
  ///
  /// This does not depend on the target, so that one pass serves all cells.
  func findEvents(_ probe: Probe) {
    let (first, second) = (chain.first, chain.second)
    starts = probe.copy(probe.baselineValues, first)
    rates = probe.copy(probe.tangents, first)
    endsAtBaseline = probe.copy(probe.baselineValues, chain.straightEnd)
    var switchesBelow: [Event] = []
    let (values, tangents) = (probe.values[first + 1], probe.tangents[first + 1])
    for unit in starts.indices {
      let (start, rate) = (starts[unit], rates[unit])
      let isOn = isOnAtStart(unit)
      values[unit] = isOn ? start : 0
      tangents[unit] = isOn ? rate : 0
      let position = -Double(start) / Double(rate)
      if start != 0, rate != 0, position > 0, position < 1 {
        switchesBelow.append(Event(position: position, isAbove: false, unit: unit))
      }
    }
    switchesBelow.sort { $0.position < $1.position }
    program.run(probe.values, from: first + 1, to: second)
    program.pushForward(probe.tangents, at: probe.values, from: first + 1, to: second)
    // Lanes of channels that do not exist stay at zero, which counts as below, and never cross.
    signs.update(repeating: -1, count: shape.outputNumbers)
    let (lineStarts, lineSlopes) = (probe.values[second], probe.tangents[second])
    isOnAboveAtStart = placesAbove.indices.map {
      lineStarts[$0] > 0 || (lineStarts[$0] == 0 && lineSlopes[$0] > 0)
    }
    slopesAtStart = placesAbove.indices.map { Double(lineSlopes[$0]) }
    var largest = 0.0
    for (unit, place) in placesAbove.enumerated() {
      constants[place] = Double(lineStarts[unit])
      slopes[place] = slopesAtStart[unit]
      signs[place] = isOnAboveAtStart[unit] ? 1 : -1
      largest = max(largest, constants[place].magnitude, slopes[place].magnitude)
    }
    let tiny = 1e-12 * largest
    var switchesAbove: [Event] = []
    let geometry = shape.geometry
    for event in switchesBelow {
      let line = change(event)
      let unit = SweepUnit(event.unit, planeHeight: geometry.inputHeight, planeWidth: geometry.inputWidth)
      let count = program.kernels.sweepCrossings(
        shape, unit, event.position, line.constant, line.slope, tiny, constants, slopes, signs, found, roots,
        slopesThere)
      for index in 0..<count {
        switchesAbove.append(
          Event(position: roots[index], isAbove: true, unit: unitAbove(found[index]), slope: slopesThere[index]))
      }
    }
    for (unit, place) in placesAbove.enumerated() where (constants[place] + slopes[place]) * signs[place] < 0 {
      switchesAbove.append(
        Event(position: -constants[place] / slopes[place], isAbove: true, unit: unit, slope: slopes[place]))
    }
    events = switchesBelow + switchesAbove
    // Rounding may put a root a little outside of its piece.
    for index in events.indices { events[index].position = min(1, max(0, events[index].position)) }
    events.sort { $0.position < $1.position }
  }

  private func isOnAtStart(_ unit: Int) -> Bool { starts[unit] > 0 || (starts[unit] == 0 && rates[unit] > 0) }

  /// What the line of a first-layer unit after the relu gains when the unit switches.
  private func change(_ event: Event) -> (constant: Double, slope: Double) {
    let sign = isOnAtStart(event.unit) ? -1.0 : 1.0
    return (sign * Double(starts[event.unit]), sign * Double(rates[event.unit]))
  }

  /// The unit of the model at a place among the lines of the second layer.
  private func unitAbove(_ place: Int) -> Int {
    let plane = shape.geometry.outputHeight * shape.geometry.outputWidth
    return (place / (8 * plane) * 8 + place % 8) * plane + place / 8 % plane
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
    // The end of one piece is the start of the next.
    var value = final.value(Double(endsAtBaseline[cell]))
    return integrate(probe, unit: cell) { _, start, end, length in
      let next = final.value(end)
      defer { value = next }
      return final.integralOfDerivative(
        from: start, to: end, valueAtStart: value, valueAtEnd: next, length: length)
    }
  }

  /// Integrates all units of a target together, after ``findEvents(_:)``.
  ///
  /// - Returns: for each unit its integrals, and for the unit behind its function the integral of the target's derivative and what the
  ///   target gains through it.
  func integrate(
    _ probe: Probe, target: StraightTarget
  ) -> [(unit: Int, result: Result, influence: Double, conductance: Double)] {
    // A first walk finds where each unit is at each switch: what the clock of one gains depends on all.
    var ends: [[Double]] = []
    for unit in target.units {
      var line = [Double(endsAtBaseline[unit])]
      _ = integrate(probe, unit: unit) { _, _, end, _ in
        line.append(end)
        return 0
      }
      ends.append(line)
    }
    var gains = target.units.map { _ in [Double]() }
    var (influences, conductances) = (target.units.map { _ in 0.0 }, target.units.map { _ in 0.0 })
    let positions = [0] + events.map { $0.position } + [1]
    for piece in 1..<positions.count {
      let length = positions[piece] - positions[piece - 1]
      let (first, last) = (ends.map { $0[piece - 1] }, ends.map { $0[piece] })
      let integrals = target.integrals(from: first, to: last, length: length)
      for place in target.units.indices {
        gains[place].append(integrals.before[place])
        influences[place] += integrals.behind[place]
        if length > 0 { conductances[place] += integrals.before[place] * (last[place] - first[place]) / length }
      }
    }
    return target.units.indices.map { place in
      let result = integrate(probe, unit: target.units[place]) { piece, _, _, _ in gains[place][piece] }
      return (target.units[place], result, influences[place], conductances[place])
    }
  }

  /// Integrates one unit of the target, given what its clock gains on a piece.
  ///
  /// - Parameter gain: of the piece's number, the last straight value of the unit at its start and at its end, and its length.
  private func integrate(
    _ probe: Probe, unit cell: Int,
    gain: (_ piece: Int, _ start: Double, _ end: Double, _ length: Double) -> Double
  ) -> Result {
    let (first, second) = (chain.first, chain.second)
    // The gradients of the cell before its last function: with respect to the second layer, and to the first at the start.
    Target.unit(cell, boundary: chain.straightEnd).seed(probe.gradients, count: probe.count(chain.straightEnd))
    program.pullBack(probe.gradients, at: probe.baselineValues, from: chain.straightEnd, to: second + 1)
    let weights = probe.copy(probe.gradients, second + 1)
    var z = Double(endsAtBaseline[cell])
    var slope = 0.0
    var isOnAbove = isOnAboveAtStart
    let masked = probe.gradients[second]
    for unit in weights.indices {
      masked[unit] = isOnAbove[unit] ? weights[unit] : 0
      if isOnAbove[unit] { slope += Double(weights[unit]) * slopesAtStart[unit] }
    }
    program.pullBack(probe.gradients, at: probe.baselineValues, from: second, to: first + 1)
    let startGradients = probe.gradients[first + 1]
    for (unit, place) in placesBelow.enumerated() {
      below[place + Offset.gradient] = Double(startGradients[unit])
      below[place + Offset.moment] = 0
      below[place + Offset.constant] = 0
      below[place + Offset.slope] = isOnAtStart(unit) ? Double(rates[unit]) : 0
    }
    // For each unit of the first layer that switches, the integral of its gradient up to there.
    var upToSwitch = [Double?](repeating: nil, count: starts.count)
    var (carried, activeTime) = (slopesAtStart.map { _ in 0.0 }, slopesAtStart.map { _ in 0.0 })
    var (piece, position, clock) = (0, 0.0, 0.0)
    func advance(to next: Double) {
      let end = z + slope * (next - position)
      clock += gain(piece, z, end, next - position)
      (piece, z, position) = (piece + 1, end, next)
    }
    let geometry = shape.geometry
    for event in events {
      advance(to: event.position)
      let unit = event.unit
      if event.isAbove {
        let turn = isOnAbove[unit] ? -1.0 : 1.0
        let (weight, factor) = (Double(weights[unit]), shape.scale[placesAbove[unit]])
        carried[unit] -=
          turn * factor
          * program.kernels.sweepSwitch(
            shape, SweepUnit(unit, planeHeight: geometry.outputHeight, planeWidth: geometry.outputWidth), clock,
            turn * weight * factor, below)
        activeTime[unit] -= turn * clock
        isOnAbove[unit].toggle()
        slope += turn * weight * event.slope
      } else {
        let place = below + placesBelow[unit]
        upToSwitch[unit] = place[Offset.gradient] * clock - place[Offset.moment]
        // What was carried up to here stays; from here on the slope is another.
        let change = change(event).slope
        slope += place[Offset.gradient] * change
        place[Offset.constant] -= change * clock
        place[Offset.slope] += change
      }
    }
    advance(to: 1)
    carryToEnd(probe, isOnAbove, &carried, clock: clock)
    for unit in activeTime.indices where isOnAbove[unit] { activeTime[unit] += clock }
    return result(weights, upToSwitch: upToSwitch, carried: carried, activeTime: activeTime, clock: clock)
  }

  /// Adds what units that are on at the end have carried since the start: one convolution for all of them.
  private func carryToEnd(_ probe: Probe, _ isOnAbove: [Bool], _ carried: inout [Double], clock: Double) {
    let times = probe.tangents[chain.first + 1]
    for (unit, place) in placesBelow.enumerated() {
      times[unit] = Float(below[place + Offset.constant] + below[place + Offset.slope] * clock)
    }
    program.pushForward(probe.tangents, at: probe.baselineValues, from: chain.first + 1, to: chain.second)
    let whole = probe.tangents[chain.second]
    for unit in carried.indices where isOnAbove[unit] { carried[unit] += Double(whole[unit]) }
  }

  private func result(
    _ weights: [Float], upToSwitch: [Double?], carried: [Double], activeTime: [Double], clock: Double
  ) -> Result {
    var (beforeFirst, afterFirst) = (PathIntegral(count: starts.count), PathIntegral(count: starts.count))
    for (unit, place) in placesBelow.enumerated() {
      let whole = below[place + Offset.gradient] * clock - below[place + Offset.moment]
      let isOn = isOnAtStart(unit)
      let whileOn = upToSwitch[unit].map { isOn ? $0 : whole - $0 } ?? (isOn ? whole : 0)
      afterFirst.influence[unit] = whole
      beforeFirst.influence[unit] = whileOn
      beforeFirst.conductance[unit] = whileOn * Double(rates[unit])
    }
    afterFirst.conductance = beforeFirst.conductance
    var (beforeSecond, afterSecond) = (PathIntegral(count: weights.count), PathIntegral(count: weights.count))
    for unit in weights.indices {
      let weight = Double(weights[unit])
      afterSecond.influence[unit] = weight * clock
      beforeSecond.influence[unit] = weight * activeTime[unit]
      beforeSecond.conductance[unit] = weight * carried[unit]
    }
    afterSecond.conductance = beforeSecond.conductance
    return Result(
      beforeFirst: beforeFirst, afterFirst: afterFirst, beforeSecond: beforeSecond, afterSecond: afterSecond,
      clock: clock)
  }
}
