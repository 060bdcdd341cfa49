@testable import RetinaFit

/// The slope of a loss along a random direction of one group of parameters: by the gradient, and by a central difference.
struct DirectionalSlope {
  var group: String
  var found, expected: Double
  /// The largest slope that a direction of this length can have by the gradient.
  var size: Double

  /// One for each group of a network's parameters, which are left moved.
  ///
  /// - Parameter step: the length of a step to either side.
  static func all(
    of network: Network, step length: Float, _ draw: inout GeneratorOfNumbers, loss: () -> Double
  ) -> [DirectionalSlope] {
    _ = loss()
    let (start, gradient) = (network.parameters, network.gradient)
    return network.groups.map { group in
      let direction = draw.values(group.range.count)
      let step = length / direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
      func moved(_ factor: Float) -> Double {
        network.parameters = start
        for (index, value) in zip(group.range, direction) { network.parameters[index] += factor * step * value }
        return loss()
      }
      let steepest = group.range.reduce(0.0) { $0 + Double(gradient[$1] * gradient[$1]) }.squareRoot()
      return DirectionalSlope(
        group: group.name,
        found: zip(group.range, direction).reduce(0.0) { $0 + Double(gradient[$1.0] * $1.1) },
        expected: (moved(1) - moved(-1)) / (2 * Double(step)), size: steepest * Double(length / step))
    }
  }
}
