#if canImport(RetinaProcessor)
  import RetinaProcessor
#endif

/// A set of instructions that the fast kernels are compiled for.
public enum ProcessorLevel: Sendable, CaseIterable {
  /// What every processor of the architecture has: SSE2 on x86-64, NEON on aarch64.
  case baseline
  /// AVX2 and FMA (x86-64-v3).
  case avx2
  /// AVX-512 (x86-64-v4) with VNNI: Intel since Cascade Lake, AMD since Zen 4.
  case avx512

  /// The name used in `RETINA_CPU` and in reports.
  public var name: String {
    switch self {
    case .baseline: return "baseline"
    case .avx2: return "avx2"
    case .avx512: return "avx512"
    }
  }

  /// The best level of this processor.
  public static var best: ProcessorLevel {
    #if canImport(RetinaKernelsAVX2)
      switch retina_processor_level() {
      case 4...: return .avx512
      case 3: return .avx2
      default: return .baseline
      }
    #else
      return .baseline
    #endif
  }

  /// Whether this processor can run a level that was compiled in.
  public var isAvailable: Bool {
    switch (self, ProcessorLevel.best) {
    case (.baseline, _), (_, .avx512), (.avx2, .avx2): return true
    default: return false
    }
  }
}
