import RetinaModel

/// A recipe for a movie.
///
/// Values are contrasts: 0 is the mean grey, 1 the brightest and -1 the darkest that a display shows. Durations are in
/// frames and lengths in pixels, because that is what a model sees. The same recipe gives the same movie everywhere.
public protocol StimulusGenerator: Sendable {
  /// The length of the movie in frames.
  var frameCount: Int { get }

  /// The movie `[time, height, width]`; row 0 is the top.
  ///
  /// Traps when a parameter is outside the range that ``StimulusSet/generators`` states for it.
  func movie(height: Int, width: Int) -> Tensor
}

/// A generator that a stimulus set can name.
protocol NamedGenerator: StimulusGenerator {
  /// The word in a stimulus set.
  static var name: String { get }
  /// What it shows, in one line.
  static var summary: String { get }
  /// What can be set, in the order in which it is listed.
  static var parameters: [Parameter<Self>] { get }

  /// Creates a generator with the default of every parameter.
  init()

  /// What is wrong with the parameters together, or with the size of the image, if anything.
  func conflict(height: Int, width: Int) -> ParameterConflict?
}

extension NamedGenerator {
  func conflict(height: Int, width: Int) -> ParameterConflict? { nil }
}

/// Parameters that are each allowed but do not go together.
struct ParameterConflict {
  var parameter: String
  var expected: String
  var found: String
}

extension Tensor {
  /// A movie whose frames are uniform.
  static func fullField(_ contrasts: [Double], height: Int, width: Int) -> Tensor {
    var movie = Tensor(repeating: 0, shape: Shape(contrasts.count, height, width))
    let frame = height * width
    for (time, contrast) in contrasts.enumerated() where contrast != 0 {
      for pixel in time * frame..<(time + 1) * frame { movie.values[pixel] = Float(contrast) }
    }
    return movie
  }
}
