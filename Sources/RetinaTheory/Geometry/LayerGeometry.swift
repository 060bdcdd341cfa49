import RetinaStimuli

/// How well the classes of a layer can be told apart by a linear read-out, and why.
///
/// Chung, Lee and Sompolinsky, Physical Review X 8, 031003 (2018); Cohen, Chung, Lee and Sompolinsky, Nature
/// Communications 11, 746 (2020).
public struct LayerGeometry: Sendable {
  /// How to measure.
  public struct Options: Sendable {
    /// The margin of the read-out, 0 or more.
    public var margin = 0.0
    /// Random directions for each class.
    public var directions = 300
    /// The seed of the directions: the same for all layers, so that they can be compared in pairs.
    public var seed: UInt64 = 1
    /// Whether directions that all centres share are removed, as the theory for uncorrelated centres asks.
    public var removesCommonDirections = true
    /// Resamples of classes and directions for the intervals.
    public var resamples = 500
    /// Threads to use.
    public var threads = 1

    /// Creates the defaults.
    public init() {}
  }

  /// One class.
  public struct Class: Sendable {
    /// The name.
    public var name: String
    /// Samples.
    public var samples: Int
    /// Capacity of a layer of classes like this one.
    public var capacity: Double
    /// Radius in units of the centre's length.
    public var radius: Double
    /// Effective dimension.
    public var dimension: Double
    /// Dimensions over which the samples spread, whatever the read-out: see ``ClassScatter``.
    public var participationRatio: Double
    /// Mean squared distance from the centre over the centre's squared length.
    public var squaredRadius: Double
  }

  /// Classes per unit that a linear read-out can divide at random: the harmonic mean over classes.
  public let capacity: Interval
  /// The capacity of as many points without structure: 2 over their number.
  public let unstructuredCapacity: Double
  /// Mean radius.
  public let radius: Interval
  /// Mean dimension.
  public let dimension: Interval
  /// Mean magnitude of the correlations between centres, before anything was removed.
  public let centreCorrelation: Double
  /// Common directions that were removed.
  public let removedDirections: Int
  /// Variance within classes in units of that between them: see ``ClassScatter``.
  public let collapse: Double
  /// Units of the layer.
  public let units: Int
  /// Each class.
  public let classes: [Class]
  /// What to keep in mind when reading the numbers.
  public let notes: [String]

  /// Measures a layer.
  ///
  /// - Throws: ``TheoryError`` for two classes or fewer, a class of one sample, a layer whose units do not respond, a class
  ///   whose centre is the centre of all or another class's, and centres that are opposite to one another.
  public init(_ responses: LabelledResponses, options: Options = Options()) throws(TheoryError) {
    let cloud = try ClassCentres(responses)
    let common =
      options.removesCommonDirections
      ? CommonDirections(removing: cloud.centres, seed: options.seed).directions
      : Matrix(rows: 0, columns: responses.units)
    try cloud.check(without: common)
    let margin = options.margin
    let measured = parallelMap(responses.classes.count, threads: options.threads) { place in
      let points = cloud.points(of: place, in: responses, without: common)
      let directions = ManifoldGeometry.directions(
        options.directions, size: points.columns, seed: options.seed &+ UInt64(place) &* 0x9E37_79B9)
      return ManifoldGeometry(points: points, directions: directions, margin: margin)
    }
    let scatter = try ClassScatter(responses, threads: options.threads)
    classes = measured.indices.map { place in
      Class(
        name: responses.classes[place], samples: responses.count(place), capacity: measured[place].capacity,
        radius: measured[place].radius, dimension: measured[place].dimension,
        participationRatio: scatter.participationRatios[place], squaredRadius: scatter.squaredRadii[place])
    }
    collapse = scatter.collapse
    let count = Double(measured.count)
    unstructuredCapacity = 2 * count / Double(responses.total)
    capacity = LayerGeometry.capacity(measured.map(\.squaredDistances), options)
    let (radii, dimensions) = (measured.map(\.radius), measured.map(\.dimension))
    radius = .bootstrap(radii.count, resamples: options.resamples, seed: options.seed) { places in
      places.reduce(0) { $0 + radii[$1] } / count
    }
    dimension = .bootstrap(radii.count, resamples: options.resamples, seed: options.seed) { places in
      places.reduce(0) { $0 + dimensions[$1] } / count
    }
    centreCorrelation = CommonDirections.correlation(cloud.centres)
    removedDirections = common.rows
    units = responses.units
    notes = LayerGeometry.notes(responses, classes)
  }

  /// `1 / mean (1 / capacity)` over classes, resampled over classes and directions.
  private static func capacity(_ distances: [[Double]], _ options: Options) -> Interval {
    func harmonic(_ chosen: [Int], _ sums: (Int) -> Double) -> Double {
      let mean = chosen.reduce(0) { $0 + sums($1) } / Double(chosen.count)
      return mean > 0 ? 1 / mean : .infinity
    }
    let means = distances.map { $0.reduce(0, +) / Double($0.count) }
    var generator = SeededGenerator(seed: options.seed)
    let estimates = (0..<options.resamples).map { _ in
      let chosen = distances.indices.map { _ in Int(generator.uniform() * Double(distances.count)) }
      return harmonic(chosen) { place in
        let values = distances[place]
        return values.indices.reduce(0) { sum, _ in
          sum + values[Int(generator.uniform() * Double(values.count))]
        } / Double(values.count)
      }
    }
    return Interval(value: harmonic(Array(distances.indices)) { means[$0] }, estimates: estimates)
  }

