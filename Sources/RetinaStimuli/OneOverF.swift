import RetinaModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Clouds with the spectrum of natural images, seen by an eye that drifts.
///
/// Power falls as 1 / frequency^exponent; an exponent of 2 is that of natural scenes (Field, "Relations between the
/// statistics of natural images and the response properties of cortical cells", Journal of the Optical Society of America
/// A 4, 2379, 1987). Phases are random, so there are no edges: what a model does here and not with ``DeadLeaves``, or the
/// other way round, is not due to the spectrum.
public struct OneOverF: StimulusGenerator {
  /// Length of the movie in frames.
  public var durationFrames = 120
  /// Frames for which an image stays.
  public var imageFrames = 60
  /// The power at a spatial frequency is proportional to 1 / frequency^exponent.
  public var exponent = 2.0
  /// Standard deviation of contrast over an image; values are clipped to -1...1.
  public var contrast = 0.35
  /// Standard deviation of the eye's drift in pixels per frame along each axis.
  public var driftStep = 0.5
  /// Time constant in frames with which the eye returns to its first position; 0 for a free walk.
  public var driftReturnFrames = 0.0
  /// Seed of images and drift.
  public var seed = 1

  /// Creates the clouds with the defaults.
  public init() {}

  /// The length of the movie in frames.
  public var frameCount: Int { durationFrames }

  /// The movie `[time, height, width]`.
  public func movie(height: Int, width: Int) -> Tensor {
    let viewing = Viewing(
      durationFrames: durationFrames, imageFrames: imageFrames, driftStep: driftStep,
      driftReturnFrames: driftReturnFrames, seed: seed)
    let pixels = PeriodicImage.pixels(height: height, width: width)
    return viewing.movie(height: height, width: width) { image(pixels: pixels, using: &$0) }
  }

  /// One image of `pixels` x `pixels`: white noise whose Fourier components are scaled.
  func image(pixels: Int, using generator: inout SeededGenerator) -> PeriodicImage {
    let samplesPerPixel = 2
    let side = pixels * samplesPerPixel
    var spectrum = SquareSpectrum(side: side)
    for index in spectrum.real.indices { spectrum.real[index] = generator.normal() }
    spectrum.transform()
    for row in 0..<side {
      let vertical = Double(min(row, side - row))
      for column in 0..<side {
        let horizontal = Double(min(column, side - column))
        let squaredFrequency = vertical * vertical + horizontal * horizontal
        let gain = squaredFrequency > 0 ? pow(squaredFrequency, -exponent / 4) : 0
        spectrum.real[row * side + column] *= gain
        spectrum.imaginary[row * side + column] *= gain
      }
    }
    // A second forward transform is the inverse one of the mirrored image, which is as good a sample.
    spectrum.transform()
    let scale = 1 / Double(side)
    var image = PeriodicImage(
      pointSamples: spectrum.real.map { Float($0 * scale) }, side: side, samplesPerPixel: samplesPerPixel)
    image.normalize(standardDeviation: contrast)
    return image
  }
}

extension OneOverF: NamedGenerator {
  static let name = "one-over-f"
  static let summary = "clouds with the spectrum of natural images, seen by a drifting eye"
  static let parameters: [Parameter<OneOverF>] = [
    .duration("duration_frames", \.durationFrames, "length of the movie"),
    .duration("image_frames", \.imageFrames, "how long an image stays"),
    .number("exponent", \.exponent, unit: nil, in: 0...4, "power falls as 1 / frequency^exponent"),
    .number("contrast", \.contrast, unit: "contrast", in: 0...1, "standard deviation; values are clipped to -1...1"),
    .number("drift_step", \.driftStep, unit: "pixels/frame", in: 0...64, "standard deviation of the eye's drift"),
    .number(
      "drift_return_frames", \.driftReturnFrames, unit: "frames", in: 0...Double(Limits.frames),
      "time constant of the eye's return; 0 for a free walk"),
    .integer("seed", \.seed, unit: nil, in: 0...Limits.seed, "seed of images and drift"),
  ]

  func conflict(height: Int, width: Int) -> ParameterConflict? {
    Viewing.conflict(height: height, width: width)
  }
}
