extension Operator {
  /// Integers that stand for `(q - zero point) * scale`.
  static let quantization: [Operator] = [
    Operator("QuantizeLinear", 2...3, ["axis", "block_size", "output_dtype", "precision"], ignored: ["saturate"]) {
      (call) throws(GraphError) in
      let input = try call.input(0)
      let scales = try call.scales(1, zeroPoint: 2, for: input)
      let stated = try call.integer("output_dtype", default: 0)
      let type = call.optional(2)?.type ?? ElementType(onnxCode: stated == 0 ? 2 : stated)
      guard let type, !type.isFloatingPoint, type != .boolean else {
        throw call.unsupported("an integer type of 8, 16 or 32 bits", "data type \(stated)")
      }
      return [try call.quantize(try call.floats(input), input.extents, scales, to: type)]
    },
    Operator("DequantizeLinear", 2...3, ["axis", "block_size", "output_dtype"]) { (call) throws(GraphError) in
      let input = try call.input(0)
      let scales = try call.scales(1, zeroPoint: 2, for: input)
      guard let values = input.integers else { throw call.badType(input) }
      let type = ElementType(onnxCode: try call.integer("output_dtype", default: 0)) ?? scales.type
      let result = values.indices.map { Float(values[$0] &- scales.zero(of: $0)) * scales.scale(of: $0) }
      return [try call.array(type, input.extents, .single(result))]
    },
    Operator("DynamicQuantizeLinear", 1...1) { (call) throws(GraphError) in
      let input = try call.input(0)
      guard input.type == .float32, let values = input.singles else { throw call.badType(input) }
      let low = values.reduce(Float(0)) { min($0, $1) }
      let high = values.reduce(Float(0)) { max($0, $1) }
      let scale = high > low ? (high - low) / 255 : 1
      guard scale.isFinite, scale > 0 else { throw call.failure("numbers whose range is finite", "others") }
      let zero = Int(max(0, min(255, (-low / scale).rounded(.toNearestOrEven))))
      let scales = QuantizationScales(type: .float32, scales: [scale], zeros: [zero], map: .one)
      return [
        try call.quantize(values, input.extents, scales, to: .unsigned8),
        try call.array(.float32, [], .single([scale])), try call.array(.unsigned8, [], .integer([zero])),
      ]
    },
    Operator("ConvInteger", 2...4, Windows.attributes + ["group"]) { (call) throws(GraphError) in
      let x = try call.centred(0, zeroPoint: 2, axis: nil)
      let w = try call.centred(1, zeroPoint: 3, axis: 0)
      let (extents, y) = try call.convolve(x.values, x.extents, w.values, w.extents, bias: nil, zero: 0)
      return [try call.array(.signed32, extents, .integer(y))]
    },
    Operator("MatMulInteger", 2...4) { (call) throws(GraphError) in
      let a = try call.centred(0, zeroPoint: 2, axis: -2)
      let b = try call.centred(1, zeroPoint: 3, axis: -1)
      let plan = try MatrixProduct(call, a.extents, b.extents)
      return [try call.array(.signed32, plan.extents, .integer(plan.multiply(a.values, b.values, zero: 0)))]
    },
    Operator("QLinearConv", 8...9, Windows.attributes + ["group"]) { (call) throws(GraphError) in
      let x = try call.centred(0, zeroPoint: 2, axis: nil)
      let w = try call.centred(3, zeroPoint: 5, axis: 0)
      let bias = try call.optional(8).map { (array) throws(GraphError) -> [Int] in
        guard array.type == .signed32, let values = array.integers else { throw call.badType(array) }
        return values
      }
      let (extents, sums) = try call.convolve(x.values, x.extents, w.values, w.extents, bias: bias, zero: 0)
      let (xScale, yScale) = (try call.oneScale(1), try call.oneScale(6))
      let wScales = try call.floats(try call.input(4))
      guard wScales.count == 1 || wScales.count == w.extents[0] else {
        throw call.failure("1 or \(w.extents[0]) scales of the weight", "\(wScales.count)")
      }
      let plane = product(extents[2...])
      let factors = wScales.map { xScale * $0 / yScale }
      return [
        try call.requantize(sums, extents, zeroPoint: 7) { place in
          factors[factors.count == 1 ? 0 : place / plane % factors.count]
        }
      ]
    },
    Operator("QLinearMatMul", 8...8) { (call) throws(GraphError) in
      let a = try call.centred(0, zeroPoint: 2, axis: -2)
      let b = try call.centred(3, zeroPoint: 5, axis: -1)
      let plan = try MatrixProduct(call, a.extents, b.extents)
      let factor = try call.oneScale(1) * call.oneScale(4) / call.oneScale(6)
      let sums = plan.multiply(a.values, b.values, zero: 0)
      return [try call.requantize(sums, plan.extents, zeroPoint: 7) { _ in factor }]
    },
  ]
}

/// Scales and zero points, one for all numbers, or one per position along an axis, or one per block of them.
struct QuantizationScales {
  /// Which scale belongs to a number.
  enum Map {
    case one
    /// `extent` positions along an axis, `run` numbers apart, in blocks of `block`.
    case axis(extent: Int, run: Int, block: Int, isBlocked: Bool)
  }

  var type: ElementType
  var scales: [Float]
  var zeros: [Int]
  var map: Map

