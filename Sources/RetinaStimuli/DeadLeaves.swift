import RetinaModel

/// Discs that lie on one another like fallen leaves, seen by an eye that drifts: an image with the edges, the occlusions
/// and nearly the statistics at all scales of a natural one.
///
/// The density of the radii falls with the third power, for which the image is free of scale between the smallest and
/// the largest radius; greys are uniform (Lee, Mumford and Huang, "Occlusion models for natural images", International
/// Journal of Computer Vision 41, 35, 2001). Leaves are laid from the top down until every point is covered, which gives
/// an exact sample of the model.
public struct DeadLeaves: StimulusGenerator {
  /// How the images are looked at.
  public var viewing = Viewing()
  /// Radius of the smallest leaves in pixels.
  public var smallestRadius = 1.5
  /// Radius of the largest leaves in pixels.
  public var largestRadius = 32.0
  /// Greys are uniform from the negative of this value to this value.
  public var contrast = 1.0

  /// Creates the leaves with the defaults.
  public init() {}

  /// The length of the movie in frames.
  public var frameCount: Int { viewing.durationFrames }

  /// The movie `[time, height, width]`.
  public func movie(height: Int, width: Int) -> Tensor {
    viewing.movie(height: height, width: width, image: image)
  }

  /// One image of `pixels` x `pixels`.
  func image(pixels: Int, using generator: inout SeededGenerator) -> PeriodicImage {
    let samplesPerPixel = 4
    let side = pixels * samplesPerPixel
    var samples = [Float](repeating: 0, count: side * side)
    var bare = [Bool](repeating: true, count: side * side)
    var bareCount = side * side
    let smallest = smallestRadius * Double(samplesPerPixel)
    let ratio = smallestRadius / largestRadius
    while bareCount > 0 {
      // The inverse of the distribution of the radius, squared: no function of the platform decides what is covered.
      let squaredRadius = smallest * smallest / (1 - generator.uniform() * (1 - ratio * ratio))
      let centreRow = generator.uniform() * Double(side)
      let centreColumn = generator.uniform() * Double(side)
      let grey = Float(contrast * (2 * generator.uniform() - 1))
      let radius = squaredRadius.squareRoot()
      for row in Int((centreRow - radius).rounded(.up))...Int((centreRow + radius).rounded(.down)) {
        let rise = Double(row) - centreRow
        let halfChord = max(0, squaredRadius - rise * rise).squareRoot()
        let first = Int((centreColumn - halfChord).rounded(.up))
        let end = Int((centreColumn + halfChord).rounded(.down)) + 1
        let start = (row & (side - 1)) * side
        for column in first..<max(first, end) {
          let index = start + (column & (side - 1))
          if bare[index] {
            bare[index] = false
            bareCount -= 1
            samples[index] = grey
          }
        }
      }
    }
    return PeriodicImage(pointSamples: samples, side: side, samplesPerPixel: samplesPerPixel)
  }
}

extension DeadLeaves: ViewedImages {
  static let name = "dead-leaves"
  static let summary = "occluding discs of all sizes, seen by a drifting eye"
  static let parameters: [Parameter<DeadLeaves>] =
    Parameter.lengths + [
      .number("smallest_radius", \.smallestRadius, unit: "pixels", in: 0.5...64, "radius of the smallest leaves"),
      .number("largest_radius", \.largestRadius, unit: "pixels", in: 0.5...64, "radius of the largest leaves"),
      .number("contrast", \.contrast, unit: "contrast", in: 0...1, "greys are uniform between its negative and it"),
    ] + Parameter.eye

  func conflict(height: Int, width: Int) -> ParameterConflict? {
    guard smallestRadius <= largestRadius else {
      return ParameterConflict(
        parameter: "largest_radius", expected: "at least smallest_radius (\(smallestRadius))",
        found: "\(largestRadius)")
    }
    return Viewing.conflict(height: height, width: width)
  }
}
