import RetinaStimuli

/// Capacity, radius and dimension of one manifold: a cloud of points around a centre of length 1.
///
///     capacity = 1 / mean F        F = squared distance of a random direction from those that keep the margin
///     radius = sqrt(mean |s - <s>|^2)                 s = anchors without the centre's coordinate
///     dimension = D (mean cos(t, s))^2                t = directions without the centre's coordinate
///
/// The definitions of the field's Python code, with D the coordinates of a point. Its MATLAB code has the same dimension with the
/// units of the layer for D, and ``projectedDimension`` and ``anchorLength`` beside. Directions that constrain nothing count with
/// the point that comes nearest.
public struct ManifoldGeometry: Sendable {
  /// Manifolds per unit that a linear read-out can tell apart, when all were like this one.
  public let capacity: Double
  /// Size in units of the centre's length.
  public let radius: Double
  /// Effective dimension.
  public let dimension: Double
  /// The mean of `(t . s)^2 / |s|^2`: the squared length of a direction along its anchor.
  public let projectedDimension: Double
  /// Root mean square length of the anchors, their mean not taken out.
  public let anchorLength: Double
  /// Squared distance of each direction, from which the capacity can be resampled.
  public let squaredDistances: [Double]
  /// The anchor of each direction, without the centre's coordinate.
  public let anchors: Matrix

  /// Measures a manifold.
  ///
  /// - Parameters:
  ///   - points: points as rows, in units of the centre's length and without the centre.
  ///   - directions: random directions as rows, one longer than the points.
  public init(points: Matrix, directions: Matrix, margin: Double = 0) {
    let size = points.columns
    precondition(directions.columns == size + 1, "a direction has one coordinate more than a point, the centre's")
    var columns: [Double] = []
    columns.reserveCapacity(points.rows * (size + 1))
    for place in 0..<points.rows { columns += points.row(place) + [1] }
    var projector = AnchorProjector(points: columns, length: size + 1, margin: margin)
    var distances: [Double] = []
    var anchors = Matrix(rows: directions.rows, columns: size)
    var (cosine, along) = (0.0, 0.0)
    for place in 0..<directions.rows {
      let direction = directions.row(place)
      let projection = projector.project(direction)
      distances.append(projection.squaredDistance)
      let (anchor, across) = (Array(projection.anchor[..<size]), Array(direction[..<size]))
      for column in 0..<size { anchors[place, column] = anchor[column] }
      let (length, overlap) = (norm(anchor), dot(anchor, across))
      if length > 0 {
        cosine += overlap / (length * norm(across))
        along += overlap * overlap / (length * length)
      }
    }
    let count = Double(directions.rows)
    let mean = (0..<size).map { column in anchors.column(column).reduce(0, +) / count }
    var spread = 0.0
    for place in 0..<directions.rows {
      for column in 0..<size {
        let difference = anchors[place, column] - mean[column]
        spread += difference * difference
      }
    }
    squaredDistances = distances
    capacity = ManifoldGeometry.capacity(distances)
    radius = (spread / count).squareRoot()
    dimension = Double(size) * (cosine / count) * (cosine / count)
    projectedDimension = along / count
    anchorLength = (anchors.squaredNorm / count).squareRoot()
    self.anchors = anchors
  }

  /// The capacity from some squared distances.
  static func capacity(_ distances: [Double]) -> Double {
    let sum = distances.reduce(0, +)
    return sum > 0 ? Double(distances.count) / sum : .infinity
  }

  /// Directions for manifolds of `size` dimensions: normal numbers from a seed, `[direction, size + 1]`.
  public static func directions(_ count: Int, size: Int, seed: UInt64) -> Matrix {
    var generator = SeededGenerator(seed: seed)
    return Matrix(rows: count, columns: size + 1, values: (0..<count * (size + 1)).map { _ in generator.normal() })
  }
}