  func scale(of place: Int) -> Float { scales[index(place)] }
  func zero(of place: Int) -> Int { zeros.isEmpty ? 0 : zeros[index(place)] }

  private func index(_ place: Int) -> Int {
    switch map {
    case .one: return 0
    case .axis(let extent, let run, let block, let isBlocked):
      let position = place / run % extent
      guard isBlocked else { return position }
      let blocks = (extent + block - 1) / block
      return (place / (run * extent) * blocks + position / block) * run + place % run
    }
  }
}

extension OperatorCall {
  /// The numbers of an array as float32.
  fileprivate func floats(_ array: TypedArray) throws(GraphError) -> [Float] {
    switch array.numbers {
    case .single(let values): return values
    case .integer(let values) where array.type == .signed32: return values.map { Float($0) }
    default: throw badType(array)
    }
  }

  /// A scale that is one number above 0.
  fileprivate func oneScale(_ index: Int) throws(GraphError) -> Float {
    let array = try input(index)
    guard let values = array.singles, values.count == 1, values[0].isFinite, values[0] > 0 else {
      throw unsupported("one scale above 0 as input \(index)", array.summary)
    }
    return values[0]
  }

  /// The scales and zero points of an array.
  fileprivate func scales(
    _ index: Int, zeroPoint: Int, for array: TypedArray
  ) throws(GraphError) -> QuantizationScales {
    let scale = try input(index)
    guard let values = scale.singles, values.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw failure("scales above 0", scale.summary)
    }
    let zeros = optional(zeroPoint)
    if let zeros, zeros.integers == nil || zeros.extents != scale.extents {
      throw unsupported("integer zero points as many as scales", zeros.summary)
    }
    var result = QuantizationScales(type: scale.type, scales: values, zeros: zeros?.integers ?? [], map: .one)
    // A single scale, as an array without axes or of one number.
    if scale.rank == 0 || (scale.rank == 1 && values.count == 1) { return result }
    let axis = try axis(try integer("axis", default: 1), rank: array.rank)
    let (extent, run) = (array.extents[axis], product(array.extents[(axis + 1)...]))
    if scale.rank == 1, values.count == extent {
      result.map = .axis(extent: extent, run: run, block: 1, isBlocked: false)
      return result
    }
    let block = try integer("block_size", default: 0, in: 0...OperatorCall.maximumSetting)
    var blocks = array.extents
    if block > 0 { blocks[axis] = (extent + block - 1) / block }
    guard block > 0, scale.extents == blocks else {
      throw failure("scales for axis \(axis) of \(array.summary)", scale.summary)
    }
    result.map = .axis(extent: extent, run: run, block: block, isBlocked: true)
    return result
  }

  /// `round(x / scale) + zero point`, ties to even, kept within the type.
  fileprivate func quantize(
    _ values: [Float], _ extents: [Int], _ scales: QuantizationScales, to type: ElementType
  ) throws(GraphError) -> TypedArray {
    guard let range = type.range else { throw unsupported("an integer type", type.name) }
    let result = values.indices.map { place -> Int in
      var quotient = values[place] / scales.scale(of: place)
      if scales.type == .float16 { quotient = Float(Float16(quotient)) }
      let zero = scales.zero(of: place)
      return clamped(truncated(Double(quotient.rounded(.toNearestOrEven))), zero, range)
    }
    return try array(type, extents, .integer(result))
  }

  /// An integer input less its zero point, which may be one number or one per position along an axis.
  fileprivate func centred(
    _ index: Int, zeroPoint: Int, axis: Int?
  ) throws(GraphError) -> (values: [Int], extents: [Int]) {
    let array = try input(index)
    guard let values = array.integers, array.type.size == 1, array.type != .boolean else { throw badType(array) }
    guard let zeros = optional(zeroPoint) else { return (values, array.extents) }
    try sameType(array, zeros)
    guard let points = zeros.integers else { throw badType(zeros) }
    if points.count == 1 { return (values.map { $0 - points[0] }, array.extents) }
    guard let axis, array.rank >= 2 else { throw failure("one zero point", zeros.summary) }
    let place = axis < 0 ? axis + array.rank : axis
    let run = product(array.extents[(place + 1)...])
    guard points.count == array.extents[place] else {
      throw failure("\(array.extents[place]) zero points", zeros.summary)
    }
    return (values.indices.map { values[$0] - points[$0 / run % points.count] }, array.extents)
  }

  /// Sums times factors, rounded to the type of the zero point.
  fileprivate func requantize(
    _ sums: [Int], _ extents: [Int], zeroPoint: Int, factor: (Int) -> Float
  ) throws(GraphError) -> TypedArray {
    let zero = try input(zeroPoint)
    guard let points = zero.integers, points.count == 1, let range = zero.type.range else { throw badType(zero) }
    let result = sums.indices.map { place in
      clamped(
        truncated(Double((Float(sums[place]) * factor(place)).rounded(.toNearestOrEven))), points[0], range)
    }
    return try array(zero.type, extents, .integer(result))
  }

  /// The sum of two integers, kept within a range.
  private func clamped(_ value: Int, _ zero: Int, _ range: ClosedRange<Int>) -> Int {
    let (sum, overflow) = value.addingReportingOverflow(zero)
    guard !overflow else { return value < 0 ? range.lowerBound : range.upperBound }
    return min(max(sum, range.lowerBound), range.upperBound)
  }
}
