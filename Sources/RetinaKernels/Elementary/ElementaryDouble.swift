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
    var sum = 1.0
    for order in stride(from: 14.0, through: 1, by: -1) { sum = 1 + sum * r / order }
    return sum * Double(bitPattern: UInt64(Int(count) + 1023) << 52)
  }

  /// log(1 + e^x).
  public static func softplus(_ x: Double) -> Double {
    let u = exp(-x.magnitude)
    let s = u / (2 + u)
    var sum = 0.0
    for order in stride(from: 39.0, through: 1, by: -2) { sum = sum * s * s + 1 / order }
    return max(x, 0) + 2 * s * sum
  }

  /// 1 / (1 + e^-x).
  public static func sigmoid(_ x: Double) -> Double {
    let u = exp(-x.magnitude)
    return x >= 0 ? 1 / (1 + u) : u / (1 + u)
  }
}
