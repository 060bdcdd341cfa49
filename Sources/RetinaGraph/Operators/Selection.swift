extension Operator {
  /// Operators that move numbers: every one is a list of places to read.
  static let selection: [Operator] = [
    Operator("Transpose", 1...1, ["perm"]) { (call) throws(GraphError) in
      let input = try call.input(0)
      let order = try call.integers("perm", count: input.rank) ?? input.extents.indices.reversed()
      guard order.sorted() == Array(0..<input.rank) else { throw call.failure("every axis once", "\(order)") }
      let strides = rowMajorStrides(input.extents)
      let extents = order.map { input.extents[$0] }
      return [input.selecting(stridedPlaces(extents, strides: order.map { strides[$0] }), extents: extents)]
    },
    Operator("Concat", many, ["axis"]) { (call) throws(GraphError) in
      guard call.opset < 4 || call.node.attribute("axis") != nil else { throw call.failure("an axis", "none") }
      let arrays = try call.allInputs()
      let axis = try call.axis(try call.integer("axis", default: 1), rank: arrays[0].rank)
      return [try call.concatenated(arrays, axis: axis)]
    },
    Operator("Split", 1...2, ["axis", "num_outputs", "split"]) { (call) throws(GraphError) in try call.split() },
    Operator("Slice", 1...5, ["axes", "ends", "starts"]) { (call) throws(GraphError) in [try call.slice()] },
    Operator("Pad", 1...4, ["mode", "pads", "value"]) { (call) throws(GraphError) in [try call.pad()] },
    Operator("Gather", 2...2, ["axis"]) { (call) throws(GraphError) in
      let (input, indices) = (try call.input(0), try call.input(1))
      let axis = try call.axis(try call.integer("axis", default: 0), rank: input.rank)
      guard let list = indices.integers else { throw call.badType(indices) }
      var selections = input.extents.map { Array(0..<$0) }
      selections[axis] = []
      for index in list { selections[axis].append(try call.position(index, extent: input.extents[axis])) }
      let extents = Array(input.extents[..<axis]) + indices.extents + Array(input.extents[(axis + 1)...])
      try call.count(of: extents)
      return [input.selecting(selectedPlaces(selections, in: input.extents), extents: extents)]
    },
    Operator("Expand", 2...2) { (call) throws(GraphError) in
      let input = try call.input(0)
      guard let extents = try call.integerInput(1), extents.count <= 64 else { throw call.failure("a shape", "none") }
      try call.count(of: extents)
      var broadcast = Broadcast()
      guard broadcast.add(input.extents), broadcast.add(extents) else {
        throw call.failure("extents that \(input.summary) can be repeated to", "\(extents)")
      }
      try call.count(of: broadcast.extents)
      return [input.broadcast(to: broadcast)]
    },
    Operator("Tile", 2...2) { (call) throws(GraphError) in
      let input = try call.input(0)
      guard let repeats = try call.integerInput(1), repeats.count == input.rank,
        repeats.allSatisfy({ (0...OperatorCall.maximumSetting).contains($0) })
      else { throw call.failure("\(input.rank) repeats", "others") }
      let extents = zip(input.extents, repeats).map { $0.multipliedReportingOverflow(by: $1).partialValue }
      try call.count(of: extents)
      let selections = extents.indices.map { axis in (0..<extents[axis]).map { $0 % input.extents[axis] } }
      return [input.selecting(selectedPlaces(selections, in: input.extents), extents: extents)]
    },
  ]
}

extension OperatorCall {
  /// An index counted from the front; negative ones count from the back.
  fileprivate func position(_ index: Int, extent: Int) throws(GraphError) -> Int {
    let place = index < 0 && index >= -extent ? index + extent : index
    guard place >= 0, place < extent else { throw failure("an index from \(-extent) to \(extent - 1)", "\(index)") }
    return place
  }

