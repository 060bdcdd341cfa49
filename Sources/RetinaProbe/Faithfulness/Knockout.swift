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
    probe.runWhole(input, to: target.boundary)
    units = probe.copy(probe.whole, boundary)
    whole = Double(target.value(probe.whole))
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

  /// What the target loses when each group of units is replaced, F - F_S: from what the units change where that costs less than to run
  /// the rest of the model, as it does for small groups.
  func losses(_ groups: [[Int]]) -> [Double] {
    let replacing = probe.replacing(boundary: boundary, target: target)
    let cost = probe.program.steps[boundary..<target.boundary].reduce(0) { $0 + $1.multiplyAdds }
    let perUnit = replacing?.multiplyAddsPerUnit ?? cost
    let isSmall = groups.map { $0.count * perUnit < cost }
    let effects = replacing?.effects(
      probe, whole: probe.whole, target: target, replacement: replacement,
      groups: UnitGroups(lists: groups.indices.filter { isSmall[$0] }.map { groups[$0] }))
    var known = (effects ?? []).makeIterator()
    return groups.indices.map { index in
      if isSmall[index], let effect = known.next() { return Double(effect) }
      return whole - value(replacing: groups[index])
    }
  }

  private func value(from start: [Float], _ group: some Sequence<Int>, _ others: [Float]) -> Double {
    let places = probe.values[boundary]
    for unit in start.indices { places[unit] = start[unit] }
    for unit in group { places[unit] = others[unit] }
    probe.program.run(probe.values, from: boundary, to: target.boundary)
    return Double(target.value(probe.values))
  }
}
