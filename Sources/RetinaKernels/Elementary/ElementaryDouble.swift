/// The functions of ``Elementary`` in float64, one value at a time, for sums that must not lose digits.
///
/// Errors are a few units in the last place.
public enum ElementaryDouble {
  /// e to the x; 0 below -708 and infinity above 709.
  public static func exp(_ x: Double) -> Double {
    guard x > -708 else { return x.isNaN ? x : 0 }
    guard x < 709 else { return x.isNaN ? x : .infinity }
    // Adding 1.5 * 2^52 leaves no room for a fraction.
    let count = (x * 1.4426950408889634 + 6_755_399_441_055_744) - 6_755_399_441_055_744
    // ln 2 in two parts, the first with enough zeros for an exact product.
    let r = (x - count * 0.693147180369123816490) - count * 1.90821492927058770002e-10
    var sum = 1.0 / 6_227_020_800
    sum = sum * r + 1.0 / 479_001_600
    sum = sum * r + 1.0 / 39_916_800
    sum = sum * r + 1.0 / 3_628_800
    sum = sum * r + 1.0 / 362_880
    sum = sum * r + 1.0 / 40_320
    sum = sum * r + 1.0 / 5040
    sum = sum * r + 1.0 / 720
    sum = sum * r + 1.0 / 120
    sum = sum * r + 1.0 / 24
    sum = sum * r + 1.0 / 6
    sum = sum * r + 0.5
    sum = sum * r + 1
    sum = sum * r + 1
    return sum * Double(bitPattern: UInt64(Int(count) + 1023) << 52)
  }

  /// log(1 + e^x).
  public static func softplus(_ x: Double) -> Double {
    let u = exp(-x.magnitude)
    let s = u / (2 + u)
    // 2 atanh(s) by its series; s is at most 1/3, so that the first term left away is below 1e-18 of the sum.
    let z = s * s
    var sum = 1.0 / 35
    sum = sum * z + 1.0 / 33
    sum = sum * z + 1.0 / 31
    sum = sum * z + 1.0 / 29
    sum = sum * z + 1.0 / 27
    sum = sum * z + 1.0 / 25
    sum = sum * z + 1.0 / 23
    sum = sum * z + 1.0 / 21
    sum = sum * z + 1.0 / 19
    sum = sum * z + 1.0 / 17
    sum = sum * z + 1.0 / 15
    sum = sum * z + 1.0 / 13
    sum = sum * z + 1.0 / 11
    sum = sum * z + 1.0 / 9
    sum = sum * z + 1.0 / 7
    sum = sum * z + 1.0 / 5
    sum = sum * z + 1.0 / 3
    sum = sum * z + 1
    return max(x, 0) + 2 * s * sum
  }

  /// 1 / (1 + e^-x).
  public static func sigmoid(_ x: Double) -> Double {
    let u = exp(-x.magnitude)
    return x >= 0 ? 1 / (1 + u) : u / (1 + u)
  }
}
