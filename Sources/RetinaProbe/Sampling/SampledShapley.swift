import RetinaEngine
import RetinaKernels

extension Probe {
  /// Shapley values of groups of units by sampling: the mean effect of a group over random orders in which groups are
  /// added (Castro, Gomez, Tejada 2009).
  ///
  /// Orders come in pairs, each with its reverse (antithetic; Mitchell, Cooper, Frank 2022), which takes away the error of
  /// effects that depend on two groups. Every order adds up exactly, and so does the mean.
  ///
  /// - Parameters:
  ///   - groups: the group of every unit, numbered from 0; nil makes each unit its own group.
  ///   - orders: how many orders to visit, rounded up to whole pairs.
  public func sampledShapley(
    _ input: UnsafePointer<Float>, boundary: Int, target: Target, replacement: [Float], groups: [Int]? = nil,
    orders: Int, seed: UInt64
  ) -> Attribution {
    run(input, into: values, to: target.boundary)
    let (complete, whole) = (copy(values, boundary), target.value(values))
    let members = UnitGroups(groups, count: complete.count)
    var random = SeededRandom(seed: seed)
    var order = Array(0..<members.count)
    var mean = SampleMean(count: members.count)
    var effects = [Double](repeating: 0, count: members.count)
    let units = values[boundary]
    for unit in complete.indices { units[unit] = replacement[unit] }
    program.run(values, from: boundary, to: target.boundary)
    let nothing = target.value(values)
    for _ in 0..<(orders + 1) / 2 {
      random.shuffle(&order)
      for index in effects.indices { effects[index] = 0 }
      for isReversed in [false, true] {
        for unit in complete.indices { units[unit] = replacement[unit] }
        var previous = nothing
        for place in order.indices {
          let group = order[isReversed ? order.count - 1 - place : place]
          for unit in members[group] { units[unit] = complete[unit] }
          program.run(values, from: boundary, to: target.boundary)
          let next = target.value(values)
          effects[group] += (Double(next) - Double(previous)) / 2
          previous = next
        }
      }
      mean.add { effects[$0] }
    }
    return Attribution(
      values: members.spread(mean.mean.map { Float($0) }), valueAtInput: whole, valueAtBaseline: nothing,
      standardError: mean.largestStandardError)
  }
}
