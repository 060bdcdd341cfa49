/// Numbers that arrays are carried in.
protocol Carrier: Comparable, Sendable {
  static var zero: Self { get }
  static func sum(_ a: Self, _ b: Self) -> Self
  static func difference(_ a: Self, _ b: Self) -> Self
  static func product(_ a: Self, _ b: Self) -> Self
  /// Division; integers are rounded towards zero and the divisor is not 0.
  static func quotient(_ a: Self, _ b: Self) -> Self
  /// The larger number, or NaN when one is NaN.
  static func larger(_ a: Self, _ b: Self) -> Self
  static func smaller(_ a: Self, _ b: Self) -> Self
}

extension Carrier where Self: BinaryFloatingPoint {
  static func sum(_ a: Self, _ b: Self) -> Self { a + b }
  static func difference(_ a: Self, _ b: Self) -> Self { a - b }
  static func product(_ a: Self, _ b: Self) -> Self { a * b }
  static func quotient(_ a: Self, _ b: Self) -> Self { a / b }
  static func larger(_ a: Self, _ b: Self) -> Self { a.isNaN || a > b ? a : b }
  static func smaller(_ a: Self, _ b: Self) -> Self { a.isNaN || a < b ? a : b }
}

extension Float: Carrier {}
extension Double: Carrier {}

/// Integers wrap around: a file must not be able to stop a process by an overflow.
extension Int: Carrier {
  static func sum(_ a: Int, _ b: Int) -> Int { a &+ b }
  static func difference(_ a: Int, _ b: Int) -> Int { a &- b }
  static func product(_ a: Int, _ b: Int) -> Int { a &* b }
  static func quotient(_ a: Int, _ b: Int) -> Int { b == -1 ? 0 &- a : a / b }
  static func larger(_ a: Int, _ b: Int) -> Int { Swift.max(a, b) }
  static func smaller(_ a: Int, _ b: Int) -> Int { Swift.min(a, b) }
}

extension Operator {
  /// Functions of two or more arrays, number by number.
  static let arithmetic: [Operator] = [
    Operator("Add", 2...2, legacy) { (call) throws(GraphError) in [try call.combine(Float.sum, Double.sum, Int.sum)] },
    Operator("Sub", 2...2, legacy) { (call) throws(GraphError) in
      [try call.combine(Float.difference, Double.difference, Int.difference)]
    },
    Operator("Mul", 2...2, legacy) { (call) throws(GraphError) in
      [try call.combine(Float.product, Double.product, Int.product)]
    },
    Operator("Div", 2...2, legacy) { (call) throws(GraphError) in
      if let divisors = try call.input(1).integers, divisors.contains(0) {
        throw call.failure("integer divisors other than 0", "0")
      }
      return [try call.combine(Float.quotient, Double.quotient, Int.quotient)]
    },
    Operator("PRelu", 2...2) { (call) throws(GraphError) in
      [try call.combine({ $0 < 0 ? $0 * $1 : $0 }, { $0 < 0 ? $0 * $1 : $0 }, { $0 < 0 ? $0 &* $1 : $0 })]
    },
    Operator("Sum", many) { (call) throws(GraphError) in [try call.fold(Float.sum, Double.sum, Int.sum)] },
    Operator("Max", many) { (call) throws(GraphError) in [try call.fold(Float.larger, Double.larger, Int.larger)] },
    Operator("Min", many) { (call) throws(GraphError) in
      [try call.fold(Float.smaller, Double.smaller, Int.smaller)]
    },
    Operator("Mean", many) { (call) throws(GraphError) in
      let sum = try call.fold(Float.sum, Double.sum, Int.sum)
      switch sum.numbers {
      case .single(let values):
        return [try call.array(sum.type, sum.extents, .single(values.map { $0 / Float(call.inputs.count) }))]
      case .double(let values):
        return [try call.array(sum.type, sum.extents, .double(values.map { $0 / Double(call.inputs.count) }))]
      case .integer: throw call.badType(sum)
      }
    },
  ]

  /// What the four basic operations had before opset 7.
  private static let legacy = ["broadcast", "axis"]
}

extension OperatorCall {
  /// A function of inputs 0 and 1, which are repeated to fit each other.
  func combine(
    _ single: (Float, Float) -> Float, _ double: (Double, Double) -> Double, _ integer: (Int, Int) -> Int
  ) throws(GraphError) -> TypedArray {
    try combine(try input(0), try alignedSecond(), single, double, integer)
  }

  /// A function of all inputs, taken from the first to the last.
  func fold(
    _ single: (Float, Float) -> Float, _ double: (Double, Double) -> Double, _ integer: (Int, Int) -> Int
  ) throws(GraphError) -> TypedArray {
    var result = try input(0)
    for index in inputs.indices.dropFirst() {
      result = try combine(result, try input(index), single, double, integer)
    }
    return result
  }

  private func combine(
    _ a: TypedArray, _ b: TypedArray, _ single: (Float, Float) -> Float, _ double: (Double, Double) -> Double,
    _ integer: (Int, Int) -> Int
  ) throws(GraphError) -> TypedArray {
    try sameType(a, b)
    let broadcast = try self.broadcast([a, b])
    switch (a.numbers, b.numbers) {
    case (.single(let x), .single(let y)):
      return try array(a.type, broadcast.extents, .single(broadcast.map(x, a.extents, y, b.extents, single)))
    case (.double(let x), .double(let y)):
      return try array(a.type, broadcast.extents, .double(broadcast.map(x, a.extents, y, b.extents, double)))
    case (.integer(let x), .integer(let y)):
      guard a.type != .boolean else { throw badType(a) }
      return try array(a.type, broadcast.extents, .integer(broadcast.map(x, a.extents, y, b.extents, integer)))
    default: throw badType(a)
    }
  }

  /// The extents that arrays are repeated to.
  func broadcast(_ arrays: [TypedArray]) throws(GraphError) -> Broadcast {
    var broadcast = Broadcast()
    for array in arrays {
      guard broadcast.add(array.extents) else {
        throw failure(
          "arrays whose extents are equal or 1", arrays.map { $0.summary }.joined(separator: " and "))
      }
    }
    try count(of: broadcast.extents)
    return broadcast
  }

  /// Input 1, which before opset 7 is laid along the axes of input 0 from `axis` on; slopes of `PRelu` are per channel.
  private func alignedSecond() throws(GraphError) -> TypedArray {
    let second = try input(1)
    let isSlope = node.operatorName == "PRelu" && second.count > 1
    guard opset < 7, isSlope || node.attribute("axis") != nil else { return second }
    let rank = try input(0).rank
    let first = try axis(try integer("axis", default: isSlope ? 1 : 0), rank: rank)
    let trailing = rank - first - second.rank
    guard trailing >= 0 else { throw failure("at most \(rank - first) axes in input 1", second.summary) }
    return second.reshaped(to: second.extents + [Int](repeating: 1, count: trailing))
  }
}

extension Broadcast {
  /// `f` of every pair of numbers.
  func map<Number, Result>(
    _ a: [Number], _ aExtents: [Int], _ b: [Number], _ bExtents: [Int], _ f: (Number, Number) -> Result
  ) -> [Result] {
    switch (places(in: aExtents), places(in: bExtents)) {
    case (nil, nil): a.indices.map { f(a[$0], b[$0]) }
    case (let places?, nil): b.indices.map { f(a[places[$0]], b[$0]) }
    case (nil, let places?): a.indices.map { f(a[$0], b[places[$0]]) }
    case (let first?, let second?): first.indices.map { f(a[first[$0]], b[second[$0]]) }
    }
  }
}
