import RetinaEngine

/// A target that is looked at again and again while units of one layer are replaced.
struct Knockout {
  private let probe: Probe
  private let target: Target
  private let boundary: Int
  private let replacement: [Float]
  /// The units of the layer for the stimulus.
  let units: [Float]
  /// The target with nothing replaced, F.
  let whole: Double
  /// The target with every unit replaced, F_0.
  private(set) var empty = 0.0

  init(_ probe: Probe, input: [Float], boundary: Int, target: Target, replacement: [Float]) {
    (self.probe, self.target, self.boundary, self.replacement) = (probe, target, boundary, replacement)
    probe.run(input, into: probe.values, to: target.boundary)
    units = probe.copy(probe.values, boundary)
    whole = Double(target.value(probe.values))
    empty = value(keeping: [])
  }

  /// F - F_0; nothing when it is no larger than the rounding of the target.
  var change: Double? {
    let change = whole - empty
    return change.magnitude > 1e-6 * max(whole.magnitude, empty.magnitude) ? change : nil
  }

  /// The target with some units replaced.
  func value(replacing group: some Sequence<Int>) -> Double { value(from: units, group, replacement) }

  /// The target with all units but some replaced.
  func value(keeping group: some Sequence<Int>) -> Double { value(from: replacement, group, units) }

  /// What the target loses when some units are replaced, F - F_S.
  func loss(_ group: some Sequence<Int>) -> Double { whole - value(replacing: group) }

  private func value(from start: [Float], _ group: some Sequence<Int>, _ others: [Float]) -> Double {
    let places = probe.values[boundary]
    for unit in start.indices { places[unit] = start[unit] }
    for unit in group { places[unit] = others[unit] }
    probe.program.run(probe.values, from: boundary, to: target.boundary)
    return Double(target.value(probe.values))
  }
}
