import RetinaKernels

extension Operator {
  /// Functions of one number.
  static let functions: [Operator] =
    [
      Operator("Relu", 1...1) { (call) throws(GraphError) in
        [try call.map({ $0 > 0 || $0.isNaN ? $0 : 0 }, { $0 > 0 || $0.isNaN ? $0 : 0 }, { max($0, 0) })]
      },
      Operator("LeakyRelu", 1...1, ["alpha"]) { (call) throws(GraphError) in
        let alpha = try call.number("alpha", default: 0.01)
        return [try call.map({ $0 < 0 ? alpha * $0 : $0 }, { $0 < 0 ? Double(alpha) * $0 : $0 })]
      },
      Operator("ThresholdedRelu", 1...1, ["alpha"]) { (call) throws(GraphError) in
        let alpha = try call.number("alpha", default: 1)
        return [try call.map({ $0 > alpha ? $0 : 0 }, { $0 > Double(alpha) ? $0 : 0 })]
      },
      Operator("Elu", 1...1, ["alpha"]) { (call) throws(GraphError) in
        let alpha = try call.number("alpha", default: 1)
        return [try call.selfNormalizing(alpha: alpha, gamma: 1)]
      },
      Operator("Selu", 1...1, ["alpha", "gamma"]) { (call) throws(GraphError) in
        let alpha = try call.number("alpha", default: 1.6732632)
        return [try call.selfNormalizing(alpha: alpha, gamma: try call.number("gamma", default: 1.0507009))]
      },
      Operator("Celu", 1...1, ["alpha"]) { (call) throws(GraphError) in
        let alpha = try call.number("alpha", default: 1)
        return [try call.map { $0 > 0 ? $0 : alpha * (Elementary.exp($0 / alpha) - 1) }]
      },
      Operator("HardSigmoid", 1...1, ["alpha", "beta"]) { (call) throws(GraphError) in
        let (alpha, beta) = (try call.number("alpha", default: 0.2), try call.number("beta", default: 0.5))
        return [
          try call.map(
            { max(0, min(1, alpha * $0 + beta)) }, { max(0, min(1, Double(alpha) * $0 + Double(beta))) })
        ]
      },
      Operator("HardSwish", 1...1) { (call) throws(GraphError) in
        [try call.map({ $0 * max(0, min(1, $0 / 6 + 0.5)) }, { $0 * max(0, min(1, $0 / 6 + 0.5)) })]
      },
      Operator("Clip", 1...3, ["min", "max"]) { (call) throws(GraphError) in [try call.clip()] },
    ] + plain + logistic

  /// Functions without settings that need nothing but arithmetic.
  private static let plain: [Operator] = [
    Operator("Abs", 1...1) { (call) throws(GraphError) in
      [try call.map({ $0.magnitude }, { $0.magnitude }, { $0 < 0 ? 0 &- $0 : $0 })]
    },
    Operator("Neg", 1...1) { (call) throws(GraphError) in [try call.map({ -$0 }, { -$0 }, { 0 &- $0 })] },
    Operator("Sign", 1...1) { (call) throws(GraphError) in
      [
        try call.map(
          { $0 > 0 ? 1 : $0 < 0 ? -1 : $0.isNaN ? $0 : 0 }, { $0 > 0 ? 1 : $0 < 0 ? -1 : $0.isNaN ? $0 : 0 },
          { $0.signum() })
      ]
    },
    Operator("Softsign", 1...1) { (call) throws(GraphError) in
      [try call.map({ $0 / (1 + $0.magnitude) }, { $0 / (1 + $0.magnitude) })]
    },
    Operator("Sqrt", 1...1) { (call) throws(GraphError) in
      [try call.map({ $0.squareRoot() }, { $0.squareRoot() })]
    },
    Operator("Reciprocal", 1...1) { (call) throws(GraphError) in [try call.map({ 1 / $0 }, { 1 / $0 })] },
    Operator("Floor", 1...1) { (call) throws(GraphError) in
      [try call.map({ $0.rounded(.down) }, { $0.rounded(.down) })]
    },
    Operator("Ceil", 1...1) { (call) throws(GraphError) in [try call.map({ $0.rounded(.up) }, { $0.rounded(.up) })] },
    Operator("Round", 1...1) { (call) throws(GraphError) in
      [try call.map({ $0.rounded(.toNearestOrEven) }, { $0.rounded(.toNearestOrEven) })]
    },
  ]

