import RetinaEngine
import RetinaKernels

/// Walks along a path from one straight piece of the model to the next (SyReNN; Sotoudeh and Thakur 2019), for any chain of affine
/// steps, relu and maximum pools, with one smooth function of single units at the end.
///
/// On a piece every unit is a straight line. The piece ends where the first relu input passes zero, or where another unit of a
/// pooling window becomes the largest. Each piece costs two passes forwards.
struct PieceSweep {
  private let probe: Probe
  private let path: Probe.Path
  /// The boundary of the last straight lines.
  let straightEnd: Int
  private let straight: StraightTarget
  /// What the target does on the piece.
  private(set) var integrals = StraightTarget.Integrals(before: [], behind: [])
  /// For each relu the units that are on; for each maximum pool the unit that is largest in each window.
  private var active: [[Bool]] = []
  private var largest: [[Int]] = []
  private let pooled: [[[Int]]]

  /// Prepares a sweep over a path that ``Probe/path(_:baseline:from:target:)`` has set up; nothing when the model between the path
  /// and the target is not made of straight pieces.
  init?(_ probe: Probe, path: Probe.Path, target: Target) {
    let program = probe.program
    var end = target.boundary
    if end > path.affineEnd, !program.steps[end - 1].isPiecewiseLinear { end -= 1 }
    guard program.steps[path.affineEnd..<end].allSatisfy({ $0.isPiecewiseLinear }) else { return nil }
    let last = end < target.boundary ? program.steps[end] : nil
    guard let straight = StraightTarget(target, last: last, of: program) else { return nil }
    self.probe = probe
    self.path = path
    self.straight = straight
    straightEnd = end
    active = program.steps.map { _ in [] }
    largest = active.map { _ in [] }
    pooled = program.steps.enumerated().map { index, step in
      guard (path.affineEnd..<end).contains(index), case .maximumPool(let geometry) = step.kind else { return [] }
      return geometry.windows
    }
  }

  /// Calls `visit` for every piece, when ``Probe/tangents`` hold the slopes on it and ``Probe/gradients`` at ``straightEnd`` the
  /// integral of the target's derivative over it.
  mutating func forEachPiece(_ visit: (PieceSweep) -> Void) {
    start()
    var position = 0.0
    var budget = 1000 + 64 * probe.program.boundaryCounts.reduce(0, +)
    while position < 1, budget > 0 {
      runStraight(at: position)
      let next = min(1, nextEvent(after: position))
      if next > position {
        seed(from: position, to: next)
        visit(self)
      }
      if next >= 1 { break }
      switchNearest()
      position = next
      budget -= 1
    }
  }

  /// Sends the gradient at ``straightEnd`` back to a boundary through the piece.
  func pullBack(to boundary: Int) { pullBack(from: straightEnd, to: boundary) }

  /// Sends the gradient at one boundary back to another through the piece.
  func pullBack(from start: Int, to boundary: Int) {
    let (program, gradients) = (probe.program, probe.gradients)
    for step in stride(from: start - 1, through: boundary, by: -1) {
      let (source, result) = (gradients[step + 1], gradients[step])
      if !active[step].isEmpty {
        for unit in active[step].indices { result[unit] = active[step][unit] ? source[unit] : 0 }
      } else if !largest[step].isEmpty {
        result.update(repeating: 0, count: probe.count(step))
        for (window, unit) in largest[step].enumerated() { result[unit] += source[window] }
      } else {
        program.pullBack(gradients, at: probe.values, from: step + 1, to: step)
      }
    }
  }

  // MARK: - The piece

  /// The units that are on just after the start of the path.
  private mutating func start() {
    let (program, values, tangents) = (probe.program, probe.values, probe.tangents)
    probe.move(to: 0, along: path, end: path.affineEnd)
    for step in path.affineEnd..<straightEnd {
      let (value, slope) = (values[step], tangents[step])
      switch program.steps[step].kind {
      case .activation:
        active[step] = (0..<probe.count(step)).map { value[$0] > 0 || (value[$0] == 0 && slope[$0] > 0) }
      case .maximumPool:
        largest[step] = pooled[step].map { window in
          window.dropFirst().reduce(window[0]) { best, unit in
            value[unit] > value[best] || (value[unit] == value[best] && slope[unit] > slope[best]) ? unit : best
          }
        }
      default: break
      }
      stepStraight(step)
    }
  }

  /// The values at a place of the path and the slopes, from what is on.
  private mutating func runStraight(at position: Double) {
    probe.move(to: position, along: path, end: path.affineEnd)
    for step in path.affineEnd..<straightEnd {
      settleTies(step)
      stepStraight(step)
    }
  }

