import FoundationEssentials
import RetinaGraph
import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaFiles

@Suite struct ONNXTests {
  private let small = Graph(
    name: "small", opset: 17, producer: "test",
    nodes: [
      GraphNode(
        name: "conv", "Conv", inputs: ["x", "w"], outputs: ["c"],
        attributes: [("pads", .integers([0, 1, 0, 1])), ("auto_pad", .text("NOTSET")), ("alpha", .number(-0.5))]),
      GraphNode(
        name: "", "Sub", domain: "d", inputs: ["c", ""], outputs: ["y"],
        attributes: [("n", .numbers([1, 2])), ("t", .texts(["a", "b"])), ("i", .integer(-1))]),
    ],
    inputs: [GraphValue(name: "x", type: .float32, extents: [.named("batch"), .fixed(2), .named("")])],
    outputs: [GraphValue(name: "y", type: .signed8, extents: [])],
    constants: [
      ("w", TypedArray(type: .float64, extents: [2, 0], numbers: .double([]))!),
      ("s", TypedArray(type: .signed64, extents: [], numbers: .integer([Int.min]))!),
    ],
    metadata: [("key", "värde")])

  @Test func aGraphComesBack() throws {
    let bytes = ONNX.bytes(of: small)
    let back = try ONNX.parse(bytes, file: "-")
    #expect(back.name == "small")
    #expect(back.opset == 17)
    #expect(back.producer == "test")
    #expect(back.nodes.map(\.operatorName) == ["Conv", "Sub"])
    #expect(back.nodes.map(\.inputs) == [["x", "w"], ["c", ""]])
    for (node, wanted) in zip(back.nodes, small.nodes) {
      #expect(node.attributes.map(\.name) == wanted.attributes.map(\.name))
      #expect(node.attributes.map(\.value) == wanted.attributes.map(\.value))
    }
    #expect(back.inputs == small.inputs)
    #expect(back.outputs == small.outputs)
    #expect(back.constants.map(\.array) == small.constants.map(\.array))
    #expect(back.metadata.map(\.text) == ["värde"])
    #expect(ONNX.bytes(of: back) == bytes)
  }

