/// The target while the units of a layer are taken away, or given back, in the order of their attribution.
///
/// Units that an attribution says carry the change of the target, F - F_0, come first: they are ranked by the
/// attribution times the sign of the change, equal ones by their place. *Deletion* replaces the first k (pixel
/// flipping: Samek et al. 2017); *insertion* keeps the first k and replaces all others (Petsiuk, Das, Saenko 2018).
/// With normalised values `(F_k - F_0) / (F - F_0)`, deletion goes from 1 to 0 and insertion from 0 to 1. Of a faithful
/// attribution deletion falls fast, and has a small area or, where units that hold the target back remain, a negative
/// one; insertion rises fast, and has a large area, which may be above 1.
public struct RankedCurve: Sendable {
  /// Number of units at each point, k: from none to all in equal steps.
  public var counts: [Int]
  /// The target at each point, F_k.
  public var values: [Double]
  /// The area under the normalised values over the part of units, by the trapezoid rule; nothing when F = F_0.
  public var area: Double?

  /// Visits points of a ranking in so many steps.
  init(_ order: [Int], steps: Int, knockout: Knockout, value: ([Int].SubSequence) -> Double) {
    let steps = max(1, min(steps, order.count))
    counts = (0...steps).map { $0 * order.count / steps }
    values = counts.map { value(order[..<$0]) }
    guard let change = knockout.change, !order.isEmpty else { return }
    var sum = 0.0
    for place in 1..<counts.count {
      let mean = (values[place] + values[place - 1]) / 2
      sum += (mean - knockout.empty) / change * Double(counts[place] - counts[place - 1])
    }
    area = sum / Double(order.count)
  }
}

extension Knockout {
  /// Units in the order in which they support the change of the target.
  func ranking(_ attribution: [Double]) -> [Int] {
    let sign = whole < empty ? -1.0 : 1.0
    return attribution.indices.sorted { a, b in
      let (first, second) = (sign * attribution[a], sign * attribution[b])
      return first > second || (first == second && a < b)
    }
  }

  func deletion(_ order: [Int], steps: Int) -> RankedCurve {
    RankedCurve(order, steps: steps, knockout: self) { value(replacing: $0) }
  }

  func insertion(_ order: [Int], steps: Int) -> RankedCurve {
    RankedCurve(order, steps: steps, knockout: self) { value(keeping: $0) }
  }

  /// The smallest number of groups, in their order, that keep a part of the change.
  ///
  /// That is the first k with `F_k - F_0 >= part * (F - F_0)`, all other units replaced. Up to 64 groups are tried one
  /// by one; beyond, by doubling and bisection, which finds the first k where the target rises up to it. Nothing when F
  /// = F_0.
  func smallestSupport(_ groups: [[Int]], keeping part: Double) -> Int? {
    guard let change else { return nil }
    func isEnough(_ count: Int) -> Bool { (value(keeping: groups[..<count].joined()) - empty) / change >= part }
    let tried = min(64, groups.count)
    for count in stride(from: 1, through: tried, by: 1) where isEnough(count) { return count }
    var (tooFew, enough) = (tried, tried)
    repeat {
      (tooFew, enough) = (enough, min(2 * enough, groups.count))
    } while enough < groups.count && !isEnough(enough)
    while enough - tooFew > 1 {
      let middle = (tooFew + enough) / 2
      if isEnough(middle) { enough = middle } else { tooFew = middle }
    }
    return enough
  }
}
