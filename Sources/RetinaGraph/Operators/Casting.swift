extension Operator {
  /// Changes of type.
  static let casting: [Operator] = [
    Operator("Cast", 1...1, ["to"], ignored: ["saturate", "round_mode"]) { (call) throws(GraphError) in
      let code = try call.integer("to", default: 0)
      guard let type = ElementType(onnxCode: code) else {
        throw call.unsupported("a type of \(ElementType.allCases.map { $0.name }.joined(separator: ", "))", "\(code)")
      }
      return [try call.cast(try call.input(0), to: type)]
    },
    Operator("CastLike", 2...2, ignored: ["saturate", "round_mode"]) { (call) throws(GraphError) in
      [try call.cast(try call.input(0), to: try call.input(1).type)]
    },
  ]
}

extension OperatorCall {
  /// The same numbers in another type: fractions are cut off, and integers that do not fit wrap around.
  func cast(_ array: TypedArray, to type: ElementType) throws(GraphError) -> TypedArray {
    let numbers: Numbers
    switch (array.numbers, type) {
    case (.single(let values), .boolean): numbers = .integer(values.map { $0 == 0 ? 0 : 1 })
    case (.double(let values), .boolean): numbers = .integer(values.map { $0 == 0 ? 0 : 1 })
    case (.single(let values), .float64): numbers = .double(values.map { Double($0) })
    case (.integer(let values), .float64): numbers = .double(values.map { Double($0) })
    case (.double(let values), .float16): numbers = .single(values.map { Float(Float16($0)) })
    case (.double(let values), .float32), (.double(let values), .brainFloat16):
      numbers = .single(values.map { Float($0) })
    case (.integer(let values), .float32), (.integer(let values), .float16), (.integer(let values), .brainFloat16):
      numbers = .single(values.map { Float($0) })
    case (.single(let values), _) where !type.isFloatingPoint: numbers = .integer(values.map { truncated(Double($0)) })
    case (.double(let values), _) where !type.isFloatingPoint: numbers = .integer(values.map { truncated($0) })
    default: numbers = array.numbers
    }
    return try self.array(type, array.extents, numbers)
  }
}

/// The integer part, within the range of `Int`; 0 for NaN.
func truncated(_ value: Double) -> Int {
  if value.isNaN { return 0 }
  return value >= 0x1p63 ? Int.max : value < -0x1p63 ? Int.min : Int(value)
}
