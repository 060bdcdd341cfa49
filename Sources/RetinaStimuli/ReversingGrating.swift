import RetinaModel

/// A standing grating whose bright and dark stripes change places.
///
/// Frame t after ``preFrames`` is contrast times (-1)^floor(t / half period) times the profile of
/// distance / spatial period + phase / 360, with the distance from the centre of the image along the direction.
/// The stimulus that shows frequency doubling (Hochstein and Shapley, Journal of Physiology 262, 237, 1976).
public struct ReversingGrating: StimulusGenerator {
  /// Frames of grey at the start.
  public var preFrames = 0
  /// Frames for which the grating shows.
  public var durationFrames = 120
  /// Frames of grey at the end.
  public var postFrames = 0
  /// Length of a cycle in pixels.
  public var spatialPeriod = 8.0
  /// Phase in degrees.
  public var phase = 0.0
  /// Frames between reversals.
  public var halfPeriodFrames = 15
  /// Contrast of bright stripes; dark ones have its negative.
  public var contrast = 1.0
  /// Shape of the stripes.
  public var profile = GratingProfile.square
  /// Direction in degrees along which the grating varies: 0 is right, 90 is up.
  public var direction = 0.0

  /// Creates the grating with the defaults.
  public init() {}

  /// The length of the movie in frames.
  public var frameCount: Int { preFrames + durationFrames + postFrames }

  /// The movie `[time, height, width]`.
  public func movie(height: Int, width: Int) -> Tensor {
    var movie = Tensor(repeating: 0, shape: Shape(frameCount, height, width))
    let pattern = profile.pattern(
      axis: ImageAxis(degrees: direction), period: spatialPeriod, phase: phase / 360, height: height, width: width)
    for time in 0..<durationFrames {
      let sign = (time / halfPeriodFrames).isMultiple(of: 2) ? contrast : -contrast
      let first = (preFrames + time) * pattern.count
      for (pixel, value) in pattern.enumerated() { movie.values[first + pixel] = Float(sign * value) }
    }
    return movie
  }
}

extension ReversingGrating: NamedGenerator {
  static let name = "reversing-grating"
  static let summary = "a standing grating whose bright and dark stripes change places"
  static let parameters: [Parameter<ReversingGrating>] = [
    .pause("pre_frames", \.preFrames, "grey at the start"),
    .duration("duration_frames", \.durationFrames, "how long the grating shows"),
    .pause("post_frames", \.postFrames, "grey at the end"),
    .number("spatial_period", \.spatialPeriod, unit: "pixels", in: 2...Limits.pixels, "length of a cycle"),
    .angle("phase", \.phase, "phase"),
    .duration("half_period_frames", \.halfPeriodFrames, "time between reversals"),
    .contrast("contrast", \.contrast, "contrast of bright stripes; dark ones have its negative"),
    .choice("profile", \.profile, "shape of the stripes"),
    .angle("direction", \.direction, "direction along which it varies: 0 is right, 90 is up"),
  ]
}
