import RetinaStimuli

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The information of spike counts about which stimulus was shown, exact for a Poisson cell whose rates are known.
public enum PoissonInformation {
  /// Information of one count about which of equally likely stimuli gave it, in bits:
  /// `mean over i of sum over k of P(k | i) log2 (P(k | i) / P(k))`.
  ///
  /// - Parameter counts: expected counts, at least 0: rates times the length of a bin.
  /// - Throws: ``TheoryError`` for counts that are negative, not finite or above a million.
  public static func bits(counts: [Double]) throws(TheoryError) -> Double {
    if let wrong = counts.first(where: { !($0 >= 0 && $0 <= 1e6) }) {
      throw TheoryError("Poisson information", expected: "expected counts from 0 to 1,000,000", found: "\(wrong)")
    }
    guard let largest = counts.max(), largest > 0 else { return 0 }
    // Beyond 12 deviations and 30 counts nothing is left.
    let last = Int(largest + 12 * largest.squareRoot() + 30)
    var logFactorial = 0.0
    var sum = 0.0
    for count in 0...last {
      if count > 0 { logFactorial += log(Double(count)) }
      let likelihoods = counts.map { rate in
        rate > 0 ? exp(Double(count) * log(rate) - rate - logFactorial) : count == 0 ? 1 : 0
      }
      let mean = likelihoods.reduce(0, +) / Double(counts.count)
      guard mean > 0 else { continue }
      for likelihood in likelihoods where likelihood > 0 { sum += likelihood * log2(likelihood / mean) }
    }
    return max(0, sum / Double(counts.count))
  }

  /// Information per spike in the limit of short bins, in bits: `mean of r / <r> log2 (r / <r>)` (Brenner et al., Neural
  /// Computation 12, 1531, 2000); nothing for a silent cell.
  public static func bitsPerSpike(rates: [Double]) -> Double? {
    let mean = rates.reduce(0, +) / Double(max(1, rates.count))
    guard mean > 0 else { return nil }
    return rates.reduce(0) { $1 > 0 ? $0 + $1 / mean * log2($1 / mean) : $0 } / Double(rates.count)
  }

  /// Information of the counts of several independent cells together about which stimulus was shown, in bits, by drawing
  /// counts; with its standard error.
  ///
  /// - Parameter counts: expected counts `[stimulus, cell]`.
  public static func population(
    counts: Matrix, draws: Int = 2000, using generator: inout SeededGenerator
  ) -> (bits: Double, error: Double) {
    let logs = counts.values.map { log(max($0, 1e-12)) }
    let totals = (0..<counts.rows).map { counts.row($0).reduce(0, +) }
    var (sum, square) = (0.0, 0.0)
    for _ in 0..<draws {
      let shown = min(counts.rows - 1, Int(generator.uniform() * Double(counts.rows)))
      let drawn = counts.row(shown).map { generator.poisson(mean: $0) }
      // The factorials are the same for all stimuli.
      let likelihoods = (0..<counts.rows).map { row in
        drawn.indices.reduce(-totals[row]) { $0 + Double(drawn[$1]) * logs[row * counts.columns + $1] }
      }
      let largest = likelihoods.max() ?? 0
      let mean = likelihoods.reduce(0) { $0 + exp($1 - largest) } / Double(counts.rows)
      let bits = (likelihoods[shown] - largest - log(mean)) / M_LN2
      sum += bits
      square += bits * bits
    }
    let mean = sum / Double(draws)
    return (mean, max(0, square / Double(draws) - mean * mean).squareRoot() / Double(draws).squareRoot())
  }
}
