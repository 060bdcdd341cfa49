/// Reads a message in the wire format of Protocol Buffers, field by field.
///
/// A field is a number and a type of wire, then a variable-length integer, 4 or 8 bytes, or a length and so many bytes
/// (protobuf.dev/programming-guides/encoding). Nothing is copied, and a length is compared with what is left before it
/// is used.
struct ProtobufReader {
  /// What a field holds.
  enum Value {
    case integer(UInt64)
    case fixed32(UInt32)
    case fixed64(UInt64)
    /// A text, bytes, a message or packed numbers: where they lie in the file.
    case bytes(Range<Int>)
  }

  /// One field.
  struct Field {
    var number: Int
    var value: Value
    /// Where the field starts in the file.
    var place: Int
  }

  let source: FileBytes
  let file: String
  private(set) var position: Int
  private let end: Int

  /// Reads a file from its beginning.
  init(_ source: FileBytes, file: String) {
    self.init(source, 0..<source.buffer.count, file: file)
  }

  private init(_ source: FileBytes, _ range: Range<Int>, file: String) {
    self.source = source
    self.file = file
    position = range.lowerBound
    end = range.upperBound
  }

  /// The next field; nothing at the end.
  mutating func next() throws(FileError) -> Field? {
    guard position < end else { return nil }
    let place = position
    let tag = try variableInteger()
    let number = tag >> 3
    guard (1...0x1fff_ffff).contains(number) else { throw failure(place, "the number of a field", "\(number)") }
    let value: Value
    switch tag & 7 {
    case 0: value = .integer(try variableInteger())
    case 1: value = .fixed64(try fixed(UInt64.self))
    case 2:
      let start = position
      let length = try variableInteger()
      guard length <= end - position else {
        throw failure(start, "a length of at most the \(end - position) bytes left", "\(length)")
      }
      value = .bytes(position..<position + Int(length))
      position += Int(length)
    case 5: value = .fixed32(try fixed(UInt32.self))
    default: throw failure(place, "a field of wire type 0, 1, 2 or 5", "type \(tag & 7)")
    }
    return Field(number: Int(number), value: value, place: place)
  }

  /// An integer of up to ten bytes, seven bits each, the lowest first.
  private mutating func variableInteger() throws(FileError) -> UInt64 {
    let start = position
    var value: UInt64 = 0
    for shift in stride(from: 0 as UInt64, through: 63, by: 7) {
      guard position < end else { throw failure(start, "an integer", "the end") }
      let byte = source.buffer[position]
      position += 1
      guard shift < 63 || byte <= 1 else { break }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
    }
    throw failure(start, "an integer of at most 64 bits", "a longer one")
  }

  private mutating func fixed<Bits: FixedWidthInteger>(_ type: Bits.Type) throws(FileError) -> Bits {
    let size = MemoryLayout<Bits>.size
    guard end - position >= size else { throw failure(position, "\(size) bytes", "the end") }
    defer { position += size }
    return Bits(littleEndian: source.buffer.loadUnaligned(fromByteOffset: position, as: Bits.self))
  }

  func failure(_ place: Int, _ expected: String, _ found: String) -> FileError {
    FileError(file: file, place: "byte \(place)", expected: expected, found: found)
  }

  // MARK: What a field holds

  private func wrong(_ field: Field, _ expected: String) -> FileError {
    failure(field.place, expected, "field \(field.number) of another wire type")
  }

  /// The bytes of a field.
  func range(_ field: Field) throws(FileError) -> Range<Int> {
    guard case .bytes(let range) = field.value else { throw wrong(field, "a length and bytes") }
    return range
  }

  /// The message in a field.
  func message(_ field: Field) throws(FileError) -> ProtobufReader {
    ProtobufReader(source, try range(field), file: file)
  }

  /// The text in a field.
  func text(_ field: Field) throws(FileError) -> String {
    let range = try range(field)
    guard let text = String(validating: source[range], as: UTF8.self) else {
      throw failure(range.lowerBound, "UTF-8", "other bytes")
    }
    return text
  }

  /// The integer in a field; a negative one is stored as its two's complement.
  func integer(_ field: Field) throws(FileError) -> Int {
    guard case .integer(let bits) = field.value else { throw wrong(field, "an integer") }
    return Int(truncatingIfNeeded: bits)
  }

  /// The float32 in a field.
  func number(_ field: Field) throws(FileError) -> Float {
    guard case .fixed32(let bits) = field.value else { throw wrong(field, "a float") }
    return Float(bitPattern: bits)
  }

  /// Appends the integers in a field: one, or many packed together.
  func append(_ field: Field, to integers: inout [Int]) throws(FileError) {
    guard case .bytes(let range) = field.value else {
      integers.append(try integer(field))
      return
    }
    var reader = ProtobufReader(source, range, file: file)
    while reader.position < reader.end { integers.append(Int(truncatingIfNeeded: try reader.variableInteger())) }
  }

  /// Appends the float32 in a field: one, or many packed together.
  func append(_ field: Field, to numbers: inout [Float]) throws(FileError) {
    guard case .bytes(let range) = field.value else {
      numbers.append(try number(field))
      return
    }
    try checkPacked(range, size: 4)
    numbers += source.values(range, .float32)
  }

  /// Appends the float64 in a field: one, or many packed together.
  func append(_ field: Field, to numbers: inout [Double]) throws(FileError) {
    switch field.value {
    case .fixed64(let bits): numbers.append(Double(bitPattern: bits))
    case .bytes(let range):
      try checkPacked(range, size: 8)
      for place in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
        let bits = source.buffer.loadUnaligned(fromByteOffset: place, as: UInt64.self)
        numbers.append(Double(bitPattern: UInt64(littleEndian: bits)))
      }
    default: throw wrong(field, "a double")
    }
  }

  private func checkPacked(_ range: Range<Int>, size: Int) throws(FileError) {
    guard range.count % size == 0 else {
      throw failure(range.lowerBound, "a multiple of \(size) bytes", "\(range.count)")
    }
  }
}
