extension Operator {
  /// Arrays out of nothing but settings.
  static let sources: [Operator] = [
    Operator(
      "Constant", 0...0, ["value", "value_float", "value_floats", "value_int", "value_ints"]
    ) { (call) throws(GraphError) in
      guard call.node.attributes.count == 1, let value = call.node.attributes.first?.value else {
        throw call.failure("one value", "\(call.node.attributes.count)")
      }
      switch value {
      case .array(let array): return [array]
      case .number(let value): return [try call.array(.float32, [], .single([value]))]
      case .numbers(let values): return [try call.array(.float32, [values.count], .single(values))]
      case .integer(let value): return [try call.array(.signed64, [], .integer([value]))]
      case .integers(let values): return [try call.array(.signed64, [values.count], .integer(values))]
      case .text, .texts, .other: throw call.unsupported("a value of numbers", value.summary)
      }
    },
    Operator("ConstantOfShape", 1...1, ["value"]) { (call) throws(GraphError) in
      guard let extents = try call.integerInput(0) else { throw call.failure("a shape", "none") }
      let count = try call.count(of: extents)
      guard let attribute = call.node.attribute("value") else {
        return [try call.array(.float32, extents, .single([Float](repeating: 0, count: count)))]
      }
      guard case .array(let value) = attribute, value.count == 1 else {
        throw call.failure("one value", attribute.summary)
      }
      return [value.selecting([Int](repeating: 0, count: count), extents: extents)]
    },
    Operator("Range", 3...3) { (call) throws(GraphError) in
      let (start, limit, step) = (try call.input(0), try call.input(1), try call.input(2))
      try call.sameType(start, limit)
      try call.sameType(start, step)
      guard start.count == 1, limit.count == 1, step.count == 1 else { throw call.failure("three numbers", "others") }
      func count(_ steps: Double) throws(GraphError) -> Int {
        guard steps > 0 else { return 0 }
        guard steps <= Double(OperatorCall.maximumResult) else {
          throw call.failure("at most 2^24 numbers", "\(steps)")
        }
        return Int(steps.rounded(.up))
      }
      switch (start.numbers, limit.numbers, step.numbers) {
      case (.integer(let a), .integer(let b), .integer(let c)):
        guard c[0] != 0 else { throw call.failure("a step other than 0", "0") }
        let length = try count((Double(b[0]) - Double(a[0])) / Double(c[0]))
        return [try call.array(start.type, [length], .integer((0..<length).map { a[0] &+ $0 &* c[0] }))]
      case (.single(let a), .single(let b), .single(let c)):
        let length = try count((Double(b[0]) - Double(a[0])) / Double(c[0]))
        return [try call.array(start.type, [length], .single((0..<length).map { a[0] + Float($0) * c[0] }))]
      default: throw call.badType(start)
      }
    },
  ]
}
