import RetinaModel

/// A train of periodic full-field flashes that stops: the flash due after the last one is left out.
///
/// The stimulus of the omitted-stimulus response (Schwartz, Harris, Shrom and Berry, Nature Neuroscience 10, 552, 2007).
/// Flashes keep the sign of their contrast: the defaults are dark flashes.
public struct OmittedFlash: StimulusGenerator {
  /// Frames of grey before the first flash.
  public var preFrames = 30
  /// Frames for which a flash lasts.
  public var onFrames = 1
  /// Frames from the start of one flash to the start of the next.
  public var periodFrames = 4
  /// Number of flashes that are shown.
  public var flashes = 8
  /// Frames of grey from the time at which the omitted flash would have started.
  public var postFrames = 40
  /// Contrast during a flash.
  public var contrast = -1.0

  /// Creates the train with the defaults.
  public init() {}

  /// The length of the movie in frames.
  public var frameCount: Int { omissionFrame + postFrames }

  /// The frame at which the omitted flash would have started.
  public var omissionFrame: Int { preFrames + flashes * periodFrames }

  /// The movie `[time, height, width]`.
  public func movie(height: Int, width: Int) -> Tensor {
    var contrasts = [Double](repeating: 0, count: frameCount)
    for onset in stride(from: preFrames, to: omissionFrame, by: periodFrames) {
      for time in onset..<onset + onFrames { contrasts[time] = contrast }
    }
    return .fullField(contrasts, height: height, width: width)
  }
}

extension OmittedFlash: NamedGenerator {
  static let name = "omitted-flash"
  static let summary = "periodic full-field flashes, the next of which is omitted"
  static let parameters: [Parameter<OmittedFlash>] = [
    .pause("pre_frames", \.preFrames, "grey before the first flash"),
    .duration("on_frames", \.onFrames, "length of a flash"),
    .duration("period_frames", \.periodFrames, "from the start of a flash to the start of the next"),
    .integer("flashes", \.flashes, unit: nil, in: 1...Limits.repeats, "number of flashes shown"),
    .pause("post_frames", \.postFrames, "grey from the time of the omitted flash on"),
    .contrast("contrast", \.contrast, "contrast during a flash"),
  ]

  func conflict(height: Int, width: Int) -> ParameterConflict? {
    guard onFrames > periodFrames else { return nil }
    return ParameterConflict(
      parameter: "on_frames", expected: "at most period_frames (\(periodFrames))", found: "\(onFrames)")
  }
}
