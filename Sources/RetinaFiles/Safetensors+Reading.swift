import RetinaModel

extension Safetensors {
  /// The longest header that is read: 100 MB, as in the reference implementation.
  static let maximumHeaderLength = 100_000_000

  /// Reads the bytes of a file.
  ///
  /// - Throws: ``FileError`` when anything is not as the format says: a header outside the file, an unknown type, a
  ///   shape that does not fit its data, data that overlap, leave a gap or do not reach the end of the file.
  public init(parsing bytes: [UInt8], file: String) throws(FileError) {
    try self.init(parsing: FileBytes(bytes), file: file, types: ElementType.allCases)
  }

  /// Reads the bytes of a file whose arrays are of some types.
  init(parsing source: FileBytes, file: String, types: [ElementType]) throws(FileError) {
    let bytes = source.buffer
    let header = try Safetensors.header(bytes, file)
    let start = 8 + header.count
    let json: JSON
    do throws(FileError) {
      json = try JSON(parsing: Array(header), file: file)
    } catch {
      throw error.inside("header")
    }
    var metadata: [(name: String, text: String)] = []
    var entries: [Entry] = []
    for member in json.members ?? [] {
      if member.name == "__metadata__" {
        metadata = try Safetensors.metadata(member.value, file)
      } else {
        entries.append(try Entry(member, types, file))
      }
    }
    entries.sort { $0.begin < $1.begin }
    try Safetensors.checkCover(entries, count: bytes.count - start, file)
    var tensors: [(name: String, tensor: Tensor)] = []
    tensors.reserveCapacity(entries.count)
    for entry in entries {
      let values = source.values((start + entry.begin)..<(start + entry.end), entry.type)
      guard let tensor = Tensor(shape: entry.shape, values: values) else {
        throw FileError(
          file: file, place: entry.place, expected: "\(entry.shape.count) values", found: "\(values.count)")
      }
      tensors.append((entry.name, tensor))
    }
    self.init(metadata: metadata, tensors: tensors)
  }

  /// The bytes of the header, which lie inside the file and start with `{`.
  private static func header(
    _ bytes: UnsafeRawBufferPointer, _ file: String
  ) throws(FileError) -> Slice<UnsafeRawBufferPointer> {
    guard bytes.count >= 8 else {
      throw FileError(
        file: file, place: "byte 0", expected: "8 bytes with the length of the header", found: "\(bytes.count) bytes")
    }
    let length = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= maximumHeaderLength else {
      throw FileError(
        file: file, place: "byte 0", expected: "a header of at most \(maximumHeaderLength) bytes",
        found: "a length of \(length)")
    }
    guard length <= bytes.count - 8 else {
      throw FileError(
        file: file, place: "byte 0", expected: "a header inside the file",
        found: "a length of \(length) with \(bytes.count - 8) bytes left")
    }
    let header = bytes[8..<(8 + Int(length))]
    guard header.first == UInt8(ascii: "{") else {
      throw FileError(file: file, place: "byte 8", expected: "a header that starts with '{'", found: "another byte")
    }
    return header
  }

  private static func metadata(
    _ json: JSON, _ file: String
  ) throws(FileError) -> [(name: String, text: String)] {
    guard let members = json.members else {
      throw FileError(file: file, place: "__metadata__", expected: "an object of strings", found: json.kind)
    }
    var metadata: [(name: String, text: String)] = []
    for member in members {
      guard let text = member.value.string else {
        throw FileError(
          file: file, place: "__metadata__, \(quoted(member.name))", expected: "a string", found: member.value.kind)
      }
      metadata.append((member.name, text))
    }
    return metadata
  }

  /// Checks that the data of the arrays, sorted, follow one another from the first byte to the last.
  private static func checkCover(_ entries: [Entry], count: Int, _ file: String) throws(FileError) {
    var end = 0
    for entry in entries {
      guard entry.begin == end else {
        throw FileError(
          file: file, place: entry.place, expected: "data that start at \(end), where those before end",
          found: entry.begin < end ? "an overlap: a start at \(entry.begin)" : "a gap: a start at \(entry.begin)")
      }
      guard entry.end <= count else {
        throw FileError(
          file: file, place: entry.place, expected: "data inside the \(count) bytes after the header",
          found: "an end at \(entry.end): the file was cut short, fetch it again")
      }
      end = entry.end
    }
    guard end == count else {
      throw FileError(
        file: file, place: "data", expected: "\(end) bytes after the header, as the tensors say",
        found: "\(count)")
    }
  }
}

/// What the header says about one array; consistent in itself.
private struct Entry {
  let name: String
  let type: ElementType
  let shape: Shape
  let begin: Int
  let end: Int

  var place: String { "tensor \(quoted(name))" }

  private static let types: [String: ElementType] = [
    "BOOL": .boolean, "I8": .signed8, "I16": .signed16, "I32": .signed32, "I64": .signed64, "U8": .unsigned8,
    "U16": .unsigned16, "U32": .unsigned32, "U64": .unsigned64, "F16": .float16, "BF16": .brainFloat16,
    "F32": .float32, "F64": .float64,
  ]
  private static let properties = ["dtype", "shape", "data_offsets"]
  private static let maximumRank = 64

  init(_ member: JSON.Member, _ allowed: [ElementType], _ file: String) throws(FileError) {
    name = member.name
    let place = "tensor \(quoted(member.name))"
    func failure(_ expected: String, _ found: String) -> FileError {
      FileError(file: file, place: place, expected: expected, found: found)
    }
    guard let members = member.value.members else { throw failure("an object", member.value.kind) }
    for other in members where !Entry.properties.contains(other.name) {
      throw failure("dtype, shape and data_offsets", quoted(other.name))
    }
    guard let text = member.value["dtype"]?.string else { throw failure("a dtype", "none") }
    guard let type = Entry.types[text], allowed.contains(type) else {
      let names = Entry.types.filter { allowed.contains($0.value) }.keys.sorted()
      throw failure("a dtype of \(names.joined(separator: ", "))", quoted(text))
    }
    guard let axes = member.value["shape"]?.array, axes.count <= Entry.maximumRank else {
      throw failure("a shape of at most \(Entry.maximumRank) axes", "none")
    }
    let dimensions = axes.compactMap(\.integer)
    guard dimensions.count == axes.count, let shape = Shape(checking: dimensions),
      let count = type.byteCount(of: shape)
    else {
      throw failure("a shape of 1 to 2^40 values", JSON.array(axes).text())
    }
    let offsets = member.value["data_offsets"]?.array ?? []
    guard offsets.count == 2, let begin = offsets[0].integer, let end = offsets[1].integer, begin >= 0, end >= begin
    else {
      throw failure("data_offsets [begin, end]", JSON.array(Array(offsets.prefix(4))).text())
    }
    guard end - begin == count else {
      throw failure("\(count) bytes for \(text) \(shape)", "data_offsets of \(end - begin) bytes")
    }
    (self.type, self.shape, self.begin, self.end) = (type, shape, begin, end)
  }
}

extension JSON {
  /// What sort of value this is, for messages.
  var kind: String {
    switch self {
    case .null: "null"
    case .boolean: "a truth value"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}