  /// Arrays of one type, one after another along an axis.
  func concatenated(_ arrays: [TypedArray], axis: Int) throws(GraphError) -> TypedArray {
    let first = arrays[0]
    var total = 0
    for array in arrays {
      try sameType(first, array)
      guard array.rank == first.rank,
        array.extents.indices.allSatisfy({ $0 == axis || array.extents[$0] == first.extents[$0] })
      else { throw failure("arrays that differ along axis \(axis) only", "\(first.summary) and \(array.summary)") }
      total += array.rank > 0 ? array.extents[axis] : 1
    }
    var extents = first.extents
    if extents.isEmpty { extents = [total] } else { extents[axis] = total }
    let count = try count(of: extents)
    let outer = first.extents.isEmpty ? 1 : product(extents[..<axis])
    func join<Number>(_ parts: [[Number]]) -> [Number] {
      var joined: [Number] = []
      joined.reserveCapacity(count)
      for index in 0..<outer {
        for part in parts {
          let run = part.count / max(1, outer)
          joined += part[index * run..<(index + 1) * run]
        }
      }
      return joined
    }
    var (singles, doubles, integers): ([[Float]], [[Double]], [[Int]]) = ([], [], [])
    for array in arrays {
      switch array.numbers {
      case .single(let values): singles.append(values)
      case .double(let values): doubles.append(values)
      case .integer(let values): integers.append(values)
      }
    }
    switch first.numbers {
    case .single: return try self.array(first.type, extents, .single(join(singles)))
    case .double: return try self.array(first.type, extents, .double(join(doubles)))
    case .integer: return try self.array(first.type, extents, .integer(join(integers)))
    }
  }

  fileprivate func split() throws(GraphError) -> [TypedArray] {
    let input = try input(0)
    let axis = try axis(try integer("axis", default: 0), rank: input.rank)
    let extent = input.extents[axis]
    let parts = node.outputs.count
    if node.attribute("num_outputs") != nil, try integer("num_outputs", default: 0) != parts {
      throw failure("as many outputs as num_outputs", "\(parts)")
    }
    let attribute = try integers("split")
    // Equal parts; the last one is smaller when they do not come out even.
    let size = (extent + max(1, parts) - 1) / max(1, parts)
    let sizes =
      try integerInput(1) ?? attribute ?? (0..<parts).map { max(0, min(size, extent - $0 * size)) }
    guard sizes.count == parts, sizes.allSatisfy({ (0...extent).contains($0) }),
      sizes.reduce(0, +) == extent
    else { throw failure("\(parts) parts of \(extent)", "\(sizes)") }
    var results: [TypedArray] = []
    var start = 0
    for size in sizes {
      var selections = input.extents.map { Array(0..<$0) }
      selections[axis] = Array(start..<start + size)
      var extents = input.extents
      extents[axis] = size
      results.append(input.selecting(selectedPlaces(selections, in: input.extents), extents: extents))
      start += size
    }
    return results
  }

  /// Part of an array along some axes, with steps; settings are attributes before opset 10.
  fileprivate func slice() throws(GraphError) -> TypedArray {
    let input = try input(0)
    let settings = (try list("starts"), try list("ends"), try integers("axes"))
    guard let starts = try integerInput(1) ?? settings.0, let ends = try integerInput(2) ?? settings.1,
      starts.count == ends.count
    else { throw failure("as many starts as ends", "others") }
    let axes = try integerInput(3) ?? settings.2 ?? Array(0..<starts.count)
    let steps = try integerInput(4) ?? [Int](repeating: 1, count: starts.count)
    guard axes.count == starts.count, steps.count == starts.count, !steps.contains(0) else {
      throw failure("\(starts.count) axes, and steps other than 0", "\(axes.count) and \(steps.count)")
    }
    _ = try self.axes(axes, rank: input.rank)
    var selections = input.extents.map { Array(0..<$0) }
    for (index, entry) in axes.enumerated() {
      let axis = try axis(entry, rank: input.rank)
      let extent = input.extents[axis]
      // A step longer than the axis reads one position, as the longest that fits does.
      let step = max(-extent - 1, min(extent + 1, steps[index]))
      let (lowest, highest) = step > 0 ? (0, extent) : (-1, extent - 1)
      func bound(_ value: Int) -> Int {
        max(lowest, min(highest, value < 0 ? value.addingReportingOverflow(extent).partialValue : value))
      }
      selections[axis] = Array(stride(from: bound(starts[index]), to: bound(ends[index]), by: step))
    }
    return input.selecting(selectedPlaces(selections, in: input.extents), extents: selections.map { $0.count })
  }

