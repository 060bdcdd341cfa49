import RetinaStimuli

/// Capacity that takes the centres and axes as they are, correlations and all; for few classes and few cells.
///
/// `P / E |projection of t on the cone of y_class x|^2` over random directions `t` and random signs `y` of the classes: the
/// number of classes over the statistical dimension of the cone of all signed points (Amelunxen, Lotz, McCoy and Tropp
/// 2014; the form in which Chung's group treats correlated manifolds). 2 for orthogonal points, 1 for orthogonal
/// segments of radius 1.
///
/// Points are taken as they are, without the mean being removed: the read-out goes through 0. One non-negative
/// least-squares problem with all samples per direction: keep to 10 classes of 20 samples or so.
public enum CorrelatedCapacity {
  /// Measures classes.
  public static func measure(
    _ responses: LabelledResponses, directions: Int = 200, seed: UInt64 = 1, threads: Int = 1
  ) throws(TheoryError) -> Interval {
    let all = Matrix(
      rows: responses.total, columns: responses.units, values: responses.samples.flatMap { $0 }.map(Double.init))
    let points = all.columns > all.rows ? OrthogonalBasis.coordinates(of: all) : all
    let lengths = (0..<points.rows).map { norm(points.row($0)) }
    guard lengths.contains(where: { $0 > 0 }) else {
      throw TheoryError("layer", expected: "responses", found: "a layer that is silent for all stimuli")
    }
    let classes = responses.classes.count
    let places = (0..<classes).flatMap { [Int](repeating: $0, count: responses.count($0)) }
    let distances = parallelMap(directions, threads: threads) { trial in
      var generator = SeededGenerator(seed: seed &+ UInt64(trial) &* 0x9E37_79B9_7F4A_7C15)
      let signs = (0..<classes).map { _ in generator.uniform() < 0.5 ? -1.0 : 1 }
      let direction = (0..<points.columns).map { _ in generator.normal() }
      var columns: [Double] = []
      columns.reserveCapacity(points.values.count)
      for row in 0..<points.rows { columns += points.row(row).map { signs[places[row]] * $0 } }
      var solver = NonNegativeLeastSquares(columns: columns, length: points.columns)
      solver.solve(direction)
      return solver.squaredLength(of: direction)
    }
    return .bootstrap(directions, seed: seed) { chosen in
      let sum = chosen.reduce(0) { $0 + distances[$1] }
      return sum > 0 ? Double(classes * directions) / sum : .infinity
    }
  }
}
