import RetinaModel

/// Full-field Gaussian flicker whose contrast steps once, and may repeat itself.
///
/// Frame t is contrast(t) x n(floor(t / hold)), with independent normal numbers n of mean 0 and deviation 1, and the contrast
/// before or from ``stepFrame`` on. From the step on, the numbers repeat every ``frozenFrames``, so that responses to the same
/// flicker early and late after the step can be compared (Smirnakis, Berry, Warland, Bialek and Meister, Nature 386, 69, 1997).
public struct ContrastStep: StimulusGenerator {
  /// Length of the movie in frames.
  public var durationFrames = 240
  /// The first frame of the second contrast; 0 for one contrast only.
  public var stepFrame = 120
  /// Deviation of the flicker before the step.
  public var contrastBefore = 0.1
  /// Deviation from the step on.
  public var contrastAfter = 0.3
  /// Frames for which a value stays.
  public var holdFrames = 1
  /// Frames after which the flicker repeats, counted from the step; 0 for never.
  public var frozenFrames = 0
  /// Seed of the flicker.
  public var seed = 1

  /// Creates the flicker with the defaults.
  public init() {}

  /// The length of the movie in frames.
  public var frameCount: Int { durationFrames }

  /// The contrast of every frame.
  public var contrasts: [Double] {
    var generator = SeededGenerator(seed: UInt64(seed))
    var contrasts: [Double] = []
    contrasts.reserveCapacity(durationFrames)
    var value = 0.0
    for time in 0..<durationFrames {
      let since = time - stepFrame
      if frozenFrames > 0, since >= frozenFrames {
        contrasts.append(contrasts[time - frozenFrames])
        continue
      }
      if (since >= 0 ? since : time) % holdFrames == 0 { value = generator.normal() }
      contrasts.append(value * (since < 0 ? contrastBefore : contrastAfter))
    }
    return contrasts
  }

  /// The movie `[time, height, width]`.
  public func movie(height: Int, width: Int) -> Tensor { .fullField(contrasts, height: height, width: width) }
}

extension ContrastStep: NamedGenerator {
  static let name = "contrast-step"
  static let summary = "full-field Gaussian flicker whose contrast steps once"
  static let parameters: [Parameter<ContrastStep>] = [
    .duration("duration_frames", \.durationFrames, "length of the movie"),
    .pause("step_frame", \.stepFrame, "first frame of the second contrast; 0 for one contrast only"),
    .contrast("contrast_before", \.contrastBefore, "deviation of the flicker before the step"),
    .contrast("contrast_after", \.contrastAfter, "deviation from the step on"),
    .duration("hold_frames", \.holdFrames, "how long a value stays"),
    .pause("frozen_frames", \.frozenFrames, "the flicker repeats after so many frames from the step on; 0 for never"),
    .integer("seed", \.seed, unit: nil, in: 0...Limits.seed, "seed of the flicker"),
  ]
}
