import RetinaKernels

#if canImport(RetinaKernelsAVX2)
  import RetinaKernelsAVX2
  import RetinaKernelsAVX512
#endif

/// The fast kernels in fixed point of one processor level; apart from ``KernelTable`` so that a board's library holds no float kernels.
struct FixedPointKernelTable: Sendable {
  let row:
    @Sendable (FixedPointRowShape, UnsafePointer<Int16>, UnsafePointer<Int16>, Int64, UnsafeMutablePointer<Int64>) ->
      Void
  let dot: @Sendable (Int, Int, UnsafePointer<Int16>, UnsafePointer<Int16>) -> Int64

  /// The kernels of a level; those of the plainest one where a level was not compiled in.
  init(_ level: ProcessorLevel) {
    #if canImport(RetinaKernelsAVX2)
      switch level {
      case .avx512: self.init(RetinaKernelsAVX512.Kernels.self)
      case .avx2: self.init(RetinaKernelsAVX2.Kernels.self)
      case .baseline: self.init(RetinaKernels.Kernels.self)
      }
    #else
      self.init(RetinaKernels.Kernels.self)
    #endif
  }

  private init<Level: VectorKernels>(_ kernels: Level.Type) {
    row = { Level.fixedPointRow($0, input: $1, weights: $2, bias: $3, sums: $4) }
    dot = { Level.fixedPointDot(count: $0, interval: $1, $2, $3) }
  }
}
