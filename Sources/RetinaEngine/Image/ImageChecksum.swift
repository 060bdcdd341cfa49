/// The checksum of ZIP and PNG (polynomial 0xedb88320), without a table.
struct ImageChecksum {
  private var state: UInt32 = 0xffff_ffff

  /// The checksum of what was added.
  var value: UInt32 { ~state }

  /// Adds bytes.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    for byte in bytes {
      state ^= UInt32(byte)
      for _ in 0..<8 { state = state >> 1 ^ (0xedb8_8320 & (0 &- (state & 1))) }
    }
  }

  /// The checksum of some bytes.
  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var checksum = ImageChecksum()
    checksum.add(bytes)
    return checksum.value
  }
}
