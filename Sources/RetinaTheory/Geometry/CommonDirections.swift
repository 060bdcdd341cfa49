import RetinaStimuli

/// Directions that the centres of all classes share, whose removal leaves centres as uncorrelated as can be.
///
/// The mean-field theory holds for uncorrelated centres. Over orthonormal `V`, half the sum of the squared correlations of
/// the centres without `V` is minimised (Cohen, Chung, Lee and Sompolinsky, Nature Communications 11, 746, 2020):
///
///     F(V) = 1/2 sum over m, n of [C - c c^T]_mn^2 / (c0_m c0_n)      C = X X^T, c = X V, c0 = diag(C) - sum of c^2
///
/// by gradient steps with the lengths of Barzilai and Borwein and a return to orthonormal columns by QR.
public struct CommonDirections: Sendable {
  /// The orthonormal directions as rows; none when nothing is removed.
  public let directions: Matrix

  /// The mean magnitude of the correlations between centres (rows) about their mean.
  public static func correlation(_ centres: Matrix) -> Double {
    var centred = centres
    centred.centreRows()
    return correlation(gram: centred.gram)
  }

  private static func correlation(gram: Matrix) -> Double {
    let count = gram.rows
    guard count > 1 else { return 0 }
    var sum = 0.0
    for row in 0..<count {
      for column in 0..<row {
        let lengths = (gram[row, row] * gram[column, column]).squareRoot()
        if lengths > 0 { sum += (gram[row, column] / lengths).magnitude }
      }
    }
    return 2 * sum / Double(count * (count - 1))
  }

  /// `F(V)` for centres as rows and directions as rows.
  public static func cost(_ centres: Matrix, _ directions: Matrix) -> Double {
    CentreObjective(centres).cost(directions)
  }

  /// The derivatives `dF/dV`, directions as rows, along the directions' manifold or not.
  public static func gradient(_ centres: Matrix, _ directions: Matrix) -> Matrix {
    CentreObjective(centres).slope(directions)
  }

  /// The least cost that so many centres can have in `dimensions` without `directions` of them: `P^2 / (2 (d - K))`, and `P / 2`
  /// where they can be orthogonal (Welch 1974).
  public static func leastCost(centres: Int, dimensions: Int, directions: Int) -> Double {
    let (count, rest) = (Double(centres), Double(max(1, dimensions - directions)))
    return max(count / 2, count * count / (2 * rest))
  }

  /// The directions of least cost: the best of some random starts.
  public static func minimize(_ centres: Matrix, count: Int, starts: Int, seed: UInt64 = 1) -> CommonDirections {
    let objective = CentreObjective(centres)
    var generator = SeededGenerator(seed: seed)
    var best: (cost: Double, directions: Matrix)?
    for _ in 0..<max(1, starts) {
      let start = Matrix(
        rows: count, columns: centres.columns,
        values: (0..<count * centres.columns).map { _ in generator.normal() })
      let found = objective.descend(from: start)
      if found.cost < best?.cost ?? .infinity { best = found }
    }
    return CommonDirections(directions: best?.directions ?? Matrix(rows: 0, columns: centres.columns))
  }

  private init(directions: Matrix) { self.directions = directions }

  /// Finds how many directions to remove, and which.
  ///
  /// Directions are added until the mean correlation has risen three times; the number with the lowest wins. Of the
  /// random starts for each number the one counts that leaves the most of the centre that loses most. At most two fewer
  /// than centres.
  public init(removing centres: Matrix, starts: Int = 10, seed: UInt64 = 1) {
    // All work is done in the span of the centres, as many coordinates as there are centres.
    let isWide = centres.columns > centres.rows
    let frame = isWide ? OrthogonalBasis(of: centres) : nil
    let points = frame?.coordinates ?? centres
    let objective = CentreObjective(points)
    var generator = SeededGenerator(seed: seed)
    var previous = Matrix(rows: 0, columns: points.columns)
    var best = (correlation: CommonDirections.correlation(points), directions: previous)
    var (last, rises) = (best.correlation, 0)
    for count in 1..<max(1, points.rows - 1) where rises < 3 {
      var kept: (stability: Double, directions: Matrix)?
      for _ in 0..<starts {
        var start = Matrix(rows: count, columns: points.columns)
        start.values.replaceSubrange(0..<previous.values.count, with: previous.values)
        for row in 0..<points.rows {
          let weight = generator.normal()
          for column in 0..<points.columns { start[count - 1, column] += weight * points[row, column] }
        }
        let found = objective.descend(from: start)
        let stability = objective.smallestRemainder(found.directions)
        if stability > kept?.stability ?? -1 { kept = (stability, found.directions) }
      }
      guard let kept, kept.stability > 1e-6 else { break }
      previous = kept.directions
      let correlation = CommonDirections.correlation(gram: objective.rest(kept.directions))
      if correlation > last { rises += 1 }
      last = correlation
      if correlation < best.correlation { best = (correlation, kept.directions) }
    }
    directions = frame.map { best.directions * $0.basis } ?? best.directions
  }
}

