import RetinaKernels

/// The kernels of exact spectra of one processor level; apart from ``FixedPointKernelTable``, since a board's library does without them.
struct ExactKernelTable: ProcessorKernels {
  /// See ``Kernels``.
  let transform:
    @Sendable (
      SpectralShape, FourierMatrixLayout, FourierMatrixLayout, FixedPointValues, Int, Int, UnsafeMutablePointer<Double>,
      UnsafeMutablePointer<Double>
    ) -> Void
  /// See ``Kernels``.
  let multiplyFour:
    @Sendable (Int, UnsafePointer<Double>, Int, UnsafePointer<Double>, UnsafeMutablePointer<Double>, Int) -> Void
  /// See ``Kernels``.
  let addOne: @Sendable (Int, UnsafePointer<Double>, Int, UnsafePointer<Double>, UnsafeMutablePointer<Double>) -> Void
  /// See ``Kernels``.
  let restore:
    @Sendable (
      SpectralShape, FourierMatrixLayout, FourierMatrixLayout, UnsafeMutablePointer<Double>,
      UnsafeMutablePointer<Double>, UnsafeMutablePointer<Int64>
    ) -> Void

  init<Level: VectorKernels>(_ kernels: Level.Type) {
    transform = {
      Level.exactTransform($0, rows: $1, columns: $2, frame: $3, slot: $4, slots: $5, scratch: $6, ring: $7)
    }
    multiplyFour = {
      Level.exactMultiplyFour(
        terms: $0, kernels: $1, kernelStride: $2, images: $3, results: $4, resultStride: $5)
    }
    addOne = { Level.exactAddOne(terms: $0, kernels: $1, kernelStride: $2, images: $3, results: $4) }
    restore = {
      Level.exactRestore($0, rows: $1, columns: $2, spectrum: $3, scratch: $4, sums: $5)
    }
  }
}