  /// Decides what a gradient does on a whole piece as it is decided at a node: a relu that stays at zero has no slope, and of the units
  /// of a window that lie on one line (several relu that are off) the first has it all.
  private mutating func settleTies(_ step: Int) {
    let (value, slope) = (probe.values[step], probe.tangents[step])
    for unit in active[step].indices where slope[unit] == 0 && value[unit] <= 0 { active[step][unit] = false }
    for (window, units) in pooled[step].enumerated() {
      let best = largest[step][window]
      largest[step][window] = units.first { value[$0] == value[best] && slope[$0] == slope[best] } ?? best
    }
  }

  /// One step of values and slopes.
  private func stepStraight(_ step: Int) {
    let (program, values, tangents) = (probe.program, probe.values, probe.tangents)
    if !active[step].isEmpty {
      let (value, slope, newValue, newSlope) = (values[step], tangents[step], values[step + 1], tangents[step + 1])
      for unit in active[step].indices {
        newValue[unit] = active[step][unit] ? value[unit] : 0
        newSlope[unit] = active[step][unit] ? slope[unit] : 0
      }
    } else if !largest[step].isEmpty {
      for (window, unit) in largest[step].enumerated() {
        values[step + 1][window] = values[step][unit]
        tangents[step + 1][window] = tangents[step][unit]
      }
    } else {
      program.run(values, from: step, to: step + 1)
      program.pushForward(tangents, at: values, from: step, to: step + 1)
    }
  }

  /// Where the piece that begins at `position` ends.
  private func nextEvent(after position: Double) -> Double {
    var next = Double.infinity
    forEachCrossing { distance, _, _, _ in next = min(next, position + max(0, distance)) }
    return next
  }

  /// Switches what ends the piece, judged from the values and slopes at its start.
  ///
  /// One switch at a time: what comes after it depends on it, and a tie is found at the same place in the next round.
  private mutating func switchNearest() {
    var nearest = (distance: Double.infinity, step: 0, slot: 0, unit: 0)
    forEachCrossing { distance, step, slot, unit in
      if max(0, distance) < nearest.distance { nearest = (max(0, distance), step, slot, unit) }
    }
    if !active[nearest.step].isEmpty {
      active[nearest.step][nearest.slot].toggle()
    } else {
      largest[nearest.step][nearest.slot] = nearest.unit
    }
  }

  /// Visits the units whose lines lead out of their piece, with the distance at which they leave it.
  ///
  /// The slot is the unit itself for a relu, and the window for a pool.
  private func forEachCrossing(_ visit: (_ distance: Double, _ step: Int, _ slot: Int, _ unit: Int) -> Void) {
    for step in path.affineEnd..<straightEnd {
      let (value, slope) = (probe.values[step], probe.tangents[step])
      if !active[step].isEmpty {
        for unit in active[step].indices {
          let leaves = active[step][unit] ? slope[unit] < 0 : slope[unit] > 0
          if leaves { visit(-Double(value[unit]) / Double(slope[unit]), step, unit, unit) }
        }
      } else if !largest[step].isEmpty {
        for (window, units) in pooled[step].enumerated() {
          let best = largest[step][window]
          for unit in units where slope[unit] > slope[best] {
            let distance =
              (Double(value[best]) - Double(value[unit])) / (Double(slope[unit]) - Double(slope[best]))
            visit(distance, step, window, unit)
          }
        }
      }
    }
  }

  /// Writes the integral of the target's derivative over the piece at ``straightEnd``.
  private mutating func seed(from start: Double, to end: Double) {
    let first = straight.units.map { Double(probe.values[straightEnd][$0]) }
    let last = straight.units.indices.map { place in
      first[place] + Double(probe.tangents[straightEnd][straight.units[place]]) * (end - start)
    }
    integrals = straight.integrals(from: first, to: last, length: end - start)
    let seeds = probe.gradients[straightEnd]
    seeds.update(repeating: 0, count: probe.count(straightEnd))
    for (unit, value) in zip(straight.units, integrals.before) { seeds[unit] = Float(value) }
  }

  /// The integrals behind the last function: what flows there is what flows before it.
  func addBehind(to whole: inout PathIntegral) {
    for (place, unit) in straight.units.enumerated() {
      whole.influence[unit] += integrals.behind[place]
      whole.conductance[unit] += integrals.before[place] * Double(probe.tangents[straightEnd][unit])
    }
  }
}
