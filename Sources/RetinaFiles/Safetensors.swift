import RetinaModel

/// The safetensors container (https://github.com/huggingface/safetensors): named arrays and named texts.
///
/// A file is the length of a header (8 bytes, little-endian), the header in JSON, and the arrays without gaps. All
/// numbers become float32 when read and are float32 when written.
public struct Safetensors: Sendable {
  /// Texts about the whole file.
  public var metadata: [(name: String, text: String)]
  /// The arrays, in the order in which their data lie in the file, under different names.
  public var tensors: [(name: String, tensor: Tensor)]

  /// Creates the content of a file.
  public init(metadata: [(name: String, text: String)] = [], tensors: [(name: String, tensor: Tensor)] = []) {
    self.metadata = metadata
    self.tensors = tensors
  }

  /// The bytes of a file: equal contents give equal bytes, and the data start at a multiple of 64.
  public func bytes() -> [UInt8] {
    var members: [JSON.Member] = []
    if !metadata.isEmpty {
      members.append(JSON.Member("__metadata__", .object(metadata.map { JSON.Member($0.name, .string($0.text)) })))
    }
    var offset = 0
    for (name, tensor) in tensors {
      let end = offset + 4 * tensor.values.count
      let shape = tensor.shape.dimensions.map { JSON.number(Double($0)) }
      let offsets = [JSON.number(Double(offset)), .number(Double(end))]
      members.append(
        JSON.Member(name, ["dtype": "F32", "shape": .array(shape), "data_offsets": .array(offsets)]))
      offset = end
    }
    var header = Array(JSON.object(members).text().utf8)
    header += [UInt8](repeating: 0x20, count: (64 - (8 + header.count) % 64) % 64)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + offset)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes += header
    for (_, tensor) in tensors { append(tensor.values, to: &bytes) }
    return bytes
  }
}
