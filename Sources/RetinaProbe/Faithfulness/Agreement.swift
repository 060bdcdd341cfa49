/// How far two lists of numbers agree.
public struct Agreement: Sendable, Equatable {
  /// Number of pairs.
  public var count: Int
  /// Pearson's correlation; nothing when either list is constant.
  public var pearson: Double?
  /// Spearman's rank correlation; nothing when either list is constant.
  public var spearman: Double?

  /// Compares two lists of one length.
  public init(_ a: [Double], _ b: [Double]) {
    count = a.count
    pearson = Agreement.pearson(a, b)
    spearman = Agreement.spearman(a, b)
  }

  /// `sum (a - mean a)(b - mean b) / sqrt(sum (a - mean a)^2 sum (b - mean b)^2)`; nothing when either list is
  /// constant.
  public static func pearson(_ a: [Double], _ b: [Double]) -> Double? {
    guard let a = centred(a), let b = centred(b), a.count == b.count else { return nil }
    var (product, squareA, squareB) = (0.0, 0.0, 0.0)
    for index in a.indices {
      product += a[index] * b[index]
      squareA += a[index] * a[index]
      squareB += b[index] * b[index]
    }
    let scale = squareA.squareRoot() * squareB.squareRoot()
    return scale > 0 && scale.isFinite ? max(-1, min(1, product / scale)) : nil
  }

  /// Pearson's correlation of the ranks, equal values sharing the mean of theirs; nothing when either list is constant.
  public static func spearman(_ a: [Double], _ b: [Double]) -> Double? { pearson(ranks(a), ranks(b)) }

  /// The ranks of values, from 1 for the smallest; equal values share the mean of theirs.
  static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var first = 0
    while first < order.count {
      var end = first + 1
      while end < order.count, values[order[end]] == values[order[first]] { end += 1 }
      for place in first..<end { ranks[order[place]] = Double(first + 1 + end) / 2 }
      first = end
    }
    return ranks
  }

  /// The values less their mean; nothing when all are the same, whose mean may be rounded.
  private static func centred(_ values: [Double]) -> [Double]? {
    guard let first = values.first, values.contains(where: { $0 != first }) else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    return values.map { $0 - mean }
  }
}