  /// A list of any integers: ends are often the largest there is.
  private func list(_ name: String) throws(GraphError) -> [Int]? {
    try integers(name, in: Int.min...Int.max)
  }

  /// Numbers before and after an array along its axes; negative counts take some away.
  fileprivate func pad() throws(GraphError) -> TypedArray {
    let input = try input(0)
    let mode = try text("mode", default: "constant", of: ["constant", "edge", "reflect", "wrap"])
    let attribute = try integers("pads")
    guard let pads = try integerInput(1) ?? attribute else { throw failure("pads", "none") }
    let axes = try integerInput(3) ?? Array(0..<input.rank)
    let bounds = -OperatorCall.maximumSetting...OperatorCall.maximumSetting
    guard pads.count == 2 * axes.count, pads.allSatisfy({ bounds.contains($0) }) else {
      throw failure("\(2 * axes.count) pads of at most \(bounds.upperBound)", "\(pads.count)")
    }
    _ = try self.axes(axes, rank: input.rank)
    var margins = input.extents.map { (before: 0, after: 0, extent: $0) }
    for (index, entry) in axes.enumerated() {
      let axis = try axis(entry, rank: input.rank)
      (margins[axis].before, margins[axis].after) = (pads[index], pads[axes.count + index])
    }
    for margin in margins {
      guard -margin.before <= margin.extent + margin.after else {
        throw failure("pads that leave something", "\(margin.before) and \(margin.after)")
      }
      guard mode == "constant" || margin.extent > 0 || (margin.before <= 0 && margin.after <= 0) else {
        throw failure("something to repeat", input.summary)
      }
    }
    let extents = margins.map { $0.before + $0.extent + $0.after }
    try count(of: extents)
    let selections = margins.map { margin in
      (-margin.before..<margin.extent + margin.after).map { paddedPosition($0, extent: margin.extent, mode) }
    }
    let places = selectedPlaces(selections, in: input.extents)
    guard mode == "constant" else { return input.selecting(places, extents: extents) }
    return try filled(input.selecting(places, extents: extents), where: places)
  }

  /// The position that a padded array reads along an axis; -1 for the constant.
  private func paddedPosition(_ position: Int, extent: Int, _ mode: String) -> Int {
    if (0..<extent).contains(position) { return position }
    switch mode {
    case "edge": return position < 0 ? 0 : extent - 1
    case "wrap": return (position % extent + extent) % extent
    case "reflect":
      // Back and forth without repeating the ends.
      let period = max(1, 2 * (extent - 1))
      let phase = (position % period + period) % period
      return phase < extent ? phase : period - phase
    default: return -1
    }
  }

  /// Puts the constant of a padding where nothing was read.
  private func filled(_ array: TypedArray, where places: [Int]) throws(GraphError) -> TypedArray {
    let constant = optional(2)
    if let constant {
      try sameType(array, constant)
      guard constant.count == 1 else { throw failure("one constant", constant.summary) }
    }
    let value = try number("value", default: 0)
    switch array.numbers {
    case .single(var values):
      let fill = constant?.singles?[0] ?? value
      for (index, place) in places.enumerated() where place < 0 { values[index] = fill }
      return try self.array(array.type, array.extents, .single(values))
    case .double(var values):
      var fill = Double(value)
      if case .double(let given)? = constant?.numbers { fill = given[0] }
      for (index, place) in places.enumerated() where place < 0 { values[index] = fill }
      return try self.array(array.type, array.extents, .double(values))
    case .integer(var values):
      let fill = constant?.integers?[0] ?? 0
      for (index, place) in places.enumerated() where place < 0 { values[index] = fill }
      return try self.array(array.type, array.extents, .integer(values))
    }
  }
}
