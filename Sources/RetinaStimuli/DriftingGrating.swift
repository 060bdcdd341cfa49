import RetinaModel

/// A grating that moves along its direction.
///
/// Frame t after ``preFrames`` is contrast times the profile of
/// distance / spatial period - t / temporal period + phase / 360, with the distance from the centre of the image.
public struct DriftingGrating: StimulusGenerator {
  /// Frames of grey at the start.
  public var preFrames = 0
  /// Frames for which the grating shows.
  public var durationFrames = 120
  /// Frames of grey at the end.
  public var postFrames = 0
  /// Length of a cycle in pixels.
  public var spatialPeriod = 8.0
  /// Frames in which the grating moves by one cycle.
  public var temporalPeriod = 15.0
  /// Phase in degrees.
  public var phase = 0.0
  /// Contrast of bright stripes; dark ones have its negative.
  public var contrast = 1.0
  /// Shape of the stripes.
  public var profile = GratingProfile.sine
  /// Direction of motion in degrees: 0 is right, 90 is up.
  public var direction = 0.0

  /// Creates the grating with the defaults.
  public init() {}

  /// The length of the movie in frames.
  public var frameCount: Int { preFrames + durationFrames + postFrames }

  /// The movie `[time, height, width]`.
  public func movie(height: Int, width: Int) -> Tensor {
    var movie = Tensor(repeating: 0, shape: Shape(frameCount, height, width))
    let axis = ImageAxis(degrees: direction)
    for time in 0..<durationFrames {
      let pattern = profile.pattern(
        axis: axis, period: spatialPeriod, phase: phase / 360 - Double(time) / temporalPeriod, height: height,
        width: width)
      let first = (preFrames + time) * pattern.count
      for (pixel, value) in pattern.enumerated() { movie.values[first + pixel] = Float(contrast * value) }
    }
    return movie
  }
}

extension DriftingGrating: NamedGenerator {
  static let name = "drifting-grating"
  static let summary = "a grating that moves along its direction"
  static let parameters: [Parameter<DriftingGrating>] = [
    .pause("pre_frames", \.preFrames, "grey at the start"),
    .duration("duration_frames", \.durationFrames, "how long the grating shows"),
    .pause("post_frames", \.postFrames, "grey at the end"),
    .number("spatial_period", \.spatialPeriod, unit: "pixels", in: 2...Limits.pixels, "length of a cycle"),
    .number("temporal_period", \.temporalPeriod, unit: "frames", in: 2...Limits.pixels, "time to move by one cycle"),
    .angle("phase", \.phase, "phase"),
    .contrast("contrast", \.contrast, "contrast of bright stripes; dark ones have its negative"),
    .choice("profile", \.profile, "shape of the stripes"),
    .angle("direction", \.direction, "direction of motion: 0 is right, 90 is up"),
  ]
}
