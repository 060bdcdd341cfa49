#if RETINA_VARIANT
  import RetinaKernels
#endif

extension Kernels {
  /// Sums of products of one output row and channel of a convolution in fixed point, for a stride of 1.
  ///
  /// Sixteen columns stay in registers while all taps pass. Sums of 32 bits go over into 64 bits before they can overflow: when the weights
  /// that went into them add up to more than the limit of the shape.
  ///
  /// - Parameters:
  ///   - input: the first row that the output row reads, of the first channel; at least 15 values past the last one must be readable.
  ///   - weights: `[planes, kernelHeight, kernelWidth]`.
  ///   - sums: room for the columns rounded up to a multiple of 16.
  @inline(never)
  public static func fixedPointRow(
    _ shape: FixedPointRowShape, input: UnsafePointer<Int16>, weights: UnsafePointer<Int16>, bias: Int64,
    sums: UnsafeMutablePointer<Int64>
  ) {
    var column = 0
    while column < shape.columns {
      let target = sums + column
      for lane in 0..<16 { target[lane] = bias }
      var (even, odd) = (SIMD8<Int32>.zero, SIMD8<Int32>.zero)
      var (used, tap) = (Int32(0), 0)
      for plane in 0..<shape.planes {
        for kernelRow in 0..<shape.kernelHeight {
          let start = UnsafeRawPointer(
            input + plane * shape.planeStride + kernelRow * shape.tapRowStride + column)
          for kernelColumn in 0..<shape.kernelWidth {
            let weight = Int32(weights[tap])
            tap += 1
            used &+= weight < 0 ? 0 &- weight : weight
            if used > shape.limit {
              flush(&even, &odd, into: target)
              used = weight < 0 ? 0 &- weight : weight
            }
            let pairs = start.loadUnaligned(
              fromByteOffset: 2 * kernelColumn * shape.tapColumnStride, as: SIMD8<Int32>.self)
            even &+= lowerHalves(pairs) &* weight
            odd &+= upperHalves(pairs) &* weight
          }
        }
      }
      flush(&even, &odd, into: target)
      column += 16
    }
  }

  /// The sum of products of two rows of 16-bit values.
  ///
  /// - Parameter interval: products that a sum of 32 bits can hold.
  @inline(never)
  public static func fixedPointDot(
    count: Int, interval: Int, _ a: UnsafePointer<Int16>, _ b: UnsafePointer<Int16>
  ) -> Int64 {
    let (left, right) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
    var sum: Int64 = 0
    var index = 0
    while index + 16 <= count {
      let end = min(count - 15, index + 16 * interval)
      var (even, odd) = (SIMD8<Int32>.zero, SIMD8<Int32>.zero)
      while index < end {
        let x = left.loadUnaligned(fromByteOffset: 2 * index, as: SIMD8<Int32>.self)
        let y = right.loadUnaligned(fromByteOffset: 2 * index, as: SIMD8<Int32>.self)
        even &+= lowerHalves(x) &* lowerHalves(y)
        odd &+= upperHalves(x) &* upperHalves(y)
        index += 16
      }
      for lane in 0..<8 { sum &+= Int64(even[lane]) &+ Int64(odd[lane]) }
    }
    while index < count {
      sum &+= Int64(Int32(a[index]) &* Int32(b[index]))
      index += 1
    }
    return sum
  }

  /// Adds sums of even and odd columns to those of 64 bits, and empties them.
  @inline(__always)
  private static func flush(
    _ even: inout SIMD8<Int32>, _ odd: inout SIMD8<Int32>, into sums: UnsafeMutablePointer<Int64>
  ) {
    for lane in 0..<8 {
      sums[2 * lane] &+= Int64(even[lane])
      sums[2 * lane + 1] &+= Int64(odd[lane])
    }
    (even, odd) = (.zero, .zero)
  }

  /// The 16-bit values at even places of sixteen, where the first lies in the lower half of a word.
  @inline(__always)
  private static func lowerHalves(_ pairs: SIMD8<Int32>) -> SIMD8<Int32> { (pairs &<< 16) &>> 16 }

  /// The 16-bit values at odd places of sixteen.
  @inline(__always)
  private static func upperHalves(_ pairs: SIMD8<Int32>) -> SIMD8<Int32> { pairs &>> 16 }
}
