import RetinaGraph

/// Turns a graph into the messages of an ONNX file.
///
/// Numbers of fields are those of `onnx.proto`, in rising order.
enum ONNXWriter {
  /// The version of the file format that came with opset 17.
  private static let formatVersion = 8

  static func bytes(of graph: Graph) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.write(1, formatVersion)
    writer.write(2, graph.producer)
    writer.write(7) { message in write(graph, to: &message) }
    writer.write(8) { message in
      message.write(1, "")
      message.write(2, graph.opset)
    }
    for (name, text) in graph.metadata {
      writer.write(14) { message in
        message.write(1, name)
        message.write(2, text)
      }
    }
    return writer.bytes
  }

  private static func write(_ graph: Graph, to writer: inout ProtobufWriter) {
    for node in graph.nodes { writer.write(1) { message in write(node, to: &message) } }
    writer.write(2, graph.name)
    for (name, array) in graph.constants { writer.write(5) { message in write(array, name: name, to: &message) } }
    for input in graph.inputs { writer.write(11) { message in write(input, to: &message) } }
    for output in graph.outputs { writer.write(12) { message in write(output, to: &message) } }
  }

  private static func write(_ node: GraphNode, to writer: inout ProtobufWriter) {
    for input in node.inputs { writer.write(1, input) }
    for output in node.outputs { writer.write(2, output) }
    writer.write(3, node.name)
    writer.write(4, node.operatorName)
    for (name, value) in node.attributes {
      writer.write(5) { message in
        message.write(1, name)
        write(value, to: &message)
      }
    }
    if !node.domain.isEmpty { writer.write(7, node.domain) }
  }

  /// The value of an attribute, then its type.
  private static func write(_ value: GraphAttribute, to writer: inout ProtobufWriter) {
    switch value {
    case .number(let value):
      writer.write(2, value)
      writer.write(20, 1)
    case .integer(let value):
      writer.write(3, value)
      writer.write(20, 2)
    case .text(let text):
      writer.write(4, text)
      writer.write(20, 3)
    case .array(let array):
      writer.write(5) { message in write(array, name: "", to: &message) }
      writer.write(20, 4)
    case .numbers(let values):
      for value in values { writer.write(7, value) }
      writer.write(20, 6)
    case .integers(let values):
      for value in values { writer.write(8, value) }
      writer.write(20, 7)
    case .texts(let texts):
      for text in texts { writer.write(9, text) }
      writer.write(20, 8)
    case .other: break
    }
  }

  private static func write(_ value: GraphValue, to writer: inout ProtobufWriter) {
    writer.write(1, value.name)
    writer.write(2) { type in
      type.write(1) { tensor in
        tensor.write(1, value.type?.onnxCode ?? 0)
        guard let extents = value.extents else { return }
        tensor.write(2) { shape in
          for extent in extents {
            shape.write(1) { dimension in
              switch extent {
              case .fixed(let extent): dimension.write(1, extent)
              case .named(let name): dimension.write(2, name)
              }
            }
          }
        }
      }
    }
  }

  /// `TensorProto`, with the numbers as raw bytes.
  static func write(_ array: TypedArray, name: String, to writer: inout ProtobufWriter) {
    if !array.extents.isEmpty { writer.write(1, array.extents) }
    writer.write(2, array.type.onnxCode)
    if !name.isEmpty { writer.write(8, name) }
    writer.write(9, raw(array))
  }

  /// The numbers as little-endian bytes of their type.
  private static func raw(_ array: TypedArray) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(array.count * array.type.size)
    func put<Bits: FixedWidthInteger>(_ bits: Bits) {
      withUnsafeBytes(of: bits.littleEndian) { bytes.append(contentsOf: $0) }
    }
    switch array.numbers {
    case .single(let values):
      switch array.type {
      case .float16: for value in values { put(Float16(value).bitPattern) }
      case .brainFloat16: for value in values { put(UInt16(value.bitPattern >> 16)) }
      default: append(values, to: &bytes)
      }
    case .double(let values): for value in values { put(value.bitPattern) }
    case .integer(let values):
      switch array.type.size {
      case 1: for value in values { put(UInt8(truncatingIfNeeded: value)) }
      case 2: for value in values { put(UInt16(truncatingIfNeeded: value)) }
      case 4: for value in values { put(UInt32(truncatingIfNeeded: value)) }
      default: for value in values { put(UInt64(truncatingIfNeeded: value)) }
      }
    }
    return bytes
  }
}
