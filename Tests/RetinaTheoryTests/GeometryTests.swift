import RetinaModel
import RetinaStimuli
import RetinaTheory
import Testing

@Suite struct GeometryTests {
  @Test(arguments: [1.0, 2, 5]) func `a ball of radius 1 has the capacity 2 / (D + 1)`(_ dimension: Double) {
    let found = BallCapacity.ball(radius: 1, dimension: dimension)
    #expect((found - 2 / (dimension + 1)).magnitude < 1e-9)
  }

  @Test func `a direction that keeps the margin is its own nearest`() {
    let points = Matrix([[0.5, 0, 1], [-0.5, 0, 1]])
    let found = AnchorProjection.project([0, 1, -2], points: points)
    #expect(found.squaredDistance == 0)
    #expect(found.nearest == [0, 1, -2])
  }

  /// The conditions that hold for the nearest vector and no other, on random manifolds.
  @Test(arguments: [(4, 3, 0.0), (12, 20, 0.3), (30, 8, 0.0), (25, 25, 1.0)])
  func `a projection meets the conditions of Karush, Kuhn and Tucker`(_ points: Int, _ size: Int, _ margin: Double) {
    var generator = SeededGenerator(seed: 21)
    for _ in 0..<20 {
      let cloud = Matrix(rows: points, columns: size, values: (0..<points * size).map { _ in generator.normal() })
      let columns = Matrix((0..<points).map { cloud.row($0) + [1] })
      let direction = (0...size).map { _ in generator.normal() }
      let found = AnchorProjection.project(direction, points: columns, margin: margin)
      for place in 0..<points {
        let slack = -margin - zip(columns.row(place), found.nearest).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(slack > -1e-9, "a point breaks the margin, seed 21")
        #expect(found.coefficients[place] >= 0)
        #expect((slack * found.coefficients[place]).magnitude < 1e-9, "only touching points pull, seed 21")
      }
    }
  }

  @Test func `classes that spread more have less capacity`() throws {
    var options = LayerGeometry.Options()
    options.directions = 100
    let narrow = try LayerGeometry(cloud(spread: 0.3), options: options)
    let wide = try LayerGeometry(cloud(spread: 3), options: options)
    #expect(narrow.capacity.value > 2 * wide.capacity.value)
    #expect(narrow.radius.value < wide.radius.value)
    #expect(narrow.capacity.lower < narrow.capacity.value && narrow.capacity.value < narrow.capacity.upper)
    #expect((narrow.unstructuredCapacity - 0.2).magnitude < 1e-12)
  }

  @Test func `threads do not change the numbers`() throws {
    var options = LayerGeometry.Options()
    options.directions = 40
    let alone = try LayerGeometry(cloud(spread: 1), options: options)
    options.threads = 3
    let shared = try LayerGeometry(cloud(spread: 1), options: options)
    #expect(alone.capacity == shared.capacity && alone.dimension == shared.dimension)
  }

  @Test func `a direction that all centres share is found`() {
    var generator = SeededGenerator(seed: 3)
    var centres = Matrix(rows: 12, columns: 60, values: (0..<720).map { _ in generator.normal() })
    for row in 0..<12 {
      let weight = 6 * (generator.normal() > 0 ? 1.0 : -1)
      for column in 0..<60 { centres[row, column] += weight * (column < 30 ? 0.3 : -0.3) }
    }
    let found = CommonDirections(removing: centres)
    #expect(found.directions.rows >= 1)
    let overlap = (0..<found.directions.rows).reduce(0.0) { sum, row in
      let along = (0..<60).reduce(0.0) { $0 + found.directions[row, $1] * ($1 < 30 ? 1 : -1) / 60.0.squareRoot() }
      return sum + along * along
    }
    #expect(overlap > 0.9)
  }

