#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Entropies and informations of symbols, from counts, in bits.
///
/// Plain counting: with few samples entropies are too low and informations too high, by about
/// `(symbols - 1) / (2 ln 2 samples)` bits (Miller 1955); hold them against a shuffle.
public enum DiscreteInformation {
  /// The entropy of some counts.
  public static func entropy(counts: [Int]) -> Double {
    let total = Double(counts.reduce(0, +))
    return counts.reduce(0) { $1 > 0 ? $0 - Double($1) / total * log2(Double($1) / total) : $0 }
  }

  /// The entropy of a list of symbols.
  public static func entropy<Symbol: Hashable>(_ symbols: [Symbol]) -> Double {
    var counts: [Symbol: Int] = [:]
    for symbol in symbols { counts[symbol, default: 0] += 1 }
    // Sorted, so that the sum does not depend on the order of a dictionary.
    return entropy(counts: counts.values.sorted())
  }

  /// The information that two lists of symbols give about one another.
  public static func mutual<First: Hashable, Second: Hashable>(_ first: [First], _ second: [Second]) -> Double {
    entropy(first) + entropy(second) - entropy(zip(first, second).map { Pair(first: $0, second: $1) })
  }

  /// The information of two lists of symbols about one another when a third is known.
  public static func conditional<First: Hashable, Second: Hashable, Third: Hashable>(
    _ first: [First], _ second: [Second], given third: [Third]
  ) -> Double {
    let (left, right) = (pairs(first, third), pairs(second, third))
    return entropy(left) + entropy(right) - entropy(pairs(left, second)) - entropy(third)
  }

  private static func pairs<First: Hashable, Second: Hashable>(
    _ first: [First], _ second: [Second]
  ) -> [Pair<First, Second>] {
    zip(first, second).map { Pair(first: $0, second: $1) }
  }

  private struct Pair<First: Hashable, Second: Hashable>: Hashable {
    var first: First
    var second: Second
  }

  /// The place of each row's values among equally wide bins of an interval, values beyond its ends in the outermost: one symbol
  /// per row.
  ///
  /// As in the first publications on the information plane, with 30 bins from -1 to 1 for tanh; for relu it lumps all values
  /// above 1 together.
  public static func bins(_ values: [Float], units: Int, count: Int, over range: ClosedRange<Double>) -> [[Int]] {
    let width = (range.upperBound - range.lowerBound) / Double(count)
    return (0..<values.count / max(1, units)).map { row in
      values[row * units..<(row + 1) * units].map { value in
        let place = ((Double(value) - range.lowerBound) / width).rounded(.down)
        return Int(min(max(place, 0), Double(count - 1)))
      }
    }
  }

  /// The place of each row's values in bins of a width: one symbol per row.
  ///
  /// The information of a layer without noise about its stimulus is infinite; what binning gives instead is the entropy
  /// of the bins, which grows as they shrink up to the logarithm of the samples. For comparison with publications.
  public static func bins(_ values: [Float], units: Int, width: Double) -> [[Int]] {
    (0..<values.count / max(1, units)).map { row in
      values[row * units..<(row + 1) * units].map { Int((Double($0) / width).rounded(.down)) }
    }
  }
}
