import RetinaEngine

/// The number that a probe explains: a weighted sum of units at one boundary of a program.
public struct Target: Sendable {
  /// The boundary at which the units are.
  public var boundary: Int
  /// Place of each unit at the boundary, and its weight.
  public var terms: [Term]

  /// A unit and its weight.
  public struct Term: Sendable {
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

  /// The value of the target.
  func value(_ values: Workspace) -> Float {
    let units = values[boundary]
    return terms.reduce(0) { $0 + $1.weight * units[$1.unit] }
  }

  /// Writes the gradient of the target at its own boundary.
  func seed(_ gradients: Workspace, count: Int, scale: Float = 1) {
    let units = gradients[boundary]
    units.update(repeating: 0, count: count)
    for term in terms { units[term.unit] += term.weight * scale }
  }
}