/// The cost of common directions and its gradient, for one set of centres.
private struct CentreObjective {
  let centres: Matrix
  let gram: Matrix

  init(_ centres: Matrix) {
    self.centres = centres
    gram = centres.gram
  }

  /// Inner products of the centres without the directions.
  func rest(_ directions: Matrix) -> Matrix {
    gram - (centres * directions.transposed).gram
  }

  func cost(_ directions: Matrix) -> Double {
    let rest = rest(directions)
    var sum = 0.0
    for row in 0..<rest.rows {
      for column in 0..<rest.rows {
        sum += rest[row, column] * rest[row, column] / (rest[row, row] * rest[column, column])
      }
    }
    // A direction that takes all of a centre has no cost that could be compared.
    return rest.diagonal.allSatisfy { $0 > 0 } ? sum / 2 : .infinity
  }

  /// The smallest part of a centre's length that the directions leave.
  func smallestRemainder(_ directions: Matrix) -> Double {
    let rest = rest(directions)
    return (0..<rest.rows).reduce(1) { least, row in
      gram[row, row] > 0 ? min(least, max(0, rest[row, row] / gram[row, row]).squareRoot()) : 0
    }
  }

  /// The gradient along the directions' manifold.
  func gradient(_ directions: Matrix) -> Matrix {
    let full = slope(directions)
    return full - (full * directions.transposed) * directions
  }

  /// The derivatives of the cost.
  func slope(_ directions: Matrix) -> Matrix {
    let projected = centres * directions.transposed
    let rest = gram - projected.gram
    let count = rest.rows
    var slopes = Matrix(rows: count, columns: directions.rows)
    for row in 0..<count {
      var own = 0.0
      for column in 0..<count {
        let scale = rest[row, row] * rest[column, column]
        let weight = rest[row, column] / scale
        own += rest[row, column] * weight
        for direction in 0..<directions.rows {
          slopes[row, direction] -= 2 * weight * projected[column, direction]
        }
      }
      for direction in 0..<directions.rows {
        slopes[row, direction] += 2 * own / rest[row, row] * projected[row, direction]
      }
    }
    return slopes.transposed * centres
  }

  /// A local minimum, by steps downhill from some directions.
  func descend(from start: Matrix) -> (cost: Double, directions: Matrix) {
    var current = orthonormal(start)
    var height = cost(current)
    var slope = gradient(current)
    var step = 1e-2 / max(slope.squaredNorm.squareRoot(), 1e-300)
    for _ in 0..<300 {
      let steepness = slope.squaredNorm
      guard steepness > 1e-20 * max(1, height * height) else { break }
      var (next, nextHeight) = (current, Double.infinity)
      for _ in 0..<40 {
        next = orthonormal(current - step * slope)
        nextHeight = cost(next)
        if nextHeight <= height - 1e-4 * step * steepness { break }
        step /= 2
      }
      guard nextHeight < height else { break }
      let nextSlope = gradient(next)
      let (moved, turned) = (next - current, nextSlope - slope)
      let overlap = dot(moved.values, turned.values)
      step = overlap > 0 ? moved.squaredNorm / overlap : 2 * step
      (current, height, slope) = (next, nextHeight, nextSlope)
    }
    return (height, current)
  }

  /// The nearest way back to orthonormal rows: QR with a positive triangle, so that small steps stay small.
  private func orthonormal(_ rows: Matrix) -> Matrix {
    let frame = OrthogonalBasis(of: rows)
    var basis = frame.basis
    for row in 0..<basis.rows where frame.coordinates[row, row] < 0 {
      for column in 0..<basis.columns { basis[row, column] = -basis[row, column] }
    }
    return basis
  }
}
