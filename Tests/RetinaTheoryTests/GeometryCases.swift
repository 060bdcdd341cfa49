import RetinaFiles
import RetinaStimuli
import RetinaTheory
import Testing

/// The cases of the geometry of manifolds.
enum GeometryCases {
  static func answer(_ shared: SharedCase) throws -> JSON {
    switch shared.words[1] {
    case "alpha0": return .number(BallCapacity.point(margin: try shared.number("kappa")))
    case "ball":
      return .number(
        BallCapacity.ball(
          radius: try shared.number("R"), dimension: try shared.number("D"), margin: try shared.number("kappa")))
    case "qp": return try projection(shared)
    case "geom": return try geometry(shared)
    case "segment": return try segment(shared)
    case "unstructured": return try unstructured(shared)
    case "readme": return try readme(shared)
    case "cover":
      return .number(
        SimulatedCapacity.coverProbability(points: try shared.integer("P"), features: try shared.integer("N")))
    case "pr": return .number(PrincipalDimension.participationRatio(try shared.numbers("eigenvalues")))
    case "corrcost": return try cost(shared)
    case "sep", "separable", "separability":
      return .boolean(
        SimulatedCapacity.isSeparable(
          try shared.input(oneOf: "X", "points", "x").rows,
          signs: try shared.input(oneOf: "y", "labels", "signs").doubles,
          bias: shared.json["inputs"]?["bias"]?.boolean ?? false))
    case "corrcap": return try correlatedCapacity(shared)
    default: throw UnknownCase(id: shared.id)
    }
  }

  private static func projection(_ shared: SharedCase) throws -> JSON {
    let found = AnchorProjection.project(
      try shared.numbers("t"), points: try shared.matrix("S_columns"), margin: try shared.number("kappa"))
    return [
      "v": JSON(found.nearest), "alpha": JSON(found.coefficients), "F": .number(found.squaredDistance),
      "anchor": JSON(found.anchor),
    ]
  }

  private static func geometry(_ shared: SharedCase) throws -> JSON {
    var generator = CaseGenerator(seed: try shared.integer("seed"))
    let (size, points) = (try shared.integer("D"), try shared.integer("m"))
    var cloud = generator.matrix(size, points).transposed
    cloud.centreRows()
    let directions = generator.matrix(size + 1, try shared.integer("n_t")).transposed
    let scale = try shared.json["inputs"]?["scale"]?.number ?? #require(Double("1"))
    let found = ManifoldGeometry(points: scale * cloud, directions: directions, margin: try shared.number("kappa"))
    return ["alpha": .number(found.capacity), "R_M": .number(found.radius), "D_M": .number(found.dimension)]
  }

  private static func segment(_ shared: SharedCase) throws -> JSON {
    let points = try shared.number("R") * shared.matrix("points")
    let directions = ManifoldGeometry.directions(try shared.integer("n_t"), size: points.columns, seed: 1)
    return .number(ManifoldGeometry(points: points, directions: directions).capacity)
  }

  /// Points without structure in many dimensions, about the mean of several classes of them.
  private static func unstructured(_ shared: SharedCase) throws -> JSON {
    let (samples, classes, units) = (try shared.integer("M"), 30, 1000)
    var generator = SeededGenerator(seed: 5)
    let values = (0..<samples * classes * units).map { _ in Float(generator.normal()) }
    let labels = (0..<samples * classes).map { "class \($0 / samples)" }
    var options = LayerGeometry.Options()
    options.removesCommonDirections = false
    options.directions = 60
    let found = try LayerGeometry(LabelledResponses(values, units: units, labels: labels), options: options)
    return .number(found.capacity.value)
  }

  /// Dimensions of independent normal data with N units and n = P M samples, by the law of Marchenko and Pastur.
  private static func readme(_ shared: SharedCase) throws -> JSON {
    let (units, samples) = (try shared.integer("N"), try shared.integer("P") * shared.integer("M"))
    let spectrum = MarchenkoPastur(aspect: Double(units) / Double(samples))
    let squares = spectrum.quantiles(units).map { $0 * $0 }
    return [
      "D_participation_ratio": .number(PrincipalDimension.participationRatio(squares)),
      "D_explained_variance": .number(Double(PrincipalDimension.axes(squares))), "D_feature": .number(Double(units)),
    ]
  }

  private static func cost(_ shared: SharedCase) throws -> JSON {
    let centres = try shared.matrix("X")
    if let columns = shared.json["inputs"]?["V"]?.array {
      let vectors = try columns.map { try $0.array == nil ? [#require($0.number)] : $0.doubles }
      let given = Matrix(vectors)
      // V is [dimension, direction].
      return .number(CommonDirections.cost(centres, given.rows == centres.columns ? given.transposed : given))
    }
    let found = CommonDirections.minimize(centres, count: try shared.integer("K"), starts: 30)
    return .number(CommonDirections.cost(centres, found.directions))
  }

  private static func correlatedCapacity(_ shared: SharedCase) throws -> JSON {
    let (classes, units) = (try shared.integer("P"), try shared.integer("N"))
    let isSegments = shared.id.contains("segment")
    var (values, labels) = ([Float](), [String]())
    for place in 0..<classes {
      for end in isSegments ? [-1, 1] : [0] {
        var point = [Float](repeating: 0, count: units)
        point[place] = 1
        if isSegments { point[classes + place] = Float(end) * Float(shared.json["inputs"]?["R"]?.number ?? 1) }
        values += point
        labels.append("class \(place)")
      }
    }
    let found = try CorrelatedCapacity(
      LabelledResponses(values, units: units, labels: labels), directions: try shared.integer("n_t"))
    return .number(found.capacity.value)
  }
}
