/// The point of a manifold that constrains a random hyperplane most: one step of the mean-field capacity.
///
/// For a random direction `t`, the nearest `v` for which every point `s` of the manifold has `v . s <= -margin` is found.
/// Its dual is a non-negative least-squares problem: `v = t' - S a` with `t' = t + margin e`, `a >= 0` minimising `|S a - t'|`;
/// the squared distance is `|S a|^2` and the anchor `S a / sum a`. Every column of `S` ends in the centre's coordinate, 1.
/// (Chung, Lee and Sompolinsky 2018, with the quadratic programme of their equation 16 solved through its dual.)
public struct AnchorProjection: Sendable {
  /// The nearest vector that keeps the margin.
  public var nearest: [Double]
  /// The weights of the points, not negative.
  public var coefficients: [Double]
  /// The squared distance of `t` from the nearest vector: what the capacity is the reciprocal mean of.
  public var squaredDistance: Double
  /// The anchor: a point of the convex hull.
  public var anchor: [Double]
}

/// Projects many random directions onto one manifold.
struct AnchorProjector {
  private let points: [Double]
  private let length: Int
  private let count: Int
  private let margin: Double
  private var solver: NonNegativeLeastSquares
  private var target: [Double]

  /// - Parameter points: the points one after another, each with the centre's coordinate, 1, at its end.
  init(points: [Double], length: Int, margin: Double) {
    self.points = points
    self.length = length
    self.margin = margin
    count = points.count / length
    solver = NonNegativeLeastSquares(columns: points, length: length)
    target = [Double](repeating: 0, count: length)
  }

  /// Projects a direction, of the length of a point.
  mutating func project(_ direction: [Double]) -> AnchorProjection {
    let (support, largest) = support(direction)
    for place in 0..<length { target[place] = direction[place] }
    target[length - 1] += margin
    guard largest + margin >= 0 else {
      // The direction keeps the margin by itself; its anchor is the point that comes nearest to breaking it.
      return AnchorProjection(
        nearest: direction, coefficients: [Double](repeating: 0, count: count), squaredDistance: 0,
        anchor: Array(points[support * length..<(support + 1) * length]))
    }
    solver.solve(target)
    let weight = solver.coefficients.reduce(0, +)
    let distance = solver.squaredLength(of: target)
    var nearest = solver.residual
    nearest[length - 1] -= margin
    guard weight > 0 else {
      return AnchorProjection(
        nearest: nearest, coefficients: solver.coefficients, squaredDistance: 0,
        anchor: Array(points[support * length..<(support + 1) * length]))
    }
    let anchor = (0..<length).map { (target[$0] - solver.residual[$0]) / weight }
    return AnchorProjection(
      nearest: nearest, coefficients: solver.coefficients, squaredDistance: distance, anchor: anchor)
  }

  /// The point with the largest product with a direction, and the product.
  private func support(_ direction: [Double]) -> (place: Int, product: Double) {
    var (best, largest) = (0, -Double.infinity)
    points.withUnsafeBufferPointer { points in
      direction.withUnsafeBufferPointer { direction in
        for place in 0..<count {
          let product = dot(points.baseAddress! + place * length, direction.baseAddress!, length)
          if product > largest { (best, largest) = (place, product) }
        }
      }
    }
    return (best, largest)
  }
}

extension AnchorProjection {
  /// Projects one direction.
  ///
  /// - Parameter points: the points as rows, each with the centre's coordinate, 1, at its end.
  public static func project(_ direction: [Double], points: Matrix, margin: Double = 0) -> AnchorProjection {
    var projector = AnchorProjector(points: points.values, length: points.columns, margin: margin)
    return projector.project(direction)
  }
}
