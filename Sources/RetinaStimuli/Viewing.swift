import RetinaModel

/// How an eye looks at a series of images: for how long at each, and how it drifts meanwhile.
public struct Viewing: Sendable {
  /// Length of the movie in frames.
  public var durationFrames = 120
  /// Frames for which an image stays.
  public var imageFrames = 60
  /// Standard deviation of the eye's drift in pixels per frame along each axis.
  public var driftStep = 0.5
  /// Time constant in frames with which the eye returns to its first position; 0 for a free walk.
  public var driftReturnFrames = 0.0
  /// Seed of images and drift.
  public var seed = 1

  /// The largest height and width of a movie: the image behind it then has 4096 x 4096 samples.
  static let maximumExtent = 512

  /// The movie of images of so many pixels that `image` makes one after another from one sequence of random numbers.
  func movie(
    height: Int, width: Int, image: (_ pixels: Int, inout SeededGenerator) -> PeriodicImage
  ) -> Tensor {
    let pixels = PeriodicImage.pixels(height: height, width: width)
    var movie = Tensor(repeating: 0, shape: Shape(durationFrames, height, width))
    // Sequences of their own, so that the drift stays the same whatever the images draw.
    var seeds = SeededGenerator(seed: UInt64(seed))
    var drift = EyeDrift(step: driftStep, returnFrames: driftReturnFrames, seed: seeds.next())
    var images = SeededGenerator(seed: seeds.next())
    var current = image(pixels, &images)
    for time in 0..<durationFrames {
      if time > 0 {
        if time % imageFrames == 0 {
          current = image(pixels, &images)
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

/// A generator of images that an eye looks at.
protocol ViewedImages: NamedGenerator {
  /// How the images are looked at.
  var viewing: Viewing { get set }
}

extension Parameter where Generator: ViewedImages {
  /// What can be set about lengths.
  static var lengths: [Parameter] {
    [
      .duration("duration_frames", \.viewing.durationFrames, "length of the movie"),
      .duration("image_frames", \.viewing.imageFrames, "how long an image stays"),
    ]
  }

  /// What can be set about the eye, and the seed.
  static var eye: [Parameter] {
    [
      .number(
        "drift_step", \.viewing.driftStep, unit: "pixels/frame", in: 0...64, "standard deviation of the eye's drift"),
      .number(
        "drift_return_frames", \.viewing.driftReturnFrames, unit: "frames", in: 0...Double(Limits.frames),
        "time constant of the eye's return; 0 for a free walk"),
      .integer("seed", \.viewing.seed, unit: nil, in: 0...Limits.seed, "seed of images and drift"),
    ]
  }
}
