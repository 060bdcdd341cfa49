/// From numbers to fixed point and back: `number = (value - zero point) * scale`.
public enum FixedPointScale {
  /// The nearest value, ties away from zero, clamped to the type; NaN becomes the zero point.
  ///
  /// One float32 division, and integers from there on.
  @inline(__always)
  public static func value(of number: Float, scale: Float, zeroPoint: Int32, type: FixedPointType) -> Int32 {
    let quotient = number / scale
    guard quotient == quotient else { return zeroPoint }
    // Beyond this every value is clamped, whatever the zero point.
    let bounded = min(max(quotient, -131_072), 131_072)
    var whole = Int32(bounded)
    let rest = bounded - Float(whole)
    if rest >= 0.5 { whole += 1 }
    if rest <= -0.5 { whole -= 1 }
    return min(max(whole + zeroPoint, type.minimum), type.maximum)
  }

  /// The number that a value stands for.
  @inline(__always)
  public static func number(_ value: Int32, scale: Float, zeroPoint: Int32) -> Float {
    Float(value - zeroPoint) * scale
  }
}
