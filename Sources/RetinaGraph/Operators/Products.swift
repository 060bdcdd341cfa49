extension Operator {
  /// Matrix products.
  static let products: [Operator] = [
    Operator("MatMul", 2...2) { (call) throws(GraphError) in
      let (a, b) = (try call.input(0), try call.input(1))
      try call.sameType(a, b)
      let plan = try MatrixProduct(call, a.extents, b.extents)
      switch (a.numbers, b.numbers) {
      case (.single(let x), .single(let y)):
        return [try call.array(a.type, plan.extents, .single(plan.multiply(x, y, zero: 0)))]
      case (.double(let x), .double(let y)):
        return [try call.array(a.type, plan.extents, .double(plan.multiply(x, y, zero: 0)))]
      case (.integer(let x), .integer(let y)) where a.type != .boolean:
        return [try call.array(a.type, plan.extents, .integer(plan.multiply(x, y, zero: 0)))]
      default: throw call.badType(a)
      }
    },
    Operator("Gemm", 2...3, ["alpha", "beta", "transA", "transB", "broadcast"]) { (call) throws(GraphError) in
      let a = try call.matrix(0, isTransposed: try call.flag("transA"))
      let b = try call.matrix(1, isTransposed: try call.flag("transB"))
      try call.sameType(a, b)
      let (alpha, beta) = (try call.number("alpha", default: 1), try call.number("beta", default: 1))
      let plan = try MatrixProduct(call, a.extents, b.extents)
      var start: Numbers?
      if let c = call.optional(2) {
        try call.sameType(a, c)
        var broadcast = Broadcast()
        guard broadcast.add(plan.extents), broadcast.add(c.extents), broadcast.extents == plan.extents else {
          throw call.failure("an input 2 that can be repeated to \(plan.extents)", c.summary)
        }
        start = c.broadcast(to: broadcast).numbers
      }
      switch (a.numbers, b.numbers) {
      case (.single(let x), .single(let y)):
        var result = plan.multiply(x, y, zero: 0)
        for place in result.indices { result[place] *= alpha }
        if case .single(let c)? = start { for place in result.indices { result[place] += beta * c[place] } }
        return [try call.array(a.type, plan.extents, .single(result))]
      case (.double(let x), .double(let y)):
        var result = plan.multiply(x, y, zero: 0)
        for place in result.indices { result[place] *= Double(alpha) }
        if case .double(let c)? = start { for place in result.indices { result[place] += Double(beta) * c[place] } }
        return [try call.array(a.type, plan.extents, .double(result))]
      default: throw call.badType(a)
      }
    },
  ]
}

extension OperatorCall {
  /// An input of two axes, turned round when asked.
  fileprivate func matrix(_ index: Int, isTransposed: Bool) throws(GraphError) -> TypedArray {
    let array = try input(index)
    guard array.rank == 2 else { throw failure("a matrix as input \(index)", array.summary) }
    guard isTransposed else { return array }
    let (rows, columns) = (array.extents[0], array.extents[1])
    return array.selecting(stridedPlaces([columns, rows], strides: [1, columns]), extents: [columns, rows])
  }
}

/// A product of two stacks of matrices, `[..., rows, inner] x [..., inner, columns]`, as NumPy's `matmul` defines it.
///
/// An array of one axis is a row on the left and a column on the right, and leaves no axis behind.
struct MatrixProduct {
  let extents: [Int]
  private let rows, inner, columns: Int
  private let first, second: [Int]

  init(_ call: OperatorCall, _ a: [Int], _ b: [Int]) throws(GraphError) {
    let left = a.count == 1 ? [1] + a : a
    let right = b.count == 1 ? b + [1] : b
    guard left.count >= 2, right.count >= 2, left[left.count - 1] == right[right.count - 2] else {
      throw call.failure("matrices [.., rows, inner] and [.., inner, columns]", "\(a) and \(b)")
    }
    (rows, inner, columns) = (left[left.count - 2], left[left.count - 1], right[right.count - 1])
    var stack = Broadcast()
    guard stack.add(Array(left.dropLast(2))), stack.add(Array(right.dropLast(2))) else {
      throw call.failure("stacks of matrices whose extents are equal or 1", "\(a) and \(b)")
    }
    extents = stack.extents + (a.count == 1 ? [] : [rows]) + (b.count == 1 ? [] : [columns])
    try call.count(of: extents)
    let all = Array(0..<product(stack.extents))
    first = stack.places(in: Array(left.dropLast(2))) ?? all
    second = stack.places(in: Array(right.dropLast(2))) ?? all
  }

  func multiply<Number: Carrier>(_ a: [Number], _ b: [Number], zero: Number) -> [Number] {
    var result = [Number](repeating: zero, count: first.count * rows * columns)
    for matrix in first.indices {
      for row in 0..<rows {
        let target = (matrix * rows + row) * columns
        for index in 0..<inner {
          let factor = a[(first[matrix] * rows + row) * inner + index]
          let source = (second[matrix] * inner + index) * columns
          for column in 0..<columns {
            result[target + column] = Number.sum(result[target + column], Number.product(factor, b[source + column]))
          }
        }
      }
    }
    return result
  }
}
