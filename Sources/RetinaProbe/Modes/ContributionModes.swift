/// A dictionary of contributions: patterns of channels (or units) that drive a cell together, and how much of each
/// every input has.
///
/// The idea is that of CODEC (contribution decomposition, baccuslab/bscope): contributions of many stimuli, split into
/// what excites and what inhibits, as sparse non-negative sums of few modes; here by non-negative sparse coding, see
/// ``SparseFactorization``.
public struct ContributionModes: Sendable {
  /// What so many modes reach.
  public struct Point: Sendable, Equatable {
    /// Number of modes.
    public var count: Int
    /// The relative error, `|V - W H| / |V|`.
    ///
    /// Without a penalty it never rises with the number of modes; a penalty may trade a little of it for sparser
    /// loadings.
    public var error: Double
    /// How much the modes are a property of the contributions, not of the random start.
    ///
    /// The mean, over the other restarts, of the mean cosine of their modes with the best ones, matched greedily; 1
    /// when all restarts agree. Nothing with one restart.
    public var stability: Double?
  }

  /// The contributions as they were split: rows are inputs, columns `[excitatory, inhibitory]` channels.
  public let matrix: NonNegativeMatrix
  /// For each number of modes from 1 to the one asked for.
  public let curve: [Point]
  /// The factorisation with as many modes as were asked for: the one of the lowest objective.
  public let factorization: SparseFactorization

  /// Finds modes.
  ///
  /// - Parameters:
  ///   - count: number of modes, at least 1.
  ///   - restarts: random starts for each number of modes, at least 1; one more start extends the modes found before.
  public init(
    _ matrix: NonNegativeMatrix, modes count: Int, restarts: Int, seed: UInt64 = 1,
    settings: SparseFactorization.Settings = SparseFactorization.Settings()
  ) {
    func starts(_ modes: Int) -> [SparseFactorization] {
      (0..<max(1, restarts)).map { start in
        SparseFactorization(matrix, modes: modes, seed: seed &+ UInt64(start), settings: settings)
      }
    }
    var candidates = starts(1)
    var best = ContributionModes.lowest(candidates)
    var curve = [Point(candidates[best], others: candidates, but: best)]
    for modes in stride(from: 2, through: count, by: 1) {
      let extended = SparseFactorization(matrix, extending: candidates[best], settings: settings)
      let fresh = starts(modes)
      candidates = fresh + [extended]
      best = ContributionModes.lowest(candidates)
      curve.append(Point(candidates[best], others: fresh, but: best))
    }
    self.matrix = matrix
    self.curve = curve
    factorization = candidates[best]
  }

  /// The place of the lowest objective.
  private static func lowest(_ candidates: [SparseFactorization]) -> Int {
    candidates.indices.reduce(0) { candidates[$1].objective < candidates[$0].objective ? $1 : $0 }
  }

  /// How many inputs each mode's loadings amount to: `(sum over i of W_ik)^2 / sum over i of W_ik^2`.
  ///
  /// The number of inputs where a mode has the same loading in each of them, and 0 for a mode without loadings.
  public var effectiveInputs: [Double] {
    let count = factorization.count
    return (0..<count).map { mode in
      var (sum, square) = (0.0, 0.0)
      for row in 0..<matrix.rows {
        let loading = factorization.loadings[row * count + mode]
        sum += loading
        square += loading * loading
      }
      return square > 0 ? sum / square * sum : 0
    }
  }
}

extension ContributionModes.Point {
  fileprivate init(_ best: SparseFactorization, others: [SparseFactorization], but place: Int) {
    (count, error) = (best.count, best.error)
    var similarities: [Double] = []
    for index in others.indices where index != place {
      if let similarity = ModeMatching.similarity(best.modes, others[index].modes, count: best.count) {
        similarities.append(similarity)
      }
    }
    stability = similarities.isEmpty ? nil : similarities.reduce(0, +) / Double(similarities.count)
  }
}
