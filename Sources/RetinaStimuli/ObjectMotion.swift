import RetinaModel

/// A disc of grating that jitters before a grating that jitters with it or on its own.
///
/// Both gratings are walks of independent normal steps along their direction. In global motion the background takes the steps of the
/// disc, so that the whole image moves as one; in differential motion it takes steps of its own. With equal deviations the disc
/// moves alike in both: only the background tells them apart. The movie is grey, then the jitter, then grey. The stimulus of
/// object motion sensitivity (Olveczky, Baccus and Meister, Nature 423, 401, 2003).
///
/// Frame t of the jitter is contrast x profile((distance - x(t)) / spatial_period + phase), with x and phase of the disc where a pixel's
/// centre is less than the radius from the disc's, and x of the background and no phase elsewhere.
public struct ObjectMotion: StimulusGenerator {
  /// What moves with what.
  public enum Motion: String, CaseIterable, Sendable {
    /// Disc and background move as one.
    case global
    /// Each moves on its own.
    case differential
    /// The disc moves before a background that stands.
    case object
    /// The background moves behind a disc that stands.
    case background
  }

  /// Frames of grey at the start.
  public var preFrames = 40
  /// Frames of jitter.
  public var durationFrames = 150
  /// Frames of grey at the end.
  public var postFrames = 40
  /// Radius of the disc in pixels.
  public var radius = 8.0
  /// Column of its centre in pixels from the centre of the image, to the right.
  public var column = 0.0
  /// Row of its centre in pixels from the centre of the image, downwards.
  public var row = 0.0
  /// Length of a cycle of the gratings in pixels.
  public var spatialPeriod = 4.0
  /// Direction in degrees along which the gratings vary and move.
  public var direction = 0.0
  /// Deviation of a step of the disc in pixels.
  public var objectStep = 0.5
  /// Deviation of a step of the background in pixels; in global motion, of both.
  public var backgroundStep = 0.5
  /// What moves with what.
  public var motion = Motion.differential
  /// Contrast of the bright stripes; dark ones have its negative.
  public var contrast = 1.0
  /// Shape of the stripes.
  public var profile = GratingProfile.square
  /// Cycles by which the disc's grating is ahead of the background's; half of one exchanges its bright and dark stripes.
  public var objectPhase = 0.0
  /// Seed of the steps of the disc, in global motion of both.
  public var seed = 1
  /// Seed of the background's own steps.
  public var backgroundSeed = 2

  /// Creates the motion with the defaults.
  public init() {}

  /// The length of the movie in frames.
  public var frameCount: Int { preFrames + durationFrames + postFrames }

  /// Where the gratings are in each frame of the jitter, in pixels along the direction.
  public var paths: (object: [Double], background: [Double]) {
    func path(_ step: Double, seed: Int, moves: Bool) -> [Double] {
      var generator = SeededGenerator(seed: UInt64(seed))
      var place = 0.0
      return (0..<durationFrames).map { _ in
        if moves { place += step * generator.normal() }
        return place
      }
    }
    if motion == .global {
      let both = path(backgroundStep, seed: seed, moves: true)
      return (both, both)
    }
    return (
      path(objectStep, seed: seed, moves: motion != .background),
      path(backgroundStep, seed: backgroundSeed, moves: motion != .object)
    )
  }

  /// The movie `[time, height, width]`.
  public func movie(height: Int, width: Int) -> Tensor {
    var movie = Tensor(repeating: 0, shape: Shape(frameCount, height, width))
    let axis = ImageAxis(degrees: direction)
    let plane = height * width
    let isObject = (0..<plane).map { pixel in
      let down = Double(pixel / width) + 0.5 - Double(height) / 2 - row
      let right = Double(pixel % width) + 0.5 - Double(width) / 2 - column
      return down * down + right * right < radius * radius
    }
    let (object, background) = paths
    for time in 0..<durationFrames {
      func pattern(_ phase: Double) -> [Double] {
        profile.pattern(axis: axis, period: spatialPeriod, phase: phase, height: height, width: width)
      }
      let phases = (front: objectPhase - object[time] / spatialPeriod, behind: -background[time] / spatialPeriod)
      let behind = pattern(phases.behind)
      let front = phases.front == phases.behind ? behind : pattern(phases.front)
      for pixel in 0..<plane {
        movie.values[(preFrames + time) * plane + pixel] =
          Float(contrast * (isObject[pixel] ? front[pixel] : behind[pixel]))
      }
    }
    return movie
  }
}

extension ObjectMotion: NamedGenerator {
  static let name = "object-motion"
  static let summary = "a disc of grating that jitters with its background or on its own"
  static let parameters: [Parameter<ObjectMotion>] = [
    .pause("pre_frames", \.preFrames, "grey at the start"),
    .duration("duration_frames", \.durationFrames, "how long the gratings jitter"),
    .pause("post_frames", \.postFrames, "grey at the end"),
    .number("radius", \.radius, unit: "pixels", in: 0...Limits.pixels, "radius of the disc"),
    .number(
      "column", \.column, unit: "pixels", in: -Limits.pixels...Limits.pixels,
      "centre of the disc, to the right of the centre of the image"),
    .number(
      "row", \.row, unit: "pixels", in: -Limits.pixels...Limits.pixels,
      "centre of the disc, below the centre of the image"
    ),
    .number("spatial_period", \.spatialPeriod, unit: "pixels", in: 2...Limits.pixels, "length of a cycle"),
    .angle("direction", \.direction, "direction along which gratings vary and move: 0 is right, 90 is up"),
    .number("object_step", \.objectStep, unit: "pixels", in: 0...Limits.pixels, "deviation of a step of the disc"),
    .number(
      "background_step", \.backgroundStep, unit: "pixels", in: 0...Limits.pixels,
      "deviation of a step of the background"),
    .choice("motion", \.motion, "what moves with what"),
    .contrast("contrast", \.contrast, "contrast of bright stripes; dark ones have its negative"),
    .choice("profile", \.profile, "shape of the stripes"),
    .number(
      "object_phase", \.objectPhase, unit: "cycles", in: -1...1,
      "how far the disc's grating is ahead of the background's"),
    .integer("seed", \.seed, unit: nil, in: 0...Limits.seed, "seed of the steps of the disc, in global motion of both"),
    .integer(
      "background_seed", \.backgroundSeed, unit: nil, in: 0...Limits.seed, "seed of the background's own steps"),
  ]
}
