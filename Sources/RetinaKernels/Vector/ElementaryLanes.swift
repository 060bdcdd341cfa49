/// The functions of ``Elementary`` on eight values, compiled once per processor level.
///
/// Multiplications and additions are never fused, so that all levels give the same bits.
enum ElementaryLanes {
  /// x = n ln 2 + r with |r| <= ln 2 / 2, and a polynomial in r (Cody and Waite 1980; coefficients of Cephes `expf`).
  @inline(__always)
  static func exp(_ x: Lanes) -> Lanes {
    let (isLarge, isSmall) = (x .> 88.72283, x .< -87.33654)
    let clamped = x.replacing(with: 88.72283, where: isLarge).replacing(with: -87.33654, where: isSmall)
    let count = nearestInteger(clamped * 1.44269504)
    let r = (clamped - count * 0.693359375) - count * -2.12194440e-4
    var p = Lanes(repeating: 1.9875691500e-4)
    p = p * r + 1.3981999507e-3
    p = p * r + 8.3334519073e-3
    p = p * r + 4.1665795894e-2
    p = p * r + 1.6666665459e-1
    p = p * r + 5.0000001201e-1
    let mantissa = p * (r * r) + r + 1
    // 2^n in two factors, since n = 128 does not fit into one exponent.
    let exponent = integer(count)
    let half = exponent &>> 1
    let result = mantissa * powerOfTwo(half) * powerOfTwo(exponent &- half)
    return result.replacing(with: .infinity, where: isLarge).replacing(with: 0, where: isSmall)
      .replacing(with: x, where: x .!= x)
  }

  /// max(x, 0) + log1p(e^-|x|), and log1p(u) = 2 atanh(u / (2 + u)), a fast series since u <= 1.
  @inline(__always)
  static func softplus(_ x: Lanes) -> Lanes {
    let positive = x.replacing(with: 0, where: x .< 0)
    let u = exp(-absolute(x))
    let s = u / (u + 2)
    let z = s * s
    var p = Lanes(repeating: 1 / 17)
    p = p * z + 1 / 15
    p = p * z + 1 / 13
    p = p * z + 1 / 11
    p = p * z + 1 / 9
    p = p * z + 1 / 7
    p = p * z + 1 / 5
    p = p * z + 1 / 3
    return positive + (s * z * p + s) * 2
  }

  /// Without overflow.
  @inline(__always)
  static func sigmoid(_ x: Lanes) -> Lanes {
    let u = exp(-absolute(x))
    let denominator = u + 1
    return (u / denominator).replacing(with: 1 / denominator, where: x .>= 0)
  }

  /// A polynomial near 0 (Cephes `tanhf`), else 1 - 2 / (e^2|x| + 1) with the sign of x.
  @inline(__always)
  static func tanh(_ x: Lanes) -> Lanes {
    let magnitude = absolute(x)
    let z = x * x
    var p = Lanes(repeating: -5.70498872745e-3)
    p = p * z + 2.06390887954e-2
    p = p * z + -5.37397155531e-2
    p = p * z + 1.33314422036e-1
    p = p * z + -3.33332819422e-1
    let small = p * z * x + x
    let large = Lanes(repeating: 1) - Lanes(repeating: 2) / (exp(magnitude + magnitude) + 1)
    let signed = large.replacing(with: -large, where: x .< 0)
    return signed.replacing(with: small, where: magnitude .< 0.625)
  }

  /// The nearest whole number, for magnitudes below 2^22.
  ///
  /// Adding 1.5 * 2^23 leaves no room for a fraction; plain x86-64 has no rounding instruction.
  @inline(__always)
  private static func nearestInteger(_ x: Lanes) -> Lanes { (x + 12_582_912) - 12_582_912 }

  @inline(__always)
  private static func absolute(_ x: Lanes) -> Lanes { x.replacing(with: -x, where: x .< 0) }

  @inline(__always)
  private static func powerOfTwo(_ exponent: SIMD8<Int32>) -> Lanes {
    unsafeBitCast((exponent &+ 127) &<< 23, to: Lanes.self)
  }

  /// The integers of whole numbers within +-200; NaN counts as 0, where the plain conversion would trap.
  @inline(__always)
  private static func integer(_ values: Lanes) -> SIMD8<Int32> {
    // Adding 1.5 * 2^23 leaves the integer in the low mantissa bits, the same on every processor.
    let shifted = values.replacing(with: 0, where: values .!= values) + 12_582_912
    return unsafeBitCast(shifted, to: SIMD8<Int32>.self) &- 0x4B40_0000
  }
}