  /// The exponential and what is made of it.
  private static let logistic: [Operator] = [
    Operator("Exp", 1...1) { (call) throws(GraphError) in
      [try call.map({ Elementary.exp($0) }, { ElementaryDouble.exp($0) })]
    },
    Operator("Sigmoid", 1...1) { (call) throws(GraphError) in
      [try call.map({ Elementary.sigmoid($0) }, { ElementaryDouble.sigmoid($0) })]
    },
    Operator("Softplus", 1...1) { (call) throws(GraphError) in
      [try call.map({ Elementary.softplus($0) }, { ElementaryDouble.softplus($0) })]
    },
    Operator("Tanh", 1...1) { (call) throws(GraphError) in [try call.map { Elementary.tanh($0) }] },
    Operator("Softmax", 1...1, ["axis"]) { (call) throws(GraphError) in [try call.softmax()] },
  ]
}

extension OperatorCall {
  /// A function of every number; types without a function are refused.
  func map(
    _ single: (Float) -> Float, _ double: ((Double) -> Double)? = nil, _ integer: ((Int) -> Int)? = nil
  ) throws(GraphError) -> TypedArray {
    let input = try input(0)
    switch input.numbers {
    case .single(let values): return try array(input.type, input.extents, .single(values.map(single)))
    case .double(let values):
      guard let double else { throw badType(input) }
      return try array(input.type, input.extents, .double(values.map(double)))
    case .integer(let values):
      guard let integer, input.type != .boolean else { throw badType(input) }
      return try array(input.type, input.extents, .integer(values.map(integer)))
    }
  }

  /// gamma x above 0, gamma alpha (e^x - 1) below.
  fileprivate func selfNormalizing(alpha: Float, gamma: Float) throws(GraphError) -> TypedArray {
    try map(
      { gamma * ($0 > 0 ? $0 : alpha * (Elementary.exp($0) - 1)) },
      { Double(gamma) * ($0 > 0 ? $0 : Double(alpha) * (ElementaryDouble.exp($0) - 1)) })
  }

  /// Numbers below a bound become the bound; the bounds are attributes before opset 11.
  fileprivate func clip() throws(GraphError) -> TypedArray {
    guard opset >= 11 else {
      let low = try number("min", default: -.greatestFiniteMagnitude)
      let high = try number("max", default: .greatestFiniteMagnitude)
      return try map({ min(max($0, low), high) }, { min(max($0, Double(low)), Double(high)) })
    }
    let input = try input(0)
    for bound in [optional(1), optional(2)] {
      guard let bound else { continue }
      try sameType(input, bound)
      guard bound.count == 1 else { throw failure("bounds that are one number", bound.summary) }
    }
    let (low, high) = (optional(1)?.numbers, optional(2)?.numbers)
    switch input.numbers {
    case .single(var values):
      if case .single(let bound)? = low { values = values.map { max($0, bound[0]) } }
      if case .single(let bound)? = high { values = values.map { min($0, bound[0]) } }
      return try array(input.type, input.extents, .single(values))
    case .double(var values):
      if case .double(let bound)? = low { values = values.map { max($0, bound[0]) } }
      if case .double(let bound)? = high { values = values.map { min($0, bound[0]) } }
      return try array(input.type, input.extents, .double(values))
    case .integer(var values):
      if case .integer(let bound)? = low { values = values.map { max($0, bound[0]) } }
      if case .integer(let bound)? = high { values = values.map { min($0, bound[0]) } }
      return try array(input.type, input.extents, .integer(values))
    }
  }

  /// e^x over its sum along an axis; before opset 13 over all axes from `axis` on.
  fileprivate func softmax() throws(GraphError) -> TypedArray {
    let input = try input(0)
    guard case .single(var values) = input.numbers else { throw badType(input) }
    let axis = try axis(try integer("axis", default: opset < 13 ? 1 : -1), rank: input.rank, isEndAllowed: opset < 13)
    let length = opset < 13 ? product(input.extents[axis...]) : input.extents[axis]
    let inner = opset < 13 ? 1 : product(input.extents[(axis + 1)...])
    guard length > 0, inner > 0 else { return input }
    for outer in 0..<values.count / (length * inner) {
      for lane in 0..<inner {
        let places = stride(from: outer * length * inner + lane, to: (outer + 1) * length * inner, by: inner)
        let largest = places.reduce(-Float.infinity) { Float.larger($0, values[$1]) }
        var sum: Float = 0
        for place in places {
          values[place] = Elementary.exp(values[place] - largest)
          sum += values[place]
        }
        for place in places { values[place] /= sum }
      }
    }
    return try array(input.type, input.extents, .single(values))
  }
}
