import RetinaKernels

/// The fast kernels in fixed point of one processor level; apart from ``KernelTable`` so that a board's library holds no float kernels.
struct FixedPointKernelTable: ProcessorKernels {
  /// Input channels side by side, and output channels summed at a time.
  let depth, outputs: Int
  let pack:
    @Sendable (Int, FixedPointType, UnsafeRawPointer, UnsafeRawPointer?, Int16, UnsafeMutablePointer<Int16>) -> Void
  let quantize:
    @Sendable (
      Int, UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, Int, Float, Int32, FixedPointType,
      UnsafeMutableRawPointer
    ) -> Void
  let products:
    @Sendable (
      FixedPointProductShape, UnsafePointer<Int16>, UnsafePointer<Int16>, UnsafeMutablePointer<Int32>
    ) -> Void
  #if arch(x86_64)
    /// Input channels of 8 bits side by side; 0 where there are no products of 8 bits.
    let byteDepth: Int
    let packBytes:
      @Sendable (
        Int, UnsafePointer<Int8>, UnsafePointer<Int8>?, UnsafePointer<Int8>?, UnsafePointer<Int8>?,
        UnsafeMutablePointer<UInt8>
      ) -> Void
    let byteProducts:
      @Sendable (FixedPointProductShape, UnsafeRawPointer, UnsafeRawPointer, UnsafeMutablePointer<Int32>) -> Void
  #endif
  let widen: @Sendable (Int, UnsafePointer<Int32>, Int64, UnsafeMutablePointer<Int64>) -> Void
  let round: @Sendable (Int, Int64, FixedPointMultiplier, FixedPointRounding, UnsafeMutablePointer<Int32>) -> Void
  let roundWide: @Sendable (Int, Int64, FixedPointMultiplier, UnsafePointer<Int64>, UnsafeMutablePointer<Int32>) -> Void
  let store: @Sendable (Int, UnsafePointer<Int32>, FixedPointOutput, Int) -> Void
  let dot: @Sendable (Int, Int, UnsafePointer<Int16>, UnsafeRawPointer, FixedPointType) -> Int64

  init<Level: VectorKernels>(_ kernels: Level.Type) {
    (depth, outputs) = (Level.fixedPointDepth, Level.fixedPointOutputs)
    pack = { Level.fixedPointPack($0, $1, first: $2, second: $3, offset: $4, into: $5) }
    quantize = {
      Level.fixedPointQuantize(
        $0, numbers: $1, mean: $2, deviation: $3, step: $4, scale: $5, zeroPoint: $6, $7, into: $8)
    }
    products = { Level.fixedPointProducts($0, input: $1, weights: $2, sums: $3) }
    #if arch(x86_64)
      byteDepth = Level.fixedPointByteDepth
      packBytes = { Level.fixedPointPackBytes($0, $1, $2, $3, $4, into: $5) }
      byteProducts = { Level.fixedPointByteProducts($0, input: $1, weights: $2, sums: $3) }
    #endif
    widen = { Level.fixedPointWiden($0, $1, shift: $2, into: $3) }
    round = { Level.fixedPointRound($0, bias: $1, $2, $3, sums: $4) }
    roundWide = { Level.fixedPointRoundWide($0, bias: $1, $2, $3, into: $4) }
    store = { Level.fixedPointStore($0, $1, $2, at: $3) }
    dot = { Level.fixedPointDot(count: $0, interval: $1, $2, $3, $4) }
  }
}
