import RetinaKernels

/// A non-negative matrix as loadings times modes, with few loadings above zero in each row: `V ~ W H`.
///
/// Minimises `1/2 |V - W H|^2 + penalty * sum of W` over W, H >= 0 with rows of H of length 1 (without a fixed length,
/// a penalty on W would only move its scale into H): non-negative sparse coding (Hoyer 2002). The updates are
/// multiplicative (Lee and Seung 2001),
///
///     W <- W * (V H') / (W H H' + penalty)
///     H <- H * (W'V + H * sum over columns of (H * W'W H)) / (W'W H + H * sum over columns of (H * W'V))
///     H <- rows of H to length 1
///
/// the second with the terms that the fixed length brings (Eggert and Körner 2004). They need no step size and keep
/// every number at or above zero. Modes come in the order of their total loading.
public struct SparseFactorization: Sendable {
  /// Number of modes, K.
  public let count: Int
  /// H, `[modes, columns]`, rows of length 1; a mode that is not used is zero.
  public private(set) var modes: [Double]
  /// W, `[rows, modes]`.
  public private(set) var loadings: [Double]
  /// The relative error, `|V - W H| / |V|`; 0 for a matrix of zeros.
  public private(set) var error = 0.0
  /// What was minimised, at the end.
  public private(set) var objective = 0.0
  /// Number of updates.
  public private(set) var iterations = 0

  /// How a factorisation is found.
  public struct Settings: Sendable {
    /// The penalty as a part of the root mean square length of the rows of V.
    public var sparsity = 0.01
    /// Most updates.
    public var mostIterations = 2000
    /// Ends the updates: the relative change of the objective over ten of them.
    public var tolerance = 1e-6

    /// Creates the usual settings.
    public init() {}
  }

  /// Factorises from a random start; the same seed gives the same result.
  public init(_ matrix: NonNegativeMatrix, modes count: Int, seed: UInt64, settings: Settings = Settings()) {
    var random = SeededRandom(seed: seed)
    let scale = matrix.norm / (Double(max(1, matrix.rows * count))).squareRoot()
    self.init(
      count: count, modes: (0..<count * matrix.columns).map { _ in 0.1 + random.uniform() },
      loadings: (0..<matrix.rows * count).map { _ in scale * (0.1 + random.uniform()) })
    improve(matrix, settings)
  }

  /// Factorises from a result with one mode less.
  ///
  /// The new one begins as what is missing in the row that fits worst. The objective is never above that of the start.
  init(_ matrix: NonNegativeMatrix, extending start: SparseFactorization, settings: Settings) {
    let (rows, columns, before) = (matrix.rows, matrix.columns, start.count)
    var (worst, largest) = ([Double](repeating: 0, count: columns), 0.0)
    for row in 0..<rows {
      let missing = start.missing(row, of: matrix)
      let square = missing.reduce(0) { $0 + $1 * $1 }
      if square > largest { (worst, largest) = (missing, square) }
    }
    let scale = largest.squareRoot()
    var loadings: [Double] = []
    for row in 0..<rows {
      loadings += start.loadings[row * before..<(row + 1) * before]
      loadings.append(0)
    }
    self.init(count: before + 1, modes: start.modes + [Double](repeating: 0, count: columns), loadings: loadings)
    (objective, error) = (start.objective, start.error)
    guard largest > 0 else { return }
    var grown = self
    for column in 0..<columns { grown.modes[before * columns + column] = worst[column] / scale }
    for row in 0..<rows {
      let missing = start.missing(row, of: matrix)
      let along = missing.indices.reduce(0) { $0 + missing[$1] * worst[$1] / scale }
      grown.loadings[row * grown.count + before] = along + 1e-6 * scale
    }
    grown.improve(matrix, settings)
    if grown.objective <= objective { self = grown }
  }

  private init(count: Int, modes: [Double], loadings: [Double]) {
    (self.count, self.modes, self.loadings) = (count, modes, loadings)
  }

  // MARK: - Updates

  private mutating func improve(_ matrix: NonNegativeMatrix, _ settings: Settings) {
    let length = matrix.norm
    let penalty = settings.sparsity * length / Double(max(1, matrix.rows)).squareRoot()
    normalizeModes(matrix.columns)
    guard length > 0, count > 0 else {
      modes = modes.map { _ in 0 }
      loadings = loadings.map { _ in 0 }
      return
    }
    var last = Double.infinity
    while iterations < settings.mostIterations {
      updateLoadings(matrix, penalty)
      updateModes(matrix)
      iterations += 1
      guard iterations % 10 == 0 else { continue }
      measure(matrix, penalty)
      if (last - objective).magnitude <= settings.tolerance * objective { break }
      last = objective
    }
    // The loadings have the last word: they belong to the modes that are given.
    updateLoadings(matrix, penalty)
    measure(matrix, penalty)
    sort(matrix)
  }