  private static func notes(_ responses: LabelledResponses, _ classes: [Class]) -> [String] {
    var notes: [String] = []
    let points = classes.filter { $0.radius < 1e-6 }.map(\.name)
    if !points.isEmpty {
      notes.append(
        "\(points.count) of \(classes.count) classes are points (every sample gives the same response): their capacity is"
          + " the limit for points, 2, not a measurement")
    }
    if responses.units < responses.classes.count {
      notes.append(
        "\(responses.units) units are fewer than the \(responses.classes.count) classes: the theory is for many units;"
          + " see the correlated capacity")
    }
    if classes.count < 30 { notes.append("\(classes.count) classes; the theory asks for about 30 or more") }
    return notes
  }
}

/// The centres of classes about the mean of all samples.
private struct ClassCentres {
  let centres: Matrix
  let mean: [Double]
  let names: [String]

  init(_ responses: LabelledResponses) throws(TheoryError) {
    let (count, units) = (responses.classes.count, responses.units)
    guard count >= 3 else {
      throw TheoryError(
        "classes", expected: "at least 3: the centres of two are opposite about their mean, whatever the layer does",
        found: "\(count)")
    }
    var (mean, centres) = ([Double](repeating: 0, count: units), Matrix(rows: count, columns: units))
    var square = 0.0
    for place in 0..<count {
      let samples = responses.count(place)
      guard samples >= 2 else {
        throw TheoryError(
          "class '\(responses.classes[place])'", expected: "at least 2 samples", found: "\(samples)")
      }
      for row in 0..<samples {
        for unit in 0..<units {
          let value = Double(responses.samples[place][row * units + unit])
          centres.values[place * units + unit] += value
          square += value * value
        }
      }
      for unit in 0..<units {
        mean[unit] += centres.values[place * units + unit] / Double(responses.total)
        centres.values[place * units + unit] /= Double(samples)
      }
    }
    for place in 0..<count {
      for unit in 0..<units { centres.values[place * units + unit] -= mean[unit] }
    }
    let size = (square / Double(responses.total)).squareRoot()
    let lengths = (0..<count).map { norm(centres.row($0)) }
    guard lengths.contains(where: { $0 > 1e-6 * size }) else {
      throw TheoryError(
        "layer", expected: "responses that differ between classes",
        found: size == 0 ? "a layer that is silent for all stimuli" : "the same mean response for every class")
    }
    for (place, length) in lengths.enumerated() where length <= 1e-6 * size {
      throw TheoryError(
        "class '\(responses.classes[place])'", expected: "a mean response that differs from that of all stimuli",
        found: "the same: its centre has no direction")
    }
    (self.centres, self.mean, names) = (centres, mean, responses.classes)
  }

  /// Refuses centres that the theory cannot place.
  func check(without common: Matrix) throws(TheoryError) {
    var rest = centres
    rest.removeFromRows(common)
    let gram = rest.gram
    for row in 0..<rest.rows {
      guard gram[row, row] > 1e-10 * squaredNorm(centres.row(row)) else {
        throw TheoryError(
          "class '\(names[row])'", expected: "a centre that is left when common directions are removed",
          found: "none left; measure without removing directions")
      }
      for other in 0..<row {
        let cosine = gram[row, other] / (gram[row, row] * gram[other, other]).squareRoot()
        let pair = "classes '\(names[other])' and '\(names[row])'"
        guard cosine > -0.9999 else {
          throw TheoryError(pair, expected: "centres in different directions", found: "antipodal centres")
        }
        guard cosine < 1 - 1e-9 || (gram[row, row] / gram[other, other] - 1).magnitude > 1e-6 else {
          throw TheoryError(
            pair, expected: "different mean responses", found: "the same ones: are the stimuli the same?")
        }
      }
    }
  }

  /// The points of a class about its centre, in units of the centre's length, in as few coordinates as they need.
  func points(of place: Int, in responses: LabelledResponses, without common: Matrix) -> Matrix {
    let (rows, units) = (responses.count(place), responses.units)
    var points = Matrix(rows: rows, columns: units, values: responses.samples[place].map(Double.init))
    points.values.withUnsafeMutableBufferPointer { values in
      mean.withUnsafeBufferPointer { mean in
        for row in 0..<rows {
          for unit in 0..<units { values[row * units + unit] -= mean[unit] }
        }
      }
    }
    points.removeFromRows(common)
    let length = norm(points.centreRows())
    points = (1 / length) * points
    return units > rows ? OrthogonalBasis.coordinates(of: points) : points
  }
}

extension Matrix {
  /// Takes from each row what lies along orthonormal directions, given as rows.
  mutating func removeFromRows(_ directions: Matrix) {
    let width = columns
    for direction in 0..<directions.rows {
      values.withUnsafeMutableBufferPointer { values in
        directions.values.withUnsafeBufferPointer { directions in
          let axis = directions.baseAddress! + direction * width
          for row in 0..<rows {
            let start = values.baseAddress! + row * width
            let overlap = dot(start, axis, width)
            for column in 0..<width { start[column] -= overlap * axis[column] }
          }
        }
      }
    }
  }
}
