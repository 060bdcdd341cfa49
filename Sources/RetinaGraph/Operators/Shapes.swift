extension Operator {
  /// The same numbers under other extents.
  static let shapes: [Operator] = [
    Operator("Identity", 1...1) { (call) throws(GraphError) in [try call.input(0)] },
    Operator("Flatten", 1...1, ["axis"]) { (call) throws(GraphError) in
      let input = try call.input(0)
      let axis = try call.axis(try call.integer("axis", default: 1), rank: input.rank, isEndAllowed: true)
      return [input.reshaped(to: [product(input.extents[..<axis]), product(input.extents[axis...])])]
    },
    Operator("Reshape", 1...2, ["allowzero", "shape"]) { (call) throws(GraphError) in
      let input = try call.input(0)
      let attribute = try call.integers("shape")
      guard let wanted = try call.integerInput(1) ?? attribute else {
        throw call.failure("a shape", "none")
      }
      return [input.reshaped(to: try call.extents(wanted, of: input, allowsZero: try call.flag("allowzero")))]
    },
    Operator("Squeeze", 1...2, ["axes"]) { (call) throws(GraphError) in
      let input = try call.input(0)
      let given = try call.axesList()
      let axes = try call.axes(
        given ?? input.extents.indices.filter { input.extents[$0] == 1 }, rank: input.rank)
      for axis in axes where input.extents[axis] != 1 {
        throw call.failure("axes of extent 1", "\(input.extents[axis]) along axis \(axis)")
      }
      return [input.reshaped(to: input.extents.indices.filter { !axes.contains($0) }.map { input.extents[$0] })]
    },
    Operator("Unsqueeze", 1...2, ["axes"]) { (call) throws(GraphError) in
      let input = try call.input(0)
      guard let given = try call.axesList(), given.count <= 64 else { throw call.failure("up to 64 axes", "none") }
      let rank = input.rank + given.count
      let axes = try call.axes(given, rank: rank)
      var rest = input.extents[...]
      return [input.reshaped(to: (0..<rank).map { axes.contains($0) ? 1 : rest.removeFirst() })]
    },
    Operator("Shape", 1...1, ["start", "end"]) { (call) throws(GraphError) in
      let extents = try call.input(0).extents
      let range = try call.range(
        start: try call.integer("start", default: 0, in: Int.min...Int.max),
        end: try call.integer("end", default: extents.count, in: Int.min...Int.max),
        rank: extents.count)
      return [try call.array(.signed64, [range.count], .integer(Array(extents[range])))]
    },
    Operator("Size", 1...1) { (call) throws(GraphError) in
      [try call.array(.signed64, [], .integer([try call.input(0).count]))]
    },
  ]
}

extension OperatorCall {
  /// Axes from an input (newer definitions) or from an attribute (older ones).
  func axesList(input index: Int = 1) throws(GraphError) -> [Int]? {
    if let axes = try integerInput(index) { return axes }
    return try integers("axes")
  }

  /// Extents in which 0 stands for the input's own and -1 for what is left.
  fileprivate func extents(_ wanted: [Int], of input: TypedArray, allowsZero: Bool) throws(GraphError) -> [Int] {
    var extents = wanted
    for (axis, extent) in wanted.enumerated() where extent == 0 && !allowsZero {
      guard axis < input.rank else { throw failure("an extent to copy for axis \(axis)", input.summary) }
      extents[axis] = input.extents[axis]
    }
    let open = extents.indices.filter { extents[$0] == -1 }
    if open.count == 1 {
      extents[open[0]] = 1
      let rest = try count(of: extents)
      guard rest > 0, input.count % rest == 0 else {
        throw failure("extents that divide \(input.count) numbers", "\(wanted)")
      }
      extents[open[0]] = input.count / rest
    }
    guard open.count <= 1, try count(of: extents) == input.count else {
      throw failure("extents of \(input.count) numbers", "\(wanted)")
    }
    return extents
  }

  /// The axes from a start to an end, both counted from the back when negative, cut to those there are.
  fileprivate func range(start: Int, end: Int, rank: Int) throws(GraphError) -> Range<Int> {
    let first = max(0, min(rank, start < 0 ? start + rank : start))
    let last = max(0, min(rank, end < 0 ? end + rank : end))
    return first..<max(first, last)
  }
}
