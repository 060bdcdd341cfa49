/// How a sum of products is brought to the scale of the output: which bits are rounded, and how ties go.
public enum FixedPointRounding: Int, Sendable {
  /// 32-bit sums, rounded twice: LiteRT and CMSIS-NN for 8 bits, and for 16-bit activations with a 32-bit bias.
  case double = 0
  /// 32-bit sums, rounded once, ties upwards: LiteRT and CMSIS-NN when they are built with single rounding.
  case single = 1
  /// 64-bit sums and a multiplier of 16 bits, rounded once, ties upwards: LiteRT and CMSIS-NN for 16-bit activations with a 64-bit
  /// bias.
  case wide = 2
}

/// A positive factor `multiplier * 2^(shift - 31)`, applied to integers bit by bit the same on every processor.
///
/// The arithmetic is that of LiteRT's `MultiplyByQuantizedMultiplier`; README.md beside this file writes it down. Where LiteRT leaves a
/// result undefined (a left shift or a result beyond 32 bits), the result here saturates.
public struct FixedPointMultiplier: Equatable, Sendable {
  /// The leading 31 bits of the factor, from 2^30 to 2^31 - 1; 0 for a factor of 0.
  public var multiplier: Int32
  /// The exponent: positive is a shift to the left.
  public var shift: Int32

  /// The exponents for which the arithmetic is defined with each rounding.
  public static func shifts(_ rounding: FixedPointRounding) -> ClosedRange<Int32> {
    rounding == .wide ? -31...7 : -31...30
  }

  /// Creates a factor from its parts.
  public init(multiplier: Int32, shift: Int32) {
    self.multiplier = multiplier
    self.shift = shift
  }

  /// The nearest factor to a number, ties away from zero; 0 for a number below 2^-32.
  ///
  /// Nothing for numbers that are negative, not finite, or 2^30 and above.
  public init?(_ factor: Double) {
    guard factor >= 0, factor < 1_073_741_824 else { return nil }
    guard factor > 0, factor.exponent >= -60 else {
      self.init(multiplier: 0, shift: 0)
      return
    }
    // significand / 2 is in [1/2, 1): 31 bits of it, rounded half up, which is half away from zero for positive numbers.
    let scaled = factor.significand * 1_073_741_824
    var mantissa = Int64(scaled)
    if scaled - Double(mantissa) >= 0.5 { mantissa += 1 }
    var exponent = Int32(factor.exponent) + 1
    if mantissa == 1 << 31 {
      mantissa >>= 1
      exponent += 1
    }
    guard exponent >= -31 else {
      self.init(multiplier: 0, shift: 0)
      return
    }
    self.init(multiplier: Int32(mantissa), shift: exponent)
  }

  /// The factor as a number.
  public var value: Double {
    Double(multiplier) * Double(sign: .plus, exponent: Int(shift) - 31, significand: 1)
  }

  /// A sum times the factor.
  ///
  /// - Parameter sum: 32-bit roundings keep its lowest 32 bits, as a sum in 32 bits would; the wide one is exact for magnitudes
  ///   below 2^47.
  @inline(__always)
  public func apply(_ sum: Int64, _ rounding: FixedPointRounding) -> Int32 {
    switch rounding {
    case .double: return doubleRounding(Int32(truncatingIfNeeded: sum))
    case .single: return singleRounding(Int32(truncatingIfNeeded: sum))
    case .wide: return wide(sum)
    }
  }

  /// `round(round(sum * 2^left * multiplier / 2^31) / 2^right)`, where left and right are the parts of the shift.
  ///
  /// The first rounding takes ties upwards, the second away from zero.
  @inline(__always)
  func doubleRounding(_ sum: Int32) -> Int32 {
    let shifted = FixedPointMultiplier.saturated(Int64(sum) << Int64(max(shift, 0)))
    return FixedPointMultiplier.divide(
      FixedPointMultiplier.doublingHigh(shifted, multiplier), byPowerOfTwo: max(-shift, 0))
  }

  /// `floor((sum * multiplier + 2^(30 - shift)) / 2^(31 - shift))`.
  @inline(__always)
  func singleRounding(_ sum: Int32) -> Int32 {
    let total = Int64(31 - shift)
    let product = Int64(sum) * Int64(multiplier)
    return FixedPointMultiplier.saturated((product &+ (1 << (total - 1))) >> total)
  }

  /// `floor((sum * m + 2^(14 - shift)) / 2^(15 - shift))`, where m is the multiplier rounded to 16 bits.
  @inline(__always)
  func wide(_ sum: Int64) -> Int32 {
    let reduced = multiplier < 0x7FFF_0000 ? (Int64(multiplier) + 0x8000) >> 16 : 0x7FFF
    let total = Int64(15 - shift)
    return FixedPointMultiplier.saturated((sum &* reduced &+ (1 << (total - 1))) >> total)
  }

  /// The upper half of `2 a b`, ties upwards: the ARM instruction VQRDMULH.
  ///
  /// The only product that does not fit, of two smallest numbers, saturates. Dividing towards zero after adding `1 - 2^30` to a
  /// negative product is the same as dividing downwards after adding `2^30`.
  @inline(__always)
  static func doublingHigh(_ a: Int32, _ b: Int32) -> Int32 {
    saturated((Int64(a) * Int64(b) + (1 << 30)) >> 31)
  }

  /// `value / 2^exponent`, ties away from zero, for exponents from 0 to 31.
  @inline(__always)
  static func divide(_ value: Int32, byPowerOfTwo exponent: Int32) -> Int32 {
    let mask = Int32(truncatingIfNeeded: (Int64(1) << Int64(exponent)) - 1)
    let remainder = value & mask
    let threshold = (mask >> 1) &+ (value < 0 ? 1 : 0)
    return (value >> exponent) &+ (remainder > threshold ? 1 : 0)
  }

  /// The nearest 32-bit number.
  @inline(__always)
  static func saturated(_ value: Int64) -> Int32 { Int32(clamping: value) }
}