  private mutating func updateLoadings(_ matrix: NonNegativeMatrix, _ penalty: Double) {
    let (count, columns) = (count, matrix.columns)
    let overlap = SparseFactorization.products(modes, modes, count, columns)
    let pull = SparseFactorization.products(matrix.values, modes, matrix.rows, columns, count)
    for row in 0..<matrix.rows {
      let old = Array(loadings[row * count..<(row + 1) * count])
      for mode in 0..<count {
        var push = penalty
        for other in 0..<count { push += old[other] * overlap[other * count + mode] }
        loadings[row * count + mode] = SparseFactorization.scaled(old[mode], pull[row * count + mode], push)
      }
    }
  }

  private mutating func updateModes(_ matrix: NonNegativeMatrix) {
    let (count, columns) = (count, matrix.columns)
    var pull = [Double](repeating: 0, count: count * columns)
    var overlap = [Double](repeating: 0, count: count * count)
    for row in 0..<matrix.rows {
      for mode in 0..<count {
        let loading = loadings[row * count + mode]
        if loading == 0 { continue }
        for column in 0..<columns { pull[mode * columns + column] += loading * matrix.values[row * columns + column] }
        for other in 0..<count { overlap[mode * count + other] += loading * loadings[row * count + other] }
      }
    }
    let old = modes
    for mode in 0..<count {
      var push = [Double](repeating: 0, count: columns)
      for other in 0..<count {
        let weight = overlap[mode * count + other]
        for column in 0..<columns { push[column] += weight * old[other * columns + column] }
      }
      var (pulled, pushed) = (0.0, 0.0)
      for column in 0..<columns {
        pulled += old[mode * columns + column] * pull[mode * columns + column]
        pushed += old[mode * columns + column] * push[column]
      }
      for column in 0..<columns {
        let value = old[mode * columns + column]
        modes[mode * columns + column] = SparseFactorization.scaled(
          value, pull[mode * columns + column] + value * pushed, push[column] + value * pulled)
      }
    }
    normalizeModes(columns)
  }

  /// Rows of the modes to length 1; the loadings stay.
  private mutating func normalizeModes(_ columns: Int) {
    for mode in 0..<count {
      let places = mode * columns..<(mode + 1) * columns
      let length = modes[places].reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard length > 0 else { continue }
      for place in places { modes[place] /= length }
    }
  }

  /// The error and the objective.
  private mutating func measure(_ matrix: NonNegativeMatrix, _ penalty: Double) {
    var square = 0.0
    for row in 0..<matrix.rows {
      square += difference(row, of: matrix).reduce(0) { $0 + $1 * $1 }
    }
    error = square.squareRoot() / matrix.norm
    objective = square / 2 + penalty * loadings.reduce(0, +)
  }

  /// Modes by falling total loading; a mode without loadings is nothing.
  private mutating func sort(_ matrix: NonNegativeMatrix) {
    let (count, columns) = (count, matrix.columns)
    let totals = (0..<count).map { mode in (0..<matrix.rows).reduce(0) { $0 + loadings[$1 * count + mode] } }
    let order = (0..<count).sorted { totals[$0] > totals[$1] || (totals[$0] == totals[$1] && $0 < $1) }
    let (oldModes, oldLoadings) = (modes, loadings)
    for (place, mode) in order.enumerated() {
      for column in 0..<columns {
        modes[place * columns + column] = totals[mode] > 0 ? oldModes[mode * columns + column] : 0
      }
      for row in 0..<matrix.rows { loadings[row * count + place] = oldLoadings[row * count + mode] }
    }
  }

  /// `V - W H` in one row.
  private func difference(_ row: Int, of matrix: NonNegativeMatrix) -> [Double] {
    let columns = matrix.columns
    var rest = Array(matrix.values[row * columns..<(row + 1) * columns])
    for mode in 0..<count {
      let loading = loadings[row * count + mode]
      if loading == 0 { continue }
      for column in 0..<columns { rest[column] -= loading * modes[mode * columns + column] }
    }
    return rest
  }

  /// What `W H` lacks in one row.
  private func missing(_ row: Int, of matrix: NonNegativeMatrix) -> [Double] {
    difference(row, of: matrix).map { max(0, $0) }
  }

  private static func scaled(_ value: Double, _ pull: Double, _ push: Double) -> Double {
    push > 0 ? value * pull / push : 0
  }

  /// `A A'` of an array of rows.
  private static func products(_ a: [Double], _ b: [Double], _ rows: Int, _ columns: Int) -> [Double] {
    products(a, b, rows, columns, rows)
  }

  /// `A B'` of `rows` and `others` rows.
  private static func products(_ a: [Double], _ b: [Double], _ rows: Int, _ columns: Int, _ others: Int) -> [Double] {
    var result = [Double](repeating: 0, count: rows * others)
    for row in 0..<rows {
      for other in 0..<others {
        var sum = 0.0
        for column in 0..<columns { sum += a[row * columns + column] * b[other * columns + column] }
        result[row * others + other] = sum
      }
    }
    return result
  }
}
