/// Luminance of colours: 0.2126 red + 0.7152 green + 0.0722 blue (ITU-R BT.709), of the values as they are stored.
///
/// No gamma is taken back: a stimulus shows the numbers of its file, from 0 (black) to 1 (white).
enum Luminance {
  static let red: Float = 0.2126
  static let green: Float = 0.7152
  static let blue: Float = 0.0722

  static func of(red: Float, green: Float, blue: Float) -> Float {
    Luminance.red * red + Luminance.green * green + Luminance.blue * blue
  }
}
