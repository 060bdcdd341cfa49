/// The checksum of ZIP and PNG (polynomial 0xedb88320).
struct CRC32 {
  private var state: UInt32 = 0xffff_ffff

  private static let table: [UInt32] = (0..<256 as Range<UInt32>).map { byte in
    (0..<8).reduce(byte) { value, _ in value & 1 == 1 ? 0xedb8_8320 ^ value >> 1 : value >> 1 }
  }

  /// The checksum of what was added.
  var value: UInt32 { ~state }

  /// Adds bytes.
  mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) {
    var state = state
    CRC32.table.withUnsafeBufferPointer { table in
      for byte in bytes { state = table[Int((state ^ UInt32(byte)) & 0xff)] ^ state >> 8 }
    }
    self.state = state
  }

  /// The checksum of an array.
  static func of(_ bytes: [UInt8]) -> UInt32 {
    var checksum = CRC32()
    bytes.withUnsafeBufferPointer { checksum.add($0) }
    return checksum.value
  }
}
