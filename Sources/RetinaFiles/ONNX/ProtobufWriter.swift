/// Writes a message in the wire format of Protocol Buffers; equal calls give equal bytes.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  /// An integer, such as a number, a truth value or one of a list of choices.
  mutating func write(_ number: Int, _ value: Int) {
    tag(number, 0)
    variableInteger(UInt64(bitPattern: Int64(value)))
  }

  /// A float32.
  mutating func write(_ number: Int, _ value: Float) {
    tag(number, 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// A text.
  mutating func write(_ number: Int, _ text: String) { write(number, Array(text.utf8)) }

  /// Bytes.
  mutating func write(_ number: Int, _ content: [UInt8]) {
    tag(number, 2)
    variableInteger(UInt64(content.count))
    bytes += content
  }

  /// Integers, packed together.
  mutating func write(_ number: Int, _ values: [Int]) {
    var packed = ProtobufWriter()
    for value in values { packed.variableInteger(UInt64(bitPattern: Int64(value))) }
    write(number, packed.bytes)
  }

  /// A message.
  mutating func write(_ number: Int, _ content: (inout ProtobufWriter) -> Void) {
    var message = ProtobufWriter()
    content(&message)
    write(number, message.bytes)
  }

  private mutating func tag(_ number: Int, _ wire: Int) { variableInteger(UInt64(number << 3 | wire)) }

  private mutating func variableInteger(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
