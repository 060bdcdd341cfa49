import RetinaKernels
import Testing

#if canImport(RetinaKernelsAVX2)
  import RetinaKernelsAVX2
  import RetinaKernelsAVX512
  import RetinaProcessor
#endif

/// The fast kernels as they were compiled for one processor level.
struct Level: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let kernels: any VectorKernels.Type

  /// The levels that this processor can run.
  static let available: [Level] = {
    var levels = [Level(testDescription: "baseline", kernels: RetinaKernels.Kernels.self)]
    #if canImport(RetinaKernelsAVX2)
      let best = retina_processor_level()
      if best >= 3 { levels.append(Level(testDescription: "avx2", kernels: RetinaKernelsAVX2.Kernels.self)) }
      if best >= 4 { levels.append(Level(testDescription: "avx512", kernels: RetinaKernelsAVX512.Kernels.self)) }
    #endif
    return levels
  }()
}
