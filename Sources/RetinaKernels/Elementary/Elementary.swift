/// Exponential, logistic and hyperbolic functions in float32, without the C mathematics library.
///
/// The same operations in the same order everywhere (multiplications and additions, never fused), so that results are equal
/// on every processor. Errors, found by comparing every float32 with float64 (`ElementaryTests` does so in steps): below
/// 1 unit in the last place for ``exp(_:)``, 1.5 for ``tanh(_:)``, 2.5 for ``sigmoid(_:)`` and 3 for ``softplus(_:)``, where the
/// result is a normal number; smaller results may be 0. A NaN gives a NaN.
public enum Elementary {
  /// Eight values at a time.
  public typealias Vector = SIMD8<Float>

  /// e to the x.
  ///
  /// Overflows to infinity above 88.72, and gives 0 below -87.33 (no subnormal results).
  ///
  /// x = n ln 2 + r with |r| <= ln 2 / 2, and a polynomial in r (Cody and Waite 1980; coefficients of Cephes `expf`).
  @inline(__always)
  public static func exp(_ x: Vector) -> Vector {
    let clamped = x.clamped(lowerBound: Vector(repeating: -87.33654), upperBound: Vector(repeating: 88.72283))
    let count = nearestInteger(clamped * 1.44269504)
    let r = (clamped - count * 0.693359375) - count * -2.12194440e-4
    var p = Vector(repeating: 1.9875691500e-4)
    p = p * r + 1.3981999507e-3
    p = p * r + 8.3334519073e-3
    p = p * r + 4.1665795894e-2
    p = p * r + 1.6666665459e-1
    p = p * r + 5.0000001201e-1
    let mantissa = p * (r * r) + r + 1
    // 2^n in two factors, since n = 128 does not fit into one exponent.
    let exponent = SIMD8<Int32>(roundedNaNAsZero: count)
    let half = exponent &>> 1
    var result = mantissa * powerOfTwo(half) * powerOfTwo(exponent &- half)
    result.replace(with: .infinity, where: x .> 88.72283)
    result.replace(with: 0, where: x .< -87.33654)
    result.replace(with: x, where: x .!= x)
    return result
  }

  /// log(1 + e^x) = max(x, 0) + log1p(e^-|x|), and log1p(u) = 2 atanh(u / (2 + u)), a fast series since u <= 1.
  @inline(__always)
  public static func softplus(_ x: Vector) -> Vector {
    let positive = x.replacing(with: 0, where: x .< 0)
    let u = exp(-absolute(x))
    let s = u / (u + 2)
    let z = s * s
    var p = Vector(repeating: 1 / 17)
    p = p * z + 1 / 15
    p = p * z + 1 / 13
    p = p * z + 1 / 11
    p = p * z + 1 / 9
    p = p * z + 1 / 7
    p = p * z + 1 / 5
    p = p * z + 1 / 3
    return positive + (s * z * p + s) * 2
  }

  /// 1 / (1 + e^-x), without overflow.
  @inline(__always)
  public static func sigmoid(_ x: Vector) -> Vector {
    let u = exp(-absolute(x))
    let denominator = u + 1
    return (u / denominator).replacing(with: 1 / denominator, where: x .>= 0)
  }

  /// Hyperbolic tangent: a polynomial near 0 (Cephes `tanhf`), else 1 - 2 / (e^2|x| + 1) with the sign of x.
  @inline(__always)
  public static func tanh(_ x: Vector) -> Vector {
    let magnitude = absolute(x)
    let z = x * x
    var p = Vector(repeating: -5.70498872745e-3)
    p = p * z + 2.06390887954e-2
    p = p * z + -5.37397155531e-2
    p = p * z + 1.33314422036e-1
    p = p * z + -3.33332819422e-1
    let small = p * z * x + x
    let large = Vector(repeating: 1) - Vector(repeating: 2) / (exp(magnitude + magnitude) + 1)
    let signed = large.replacing(with: -large, where: x .< 0)
    return signed.replacing(with: small, where: magnitude .< 0.625)
  }

  /// e to the x; see the vector form.
  public static func exp(_ x: Float) -> Float { exp(Vector(repeating: x))[0] }
  /// log(1 + e^x); see the vector form.
  public static func softplus(_ x: Float) -> Float { softplus(Vector(repeating: x))[0] }
  /// 1 / (1 + e^-x); see the vector form.
  public static func sigmoid(_ x: Float) -> Float { sigmoid(Vector(repeating: x))[0] }
  /// Hyperbolic tangent; see the vector form.
  public static func tanh(_ x: Float) -> Float { tanh(Vector(repeating: x))[0] }

  /// The nearest whole number, for magnitudes below 2^22.
  ///
  /// Adding 1.5 * 2^23 leaves no room for a fraction; plain x86-64 has no rounding instruction.
  @inline(__always)
  private static func nearestInteger(_ x: Vector) -> Vector { (x + 12_582_912) - 12_582_912 }

  @inline(__always)
  private static func absolute(_ x: Vector) -> Vector { x.replacing(with: -x, where: x .< 0) }

  @inline(__always)
  private static func powerOfTwo(_ exponent: SIMD8<Int32>) -> Vector {
    unsafeBitCast((exponent &+ 127) &<< 23, to: Vector.self)
  }
}

extension SIMD8<Int32> {
  /// The integer part of values known to lie within +-200; NaN counts as 0, where the plain conversion would trap.
  @inline(__always)
  fileprivate init(roundedNaNAsZero values: SIMD8<Float>) {
    // Adding 1.5 * 2^23 leaves the integer in the low mantissa bits, the same on every processor.
    let shifted = values.replacing(with: 0, where: values .!= values) + 12_582_912
    self = unsafeBitCast(shifted, to: SIMD8<Int32>.self) &- 0x4B40_0000
  }
}
