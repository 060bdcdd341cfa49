// The files of this folder are compiled once per processor level: here for the plainest, and through links in the modules
// RetinaKernelsAVX2 and RetinaKernelsAVX512 with the instructions of those levels. They may use nothing but pointers, SIMD
// vectors and integers: a generic function of the standard library would be shared between the levels by the linker.

#if RETINA_VARIANT
  import RetinaKernels
#endif

/// Eight neighbouring values: channels, rows or columns.
///
/// Always eight, so that the order of sums is that of the plainest level.
typealias Lanes = SIMD8<Float>

/// Floats in a pack: eight real parts, then eight imaginary parts (one cache line).
let packFloats = 16

@inline(__always)
func load(_ pointer: UnsafePointer<Float>) -> Lanes {
  UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
}

@inline(__always)
func store(_ value: Lanes, _ pointer: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: Lanes.self)
}

/// `a * b + c`, in one rounding where the processor level has the instruction.
@inline(__always)
func multiplyAdd(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Lanes {
  #if RETINA_FMA || arch(arm64)
    return c.addingProduct(a, b)
  #else
    return a * b + c
  #endif
}
