import RetinaModel

/// A unit inside a model, as it is compared with a recording.
public struct InteriorUnit: Sendable, Equatable {
  /// The layer's name.
  public var layer: String
  /// Where in the layer's features.
  public var channel, row, column: Int
  /// Frames by which the recorded trace comes after the unit's.
  public var lag: Int
  /// How far the stimulus was moved over the model, in pixels.
  public var shift: StimulusShift
}

/// How far a stimulus is moved over a model, in pixels; the edge is repeated.
public struct StimulusShift: Sendable, Equatable {
  /// Pixels downwards.
  public var rows: Int
  /// Pixels to the right.
  public var columns: Int

  /// Creates a shift.
  public init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
  }

  /// None, or all combinations of -step, 0 and step.
  static func grid(step: Int) -> [StimulusShift] {
    guard step > 0 else { return [StimulusShift(rows: 0, columns: 0)] }
    return [0, -step, step].flatMap { rows in [0, -step, step].map { StimulusShift(rows: rows, columns: $0) } }
  }

  /// The moved movie `[time, height, width]`.
  func moved(_ movie: Tensor) -> Tensor {
    guard rows != 0 || columns != 0 else { return movie }
    var result = movie
    let (height, width) = (movie.shape[1], movie.shape[2])
    for frame in 0..<movie.shape[0] {
      for row in 0..<height {
        let source = (frame * height + min(height - 1, max(0, row - rows))) * width
        for column in 0..<width {
          result.values[(frame * height + row) * width + column] =
            movie.values[source + min(width - 1, max(0, column - columns))]
        }
      }
    }
    return result
  }
}
