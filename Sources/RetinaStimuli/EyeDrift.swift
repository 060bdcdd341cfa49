/// The gaze of an eye that fixates: a seeded random walk, optionally drawn back to where it began.
///
/// Steps are normal and independent along rows and columns. With a return time of n frames the walk is an
/// Ornstein-Uhlenbeck process, whose standard deviation settles at step / sqrt(1 - (1 - 1/n)^2); n below 1 counts as 1.
struct EyeDrift {
  /// Standard deviation of a step along each axis in pixels.
  let step: Double
  /// The share of the distance that is kept from frame to frame: 1 for a walk that is free.
  let kept: Double
  /// Distance from the start in pixels, downwards.
  private(set) var row = 0.0
  /// Distance from the start in pixels, to the right.
  private(set) var column = 0.0
  private var generator: SeededGenerator

  /// Creates a gaze at the start; `returnFrames` is 0 for a walk that is free.
  init(step: Double, returnFrames: Double, seed: UInt64) {
    self.step = step
    kept = returnFrames > 0 ? 1 - 1 / max(1, returnFrames) : 1
    generator = SeededGenerator(seed: seed)
  }

  /// Moves on by a frame.
  mutating func move() {
    row = row * kept + step * generator.normal()
    column = column * kept + step * generator.normal()
  }

  /// Looks at the start again, as after a saccade to another image.
  mutating func recentre() {
    (row, column) = (0, 0)
  }
}
