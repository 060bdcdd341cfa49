import RetinaStimuli

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Capacity by trial: how few random features still let a plane divide the classes.
public enum SimulatedCapacity {
  /// How the classes are divided in two.
  public enum Dichotomy: String, CaseIterable, Sendable {
    /// Each class on either side by the throw of a coin.
    case independent
    /// Half of the classes on each side.
    case balanced
    /// One class on one side.
    case oneVersusRest = "one-versus-rest"
  }

  /// The result of a search.
  public struct Result: Sendable {
    /// Classes over critical features.
    public var capacity: Double
    /// Features with which half of the dichotomies can be divided, interpolated.
    public var criticalFeatures: Double
    /// The features that were tried and the part that could be divided.
    public var curve: [(features: Int, separable: Double)]
  }

  /// Whether a hyperplane divides points (as rows) of two signs; it may lie anywhere with a bias, else goes through 0.
  public static func isSeparable(_ points: Matrix, signs: [Double], bias: Bool = true) -> Bool {
    separatingPlane(points, signs: signs, bias: bias) != nil
  }

  /// The normal vector of a plane that divides points (as rows) of two signs, with the bias at its end where there is one;
  /// nothing where there is no such plane.
  ///
  /// By Gordan's theorem there is one unless a mean of the signed points, with weights that are not negative, is zero: a
  /// non-negative least-squares problem, whose residual else is the plane.
  public static func separatingPlane(_ points: Matrix, signs: [Double], bias: Bool = true) -> [Double]? {
    let length = points.columns + (bias ? 2 : 1)
    var columns: [Double] = []
    columns.reserveCapacity(points.rows * length)
    for row in 0..<points.rows {
      var signed = points.row(row)
      if bias { signed.append(1) }
      let scale = signs[row] / max(norm(signed), 1e-300)
      columns += signed.map { scale * $0 } + [1]
    }
    var solver = NonNegativeLeastSquares(columns: columns, length: length)
    solver.solve([Double](repeating: 0, count: length - 1) + [1])
    return norm(solver.residual) > 1e-7 ? solver.residual.dropLast().map { -$0 } : nil
  }

  /// The probability that a plane through 0 divides points in general position at random: Cover's theorem (1965),
  /// `2^(1 - P) sum over k < N of binomial(P - 1, k)`; with a bias for one more feature.
  public static func coverProbability(points: Int, features: Int) -> Double {
    guard points > features else { return 1 }
    var sum = 0.0
    for k in 0..<features {
      sum += exp(
        lgamma(Double(points)) - lgamma(Double(k + 1)) - lgamma(Double(points - k)) - Double(points - 1) * M_LN2)
    }
    return sum
  }

  /// The part of dichotomies of the classes that a plane with a bias can divide, on random projections of the units.
  public static func separablePart(
    _ responses: LabelledResponses, features: Int, trials: Int, dichotomy: Dichotomy, seed: UInt64, threads: Int
  ) -> Double {
    let centred = centred(responses)
    return separablePart(
      centred, of: responses, features: features, trials: trials, dichotomy: dichotomy, seed: seed, threads: threads)
  }

  /// Searches for the features with which half of the dichotomies can be divided.
  ///
  /// - Throws: ``TheoryError`` when not even all units suffice, or one feature does.
  public static func search(
    _ responses: LabelledResponses, trials: Int = 40, dichotomy: Dichotomy = .balanced, seed: UInt64 = 1,
    threads: Int = 1
  ) throws(TheoryError) -> Result {
    let centred = centred(responses)
    var curve: [(features: Int, separable: Double)] = []
    func part(_ features: Int) -> Double {
      let part = separablePart(
        centred, of: responses, features: features, trials: trials, dichotomy: dichotomy, seed: seed, threads: threads)
      curve.append((features, part))
      return part
    }
    let most = min(responses.units, responses.total)
    var (low, high) = (1, 2)
    var (below, above) = (part(1), 0.0)
    guard below < 0.5 else {
      throw TheoryError("simulated capacity", expected: "classes that one feature cannot divide", found: "\(below)")
    }
    above = part(min(high, most))
    while above < 0.5 {
      guard high < most else {
        throw TheoryError(
          "simulated capacity", expected: "half of the dichotomies separable with all \(most) independent features",
          found: "\(above)")
      }
      (low, below) = (high, above)
      high = min(2 * high, most)
      above = part(high)
    }
    while high - low > 1 {
      let middle = (low + high) / 2
      let found = part(middle)
      if found < 0.5 { (low, below) = (middle, found) } else { (high, above) = (middle, found) }
    }
    let critical = Double(low) + (above > below ? (0.5 - below) / (above - below) : 0.5)
    return Result(
      capacity: Double(responses.classes.count) / critical, criticalFeatures: critical,
      curve: curve.sorted { $0.features < $1.features })
  }

  /// All samples about their mean, class after class; in coordinates of their span where that is smaller.
  private static func centred(_ responses: LabelledResponses) -> Matrix {
    var matrix = Matrix(
      rows: responses.total, columns: responses.units, values: responses.samples.flatMap { $0 }.map(Double.init))
    matrix.centreRows()
    return matrix.columns > matrix.rows ? OrthogonalBasis.coordinates(of: matrix) : matrix
  }

  private static func separablePart(
    _ points: Matrix, of responses: LabelledResponses, features: Int, trials: Int, dichotomy: Dichotomy, seed: UInt64,
    threads: Int
  ) -> Double {
    let classes = responses.classes.count
    let outcomes = parallelMap(trials, threads: threads) { trial in
      var generator = SeededGenerator(seed: seed &+ UInt64(trial) &* 0x9E37_79B9_7F4A_7C15)
      // A trial projects on the same features for any number of them, and adds more.
      let projection = Matrix(
        rows: features, columns: points.columns,
        values: (0..<features * points.columns).map { _ in generator.normal() })
      let projected = points * projection.transposed
      var labels = SeededGenerator(seed: ~seed &+ UInt64(trial))
      let sides = sides(classes, dichotomy, &labels)
      let signs = responses.classes.indices.flatMap { place in
        [Double](repeating: sides[place], count: responses.count(place))
      }
      return isSeparable(projected, signs: signs)
    }
    return Double(outcomes.count { $0 }) / Double(trials)
  }

  private static func sides(_ classes: Int, _ dichotomy: Dichotomy, _ generator: inout SeededGenerator) -> [Double] {
    switch dichotomy {
    case .independent: return (0..<classes).map { _ in generator.uniform() < 0.5 ? -1 : 1 }
    case .balanced:
      let keys = (0..<classes).map { _ in generator.next() }
      var sides = [Double](repeating: 1, count: classes)
      for place in (0..<classes).sorted(by: { keys[$0] < keys[$1] }).prefix(classes / 2) { sides[place] = -1 }
      return sides
    case .oneVersusRest:
      let chosen = Int(generator.uniform() * Double(classes))
      return (0..<classes).map { $0 == chosen ? 1 : -1 }
    }
  }
}
