/// The largest values that parameters may have.
enum Limits {
  /// Frames in one part of a movie: 46 hours at 100 frames/s.
  static let frames = 1 << 24
  /// Height or width of an image or a checkerboard.
  static let extent = 1 << 12
  /// A length or a velocity.
  static let pixels = 65_536.0
  /// Repetitions of a part.
  static let repeats = 1 << 16
  /// A seed: what JSON can say exactly.
  static let seed = 1 << 52
  /// Values of a movie.
  static let values = 1 << 31
}
