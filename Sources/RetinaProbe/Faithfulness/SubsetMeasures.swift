import RetinaKernels

/// Sensitivity-n (Ancona, Ceolini, Öztireli, Gross 2018).
///
/// Pearson's correlation, over random subsets S of n units, of `sum over S of a_j` with what the target loses when S is
/// replaced, `F - F_S`. It is 1 for every n where the target is linear in the units.
public struct SensitivityN: Sendable, Equatable {
  /// Number of units in each subset.
  public var size: Int
  /// The correlation; nothing when either side is constant.
  public var correlation: Double?
}

/// Infidelity (Yeh, Hsieh, Suggala, Inouye, Ravikumar 2019).
///
/// `mean of (sum over S of a_j - (F - F_S))^2` over random sets S of units that are replaced. For each sample a level p
/// is drawn from 0...1, and then each unit is in S with probability p, so that replacements of every extent count
/// alike.
public struct Infidelity: Sendable, Equatable {
  /// The mean square, in squares of the target's unit.
  public var meanSquare: Double
  /// The part of the mean square of `F - F_S` that the best multiple of the attribution leaves unexplained.
  ///
  /// From 0 to 1: `1 - (sum a d)^2 / (sum a^2 sum d^2)`, the normalised form in Captum divided by the mean square of d.
  /// 1 when the attribution explains nothing; nothing when there is nothing to explain.
  public var unexplained: Double?

  /// Compares sums of the attribution with losses of the target.
  init(_ sums: [Double], _ losses: [Double]) {
    var (error, product, sumSquare, lossSquare) = (0.0, 0.0, 0.0, 0.0)
    for (sum, loss) in zip(sums, losses) {
      error += (sum - loss) * (sum - loss)
      product += sum * loss
      sumSquare += sum * sum
      lossSquare += loss * loss
    }
    meanSquare = error / Double(max(1, sums.count))
    guard lossSquare > 0 else { return }
    unexplained = sumSquare > 0 ? max(0, 1 - product / sumSquare * (product / lossSquare)) : 1
  }
}

extension Knockout {
  func sensitivity(_ attribution: [Double], size: Int, samples: Int, random: inout SeededRandom) -> SensitivityN {
    let subsets = (0..<samples).map { _ in random.sample(size, of: attribution.count) }
    let sums = subsets.map { subset in subset.reduce(0) { $0 + attribution[$1] } }
    return SensitivityN(size: size, correlation: Agreement.pearson(sums, losses(subsets)))
  }

  func infidelity(_ attribution: [Double], samples: Int, random: inout SeededRandom) -> Infidelity {
    let subsets = (0..<samples).map { _ in
      let level = random.uniform()
      return attribution.indices.filter { _ in random.uniform() < level }
    }
    return Infidelity(subsets.map { subset in subset.reduce(0) { $0 + attribution[$1] } }, losses(subsets))
  }
}
