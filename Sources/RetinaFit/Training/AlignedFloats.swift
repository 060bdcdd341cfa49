/// Float32 memory at a multiple of 64 bytes, zero at first.
final class AlignedFloats: @unchecked Sendable {
  let count: Int
  let base: UnsafeMutablePointer<Float>

  init(_ count: Int) {
    self.count = count
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(64, count * 4), alignment: 64)
    base = memory.bindMemory(to: Float.self, capacity: max(16, count))
    base.initialize(repeating: 0, count: count)
  }

  deinit { base.deallocate() }

  func clear() { base.update(repeating: 0, count: count) }
}