  /// Every type, as raw bytes and in the list that the format has for it.
  @Test(arguments: RetinaGraph.ElementType.allCases) func readsEveryType(_ type: RetinaGraph.ElementType) throws {
    let numbers: Numbers =
      switch type {
      case .float64: .double([0, 1, -2.5])
      case .float16, .brainFloat16, .float32: .single([0, 1, -2.5])
      case .boolean: .integer([0, 1, 1])
      default: .integer([0, 1, type.range.map { max($0.lowerBound, -100) } ?? 0])
      }
    let array = try #require(TypedArray(type: type, extents: [3], numbers: numbers))
    var raw = ProtobufWriter()
    ONNXWriter.write(array, name: "a", to: &raw)
    #expect(try ONNX.parseArray(raw.bytes, file: "-").array == array)

    var list = ProtobufWriter()
    list.write(1, 3)
    list.write(2, type.onnxCode)
    switch (numbers, type) {
    case (.single(let values), .float16): list.write(5, values.map { Int(Float16($0).bitPattern) })
    case (.single(let values), .brainFloat16): list.write(5, values.map { Int($0.bitPattern >> 16) })
    case (.single(let values), _): for value in values { list.write(4, value) }
    case (.double(let values), _):
      list.write(10, values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } })
    case (.integer(let values), .signed64): list.write(7, values)
    case (.integer(let values), .unsigned32), (.integer(let values), .unsigned64):
      for value in values { list.write(11, value) }
    case (.integer(let values), _): list.write(5, values)
    }
    #expect(try ONNX.parseArray(list.bytes, file: "-").array == array)
  }

  // MARK: Malformed files

  /// An array from some extents, a type and raw bytes.
  private static func array(
    _ extents: [Int], _ code: Int, _ raw: [UInt8], _ more: (inout ProtobufWriter) -> Void = { _ in }
  ) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.write(1, extents)
    writer.write(2, code)
    writer.write(9, raw)
    more(&writer)
    return writer.bytes
  }

  @Test(
    arguments: [
      // Products that overflow, negative extents, huge counts (classes 1, 3 and 7).
      (array([1 << 32, 1 << 32], 1, []), "at most 64 axes and 2^26 numbers"),
      (array([1 << 62, 4], 1, []), "at most 64 axes and 2^26 numbers"),
      (array([(1 << 26) + 1], 3, []), "at most 64 axes and 2^26 numbers"),
      (array([-1, -4], 1, [0, 0, 0, 0]), "at most 64 axes and 2^26 numbers"),
      (array([1 << 26], 1, [0, 0, 0, 0]), "268435456 bytes for 67108864 of float32"),
      // Too many axes (class 4), a type of another size than the bytes (class 5).
      (array([Int](repeating: 1, count: 65), 1, [0, 0, 0, 0]), "at most 64 axes and 2^26 numbers"),
      (array([1], 11, [0, 0, 0, 0]), "8 bytes for 1 of float64"),
      (array([2], 1, [0, 0, 0, 0]), "8 bytes for 2 of float32"),
      (array([1], 1, [0, 0, 0, 0, 0]), "4 bytes for 1 of float32"),
      (
        array([1], 0, [0]),
        "numbers of type bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float16, bfloat16, float32, float64"
      ),
      (
        array([1], -7, [0]),
        "numbers of type bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float16, bfloat16, float32, float64"
      ),
      (array([1], 13, [0, 0, 0, 0, 0, 0, 0, 0x80]), "uint64 below 2^63"),
      // A segment, numbers in another file (class 11).
      (array([1], 1, [0, 0, 0, 0]) { $0.write(3) { $0.write(1, 0) } }, "a whole array"),
      (array([1], 1, []) { $0.write(14, 1) }, "numbers inside this file"),
      // The wire format: lengths and integers that do not end, field 0, groups, wrong wire types.
      ([0x4a, 0x05, 0], "a length of at most the 1 bytes left"),
      ([0x4a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], "a length of at most the 0 bytes left"),
      ([0x4a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], "an integer of at most 64 bits"),
      ([0x10, 0x80], "an integer"), ([0x00, 0x00], "the number of a field"),
      ([0x13], "a field of wire type 0, 1, 2 or 5"),
      ([0x15, 0, 0], "4 bytes"), ([0x51, 0], "8 bytes"), ([0x12, 0x00], "an integer"),
      ([0x48, 0x00], "a length and bytes"),
      ([0x22, 0x03, 0, 0, 0], "a multiple of 4 bytes"), ([0x42, 0x01, 0xff], "UTF-8"), ([0x50, 0x00], "a double"),
    ] as [([UInt8], String)])
  func saysWhatIsWrongWithAnArray(_ bytes: [UInt8], _ expected: String) throws {
    let error = try failure { try ONNX.parseArray(bytes, file: "f") }
    #expect(error.expected == expected, "\(error)")
  }

  @Test func saysTheByte() throws {
    let error = try failure { try ONNX.parseArray([0x10, 0x01, 0x4a, 0x05, 0], file: "f") }
    #expect(error.place == "byte 3")
  }

  @Test func valuesOutsideTheirType() throws {
    for (code, value) in [(3, 128), (2, -1), (2, 256), (9, 2), (6, 1 << 31)] {
      var writer = ProtobufWriter()
      writer.write(1, 1)
      writer.write(2, code)
      writer.write(5, [value])
      #expect(try failure { try ONNX.parseArray(writer.bytes, file: "f") }.expected.hasPrefix("numbers that"))
    }
  }

  @Test func saysWhatIsWrongWithAModel() throws {
    #expect(try failure { try ONNX.parse([], file: "f") }.expected == "an ONNX model with a graph")
    let graph = ONNX.bytes(of: small)
    #expect(try failure { try ONNX.parse(graph + graph, file: "f") }.expected == "one graph")
    var twice = small
    twice.constants.append(twice.constants[0])
    let error = try failure { try ONNX.parse(ONNX.bytes(of: twice), file: "f") }
    #expect(error.expected == "initializers of different names")
  }

  /// A message inside itself many times is no deeper than what is read of it.
  @Test func nestingIsNotFollowed() throws {
    var bytes: [UInt8] = []
    for _ in 0..<2000 {
      // A node with an attribute that is a graph with a node ...
      var graph = ProtobufWriter()
      graph.write(1) { node in node.write(5) { $0.write(6, bytes) } }
      bytes = graph.bytes
    }
    var model = ProtobufWriter()
    model.write(7, bytes)
    #expect(try ONNX.parse(model.bytes, file: "f").nodes[0].attributes[0].value == .other)
  }

  @Test func everyTruncationIsAnErrorOrAnotherGraph() throws {
    let bytes = ONNX.bytes(of: small)
    for count in 0..<bytes.count {
      // Cut between two fields of the model, a file is a shorter file.
      if let graph = try? ONNX.parse(Array(bytes[..<count]), file: "-") { #expect(graph.nodes.count == 2) }
    }
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func damagedFilesNeverCrash(seed: UInt64) throws {
    var generator = SeededRandom(seed: seed)
    let bytes = ONNX.bytes(of: ModelFile.graph(of: try example()))
    let input = try #require(TypedArray([Float](repeating: 0.5, count: 2 * 6 * 6), extents: [1, 2, 6, 6]))
    for _ in 0..<400 {
      guard let graph = try? ONNX.parse(bytes.damaged(by: &generator), file: "-") else { continue }
      if let program = try? GraphProgram(graph) { _ = try? program.run([input]) }
      _ = try? ModelFile.model(of: graph, file: "-")
    }
  }

  /// Numbers that are not finite, and a variance that is not above 0, make no model (class 13).
  @Test(arguments: [("conv.weight", Float.nan), ("dense.weight", .infinity), ("norm.running_var", -1)])
  func parametersThatCannotBeAreRefused(_ name: String, _ value: Float) throws {
    var graph = ModelFile.graph(of: try example())
    let index = try #require(graph.constants.firstIndex { $0.name == name })
    let array = graph.constants[index].array
    graph.constants[index].array = try #require(
      TypedArray([Float](repeating: value, count: array.count), extents: array.extents))
    let error = try failure { try ModelFile.model(of: graph, file: "f") }
    #expect(error.expected.hasPrefix("finite weight") || error.expected == "running_var + eps above 0", "\(error)")
  }

  // MARK: Files beside the file

  /// A model whose only parameter lies in another file.
  private func external(_ location: String, offset: String = "4", length: String? = "8") -> [UInt8] {
    var model = ProtobufWriter()
    model.write(7) { graph in
      graph.write(5) { array in
        array.write(1, [2])
        array.write(2, 1)
        array.write(8, "w")
        for (key, value) in [("location", location), ("offset", offset), ("length", length)] {
          guard let value else { continue }
          array.write(13) { entry in
            entry.write(1, key)
            entry.write(2, value)
          }
        }
        array.write(14, 1)
      }
    }
    return model.bytes
  }

  @Test func readsParametersBeside() throws {
    try withFolder { folder in
      try FileSystem.createFolder("\(folder)/sub")
      try FileSystem.write([9, 9, 9, 9, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40], to: "\(folder)/sub/w.data")
      try FileSystem.write(external("sub/w.data"), to: "\(folder)/m.onnx")
      #expect(try ONNX.read("\(folder)/m.onnx").constants[0].array.singles == [1, 2])
      try FileSystem.write(external("sub/w.data", length: nil), to: "\(folder)/m.onnx")
      #expect(try ONNX.read("\(folder)/m.onnx").constants[0].array.singles == [1, 2])
    }
  }

  /// Paths that leave the folder, links, folders, pipes, and offsets outside the file (classes 6 and 11).
  @Test func parametersStayInTheFolder() throws {
    try withFolder { outer in
      let folder = outer + "/inside"
      try FileSystem.createFolder("\(folder)/sub")
      let data = [UInt8](repeating: 0, count: 12)
      for path in ["\(outer)/secret", "\(folder)/w", "\(folder)/twice"] { try FileSystem.write(data, to: path) }
      let manager = FileManager.default
      try manager.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: "../secret")
      try manager.createSymbolicLink(atPath: "\(folder)/up", withDestinationPath: "..")
      try manager.linkItem(atPath: "\(folder)/twice", toPath: "\(outer)/twice")
      let stays = "a path that stays in the folder of the file"
      for (location, expected) in [
        ("../secret", stays), ("/etc/passwd", stays), ("\(outer)/secret", stays), ("sub/../../secret", stays),
        ("./w", stays), ("", stays), ("sub//w", stays), ("w\0", stays), ("link", "a path without symbolic links"),
        ("up/secret", "a path without symbolic links"), ("w/w", "a path without symbolic links"),
        ("twice", "a file of one name (no hard link)"), ("sub", "a file of one name (no hard link)"),
        ("none", "an existing file"),
      ] {
        try FileSystem.write(external(location), to: "\(folder)/m.onnx")
        #expect(try failure { try ONNX.read("\(folder)/m.onnx") }.expected == expected, "\(location)")
      }
      for (offset, length, expected) in [
        ("5", "8", "8 bytes from byte 5 on"), ("-1", "8", "an offset and a length"),
        ("x", "8", "an offset and a length"),
        ("9223372036854775807", "8", "8 bytes from byte 9223372036854775807 on"),
        ("0", "9", "8 bytes for float32 [2]"), ("0", "99999999999999999999", "an offset and a length"),
      ] {
        try FileSystem.write(external("w", offset: offset, length: length), to: "\(folder)/m.onnx")
        #expect(try failure { try ONNX.read("\(folder)/m.onnx") }.expected == expected)
      }
    }
  }

  /// A small model with the usual layers.
  private func example() throws -> Model {
    let ones = [Float](repeating: 1, count: 3)
    return try Model(
      name: "example", inputShape: Shape(2, 6, 6),
      layers: [
        Layer("conv", .convolution(Convolution(weight: ramp(3, 2, 3, 3), bias: [1, 2, 3], padding: Spatial(1, 0)))),
        Layer(
          "norm",
          .batchNormalization(BatchNormalization(axis: .channel, scale: ones, shift: ones, mean: ones, variance: ones))),
        Layer("relu", .activation(.relu)), Layer("pool", .maximumPool(Pool(kernel: Spatial(2, 2)))),
        Layer("flat", .flatten), Layer("dense", .dense(Dense(weight: ramp(2, 18)))),
      ], facts: Facts(lag: 1, normalization: .scalar(mean: 0.5, standardDeviation: 2)))
  }
}
