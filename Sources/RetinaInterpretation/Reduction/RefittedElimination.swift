import RetinaTheory

/// Which groups to keep when those that are left make up for those that go.
///
/// From all groups on, the one is dropped without which the rates are reproduced best once the others are refitted: the distance of each
/// from its constant is multiplied by a factor of at least 0, so that none changes its sign. It is the optimal brain surgeon (Hassibi and
/// Stork, "Second order derivatives for network pruning", NIPS 1992) on groups: rates are taken as linear in the factors around those at
/// hand, least squares without a negative factor are solved for every candidate, and Gauss-Newton steps follow. Two groups that cancel go
/// together, since what is left of one is what the other held back; by conductance both rank high.
struct RefittedElimination {
  /// The groups, the one dropped last first.
  private(set) var order: [Int] = []
  /// Factors of all groups by the number that are kept, from 0 on; 0 for those that are dropped.
  private(set) var factors: [[Float]] = []

  /// The change of a factor by which its derivative is taken.
  private static let step: Float = 1 / 16
  /// Gauss-Newton steps after each loss, at most.
  private static let refits = 3

  private let layer: HeldLayer
  private let windows: [Int]
  private let wanted: [Float]
  private let threads: Int

  init(_ ranking: UnitRanking, windows: [Int]) {
    (layer, threads) = (ranking.layer, ranking.threads)
    self.windows = windows
    wanted = windows.map { ranking.full[$0] }
    var kept = Array(0..<ranking.count)
    var now = [Float](repeating: 1, count: ranking.count)
    factors = [now]
    while !kept.isEmpty {
      let system = LinearSystem(self, kept, now)
      let losses = kept.map { group in (group: group, fit: system.solution(without: group)) }
      guard let least = losses.min(by: { $0.fit.error < $1.fit.error }) else { break }
      kept.removeAll { $0 == least.group }
      order.append(least.group)
      now = refitted(least.fit.factors, kept)
      factors.append(now)
    }
    order.reverse()
    factors.reverse()
  }

  /// Explained variance by the number of groups that are kept, in windows that the factors were not fitted to: each part of the windows
  /// with the elimination on the other parts.
  static func crossValidated(_ ranking: UnitRanking, parts: [[Int]]) -> [Double] {
    var pooled = [[Float]](repeating: [], count: ranking.count + 1)
    for (place, part) in parts.enumerated() {
      let others = parts.indices.filter { $0 != place }.flatMap { parts[$0] }
      for (kept, factors) in RefittedElimination(ranking, windows: others).factors.enumerated() {
        pooled[kept] += ranking.layer.rates(factors, windows: part, threads: ranking.threads)
      }
    }
    let full = parts.joined().map { ranking.full[$0] }
    return pooled.map { explainedVariance(full, by: $0) }
  }

  /// Factors of some groups for which the rates come nearest, from others on.
  private func refitted(_ start: [Float], _ kept: [Int]) -> [Float] {
    var (best, least) = (start, error(start))
    for _ in 0..<RefittedElimination.refits where !kept.isEmpty {
      let target = LinearSystem(self, kept, best).solution(without: nil).factors
      // Half as far, where the rate bends too much for a whole step.
      let tried = [1, 0.5, 0.25].map { (part: Float) in zip(best, target).map { $0 + part * ($1 - $0) } }
      guard let (next, smaller) = tried.lazy.map({ ($0, error($0)) }).first(where: { $0.1 < least }) else { break }
      let isDone = smaller > 0.999 * least
      (best, least) = (next, smaller)
      if isDone { break }
    }
    return best
  }

  private func rates(_ factors: [Float]) -> [Float] { layer.rates(factors, windows: windows, threads: threads) }

  private func error(_ factors: [Float]) -> Double {
    zip(wanted, rates(factors)).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
  }

  /// Rates as a linear function of the factors of some groups, around some factors.
  private struct LinearSystem {
    private let count: Int
    private let kept: [Int]
    /// What each kept group's factor of 1 adds to the rates.
    private let columns: [[Double]]
    /// The rates that the kept groups must add up to.
    private let target: [Double]

    init(_ elimination: RefittedElimination, _ kept: [Int], _ factors: [Float]) {
      (count, self.kept) = (factors.count, kept)
      let now = elimination.rates(factors)
      let step = RefittedElimination.step
      columns = kept.map { group in
        var changed = factors
        changed[group] += step
        return zip(elimination.rates(changed), now).map { (Double($0) - Double($1)) / Double(step) }
      }
      var target = zip(elimination.wanted, now).map { Double($0) - Double($1) }
      for (group, column) in zip(kept, columns) {
        for window in target.indices { target[window] += Double(factors[group]) * column[window] }
      }
      self.target = target
    }

    func solution(without dropped: Int?) -> (factors: [Float], error: Double) {
      let used = kept.indices.filter { kept[$0] != dropped }
      var squares = NonNegativeLeastSquares(columns: used.flatMap { columns[$0] }, length: target.count)
      squares.solve(target)
      var factors = [Float](repeating: 0, count: count)
      for (place, factor) in zip(used, squares.coefficients) { factors[kept[place]] = Float(factor) }
      return (factors, squares.residual.reduce(0) { $0 + $1 * $1 })
    }
  }
}
