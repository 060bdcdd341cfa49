import RetinaGraph
import Testing

@Suite struct OperatorTests {
  // MARK: Elementwise

  @Test(
    arguments: [
      ("Relu", [], [0, 0, 0, 0.5, 2]), ("LeakyRelu", [("alpha", .number(0.1))], [-0.2, -0.05, 0, 0.5, 2]),
      ("Elu", [], [-0.86466472, -0.39346934, 0, 0.5, 2]),
      ("Selu", [], [-1.5201664, -0.69175820, 0, 0.5253505, 2.1014020]),
      ("Sigmoid", [], [0.11920292, 0.37754067, 0.5, 0.62245933, 0.88079708]),
      ("Tanh", [], [-0.96402758, -0.46211716, 0, 0.46211716, 0.96402758]),
      ("Softplus", [], [0.12692801, 0.47407698, 0.69314718, 0.97407698, 2.1269280]),
      ("Softsign", [], [-0.66666667, -0.33333333, 0, 0.33333333, 0.66666667]),
      ("HardSigmoid", [("alpha", .number(0.5))], [0, 0.25, 0.5, 0.75, 1]), ("Abs", [], [2, 0.5, 0, 0.5, 2]),
      ("Exp", [], [0.13533528, 0.60653066, 1, 1.6487213, 7.3890561]), ("Neg", [], [2, 0.5, 0, -0.5, -2]),
      ("Round", [], [-2, 0, 0, 0, 2]), ("Sign", [], [-1, -1, 0, 1, 1]), ("Ceil", [], [-2, 0, 0, 1, 2]),
    ] as [(String, [(name: String, value: GraphAttribute)], [Float])])
  func functions(_ name: String, _ attributes: [(name: String, value: GraphAttribute)], _ expected: [Float]) throws {
    let result = try run(name, [floats([-2, -0.5, 0, 0.5, 2])], attributes)[0]
    for (found, wanted) in zip(try #require(result.singles), expected) { #expect(abs(found - wanted) < 1e-6) }
  }

  /// float64 against float32, and large magnitudes, in both.
  @Test(arguments: ["Exp", "Sigmoid", "Softplus", "Elu", "Selu", "Softsign", "Sqrt", "Floor"])
  func doublesAgreeWithSingles(_ name: String) throws {
    let values: [Float] = [0, 0.25, 1.5, 3, 17.5, 80]
    let doubles = try #require(TypedArray(type: .float64, extents: [6], numbers: .double(values.map { Double($0) })))
    guard case .double(let wide) = try run(name, [doubles])[0].numbers else {
      Issue.record("another type")
      return
    }
    for (a, b) in zip(try #require(try run(name, [floats(values)])[0].singles), wide) {
      #expect(abs(Double(a) - b) <= 1e-6 * abs(b))
    }
  }

  @Test func clipping() throws {
    let x = try floats([-3, 0, 3])
    #expect(try run("Clip", [x, floats([-1], 1), floats([2], 1)])[0].singles == [-1, 0, 2])
    #expect(try run("Clip", [x, nil, floats([2], 1)])[0].singles == [-3, 0, 2])
    #expect(try run("Clip", [x], [("min", .number(-2))], opset: 6)[0].singles == [-2, 0, 3])
    #expect(try run("Clip", [integers([-3, 9], .signed8), nil, integers([2], .signed8)])[0].integers == [-3, 2])
    #expect(try failure("Clip", [x, floats([1, 2])]).expected == "bounds that are one number")
  }

  @Test func broadcasting() throws {
    let column = try floats([1, 2], 2, 1)
    let row = try floats([10, 20, 30], 1, 3)
    #expect(try run("Add", [column, row])[0] == floats([11, 21, 31, 12, 22, 32], 2, 3))
    #expect(try run("Sub", [row, column])[0] == floats([9, 19, 29, 8, 18, 28], 2, 3))
    #expect(try run("Mul", [floats([2], 1), row])[0] == floats([20, 40, 60], 1, 3))
    #expect(try failure("Div", [row, floats([1, 2])]).expected == "arrays whose extents are equal or 1")
    // Before opset 7 the second array lies along the axes that are named.
    let legacy = try run(
      "Add", [floats([0, 0, 0, 0], 2, 2), floats([1, 2])], [("axis", .integer(0)), ("broadcast", .integer(1))], opset: 6
    )
    #expect(legacy[0].singles == [1, 1, 2, 2])
  }

  /// Integers wrap around in their type and nothing traps.
  @Test func integersWrap() throws {
    #expect(
      try run("Add", [integers([127, -128], .signed8), integers([1, -1], .signed8)])[0].integers == [-128, 127])
    #expect(try run("Mul", [integers([200], .unsigned8), integers([2], .unsigned8)])[0].integers == [144])
    #expect(try run("Div", [integers([Int.min, 7, -7]), integers([-1, 2, 2])])[0].integers == [Int.min, 3, -3])
    #expect(try run("Abs", [integers([Int.min])])[0].integers == [Int.min])
    #expect(try failure("Div", [integers([1]), integers([0])]).expected == "integer divisors other than 0")
    #expect(
      try failure("Sub", [integers([1], .unsigned64), integers([2], .unsigned64)]).expected == "uint64 below 2^63")
  }

  @Test func halvesAreRounded() throws {
    let half = try #require(TypedArray(type: .float16, extents: [1], numbers: .single([2048])))
    let one = try #require(TypedArray(type: .float16, extents: [1], numbers: .single([1])))
    #expect(try run("Add", [half, one])[0].singles == [2048])
    let cast = try run("Cast", [floats([1.00390625, 1.01171875])], [("to", .integer(16))])[0]
    #expect(cast.type == .brainFloat16)
    #expect(cast.singles == [1, 1.015625])
  }

  @Test func casting() throws {
    func cast(_ values: [Float], _ type: ElementType) throws -> [Int]? {
      try run("Cast", [floats(values)], [("to", .integer(type.onnxCode))])[0].integers
    }
    #expect(try cast([-1.9, 1.9, 300], .signed32) == [-1, 1, 300])
    #expect(try cast([300, .nan], .unsigned8) == [44, 0])
    #expect(try cast([0, -0.5, 2], .boolean) == [0, 1, 1])
    #expect(try cast([.infinity, -.infinity], .signed64) == [Int.max, Int.min])
    #expect(try failure("Cast", [floats([1])], [("to", .integer(8))]).kind == .unsupported)
    for type in ElementType.allCases { #expect(ElementType(onnxCode: type.onnxCode) == type) }
  }

  // MARK: Products, reductions, normalisation

  @Test func products() throws {
    let a = try floats([1, 2, 3, 4, 5, 6], 2, 3)
    let b = try floats([1, 0, 0, 1, 1, 1], 3, 2)
    #expect(try run("MatMul", [a, b])[0] == floats([4, 5, 10, 11], 2, 2))
    #expect(try run("MatMul", [a, floats([1, 1, 1])])[0] == floats([6, 15]))
    #expect(try run("MatMul", [floats([1, 1]), a])[0] == floats([5, 7, 9]))
    #expect(try failure("MatMul", [a, a]).expected.hasPrefix("matrices"))
    let gemm = try run(
      "Gemm", [a, a, floats([1, 2], 1, 2)], [("transB", .integer(1)), ("alpha", .number(0.5)), ("beta", .number(2))])
    #expect(gemm[0] == (try floats([9, 20, 18, 42.5], 2, 2)))
    #expect(try failure("Gemm", [a, b, floats([1, 2, 3])]).expected.hasPrefix("an input 2"))
  }

  @Test func reductions() throws {
    let x = try floats([1, 2, 3, 4, 5, 6], 2, 3)
    #expect(try run("ReduceSum", [x, integers([0])])[0] == floats([5, 7, 9], 1, 3))
    #expect(try run("ReduceMean", [x, integers([-1])], [("keepdims", .integer(0))])[0] == floats([2, 5]))
    #expect(try run("ReduceMax", [x], [("keepdims", .integer(0))])[0].singles == [6])
    #expect(try run("ReduceSum", [x, integers([])], [("noop_with_empty_axes", .integer(1))])[0] == x)
    #expect(try run("ReduceMean", [integers([1, 2, 6])])[0].integers == [3])
    #expect(try failure("ReduceSum", [x, integers([0, -2])]).expected == "every axis once")
    #expect(try failure("ReduceSum", [x, integers([2])]).expected == "an axis of 2")
  }

  @Test func normalization() throws {
    let x = try floats([1, 2, 3, 4], 1, 2, 2)
    let parameters = try [[2, 1], [0, 1], [1, 3], [4, 0.25]].map { try floats($0) }
    let y = try run("BatchNormalization", [x] + parameters, [("epsilon", .number(0))])[0]
    #expect(y.singles == [0, 1, 1, 3])
    #expect(try failure("BatchNormalization", [x] + parameters, [("training_mode", .integer(1))]).kind == .unsupported)
    #expect(try failure("BatchNormalization", [x, x] + parameters.dropFirst()).expected == "2 numbers as input 1")
    #expect(try run("Dropout", [x], outputs: 2)[1] == integers([1, 1, 1, 1], .boolean, extents: [1, 2, 2]))
  }

  // MARK: Pooling

  @Test func maximumPooling() throws {
    let x = try floats([1, 5, 2, 4, 3, 9, 8, 7, 6], 1, 1, 3, 3)
    let kernel = ("kernel_shape", GraphAttribute.integers([2, 2]))
    let plain = try run("MaxPool", [x], [kernel], outputs: 2)
    #expect(plain[0] == (try floats([5, 9, 8, 9], 1, 1, 2, 2)))
    #expect(plain[1].integers == [1, 5, 6, 5])
    let column = try run("MaxPool", [x], [kernel, ("storage_order", .integer(1))], outputs: 2)
    #expect(column[1].integers == [3, 7, 2, 7])
    let ceil = try run("MaxPool", [x], [kernel, ("strides", .integers([2, 2])), ("ceil_mode", .integer(1))])
    #expect(ceil[0].singles == [5, 9, 8, 6])
    let padded = try run("MaxPool", [x], [kernel, ("strides", .integers([2, 2])), ("pads", .integers([1, 1, 0, 0]))])
    #expect(padded[0].singles == [1, 5, 8, 9])
    #expect(
      try run("MaxPool", [floats([1, .nan, 3], 1, 1, 3)], [("kernel_shape", .integers([3]))])[0].singles![0].isNaN)
    let far = [kernel, ("pads", .integers([4, 0, 0, 0]))]
    #expect(try failure("MaxPool", [x], far).expected == "windows that reach the input")
    #expect(try !failure("MaxPool", [x], [("kernel_shape", .integers([0, 2]))]).expected.isEmpty)
    #expect(try !failure("MaxPool", [x], []).expected.isEmpty)
  }

  @Test func averagePooling() throws {
    let x = try floats([1, 2, 3, 4], 1, 1, 4)
    let settings: [(name: String, value: GraphAttribute)] = [
      ("kernel_shape", .integers([3])), ("pads", .integers([1, 1])), ("strides", .integers([2])),
    ]
    #expect(try run("AveragePool", [x], settings)[0].singles == [1.5, 3])
    #expect(try run("AveragePool", [x], settings + [("count_include_pad", .integer(1))])[0].singles == [1, 3])
    #expect(try run("GlobalAveragePool", [x])[0] == floats([2.5], 1, 1, 1))
    #expect(try run("GlobalMaxPool", [x])[0] == floats([4], 1, 1, 1))
  }

  // MARK: Places

  @Test func shapes() throws {
    let x = try floats([0, 1, 2, 3, 4, 5], 1, 2, 3)
    #expect(try run("Reshape", [x, integers([0, -1])])[0].extents == [1, 6])
    #expect(try run("Reshape", [x, integers([3, 1, 2])])[0].extents == [3, 1, 2])
    for shape in [[4], [-1, -1], [-1, 4], [-2, 3], [Int.max, Int.max], [0, 0, 0, 0]] {
      #expect(try !failure("Reshape", [x, integers(shape)]).expected.isEmpty)
    }
    #expect(try run("Flatten", [x], [("axis", .integer(2))])[0].extents == [2, 3])
    #expect(try run("Squeeze", [x])[0].extents == [2, 3])
    #expect(try failure("Squeeze", [x, integers([1])]).expected == "axes of extent 1")
    #expect(try run("Unsqueeze", [x, integers([-1, 0])])[0].extents == [1, 1, 2, 3, 1])
    #expect(try run("Transpose", [x], [("perm", .integers([2, 0, 1]))])[0] == floats([0, 3, 1, 4, 2, 5], 3, 1, 2))
    #expect(try failure("Transpose", [x], [("perm", .integers([0, 0, 1]))]).expected == "every axis once")
    #expect(try run("Shape", [x], [("start", .integer(-2))])[0].integers == [2, 3])
    #expect(
      try failure("Expand", [x, integers([1 << 40, 1, 1])]).expected == "an array of at most 64 axes and 2^24 numbers")
    #expect(
      try failure("ConstantOfShape", [integers([1 << 13, 1 << 12])]).expected
        == "an array of at most 64 axes and 2^24 numbers")
  }

  @Test(
    arguments: [
      ([1], [4], [1], [1, 2, 3]), ([-3], [-1], [1], [2, 3]), ([0], [Int.max], [2], [0, 2, 4]),
      ([4], [Int.min], [-2], [4, 2, 0]), ([-1], [-4], [-1], [4, 3, 2]), ([9], [20], [1], []),
      ([0], [5], [Int.max], [0]), ([4], [0], [Int.min], [4]), ([Int.min], [2], [1], [0, 1]),
    ] as [([Int], [Int], [Int], [Float])])
  func slices(_ start: [Int], _ end: [Int], _ step: [Int], _ expected: [Float]) throws {
    let x = try floats([0, 1, 2, 3, 4])
    let result = try run("Slice", [x, integers(start), integers(end), integers([0]), integers(step)])[0]
    #expect(result.singles == expected)
  }

  @Test func joinsAndParts() throws {
    let (a, b) = (try floats([1, 2, 3, 4], 2, 2), try floats([5, 6], 2, 1))
    #expect(try run("Concat", [a, b], [("axis", .integer(-1))])[0] == floats([1, 2, 5, 3, 4, 6], 2, 3))
    #expect(
      try failure("Concat", [a, b], [("axis", .integer(0))]).expected.hasPrefix("arrays that differ along axis 0"))
    let parts = try run("Split", [floats([1, 2, 3])], [("num_outputs", .integer(2))], outputs: 2)
    #expect(parts.map { $0.singles } == [[1, 2], [3]])
    #expect(try failure("Split", [a, integers([1, 5])], outputs: 2).expected == "2 parts of 2")
    #expect(try run("Gather", [a, integers([1, -2])])[0] == floats([3, 4, 1, 2], 2, 2))
    #expect(try failure("Gather", [a, integers([2])]).expected == "an index from -2 to 1")
    #expect(try failure("Slice", [a, integers([0]), integers([1]), integers([0]), integers([0])]).found == "1 and 1")
    let chosen = try run("Where", [integers([1, 0], .boolean), b, floats([8, 9], 2, 1)])[0]
    #expect(chosen == (try floats([5, 8, 6, 9], 2, 2)))
  }

  @Test(
    arguments: [
      ("constant", [7, 7, 1, 2, 3, 7]), ("edge", [1, 1, 1, 2, 3, 3]), ("reflect", [3, 2, 1, 2, 3, 2]),
      ("wrap", [2, 3, 1, 2, 3, 1]),
    ] as [(String, [Float])])
  func padding(_ mode: String, _ expected: [Float]) throws {
    let x = try floats([1, 2, 3])
    let result = try run("Pad", [x, integers([2, 1]), floats([7], 1)], [("mode", .text(mode))])[0]
    #expect(result.singles == expected)
    #expect(try run("Pad", [x, integers([-1, -1])])[0].singles == [2])
    #expect(try failure("Pad", [x, integers([-2, -2])]).expected == "pads that leave something")
    #expect(try !failure("Pad", [x, integers([Int.max, 0])]).expected.isEmpty)
  }

  // MARK: Quantisation

  @Test func quantizationRoundsTiesToEven() throws {
    let x = try floats([-0.5, 0.5, 1.5, 2.5, 1000, -1000])
    let q = try run("QuantizeLinear", [x, floats([1], 1), integers([3], .signed8)])[0]
    #expect(q == (try integers([3, 3, 5, 5, 127, -128], .signed8)))
    let back = try run("DequantizeLinear", [q, floats([0.5], 1), integers([3], .signed8)])[0]
    #expect(back.singles == [0, 0, 1, 1, 62, -65.5])
    let perAxis = try run(
      "QuantizeLinear", [floats([1, 2, 3, 4], 2, 2), floats([1, 2]), integers([0, 1], .unsigned8)],
      [("axis", .integer(0))])
    #expect(perAxis[0].integers == [1, 2, 3, 3])
    for scale in [0, -1, .nan, .infinity] as [Float] {
      #expect(try failure("QuantizeLinear", [x, floats([scale], 1)]).expected == "scales above 0")
    }
    #expect(try !failure("QuantizeLinear", [x, floats([1], 1), integers([1, 2], .signed8)]).expected.isEmpty)
    for block in [0, -1, 5] {
      let blocks = [("axis", GraphAttribute.integer(0)), ("block_size", .integer(block))]
      #expect(try !failure("QuantizeLinear", [x, floats([1, 1, 1])], blocks).expected.isEmpty)
    }
  }

  @Test func quantizedConvolution() throws {
    let x = try integers([10, 12, 14, 16], .unsigned8, extents: [1, 1, 4])
    let w = try integers([1, -2], .signed8, extents: [1, 1, 2])
    let sums = try run("ConvInteger", [x, w, integers([10], .unsigned8, extents: [])])[0]
    #expect(sums == (try integers([-4, -6, -8], .signed32, extents: [1, 1, 3])))
    let one = try floats([0.5], 1)
    let y = try run(
      "QLinearConv",
      [
        x, one, integers([10], .unsigned8), w, one, integers([0], .signed8), floats([1], 1),
        integers([100], .unsigned8), integers([2], .signed32),
      ])[0]
    // (sum + 2) / 4: -0.5 and -1.5 are ties and go to the even numbers 0 and -2.
    #expect(y == (try integers([100, 99, 98], .unsigned8, extents: [1, 1, 3])))
  }

  @Test func integerProducts() throws {
    let a = try integers([11, 7, 3, 10, 6, 2], .unsigned8, extents: [2, 3])
    let b = try integers([1, 4, 2, 5, 3, 6], .unsigned8, extents: [3, 2])
    let y = try run("MatMulInteger", [a, b, integers([12], .unsigned8), integers([0], .unsigned8)])[0]
    #expect(y == (try integers([-38, -83, -44, -98], .signed32, extents: [2, 2])))
  }
}
