import RetinaGraph

/// Turns the messages of an ONNX file into a graph.
///
/// Numbers of fields are those of `onnx.proto`.
struct ONNXReader {
  let file: String
  /// Whether parameters may lie in files beside this one.
  let isFolderAllowed: Bool

  /// More of anything than a graph has; bounds the work on a file made to be slow.
  private static let maximumCount = 1 << 20

  /// `ModelProto`.
  func graph(_ source: FileBytes) throws(FileError) -> Graph {
    var reader = ProtobufReader(source, file: file)
    var graph = Graph(name: "", opset: 0, nodes: [], inputs: [], outputs: [])
    var content: ProtobufReader?
    var producer: [String] = ["", ""]
    while let field = try reader.next() {
      switch field.number {
      case 2: producer[0] = try reader.text(field)
      case 3: producer[1] = try reader.text(field)
      case 7:
        guard content == nil else { throw reader.failure(field.place, "one graph", "a second") }
        content = try reader.message(field)
      case 8:
        let (domain, version) = try operatorSet(reader.message(field))
        if domain.isEmpty || domain == "ai.onnx" { graph.opset = version }
      case 14: graph.metadata.append(try entry(reader.message(field)))
      default: break
      }
    }
    guard let content else {
      throw FileError(file: file, place: "byte 0", expected: "an ONNX model with a graph", found: "no graph")
    }
    graph.producer = producer.filter { !$0.isEmpty }.joined(separator: " ")
    try read(content, into: &graph)
    return graph
  }

  /// `OperatorSetIdProto`.
  private func operatorSet(_ message: ProtobufReader) throws(FileError) -> (domain: String, version: Int) {
    var reader = message
    var (domain, version) = ("", 0)
    while let field = try reader.next() {
      switch field.number {
      case 1: domain = try reader.text(field)
      case 2: version = try reader.integer(field)
      default: break
      }
    }
    return (domain, version)
  }

  /// `StringStringEntryProto`.
  func entry(_ message: ProtobufReader) throws(FileError) -> (name: String, text: String) {
    var reader = message
    var (name, text) = ("", "")
    while let field = try reader.next() {
      switch field.number {
      case 1: name = try reader.text(field)
      case 2: text = try reader.text(field)
      default: break
      }
    }
    return (name, text)
  }

  /// `GraphProto`.
  private func read(_ message: ProtobufReader, into graph: inout Graph) throws(FileError) {
    var reader = message
    var names: Set<ExactName> = []
    var inputs: [GraphValue] = []
    while let field = try reader.next() {
      switch field.number {
      case 1:
        guard graph.nodes.count < ONNXReader.maximumCount else {
          throw reader.failure(field.place, "at most \(ONNXReader.maximumCount) nodes", "more")
        }
        graph.nodes.append(try node(reader.message(field)))
      case 2: graph.name = try reader.text(field)
      case 5:
        let constant = try array(reader.message(field))
        guard names.insert(ExactName(constant.name)).inserted else {
          throw reader.failure(field.place, "initializers of different names", "a second \(quoted(constant.name))")
        }
        graph.constants.append(constant)
      case 11: inputs.append(try value(reader.message(field)))
      case 12: graph.outputs.append(try value(reader.message(field)))
      case 15: throw reader.failure(field.place, "dense initializers", "a sparse one")
      default: break
      }
    }
    // Old files list the parameters among the inputs.
    graph.inputs = inputs.filter { !names.contains(ExactName($0.name)) }
  }

  /// `NodeProto`.
  private func node(_ message: ProtobufReader) throws(FileError) -> GraphNode {
    var reader = message
    var node = GraphNode(name: "", "", inputs: [], outputs: [])
    while let field = try reader.next() {
      switch field.number {
      case 1: node.inputs.append(try reader.text(field))
      case 2: node.outputs.append(try reader.text(field))
      case 3: node.name = try reader.text(field)
      case 4: node.operatorName = try reader.text(field)
      case 5: node.attributes.append(try attribute(reader.message(field)))
      case 7: node.domain = try reader.text(field)
      default: break
      }
    }
    return node
  }

  /// `AttributeProto`: the field that holds the value says what it is, since old files leave the type away.
  private func attribute(_ message: ProtobufReader) throws(FileError) -> (name: String, value: GraphAttribute) {
    var reader = message
    var (name, type) = ("", 0)
    var value: GraphAttribute?
    var (numbers, integers, texts): ([Float], [Int], [String]) = ([], [], [])
    while let field = try reader.next() {
      switch field.number {
      case 1: name = try reader.text(field)
      case 2: value = .number(try reader.number(field))
      case 3: value = .integer(try reader.integer(field))
      case 4: value = .text(try reader.text(field))
      case 5: value = try setting(reader.message(field))
      case 7: try reader.append(field, to: &numbers)
      case 8: try reader.append(field, to: &integers)
      case 9: texts.append(try reader.text(field))
      case 20: type = try reader.integer(field)
      default: break
      }
    }
    if !numbers.isEmpty { value = .numbers(numbers) }
    if !integers.isEmpty { value = .integers(integers) }
    if !texts.isEmpty { value = .texts(texts) }
    return (name, value ?? ONNXReader.usual(type))
  }

  /// The value of an attribute that has none: zeros and empty lists are not written.
  private static func usual(_ type: Int) -> GraphAttribute {
    switch type {
    case 1: .number(0)
    case 2: .integer(0)
    case 3: .text("")
    case 6: .numbers([])
    case 7: .integers([])
    case 8: .texts([])
    default: .other
    }
  }

  /// `ValueInfoProto`.
  private func value(_ message: ProtobufReader) throws(FileError) -> GraphValue {
    var reader = message
    var value = GraphValue(name: "", type: nil, extents: nil)
    while let field = try reader.next() {
      switch field.number {
      case 1: value.name = try reader.text(field)
      case 2:
        // `TypeProto`, of which only tensors are read.
        var type = try reader.message(field)
        while let inner = try type.next() {
          if inner.number == 1 { try readTensorType(type.message(inner), into: &value) }
        }
      default: break
      }
    }
    return value
  }

  /// `TypeProto.Tensor`.
  private func readTensorType(_ message: ProtobufReader, into value: inout GraphValue) throws(FileError) {
    var reader = message
    while let field = try reader.next() {
      switch field.number {
      case 1: value.type = ElementType(onnxCode: try reader.integer(field))
      case 2:
        var extents: [GraphValue.Extent] = []
        var shape = try reader.message(field)
        while let inner = try shape.next() {
          if inner.number == 1 { extents.append(try extent(shape.message(inner))) }
        }
        value.extents = extents
      default: break
      }
    }
  }

  /// `TensorShapeProto.Dimension`.
  private func extent(_ message: ProtobufReader) throws(FileError) -> GraphValue.Extent {
    var reader = message
    var extent = GraphValue.Extent.named("")
    while let field = try reader.next() {
      switch field.number {
      case 1:
        let value = try reader.integer(field)
        extent = value < 0 ? .named("") : .fixed(value)
      case 2: extent = .named(try reader.text(field))
      default: break
      }
    }
    return extent
  }
}
