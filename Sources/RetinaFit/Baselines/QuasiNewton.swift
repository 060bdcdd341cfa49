/// Minimises a smooth function with the limited-memory BFGS method.
///
/// Nocedal, "Updating quasi-Newton matrices with limited storage", Mathematics of Computation 1980, with backtracking to a
/// sufficient decrease (Armijo). Pairs of steps and changes of gradient that lack curvature are left out, so that the direction
/// always leads downhill.
struct QuasiNewton {
  /// Steps at most.
  var iterations = 200
  /// Steps that are remembered.
  var memory = 10
  /// Ends when a step lowers the value by less than this part of it.
  var tolerance = 1e-7

  /// What was found.
  struct Minimum {
    var point: [Double]
    var value: Double
    /// Steps that were made.
    var iterations: Int
  }

  /// Goes downhill from a point where the function is finite.
  ///
  /// - Parameter evaluate: gives the value at a point and fills in the gradient; a value that is not finite counts as too
  ///   far.
  func minimize(_ start: [Double], _ evaluate: ([Double], inout [Double]) -> Double) -> Minimum {
    var (point, gradient) = (start, start)
    var value = evaluate(point, &gradient)
    var pairs: [(step: [Double], change: [Double], curvature: Double)] = []
    for iteration in 0..<iterations {
      let direction = QuasiNewton.direction(gradient, pairs)
      let slope = dot(direction, gradient)
      guard slope < 0 else { return Minimum(point: point, value: value, iterations: iteration) }
      var length = pairs.isEmpty ? min(1, 1 / dot(gradient, gradient).squareRoot()) : 1
      var (next, nextGradient) = (point, gradient)
      var nextValue = Double.infinity
      while length > 1e-12 {
        for index in next.indices { next[index] = point[index] + length * direction[index] }
        nextValue = evaluate(next, &nextGradient)
        if nextValue.isFinite, nextValue <= value + 1e-4 * length * slope { break }
        length /= 2
      }
      guard nextValue.isFinite, nextValue < value else {
        return Minimum(point: point, value: value, iterations: iteration)
      }
      let step = zip(next, point).map { $0 - $1 }
      let change = zip(nextGradient, gradient).map { $0 - $1 }
      let curvature = dot(step, change)
      if curvature > 1e-12 * dot(change, change).squareRoot() * dot(step, step).squareRoot() {
        pairs.append((step, change, curvature))
        if pairs.count > memory { pairs.removeFirst() }
      }
      let decrease = value - nextValue
      (point, gradient, value) = (next, nextGradient, nextValue)
      if decrease <= tolerance * max(value.magnitude, 1e-300) {
        return Minimum(point: point, value: value, iterations: iteration + 1)
      }
    }
    return Minimum(point: point, value: value, iterations: iterations)
  }

  /// The two loops: minus the inverse curvature, as far as it is known, times the gradient.
  private static func direction(
    _ gradient: [Double], _ pairs: [(step: [Double], change: [Double], curvature: Double)]
  ) -> [Double] {
    var direction = gradient.map { -$0 }
    var weights: [Double] = []
    for pair in pairs.reversed() {
      let weight = dot(pair.step, direction) / pair.curvature
      weights.append(weight)
      for index in direction.indices { direction[index] -= weight * pair.change[index] }
    }
    if let last = pairs.last {
      let scale = last.curvature / dot(last.change, last.change)
      for index in direction.indices { direction[index] *= scale }
    }
    for (pair, weight) in zip(pairs, weights.reversed()) {
      let back = dot(pair.change, direction) / pair.curvature
      for index in direction.indices { direction[index] += (weight - back) * pair.step[index] }
    }
    return direction
  }
}

private func dot(_ a: [Double], _ b: [Double]) -> Double {
  var sum = 0.0
  for index in a.indices { sum += a[index] * b[index] }
  return sum
}
