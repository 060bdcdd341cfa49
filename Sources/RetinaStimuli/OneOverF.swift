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
  /// How the images are looked at.
  public var viewing = Viewing()
  /// The power at a spatial frequency is proportional to 1 / frequency^exponent.
  public var exponent = 2.0
  /// Standard deviation of contrast over an image; values are clipped to -1...1.
  public var contrast = 0.35

  /// Creates the clouds with the defaults.
  public init() {}

  /// The length of the movie in frames.
  public var frameCount: Int { viewing.durationFrames }

  /// The movie `[time, height, width]`.
  public func movie(height: Int, width: Int) -> Tensor {
    viewing.movie(height: height, width: width, image: image)
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

extension OneOverF: ViewedImages {
  static let name = "one-over-f"
  static let summary = "clouds with the spectrum of natural images, seen by a drifting eye"
  static let parameters: [Parameter<OneOverF>] =
    Parameter.lengths + [
      .number("exponent", \.exponent, unit: nil, in: 0...4, "power falls as 1 / frequency^exponent"),
      .number("contrast", \.contrast, unit: "contrast", in: 0...1, "standard deviation; values are clipped to -1...1"),
    ] + Parameter.eye

  func conflict(height: Int, width: Int) -> ParameterConflict? {
    Viewing.conflict(height: height, width: width)
  }
}
