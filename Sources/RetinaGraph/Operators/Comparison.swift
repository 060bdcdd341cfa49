extension Operator {
  /// Questions about pairs of numbers, and what is done with the answers.
  static let comparison: [Operator] = [
    Operator("Equal", 2...2) { (call) throws(GraphError) in [try call.compare(==, ==, ==)] },
    Operator("Greater", 2...2) { (call) throws(GraphError) in [try call.compare(>, >, >)] },
    Operator("GreaterOrEqual", 2...2) { (call) throws(GraphError) in [try call.compare(>=, >=, >=)] },
    Operator("Less", 2...2) { (call) throws(GraphError) in [try call.compare(<, <, <)] },
    Operator("LessOrEqual", 2...2) { (call) throws(GraphError) in [try call.compare(<=, <=, <=)] },
    Operator("And", 2...2) { (call) throws(GraphError) in [try call.logic { $0 & $1 }] },
    Operator("Or", 2...2) { (call) throws(GraphError) in [try call.logic { $0 | $1 }] },
    Operator("Xor", 2...2) { (call) throws(GraphError) in [try call.logic { $0 ^ $1 }] },
    Operator("Not", 1...1) { (call) throws(GraphError) in
      let input = try call.input(0)
      guard input.type == .boolean, let values = input.integers else { throw call.badType(input) }
      return [try call.array(.boolean, input.extents, .integer(values.map { 1 - $0 }))]
    },
    Operator("Where", 3...3) { (call) throws(GraphError) in
      let (condition, yes, no) = (try call.input(0), try call.input(1), try call.input(2))
      try call.sameType(yes, no)
      guard condition.type == .boolean else { throw call.badType(condition) }
      let broadcast = try call.broadcast([condition, yes, no])
      // Both choices in a row: a place in the second half reads the other array.
      let count = product(broadcast.extents)
      let choices = try call.concatenated([yes.broadcast(to: broadcast), no.broadcast(to: broadcast)], axis: 0)
      let answers = condition.broadcast(to: broadcast).integers ?? []
      return [
        choices.selecting(answers.indices.map { answers[$0] == 1 ? $0 : $0 + count }, extents: broadcast.extents)
      ]
    },
  ]
}

extension OperatorCall {
  fileprivate func compare(
    _ single: (Float, Float) -> Bool, _ double: (Double, Double) -> Bool, _ integer: (Int, Int) -> Bool
  ) throws(GraphError) -> TypedArray {
    let (a, b) = (try input(0), try input(1))
    try sameType(a, b)
    let broadcast = try broadcast([a, b])
    let answers: [Bool]
    switch (a.numbers, b.numbers) {
    case (.single(let x), .single(let y)): answers = broadcast.map(x, a.extents, y, b.extents, single)
    case (.double(let x), .double(let y)): answers = broadcast.map(x, a.extents, y, b.extents, double)
    case (.integer(let x), .integer(let y)): answers = broadcast.map(x, a.extents, y, b.extents, integer)
    default: throw badType(a)
    }
    return try array(.boolean, broadcast.extents, .integer(answers.map { $0 ? 1 : 0 }))
  }

  fileprivate func logic(_ function: (Int, Int) -> Int) throws(GraphError) -> TypedArray {
    let (a, b) = (try input(0), try input(1))
    guard a.type == .boolean, b.type == .boolean, let x = a.integers, let y = b.integers else { throw badType(a) }
    let broadcast = try broadcast([a, b])
    return try array(.boolean, broadcast.extents, .integer(broadcast.map(x, a.extents, y, b.extents, function)))
  }
}