  @Test func `what cannot be measured is refused`() throws {
    #expect(throws: TheoryError.self) {
      try LayerGeometry(self.labelled([[1, 2], [3, 4], [5, 1], [0, 2]], [0, 0, 1, 1]))
    }
    let silent = try labelled([[Float]](repeating: [0, 0], count: 6), [0, 0, 1, 1, 2, 2])
    #expect(throws: TheoryError.self) { try LayerGeometry(silent) }
    let single = try labelled([[1, 2], [3, 4], [5, 1], [0, 2], [7, 7]], [0, 0, 1, 1, 2])
    #expect(throws: TheoryError.self) { try LayerGeometry(single) }
    var options = LayerGeometry.Options()
    options.removesCommonDirections = false
    let antipodal = try labelled(
      [
        [1, 0.1, 0], [1, -0.1, 0], [-1, 0.1, 0], [-1, -0.1, 0], [0, 0.1, 1], [0, -0.1, 1], [0, 0, -1], [0, 0, -1],
      ],
      [0, 0, 1, 1, 2, 2, 3, 3])
    #expect { try LayerGeometry(antipodal, options: options) } throws: { "\($0)".contains("antipodal centres") }
    let same = try labelled(
      [[1, 0.2, 0], [1, -0.2, 0], [1, 0.2, 0], [1, -0.2, 0], [0, 3, 1], [0, 2, 1]], [0, 0, 1, 1, 2, 2])
    #expect { try LayerGeometry(same, options: options) } throws: { "\($0)".contains("are the stimuli the same") }
    #expect(throws: TheoryError.self) { try LabelledResponses([1, .nan], units: 1, labels: ["a", "b"]) }
  }

  @Test func `classes that are points are said to be`() throws {
    let points = try labelled(
      [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]], [0, 0, 1, 1, 2, 2])
    var options = LayerGeometry.Options()
    options.removesCommonDirections = false
    let found = try LayerGeometry(points, options: options)
    #expect(found.notes.contains { $0.contains("3 of 3 classes are points") })
    #expect(found.radius.value < 1e-12)
  }

  @Test(arguments: [(10, 5), (16, 9)]) func `separable dichotomies are as many as Cover counts`(
    _ points: Int, _ features: Int
  ) {
    var generator = SeededGenerator(seed: 8)
    let trials = 600
    var separable = 0
    for _ in 0..<trials {
      let cloud = Matrix(
        rows: points, columns: features, values: (0..<points * features).map { _ in generator.normal() })
      let signs = (0..<points).map { _ in generator.uniform() < 0.5 ? -1.0 : 1 }
      if SimulatedCapacity.isSeparable(cloud, signs: signs, bias: false) { separable += 1 }
    }
    let wanted = SimulatedCapacity.coverProbability(points: points, features: features)
    let error = (wanted * (1 - wanted) / Double(trials)).squareRoot()
    #expect((Double(separable) / Double(trials) - wanted).magnitude < 4 * error, "seed 8")
  }

  @Test func `the simulated capacity of random points is near 2`() throws {
    var generator = SeededGenerator(seed: 4)
    let values = (0..<40 * 60).map { _ in Float(generator.normal()) }
    let points = try LabelledResponses(values, units: 60, labels: (0..<40).map { "\($0)" })
    let found = try SimulatedCapacity.search(points, trials: 60, dichotomy: .independent)
    #expect((1.6...2.6).contains(found.capacity), "\(found.capacity), seed 4")
  }

  @Test func `orthogonal segments of radius 1 have correlated capacity 1`() throws {
    var rows: [[Float]] = []
    for place in 0..<6 {
      for end in [Float(-1), 1] {
        var point = [Float](repeating: 0, count: 12)
        (point[place], point[6 + place]) = (1, end)
        rows.append(point)
      }
    }
    let found = try CorrelatedCapacity(labelled(rows, (0..<12).map { $0 / 2 }), directions: 1500)
    #expect((found.capacity.value - 1).magnitude < 0.05, "\(found)")
    // Anchors lie on the segments; the means of few are a little off the centres.
    #expect(found.centreAlignment < 0.01 && found.axisAlignment < 1e-9 && found.crossAlignment < 0.1)
  }

  @Test func `segments along one axis are aligned`() throws {
    let rows = (0..<8).map { row in
      (0..<5).map { unit in unit == row / 2 ? Float(1) : unit == 4 ? (row % 2 == 0 ? 0.5 : -0.5) : 0 }
    }
    let found = try CorrelatedCapacity(labelled(rows, (0..<8).map { $0 / 2 }), directions: 400)
    #expect(found.axisAlignment > 0.99 && found.crossAlignment < 0.2 && found.centreAlignment < 0.05, "\(found)")
    #expect(throws: TheoryError.self) { try CorrelatedCapacity(self.labelled([[0, 0], [0, 0]], [0, 1])) }
  }

  @Test func `the channel that holds the classes is missed most`() throws {
    var generator = SeededGenerator(seed: 17)
    var rows: [[Float]] = []
    for place in 0..<40 {
      let kind = place / 5
      rows.append(
        (0..<24).map { unit in
          let signal: Float = unit < 12 && unit == kind ? 4 : 0
          return signal + Float(generator.normal()) * (unit < 12 ? 0.5 : 0.1)
        })
    }
    let responses = try labelled(rows, (0..<40).map { $0 / 5 })
    var options = LayerGeometry.Options()
    options.removesCommonDirections = false
    options.directions = 60
    let found = try ChannelContribution.measure(responses, shape: Shape(2, 3, 4), options: options)
    let (first, second) = (try found[0].capacity.get().value, try found[1].capacity.get().value)
    #expect(first < 0.7 * second, "\(first) \(second)")
  }

  @Test func `scatter of classes on a cross is what the head finds`() throws {
    // Two centres at (2, 0) and (-2, 0); samples at all four corners (1, 0.5) about each.
    let corners: [[Float]] = [[1, 0.5], [1, -0.5], [-1, 0.5], [-1, -0.5]]
    let rows = [Float(2), -2].flatMap { x in corners.map { [x + $0[0], $0[1]] } }
    let found = try ClassScatter(labelled(rows, (0..<8).map { $0 / 4 }), threads: 2)
    // Along the centres the variance within is 1, that between 4; over two classes.
    #expect((found.collapse - 1.0 / 4 / 2).magnitude < 1e-12)
    for place in 0..<2 {
      #expect((found.participationRatios[place] - 1.25 * 1.25 / (1 + 0.0625)).magnitude < 1e-12)
      #expect((found.squaredRadii[place] - 1.25 / 4).magnitude < 1e-12)
    }
    #expect(throws: TheoryError.self) {
      try ClassScatter(self.labelled([[1, 1], [-1, 1], [1, 1], [-1, 1]], [0, 0, 1, 1]))
    }
  }

  @Test func `the other measures of anchors are those of their definitions`() {
    var generator = SeededGenerator(seed: 33)
    let points = Matrix(rows: 9, columns: 4, values: (0..<36).map { _ in generator.normal() })
    let directions = ManifoldGeometry.directions(50, size: 4, seed: 2)
    let found = ManifoldGeometry(points: points, directions: directions)
    var (along, square) = (0.0, 0.0)
    for place in 0..<50 {
      let (anchor, direction) = (found.anchors.row(place), directions.row(place))
      let length = anchor.reduce(0) { $0 + $1 * $1 }
      let overlap = zip(anchor, direction).reduce(0) { $0 + $1.0 * $1.1 }
      along += overlap * overlap / length / 50
      square += length / 50
    }
    #expect((found.projectedDimension - along).magnitude < 1e-12)
    #expect((found.anchorLength - square.squareRoot()).magnitude < 1e-12)
    #expect(found.radius < found.anchorLength)
  }

  @Test func `the slope of the cost of common directions is that of differences`() {
    var generator = SeededGenerator(seed: 35)
    let centres = Matrix(rows: 6, columns: 4, values: (0..<24).map { _ in generator.normal() })
    let directions = CriticalStart.orthogonal(rows: 4, columns: 2, gain: 1, using: &generator).transposed
    let slope = CommonDirections.gradient(centres, directions)
    for place in directions.values.indices {
      func cost(_ step: Double) -> Double {
        var moved = directions
        moved.values[place] += step
        return CommonDirections.cost(centres, moved)
      }
      let difference = (cost(1e-6) - cost(-1e-6)) / 2e-6
      #expect((slope.values[place] - difference).magnitude < 1e-6 * max(1, difference.magnitude), "seed 35")
    }
    #expect(CommonDirections.leastCost(centres: 4, dimensions: 3, directions: 1) == 4)
    #expect(CommonDirections.leastCost(centres: 4, dimensions: 9, directions: 1) == 2)
    let least = CommonDirections.minimize(centres, count: 1, starts: 20)
    #expect(
      CommonDirections.cost(centres, least.directions)
        > CommonDirections.leastCost(centres: 6, dimensions: 4, directions: 1) - 1e-9)
  }

  @Test func `a plane that is found divides the points`() throws {
    var generator = SeededGenerator(seed: 36)
    var found = 0
    for _ in 0..<60 {
      let points = Matrix(rows: 12, columns: 5, values: (0..<60).map { _ in generator.normal() })
      let signs = (0..<12).map { _ in generator.uniform() < 0.5 ? -1.0 : 1 }
      guard let plane = SimulatedCapacity.separatingPlane(points, signs: signs) else { continue }
      found += 1
      #expect(plane.count == 6)
      for row in 0..<12 {
        let side = zip(points.row(row) + [1], plane).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(signs[row] * side > 0, "seed 36")
      }
    }
    #expect(found > 10)
    #expect(SimulatedCapacity.separatingPlane(Matrix([[1.0], [1]]), signs: [1, -1]) == nil)
  }

  @Test func `pooling averages windows`() throws {
    let responses = try labelled([[1, 2, 3, 4, 5, 6, 7, 8, 9], [0, 0, 0, 0, 0, 0, 0, 0, 8]], [0, 1])
    let mean = try Pooling.pool(responses, shape: Shape(1, 3, 3), size: 2, maximum: false)
    #expect(mean.units == 1 && mean.samples == [[3], [0]])
    #expect(try Pooling.pool(responses, shape: Shape(1, 3, 3), size: 2, maximum: true).samples[0] == [5])
    #expect(throws: TheoryError.self) {
      try Pooling.pool(responses, shape: Shape(1, 3, 3), size: 4, maximum: false)
    }
  }

  private func labelled(_ rows: [[Float]], _ labels: [Int]) throws -> LabelledResponses {
    try LabelledResponses(rows.flatMap { $0 }, units: rows[0].count, labels: labels.map { "class \($0)" })
  }

  /// 12 classes of 10 samples around random centres.
  private func cloud(spread: Double) throws -> LabelledResponses {
    var generator = SeededGenerator(seed: 9)
    var rows: [[Float]] = []
    for _ in 0..<12 {
      let centre = (0..<50).map { _ in generator.normal() }
      for _ in 0..<10 { rows.append(centre.map { Float($0 + spread * generator.normal()) }) }
    }
    return try labelled(rows, (0..<120).map { $0 / 10 })
  }
}
