/// Random numbers in eight lanes that depend on nothing but a seed, a stream and a sample, on every processor.
///
/// A counter through the 32-bit finaliser of MurmurHash3; normal deviates by Box and Muller (1958). Good enough for noise in
/// training, not for statistics.
struct LaneRandom {
  private var counter: SIMD8<UInt32>
  private let key: UInt32
  private var spare: SIMD8<Float>?

  init(seed: UInt64, stream: UInt64, sample: Int) {
    var bits = seed &+ stream &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(bitPattern: Int64(sample)) &* 0xD1B5_4A32_D192_ED03
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    bits ^= bits >> 31
    key = UInt32(truncatingIfNeeded: bits)
    let start = UInt32(truncatingIfNeeded: bits >> 32)
    counter = SIMD8(0, 1, 2, 3, 4, 5, 6, 7) &+ SIMD8(repeating: start)
  }

  private mutating func next() -> SIMD8<UInt32> {
    var bits = counter &* 0x9E37_79B1 ^ SIMD8(repeating: key)
    counter &+= 8
    bits ^= bits &>> 16
    bits &*= 0x85EB_CA6B
    bits ^= bits &>> 13
    bits &*= 0xC2B2_AE35
    return bits ^ (bits &>> 16)
  }

  /// Numbers from 0 to just below 1.
  mutating func uniform() -> SIMD8<Float> {
    SIMD8<Float>(SIMD8<Int32>(truncatingIfNeeded: next() &>> 8)) * 0x1p-24
  }

  /// Normal deviates of mean 0 and standard deviation 1.
  mutating func normal() -> SIMD8<Float> {
    if let kept = spare {
      spare = nil
      return kept
    }
    // From (0, 1]: the logarithm of 0 is no number.
    let radius = (LaneRandom.logarithm(uniform() + 0x1p-24) * -2).squareRoot()
    let (cosine, sine) = LaneRandom.unitCircle(uniform())
    spare = radius * sine
    return radius * cosine
  }

  /// The natural logarithm of numbers in (0, 1]: exponent, and the series of 2 artanh for the mantissa.
  private static func logarithm(_ x: SIMD8<Float>) -> SIMD8<Float> {
    let bits = SIMD8<Int32>(truncatingIfNeeded: unsafeBitCast(x, to: SIMD8<UInt32>.self))
    // The mantissa in [0.75, 1.5).
    let exponent = (bits &- 0x3F40_0000) &>> 23
    let mantissa = unsafeBitCast(bits &- (exponent &<< 23), to: SIMD8<Float>.self)
    let s = (mantissa - 1) / (mantissa + 1)
    let z = s * s
    var series = z * (1 / 9) + 1 / 7
    series = series * z + 1 / 5
    series = series * z + 1 / 3
    series = series * z + 1
    return SIMD8<Float>(exponent) * 0.693_147_2 + s * 2 * series
  }

  /// Cosine and sine of a part of the full circle in [0, 1).
  private static func unitCircle(_ turn: SIMD8<Float>) -> (cosine: SIMD8<Float>, sine: SIMD8<Float>) {
    // An eighth of the circle to either side of the nearest quarter.
    let quarter = SIMD8<Int32>(truncatingIfNeeded: SIMD8<Int32>((turn * 4 + 0.5).rounded(.down)))
    let angle = (turn - SIMD8<Float>(quarter) * 0.25) * 6.283_185_5
    let z = angle * angle
    var cosine = z * (-1 / 720) + 1 / 24
    cosine = cosine * z - 0.5
    cosine = cosine * z + 1
    var sine = z * (-1 / 5040) + 1 / 120
    sine = sine * z - 1 / 6
    sine = (sine * z + 1) * angle
    let swapped = (quarter & 1) .!= 0
    let (x, y) = (cosine.replacing(with: -sine, where: swapped), sine.replacing(with: cosine, where: swapped))
    let negative = (quarter & 2) .!= 0
    return (x.replacing(with: -x, where: negative), y.replacing(with: -y, where: negative))
  }
}
