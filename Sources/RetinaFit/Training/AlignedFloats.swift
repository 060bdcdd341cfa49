import RetinaEngine

/// Float32 memory at a multiple of 64 bytes, zero at first.
final class AlignedFloats: @unchecked Sendable {
  let count: Int
  let base: UnsafeMutablePointer<Float>

  init(_ count: Int) {
    self.count = count
    base = alignedFloats(count)
    base.update(repeating: 0, count: count)
  }

  deinit { base.deallocate() }

  func clear() { base.update(repeating: 0, count: count) }
}
