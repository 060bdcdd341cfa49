import RetinaStimuli

/// Orders in which groups of units are kept, and how well they reproduce the rates.
struct UnitRanking {
  let layer: HeldLayer
  /// Groups of the layer.
  let count: Int
  /// Rates with everything kept, one per window.
  let full: [Float]
  let threads: Int

  /// More groups than this are not ranked greedily: the cost grows with their square.
  static let mostGreedy = 24
  /// Random orders whose mean is taken.
  static let randomOrders = 20

  /// Explained variance in some windows by the number of groups that are kept, the first ones of an order.
  ///
  /// Beyond 32 groups only sizes that grow by a quarter are tried; what lies between has the value of the smaller size.
  func curve(_ order: [Int], windows: [Int]) -> [Double] {
    var curve: [Double] = []
    var next = 0
    for size in 0...order.count {
      guard size == next || size == order.count else {
        curve.append(curve[curve.count - 1])
        continue
      }
      next = size < 32 ? size + 1 : size + size / 4
      curve.append(explained(Set(order.prefix(size)), windows: windows))
    }
    return curve
  }

  /// Explained variance in some windows with some groups.
  func explained(_ kept: Set<Int>, windows: [Int]) -> Double {
    explainedVariance(windows.map { full[$0] }, by: rates(kept, windows: windows))
  }

  /// Explained variance in some windows by the number of groups that are kept, with a factor for each group and number.
  func curve(_ factors: [[Float]], windows: [Int]) -> [Double] {
    factors.map { explainedVariance(windows.map { full[$0] }, by: layer.rates($0, windows: windows, threads: threads)) }
  }

  /// Rates in some windows with some groups.
  func rates(_ kept: Set<Int>, windows: [Int]) -> [Float] {
    layer.rates((0..<count).map { kept.contains($0) ? 1 : 0 }, windows: windows, threads: threads)
  }

  /// Backward elimination: the group whose loss hurts least is dropped first and comes last; nothing for too many groups.
  func greedy(windows: [Int]) -> [Int]? {
    guard count <= UnitRanking.mostGreedy else { return nil }
    var (kept, dropped) = (Set(0..<count), [Int]())
    while !kept.isEmpty {
      let scores = kept.sorted().map { (group: $0, value: explained(kept.subtracting([$0]), windows: windows)) }
      guard let least = scores.max(by: { $0.value < $1.value }) else { break }
      kept.remove(least.group)
      dropped.append(least.group)
    }
    return dropped.reversed()
  }

  /// The mean over random orders of the curve.
  func randomCurve(windows: [Int]) -> [Double] {
    var generator = SeededGenerator(seed: 17)
    var sum = [Double](repeating: 0, count: count + 1)
    for _ in 0..<UnitRanking.randomOrders {
      let curve = curve(Array(0..<count).shuffled(by: &generator), windows: windows)
      for place in sum.indices { sum[place] += curve[place] / Double(UnitRanking.randomOrders) }
    }
    return sum
  }
}
