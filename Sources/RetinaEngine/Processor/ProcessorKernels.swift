import RetinaKernels

#if canImport(RetinaKernelsAVX2)
  import RetinaKernelsAVX2
  import RetinaKernelsAVX512
#endif

/// A table of kernels of one processor level; chosen once, when a plan is made.
public protocol ProcessorKernels: Sendable {
  /// The kernels that were compiled for a level.
  init<Level: VectorKernels>(_ kernels: Level.Type)
}

extension ProcessorKernels {
  /// The kernels of a level; those of the plainest one where a level was not compiled in.
  public init(_ level: ProcessorLevel) {
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
}
