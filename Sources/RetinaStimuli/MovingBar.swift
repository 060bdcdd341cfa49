import RetinaModel

/// A bar that moves across the image at constant velocity, and may turn back.
///
/// The bar is a strip without ends, perpendicular to its direction. At frame t its centre lies at start + velocity t,
/// in pixels from the centre of the image along the direction. Each pixel has the mean of bar and background over its
/// area, so that motion by fractions of a pixel is smooth.
public struct MovingBar: StimulusGenerator {
  /// Length of the movie in frames.
  public var durationFrames = 90
  /// Width of the bar in pixels, along its direction.
  public var barWidth = 4.0
  /// Contrast of the bar.
  public var contrast = -1.0
  /// Contrast of the rest.
  public var background = 0.0
  /// Direction of motion in degrees: 0 is right, 90 is up.
  public var direction = 0.0
  /// Position of the bar's centre at frame 0 in pixels from the centre of the image, along the direction.
  public var start = -30.0
  /// Velocity along the direction in pixels per frame.
  public var velocity = 0.75
  /// The frame from which on the bar moves back; 0 for never.
  public var reversalFrame = 0

  /// Creates the bar with the defaults.
  public init() {}

  /// The length of the movie in frames.
  public var frameCount: Int { durationFrames }

  /// Where the bar's centre is, in pixels from the centre of the image along the direction.
  public func position(atFrame frame: Int) -> Double {
    let travelled = reversalFrame > 0 && frame > reversalFrame ? 2 * reversalFrame - frame : frame
    return start + velocity * Double(travelled)
  }

  /// The movie `[time, height, width]`.
  public func movie(height: Int, width: Int) -> Tensor {
    var movie = Tensor(repeating: Float(background), shape: Shape(durationFrames, height, width))
    let axis = ImageAxis(degrees: direction)
    let distances = axis.distances(height: height, width: width)
    for time in 0..<durationFrames {
      let position = position(atFrame: time)
      for (pixel, distance) in distances.enumerated() where abs(distance - position) < barWidth / 2 + 1 {
        let coverage = axis.coverage(lower: position - barWidth / 2, upper: position + barWidth / 2, centre: distance)
        movie.values[time * distances.count + pixel] = Float(background + (contrast - background) * coverage)
      }
    }
    return movie
  }
}

extension MovingBar: NamedGenerator {
  static let name = "moving-bar"
  static let summary = "a bar that moves at constant velocity, and may turn back"
  static let parameters: [Parameter<MovingBar>] = [
    .duration("duration_frames", \.durationFrames, "length of the movie"),
    .number("bar_width", \.barWidth, unit: "pixels", in: 0...Limits.pixels, "width of the bar along its direction"),
    .contrast("contrast", \.contrast, "contrast of the bar"),
    .contrast("background", \.background, "contrast of the rest"),
    .angle("direction", \.direction, "direction of motion: 0 is right, 90 is up"),
    .number(
      "start", \.start, unit: "pixels", in: -Limits.pixels...Limits.pixels,
      "centre of the bar at frame 0, from the centre of the image along the direction"),
    .number("velocity", \.velocity, unit: "pixels/frame", in: -Limits.pixels...Limits.pixels, "velocity along it"),
    .integer(
      "reversal_frame", \.reversalFrame, unit: "frames", in: 0...Limits.frames,
      "frame from which on the bar moves back; 0 for never"),
  ]
}
