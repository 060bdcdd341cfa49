/// Memory for numbers, all zero, that begins a cache line; whoever asks for it deallocates it.
public func alignedFloats(_ count: Int) -> UnsafeMutablePointer<Float> {
  let memory = UnsafeMutableRawPointer.allocate(byteCount: max(64, count * 4), alignment: 64)
  let values = memory.bindMemory(to: Float.self, capacity: max(16, count))
  values.initialize(repeating: 0, count: max(16, count))
  return values
}

/// The same, filled with numbers.
func alignedFloats(copying values: [Float]) -> UnsafeMutablePointer<Float> {
  let memory = alignedFloats(values.count)
  memory.update(from: values, count: values.count)
  return memory
}
