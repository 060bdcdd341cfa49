/// The bytes of a file for as long as somebody holds them: mapped, so that they take no memory of their own, or copied.
final class FileBytes {
  /// The bytes.
  let buffer: UnsafeRawBufferPointer
  private let release: () -> Void

  /// Takes over bytes; `release` runs when nobody holds them any more.
  init(_ buffer: UnsafeRawBufferPointer, release: @escaping () -> Void) {
    self.buffer = buffer
    self.release = release
  }

  /// Copies bytes.
  convenience init(_ bytes: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    copy.copyBytes(from: bytes)
    self.init(UnsafeRawBufferPointer(copy)) { copy.deallocate() }
  }

  deinit { release() }

  /// Some of the bytes, which must lie in the file.
  subscript(range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[range]) }
}
