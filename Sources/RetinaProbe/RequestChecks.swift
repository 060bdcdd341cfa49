import RetinaEngine

/// What must hold before a request is answered: everything that would otherwise be read from beyond the end of something.
extension Probe {
  /// Checks a request and what it is about.
  ///
  /// - Throws: ``ProbeError/wrongCount(of:expected:found:)``, ``ProbeError/outOfRange(_:count:found:)``.
  func check(_ request: Request, input: [Float], baselines: [[Float]]) throws(ProbeError) {
    try check(count: input.count, of: "values of the stimulus", program.inputCount)
    for baseline in baselines { try check(count: baseline.count, of: "values of the baseline", program.inputCount) }
    try check(request.boundary, among: program.boundaryCounts.count, "boundary")
    let (method, boundary) = (request.method, request.boundary)
    if method.needsTarget { try check(request.target, "cell") }
    if method.needsNeuron, let neuron = request.neuron {
      try check(neuron, "unit")
      guard neuron.terms.count == 1 else { throw .missing("a unit of the layer") }
      if method.needsTarget { try check(neuron.boundary, among: request.target.boundary + 1, "boundary of the unit") }
    } else if method.needsTarget {
      try check(boundary, among: request.target.boundary + 1, "boundary before that of the target")
    }
    if method.replacesLayer, let replacement = request.replacement {
      try check(count: replacement.count, of: "replaced units", count(boundary))
    }
    if method.takesGroups, let groups = request.groups {
      try check(count: groups.count, of: "units in groups", count(method.subject == .stimulus ? 0 : boundary))
      for group in groups { try check(group, among: Probe.mostGroups, "group") }
    }
    if case .count(let steps) = request.steps, steps < 1 { throw .missing("at least one step") }
    if let samples = request.samples, samples < 1 { throw .missing("at least one sample") }
  }

  /// Numbers of groups lie below this, so that a table of them fits into memory.
  private static let mostGroups = 1 << 24

  private func check(_ target: Target, _ name: String) throws(ProbeError) {
    try check(target.boundary, among: program.boundaryCounts.count, "boundary of the \(name)")
    let units = count(target.boundary)
    for term in target.terms { try check(term.unit, among: units, name) }
    guard let quadratic = target.quadratic else { return }
    try check(count: quadratic.center.count, of: "cells of the surprisal", units)
    try check(count: quadratic.matrix.count, of: "pairs of cells of the surprisal", units * units)
  }

  private func check(count: Int, of name: String, _ expected: Int) throws(ProbeError) {
    guard count == expected else { throw .wrongCount(of: name, expected: expected, found: count) }
  }

  private func check(_ place: Int, among count: Int, _ name: String) throws(ProbeError) {
    guard place >= 0, place < count else { throw .outOfRange(name, count: count, found: place) }
  }
}
