/// What flows through the units of one boundary along a path, without rounding by a quadrature rule.
struct PathIntegral {
  /// For each unit the integral of the target's derivative with respect to it.
  var influence: [Double]
  /// For each unit the integral of that derivative times the unit's own derivative along the path.
  var conductance: [Double]

  init(count: Int) {
    influence = [Double](repeating: 0, count: count)
    conductance = influence
  }

  /// Adds another integral times a factor.
  mutating func add(_ other: PathIntegral, times factor: Double) {
    for index in influence.indices {
      influence[index] += factor * other.influence[index]
      conductance[index] += factor * other.conductance[index]
    }
  }
}
