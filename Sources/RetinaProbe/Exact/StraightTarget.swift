import RetinaEngine

/// A target as a function of the last values that are straight lines: a function of each of its units, then a weighted sum of them and,
/// for some targets, a quadratic form.
struct StraightTarget {
  /// The units that the target depends on.
  let units: [Int]
  private let functions: [FinalNonlinearity]
  /// What each unit adds to the weighted sum.
  private let weights: [Double]
  private let quadratic: QuadraticForm?
  private let few = Quadrature(.gaussLegendre, steps: 2)
  private let many = Quadrature(.gaussLegendre, steps: 5)

  /// Reads a target behind a last step, if there is one; nothing for steps that mix units, and where a quadratic form follows a
  /// function with a kink.
  init?(_ target: Target, last: Step?, of program: Program) {
    let units = target.units(count: program.boundaryCounts[target.boundary])
    var functions: [FinalNonlinearity] = []
    for unit in units {
      guard let function = FinalNonlinearity(last, unit: unit, of: program),
        target.quadratic == nil || function.isSmooth
      else { return nil }
      functions.append(function)
    }
    self.units = units
    self.functions = functions
    weights = units.map { unit in
      target.terms.reduce(0) { $1.unit == unit ? $0 + Double($1.weight) : $0 }
    }
    quadratic = target.quadratic
  }

  /// Integrals over a piece of a path, for each unit of the target.
  struct Integrals {
    /// Of the target's derivative with respect to the unit before its function.
    var before: [Double]
    /// Of the target's derivative with respect to the unit behind its function.
    var behind: [Double]
  }

  /// Integrates over a piece of some length on which the units go straight from some values to others.
  ///
  /// Exact for a weighted sum. A quadratic form makes the integrand a product of functions of several units: it is smooth, and
  /// Gauss-Legendre nodes on stretches that are short for these functions leave about 1e-10 of it.
  func integrals(from start: [Double], to end: [Double], length: Double) -> Integrals {
    guard let quadratic else {
      return Integrals(
        before: units.indices.map { place in
          weights[place]
            * functions[place].integralOfDerivative(from: start[place], to: end[place], length: length)
        },
        behind: weights.map { $0 * length })
    }
    var sums = Integrals(before: weights.map { _ in 0 }, behind: weights.map { _ in 0 })
    let extent = units.indices.reduce(0) { widest, place in
      max(widest, (end[place] - start[place]).magnitude * functions[place].steepness)
    }
    let parts = max(1, min(1000, (2 * extent).rounded(.up)))
    let rule = extent < 0.05 ? few : many
    for part in 0..<Int(parts) {
      for (node, weight) in zip(rule.nodes, rule.weights) {
        let place = (Double(part) + node) / parts
        let straight = units.indices.map { start[$0] + place * (end[$0] - start[$0]) }
        let rates = units.indices.map { functions[$0].value(straight[$0]) }
        for unit in units.indices {
          let slope = weights[unit] + quadratic.slope(unit) { rates[$0] }
          sums.behind[unit] += weight / parts * length * slope
          sums.before[unit] += weight / parts * length * slope * functions[unit].derivative(straight[unit])
        }
      }
    }
    return sums
  }
}
