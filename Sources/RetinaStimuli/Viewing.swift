import RetinaModel

/// How an eye looks at a series of images: for how long at each, and how it drifts meanwhile.
struct Viewing {
  /// Length of the movie in frames.
  var durationFrames: Int
  /// Frames for which an image stays.
  var imageFrames: Int
  /// Standard deviation of a drift step in pixels per frame along each axis.
  var driftStep: Double
  /// Time constant of the return to the first position in frames; 0 for a free walk.
  var driftReturnFrames: Double
  /// Seed of images and drift.
  var seed: Int

  /// The largest height and width of a movie: the image behind it then has 4096 x 4096 samples.
  static let maximumExtent = 512

  /// The movie of images that `image` makes one after another from one sequence of random numbers.
  func movie(height: Int, width: Int, image: (inout SeededGenerator) -> PeriodicImage) -> Tensor {
    var movie = Tensor(repeating: 0, shape: Shape(durationFrames, height, width))
    // Sequences of their own, so that the drift stays the same whatever the images draw.
    var seeds = SeededGenerator(seed: UInt64(seed))
    var drift = EyeDrift(step: driftStep, returnFrames: driftReturnFrames, seed: seeds.next())
    var images = SeededGenerator(seed: seeds.next())
    var current = image(&images)
    for time in 0..<durationFrames {
      if time > 0 {
        if time % imageFrames == 0 {
          current = image(&images)
          drift.recentre()
        } else {
          drift.move()
        }
      }
      current.look(
        row: drift.row, column: drift.column, height: height, width: width, into: &movie.values,
        at: time * height * width)
    }
    return movie
  }

  /// What is wrong with the size of a movie, if anything.
  static func conflict(height: Int, width: Int) -> ParameterConflict? {
    guard max(height, width) > maximumExtent else { return nil }
    return ParameterConflict(
      parameter: height > maximumExtent ? "height" : "width", expected: "at most \(maximumExtent) pixels",
      found: "\(max(height, width))")
  }
}
