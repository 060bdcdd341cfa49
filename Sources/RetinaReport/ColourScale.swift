/// From a value to one of 256 colours.
///
/// The last colour stands for values that are not finite. In a diverging scale the middle colour, white, is exactly
/// zero, and opposite values are about equally dark; both scales can be read with any colour vision.
struct ColourScale: Equatable, Sendable {
  /// The value at the first colour.
  let lower: Double
  /// The value at the last colour but the missing one.
  let upper: Double
  /// The 255 colours of values, then ``missing``.
  let palette: [Colour]

  /// The colour of values that are not finite.
  static let missing = Colour(0xBDBDBD)
  private static let levels = 255

  /// A scale from minus the limit, blue, over zero, white, to the limit, orange.
  ///
  /// A limit that is not positive and finite counts as 1.
  static func diverging(limit: Double) -> ColourScale {
    let limit = limit > 0 && limit.isFinite ? limit : 1
    return ColourScale(
      lower: -limit, upper: limit,
      stops: [0x0B3C6F, 0x2B73B3, 0x7DB4DC, 0xFFFFFF, 0xF2AE72, 0xC4611A, 0x6E2C05])
  }

  /// A diverging scale that just holds every finite value.
  static func diverging(holding values: some Sequence<Float>) -> ColourScale {
    var limit: Float = 0
    for value in values where value.isFinite { limit = max(limit, abs(value)) }
    return diverging(limit: Double(limit))
  }

  /// A scale from dark blue, the lower value, to yellow, the upper: lightness grows evenly.
  ///
  /// Bounds that are not finite or not in order count as 0 and 1.
  static func sequential(lower: Double, upper: Double) -> ColourScale {
    let valid = lower.isFinite && upper.isFinite && lower < upper
    return ColourScale(
      lower: valid ? lower : 0, upper: valid ? upper : 1,
      stops: [0x440154, 0x472D7B, 0x3B528B, 0x2C728E, 0x21918C, 0x28AE80, 0x5EC962, 0xADDC30, 0xFDE725])
  }

  private init(lower: Double, upper: Double, stops: [UInt32]) {
    self.lower = lower
    self.upper = upper
    let colours = stops.map { Colour($0) }
    palette =
      (0..<ColourScale.levels).map { level in
        let place = Double(level) / Double(ColourScale.levels - 1) * Double(colours.count - 1)
        let stop = min(Int(place), colours.count - 2)
        return Colour(between: colours[stop], and: colours[stop + 1], fraction: place - Double(stop))
      } + [ColourScale.missing]
  }

  /// The place of a value's colour in the palette; values beyond the ends take the end's colour.
  func index(of value: Float) -> UInt8 {
    guard value.isFinite else { return UInt8(ColourScale.levels) }
    // Counted from the middle, so that opposite values round to opposite colours.
    let half = Double(ColourScale.levels - 1) / 2
    let fraction = (Double(value) - (lower + upper) / 2) / (upper - lower)
    return UInt8(half + (min(max(fraction * 2, -1), 1) * half).rounded())
  }

  /// The colour of a value.
  func colour(of value: Float) -> Colour { palette[Int(index(of: value))] }
}
