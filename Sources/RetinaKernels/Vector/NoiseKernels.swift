#if RETINA_VARIANT
  import RetinaKernels
#endif

extension Kernels {
  /// Adds normal deviates of a given standard deviation.
  ///
  /// The deviates depend on the key alone, on every processor: nothing here is fused. Random bits are a counter through the
  /// 32-bit finaliser of MurmurHash3; normal deviates follow by Box and Muller (1958). Good enough for noise in training, not for
  /// statistics.
  ///
  /// - Parameter count: a multiple of eight.
  @inline(never)
  public static func addNoise(count: Int, key: UInt64, deviation: Float, values: UnsafeMutablePointer<Float>) {
    var random = LaneRandom(key)
    var index = 0
    while index + 16 <= count {
      let (first, second) = random.normals()
      store(load(values + index) + first * deviation, values + index)
      store(load(values + index + 8) + second * deviation, values + index + 8)
      index += 16
    }
    if index < count { store(load(values + index) + random.normals().0 * deviation, values + index) }
  }

  /// Sets values to zero with a probability, and divides the others by the part that is kept on average.
  ///
  /// Which ones depends on the key alone.
  ///
  /// - Parameter count: a multiple of eight.
  @inline(never)
  public static func dropOut(count: Int, key: UInt64, probability: Float, values: UnsafeMutablePointer<Float>) {
    var random = LaneRandom(key)
    let factor = 1 / (1 - probability)
    for index in stride(from: 0, to: count, by: 8) {
      let value = load(values + index) * factor
      store(value.replacing(with: 0, where: random.uniform() .< probability), values + index)
    }
  }
}

/// Random numbers in eight lanes.
private struct LaneRandom {
  private var counter: SIMD8<UInt32>
  private let key: SIMD8<UInt32>

  @inline(__always)
  init(_ key: UInt64) {
    var bits = key
    bits = (bits ^ (bits &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits &>> 27)) &* 0x94D0_49BB_1331_11EB
    bits ^= bits &>> 31
    self.key = SIMD8(repeating: UInt32(truncatingIfNeeded: bits))
    counter = SIMD8(0, 1, 2, 3, 4, 5, 6, 7) &+ SIMD8(repeating: UInt32(truncatingIfNeeded: bits &>> 32))
  }

  @inline(__always)
  private mutating func next() -> SIMD8<UInt32> {
    var bits = (counter &* SIMD8(repeating: 0x9E37_79B1)) ^ key
    counter = counter &+ SIMD8(repeating: 8)
    bits = bits ^ (bits &>> SIMD8(repeating: 16))
    bits = bits &* SIMD8(repeating: 0x85EB_CA6B)
    bits = bits ^ (bits &>> SIMD8(repeating: 13))
    bits = bits &* SIMD8(repeating: 0xC2B2_AE35)
    return bits ^ (bits &>> SIMD8(repeating: 16))
  }

  /// Numbers from 0 to just below 1, in steps of 2^-23.
  @inline(__always)
  mutating func uniform() -> Lanes { fraction(next() &>> SIMD8(repeating: 9)) }

  /// Two times eight normal deviates of mean 0 and standard deviation 1.
  @inline(__always)
  mutating func normals() -> (Lanes, Lanes) {
    // From (0, 1]: the logarithm of 0 is no number.
    let radius = squareRoot(logarithm(1 - uniform()) * -2)
    let (cosine, sine) = unitCircle(next())
    return (radius * cosine, radius * sine)
  }
}

/// The 23 lowest bits as a number from 0 to just below 1.
@inline(__always)
private func fraction(_ bits: SIMD8<UInt32>) -> Lanes {
  unsafeBitCast((bits & SIMD8(repeating: 0x007F_FFFF)) | SIMD8(repeating: 0x3F80_0000), to: Lanes.self) - 1
}

/// The natural logarithm of numbers in (0, 1]: exponent, and the series of 2 artanh for the mantissa.
@inline(__always)
private func logarithm(_ x: Lanes) -> Lanes {
  let bits = unsafeBitCast(x, to: SIMD8<Int32>.self)
  // The mantissa in [0.75, 1.5), and the exponent as a number by way of the last places of a large one.
  let exponent = (bits &- SIMD8(repeating: 0x3F40_0000)) &>> SIMD8(repeating: 23)
  let mantissa = unsafeBitCast(bits &- (exponent &<< SIMD8(repeating: 23)), to: Lanes.self)
  let count = unsafeBitCast(exponent &+ SIMD8(repeating: 0x4B40_0000), to: Lanes.self) - 12_582_912
  let s = (mantissa - 1) / (mantissa + 1)
  let z = s * s
  var series = z * (1 / 9) + 1 / 7
  series = series * z + 1 / 5
  series = series * z + 1 / 3
  series = series * z + 1
  return count * 0.693_147_2 + s * 2 * series
}

/// Cosine and sine of a random angle: two bits choose a quarter of the circle, others a place within an eighth to either side.
@inline(__always)
private func unitCircle(_ bits: SIMD8<UInt32>) -> (cosine: Lanes, sine: Lanes) {
  let angle = (fraction(bits) - 0.5) * 1.570_796_3
  let z = angle * angle
  var cosine = z * (-1 / 720) + 1 / 24
  cosine = cosine * z - 0.5
  cosine = cosine * z + 1
  var sine = z * (-1 / 5040) + 1 / 120
  sine = sine * z - 1 / 6
  sine = (sine * z + 1) * angle
  // All bits of a lane set where the axes are exchanged: comparisons and roots of vectors would go lane by lane.
  let swap = unsafeBitCast(
    unsafeBitCast(bits &<< SIMD8(repeating: 1), to: SIMD8<Int32>.self) &>> SIMD8(repeating: 31), to: SIMD8<UInt32>.self)
  let (c, s) = (unsafeBitCast(cosine, to: SIMD8<UInt32>.self), unsafeBitCast(sine, to: SIMD8<UInt32>.self))
  // The other half of the circle: the highest bit is the sign of both.
  let sign = bits & SIMD8(repeating: 0x8000_0000)
  let minus = SIMD8<UInt32>(repeating: 0x8000_0000) & swap
  return (
    unsafeBitCast(((c & ~swap) | (s & swap)) ^ minus ^ sign, to: Lanes.self),
    unsafeBitCast(((s & ~swap) | (c & swap)) ^ sign, to: Lanes.self)
  )
}

/// The square root of numbers that are not negative, by Newton's iteration for its inverse from the well-known first guess.
@inline(__always)
private func squareRoot(_ x: Lanes) -> Lanes {
  let guess = SIMD8<Int32>(repeating: 0x5F37_59DF) &- (unsafeBitCast(x, to: SIMD8<Int32>.self) &>> SIMD8(repeating: 1))
  var inverse = unsafeBitCast(guess, to: Lanes.self)
  let half = x * 0.5
  for _ in 0..<3 { inverse = inverse * (1.5 - half * inverse * inverse) }
  return x * inverse
}
