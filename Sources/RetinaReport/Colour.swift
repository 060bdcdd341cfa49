/// A colour, 8 bits a component, sRGB.
struct Colour: Equatable, Sendable {
  let red: UInt8
  let green: UInt8
  let blue: UInt8

  /// Creates a colour from `0xRRGGBB`.
  init(_ code: UInt32) {
    red = UInt8(truncatingIfNeeded: code >> 16)
    green = UInt8(truncatingIfNeeded: code >> 8)
    blue = UInt8(truncatingIfNeeded: code)
  }

  /// Creates the colour between two others, `fraction` of the way from the first.
  init(between first: Colour, and second: Colour, fraction: Double) {
    func mix(_ a: UInt8, _ b: UInt8) -> UInt8 { UInt8((Double(a) + (Double(b) - Double(a)) * fraction).rounded()) }
    red = mix(first.red, second.red)
    green = mix(first.green, second.green)
    blue = mix(first.blue, second.blue)
  }

  /// The colour as `#rrggbb`.
  var hexadecimal: String {
    var text = "#"
    for component in [red, green, blue] {
      if component < 16 { text += "0" }
      text += String(component, radix: 16)
    }
    return text
  }
}

/// The colours of everything that is not data.
enum Ink {
  static let text = Colour(0x1A1A1A)
  static let muted = Colour(0x5F6368)
  static let axis = Colour(0x8A8F94)
  static let grid = Colour(0xE4E7EA)
  static let paper = Colour(0xFFFFFF)
  static let trace = Colour(0x22303C)
  static let marker = Colour(0x009E73)

  /// Colours of named series, told apart with any colour vision (Okabe and Ito 2008, without its yellow).
  static let series: [Colour] = [
    Colour(0x0072B2), Colour(0xD55E00), Colour(0x009E73), Colour(0xCC79A7), Colour(0xE69F00), Colour(0x56B4E9),
    Colour(0x1A1A1A),
  ]
}
