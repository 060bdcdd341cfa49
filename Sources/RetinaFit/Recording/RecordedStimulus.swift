import RetinaFiles
import RetinaModel
import RetinaStimuli

/// What was shown: the movie itself, or the generator and the seed that make it.
public enum RecordedStimulus: Sendable {
  /// `[time, height, width]`.
  case movie(Tensor)
  /// A recipe.
  case generated(GeneratedStimulus)

  /// The number of frames.
  public var frameCount: Int {
    switch self {
    case .movie(let movie): movie.shape[0]
    case .generated(let recipe): recipe.frameCount
    }
  }

  /// The number of rows.
  public var height: Int {
    switch self {
    case .movie(let movie): movie.shape[1]
    case .generated(let recipe): recipe.height
    }
  }

  /// The number of columns.
  public var width: Int {
    switch self {
    case .movie(let movie): movie.shape[2]
    case .generated(let recipe): recipe.width
    }
  }

  /// The movie `[time, height, width]`; a recipe is made anew every time.
  public func movie() throws(FileError) -> Tensor {
    switch self {
    case .movie(let movie): movie
    case .generated(let recipe): try recipe.stimulus.movie()
    }
  }
}

extension Tensor {
  /// Some frames of a movie `[time, height, width]`; nothing where there are none.
  public func frames(_ range: Range<Int>) -> Tensor? {
    let plane = shape[1] * shape[2]
    return Shape(checking: [range.count, shape[1], shape[2]]).flatMap {
      Tensor(shape: $0, values: Array(values[range.lowerBound * plane..<range.upperBound * plane]))
    }
  }
}

/// A generator of `RetinaStimuli` with its parameters.
public struct GeneratedStimulus: Sendable {
  /// The name in stimulus sets, such as `white-noise`.
  public let generator: String
  /// The parameters, as a stimulus set has them.
  public let parameters: JSON
  /// The number of rows.
  public let height: Int
  /// The number of columns.
  public let width: Int
  /// The number of frames.
  public let frameCount: Int
  /// The generator with its parameters.
  let stimulus: Stimulus

  /// Creates a recipe; `file` is what errors speak of.
  ///
  /// - Throws: ``FileError`` when the generator or a parameter is unknown or not allowed.
  public init(
    generator: String, parameters: JSON, height: Int, width: Int, file: String = "recording"
  ) throws(FileError) {
    let stimulus = try Stimulus(generator: generator, parameters: parameters, height: height, width: width, file: file)
    guard let shape = stimulus.shape else {
      throw FileError(file: file, place: "stimulus", expected: "at least one frame", found: "none")
    }
    (self.generator, self.parameters, self.height, self.width) = (generator, parameters, height, width)
    (self.stimulus, frameCount) = (stimulus, shape[0])
  }
}
