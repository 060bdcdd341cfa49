/// The bytes of a file for as long as somebody holds them: mapped, so that they take no memory of their own, or copied.
final class FileBytes {
  /// The bytes.
  let buffer: UnsafeRawBufferPointer
  private let forget: (UnsafeRawBufferPointer) -> Void
  private let release: () -> Void

  /// Takes over bytes; `release` runs when nobody holds them any more.
  ///
  /// - Parameter forget: gives back the memory of some of the bytes, which are fetched again when they are looked at again.
  init(
    _ buffer: UnsafeRawBufferPointer, forget: @escaping (UnsafeRawBufferPointer) -> Void = { _ in },
    release: @escaping () -> Void
  ) {
    self.buffer = buffer
    self.forget = forget
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

  /// The numbers of an array in some of the bytes, as float32.
  ///
  /// The bytes are given back piece by piece as they are read, so that an array never takes memory twice.
  func values(_ range: Range<Int>, _ type: ElementType) -> [Float] {
    let piece = 1 << 18
    var values: [Float] = []
    values.reserveCapacity(range.count / type.size)
    for start in stride(from: range.lowerBound, to: range.upperBound, by: piece) {
      let bytes = self[start..<min(start + piece, range.upperBound)]
      values += type.values(in: bytes)
      forget(bytes)
    }
    return values
  }
}
