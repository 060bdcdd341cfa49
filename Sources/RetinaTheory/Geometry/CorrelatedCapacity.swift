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
public struct CorrelatedCapacity: Sendable {
  /// Classes over the statistical dimension.
  public let capacity: Interval
  /// Mean magnitude of the cosines between the mean anchors of two classes.
  public let centreAlignment: Double
  /// Mean magnitude of the cosines between what the anchors of two classes have beside their means, for the same direction.
  public let axisAlignment: Double
  /// Mean magnitude of the cosines between the mean anchor of one class and what those of another have beside theirs.
  public let crossAlignment: Double

  /// Measures classes.
  ///
  /// - Throws: ``TheoryError`` for a layer that is silent for all stimuli.
  public init(
    _ responses: LabelledResponses, directions: Int = 200, seed: UInt64 = 1, threads: Int = 1
  ) throws(TheoryError) {
    let cone = try SignedCone(responses)
    let projections = parallelMap(directions, threads: threads) { trial in
      var generator = SeededGenerator(seed: seed &+ UInt64(trial) &* 0x9E37_79B9_7F4A_7C15)
      return cone.project(using: &generator)
    }
    capacity = .bootstrap(directions, seed: seed) { chosen in
      let sum = chosen.reduce(0) { $0 + projections[$1].squaredLength }
      return sum > 0 ? Double(cone.classes * directions) / sum : .infinity
    }
    var centres = Matrix(rows: cone.classes, columns: cone.points.columns)
    for projection in projections { centres = centres + (1 / Double(directions)) * projection.anchors }
    var (axes, crossed) = (0.0, 0.0)
    for projection in projections {
      let axis = projection.anchors - centres
      axes += axis.meanCosine(with: axis) / Double(directions)
      crossed += centres.meanCosine(with: axis) / Double(directions)
    }
    (centreAlignment, axisAlignment, crossAlignment) = (centres.meanCosine(with: centres), axes, crossed)
  }
}

/// The samples of all classes, each class on a side of its own.
private struct SignedCone: Sendable {
  /// All samples, class after class, in coordinates of their span where that is smaller.
  let points: Matrix
  let classes: Int
  /// The class of each sample.
  private let places: [Int]

  init(_ responses: LabelledResponses) throws(TheoryError) {
    let all = Matrix(
      rows: responses.total, columns: responses.units, values: responses.samples.flatMap { $0 }.map(Double.init))
    guard all.squaredNorm > 0 else {
      throw TheoryError("layer", expected: "responses", found: "a layer that is silent for all stimuli")
    }
    points = all.columns > all.rows ? OrthogonalBasis.coordinates(of: all) : all
    classes = responses.classes.count
    places = responses.classes.indices.flatMap { [Int](repeating: $0, count: responses.count($0)) }
  }

  /// The projection of a random direction on the cone for random sides: its squared length, and the anchor of each class, the
  /// mean of its samples by their weights, or the sample that comes nearest where none has a weight.
  func project(using generator: inout SeededGenerator) -> (squaredLength: Double, anchors: Matrix) {
    let signs = (0..<classes).map { _ in generator.uniform() < 0.5 ? -1.0 : 1 }
    let direction = (0..<points.columns).map { _ in generator.normal() }
    var columns: [Double] = []
    columns.reserveCapacity(points.values.count)
    for row in 0..<points.rows { columns += points.row(row).map { signs[places[row]] * $0 } }
    var solver = NonNegativeLeastSquares(columns: columns, length: points.columns)
    solver.solve(direction)
    var anchors = Matrix(rows: classes, columns: points.columns)
    for place in 0..<classes {
      let members = places.indices.filter { places[$0] == place }
      let weights = members.map { solver.coefficients[$0] }
      let sum = weights.reduce(0, +)
      let nearest = members.max { left, right in
        signs[place] * dot(points.row(left), direction) < signs[place] * dot(points.row(right), direction)
      }
      for (member, weight) in zip(members, weights) {
        let part = sum > 0 ? weight / sum : member == nearest ? 1 : 0
        for column in 0..<points.columns { anchors[place, column] += part * points[member, column] }
      }
    }
    return (solver.squaredLength(of: direction), anchors)
  }
}

extension Matrix {
  /// The mean magnitude of the cosines between each row and every other row of a second matrix; rows of zeros have none.
  fileprivate func meanCosine(with other: Matrix) -> Double {
    var sum = 0.0
    for row in 0..<rows {
      for column in 0..<other.rows where column != row {
        let lengths = norm(self.row(row)) * norm(other.row(column))
        if lengths > 0 { sum += (dot(self.row(row), other.row(column)) / lengths).magnitude }
      }
    }
    return rows > 1 ? sum / Double(rows * (rows - 1)) : 0
  }
}
