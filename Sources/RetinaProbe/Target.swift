import RetinaEngine

/// The number that a probe explains: a weighted sum of units at one boundary of a program, or a quadratic form of all of them.
public struct Target: Sendable, Equatable {
  /// The boundary at which the units are.
  public var boundary: Int
  /// Place of each unit at the boundary, and its weight.
  public var terms: [Term]
  /// What is added to the weighted sum.
  public var quadratic: QuadraticForm?

  /// A unit and its weight.
  public struct Term: Sendable, Equatable {
    /// Place of the unit, flattened.
    public var unit: Int
    /// What the unit is multiplied with.
    public var weight: Float
  }

  /// One output of the program.
  public static func cell(_ cell: Int, of program: Program) -> Target {
    Target(boundary: program.outputBoundary, terms: [Term(unit: cell, weight: 1)])
  }

  /// The sum of some outputs.
  public static func sum(_ cells: [Int], of program: Program) -> Target {
    Target(boundary: program.outputBoundary, terms: cells.map { Term(unit: $0, weight: 1) })
  }

  /// One interior unit ("neuron").
  public static func unit(_ unit: Int, boundary: Int) -> Target {
    Target(boundary: boundary, terms: [Term(unit: unit, weight: 1)])
  }

  /// The surprisal of all outputs together, see ``QuadraticForm/init(surprisalOf:cells:)``.
  public static func surprisal(_ form: QuadraticForm, of program: Program) -> Target {
    Target(boundary: program.outputBoundary, terms: [], quadratic: form)
  }

  /// The value of the target.
  func value(_ values: Workspace) -> Float {
    let units = values[boundary]
    return value { units[$0] }
  }

  /// The value of the target for units with some values.
  func value(_ unit: (Int) -> Float) -> Float {
    let sum = terms.reduce(0) { $0 + $1.weight * unit($1.unit) }
    guard let quadratic else { return sum }
    return sum + Float(quadratic.value { Double(unit($0)) })
  }

  /// The value of the target in float64, for units of which only ``units(count:)`` need be right.
  func value(_ units: [Double]) -> Double {
    terms.reduce(quadratic?.value { units[$0] } ?? 0) { $0 + Double($1.weight) * units[$1.unit] }
  }

  /// The units that the value depends on, each once.
  func units(count: Int) -> [Int] {
    guard quadratic == nil else { return Array(0..<count) }
    var units: [Int] = []
    for term in terms where !units.contains(term.unit) { units.append(term.unit) }
    return units
  }

  /// Writes the gradient of a target without a quadratic form at its own boundary.
  func seed(_ gradients: Workspace, count: Int, scale: Float = 1) {
    let units = gradients[boundary]
    units.update(repeating: 0, count: count)
    for term in terms { units[term.unit] += term.weight * scale }
  }

  /// Writes the gradient of the target at its own boundary, where the units have some values.
  func seed(_ gradients: Workspace, at values: Workspace, count: Int, scale: Float = 1) {
    seed(gradients, count: count, scale: scale)
    guard let quadratic else { return }
    let (gradient, units) = (gradients[boundary], values[boundary])
    for unit in 0..<count {
      gradient[unit] += scale * Float(quadratic.slope(unit) { Double(units[$0]) })
    }
  }

  /// Writes the mean gradient of the target between two ends, whose product with their difference is the target's change: the gradient in
  /// the middle, since the target is quadratic at most.
  func seedMean(_ gradients: Workspace, from start: Workspace, to end: Workspace, count: Int) {
    seed(gradients, count: count)
    guard let quadratic else { return }
    let (gradient, first, last) = (gradients[boundary], start[boundary], end[boundary])
    for unit in 0..<count {
      gradient[unit] += Float(quadratic.slope(unit) { (Double(first[$0]) + Double(last[$0])) / 2 })
    }
  }
}
