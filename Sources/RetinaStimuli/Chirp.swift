import RetinaModel

/// The full-field chirp: a step up and down, a sweep of frequency, a sweep of contrast.
///
/// The order is that of Baden et al., "The functional diversity of retinal ganglion cells in the mouse", Nature 529, 345
/// (2016): grey, bright, dark, grey, frequency sweep, grey, contrast sweep, grey. The frequency is that of the derivative
/// of the phase, so the sweep ends at the frequency stated; sin(2 pi f(t) t), often seen, ends at twice that frequency.
public struct Chirp: StimulusGenerator {
  /// Frames of grey at the start, between the parts and at the end.
  public var greyFrames = 30
  /// Frames at full contrast.
  public var onFrames = 45
  /// Frames at full negative contrast.
  public var offFrames = 45
  /// Frames of the frequency sweep.
  public var frequencySweepFrames = 240
  /// Frequency at the start of its sweep in cycles per frame.
  public var startFrequency = 0.0
  /// Frequency at the end of its sweep in cycles per frame; 0.25 is 7.5 Hz at 30 frames/s.
  public var endFrequency = 0.25
  /// Frames of the contrast sweep.
  public var contrastSweepFrames = 240
  /// Frequency during the contrast sweep in cycles per frame.
  public var contrastSweepFrequency = 0.0625
  /// Largest contrast.
  public var contrast = 1.0

  /// Creates the chirp with the defaults.
  public init() {}

  /// The length of the movie in frames.
  public var frameCount: Int { 4 * greyFrames + onFrames + offFrames + frequencySweepFrames + contrastSweepFrames }

  /// The movie `[time, height, width]`.
  public func movie(height: Int, width: Int) -> Tensor {
    let grey = [Double](repeating: 0, count: greyFrames)
    var contrasts = grey
    contrasts += [Double](repeating: contrast, count: onFrames)
    contrasts += [Double](repeating: -contrast, count: offFrames)
    contrasts += grey
    for time in 0..<frequencySweepFrames {
      let elapsed = Double(time)
      let rise = (endFrequency - startFrequency) / Double(frequencySweepFrames)
      contrasts.append(contrast * sine(cycles: startFrequency * elapsed + rise * elapsed * elapsed / 2))
    }
    contrasts += grey
    for time in 0..<contrastSweepFrames {
      let envelope = Double(time) / Double(contrastSweepFrames)
      contrasts.append(contrast * envelope * sine(cycles: contrastSweepFrequency * Double(time)))
    }
    contrasts += grey
    return .fullField(contrasts, height: height, width: width)
  }
}

extension Chirp: NamedGenerator {
  static let name = "chirp"
  static let summary = "full-field step, frequency sweep and contrast sweep"
  static let parameters: [Parameter<Chirp>] = [
    .pause("grey_frames", \.greyFrames, "grey at the start, before each sweep and at the end"),
    .duration("on_frames", \.onFrames, "bright step"),
    .pause("off_frames", \.offFrames, "dark step"),
    .pause("frequency_sweep_frames", \.frequencySweepFrames, "length of the frequency sweep"),
    .number("start_frequency", \.startFrequency, unit: "cycles/frame", in: 0...0.5, "frequency at its start"),
    .number("end_frequency", \.endFrequency, unit: "cycles/frame", in: 0...0.5, "frequency at its end"),
    .pause("contrast_sweep_frames", \.contrastSweepFrames, "length of the contrast sweep"),
    .number(
      "contrast_sweep_frequency", \.contrastSweepFrequency, unit: "cycles/frame", in: 0...0.5,
      "frequency during the contrast sweep"),
    .contrast("contrast", \.contrast, "largest contrast"),
  ]
}
