import RetinaModel

/// A full-field flash, once or again and again.
public struct Flash: StimulusGenerator {
  /// Frames at the background before the first flash.
  public var preFrames = 30
  /// Frames for which a flash lasts.
  public var onFrames = 15
  /// Frames at the background after each flash.
  public var offFrames = 15
  /// Number of flashes.
  public var flashes = 2
  /// Frames at the background at the end, beyond the last flash's own ``offFrames``.
  public var postFrames = 0
  /// Contrast during a flash.
  public var contrast = 1.0
  /// Contrast between flashes.
  public var background = 0.0

  /// Creates the flashes with the defaults.
  public init() {}

  /// The length of the movie in frames.
  public var frameCount: Int { preFrames + flashes * (onFrames + offFrames) + postFrames }

  /// The movie `[time, height, width]`.
  public func movie(height: Int, width: Int) -> Tensor {
    var contrasts = [Double](repeating: background, count: frameCount)
    for flash in 0..<flashes {
      let onset = preFrames + flash * (onFrames + offFrames)
      for time in onset..<onset + onFrames { contrasts[time] = contrast }
    }
    return .fullField(contrasts, height: height, width: width)
  }
}

extension Flash: NamedGenerator {
  static let name = "flash"
  static let summary = "full-field flashes"
  static let parameters: [Parameter<Flash>] = [
    .pause("pre_frames", \.preFrames, "background before the first flash"),
    .duration("on_frames", \.onFrames, "length of a flash"),
    .pause("off_frames", \.offFrames, "background after each flash"),
    .integer("flashes", \.flashes, unit: nil, in: 1...Limits.repeats, "number of flashes"),
    .pause("post_frames", \.postFrames, "background at the end, beyond the last off_frames"),
    .contrast("contrast", \.contrast, "contrast during a flash"),
    .contrast("background", \.background, "contrast between flashes"),
  ]
}
