import RetinaModel

/// A full-field step from one contrast to another.
public struct Step: StimulusGenerator {
  /// Frames before the step.
  public var preFrames = 30
  /// Frames from the step on.
  public var durationFrames = 60
  /// Contrast before the step.
  public var from = 0.0
  /// Contrast from the step on.
  public var to = -1.0

  /// Creates the step with the defaults.
  public init() {}

  /// The length of the movie in frames.
  public var frameCount: Int { preFrames + durationFrames }

  /// The movie `[time, height, width]`.
  public func movie(height: Int, width: Int) -> Tensor {
    let contrasts = (0..<frameCount).map { $0 < preFrames ? from : to }
    return .fullField(contrasts, height: height, width: width)
  }
}

extension Step: NamedGenerator {
  static let name = "step"
  static let summary = "a full-field step of contrast"
  static let parameters: [Parameter<Step>] = [
    .pause("pre_frames", \.preFrames, "time before the step"),
    .duration("duration_frames", \.durationFrames, "time from the step on"),
    .contrast("from", \.from, "contrast before the step"),
    .contrast("to", \.to, "contrast from the step on"),
  ]
}
