import RetinaModel

/// Binary white noise as shown in recordings: a part of the checkerboard sequence that ``Ran1`` makes from a seed.
///
/// Draws fill the whole checkerboard frame by frame; inside a frame the column is the slow axis and the row the fast one
/// (draw = column * rows + row). A check is one pixel. The defaults are the stimulus of Liu et al., "Inference of neuronal
/// functional circuitry with spike-triggered non-negative matrix factorization", Nature Communications 8, 149 (2017).
public struct WhiteNoise: StimulusGenerator {
  /// Length of the movie in frames.
  public var durationFrames = 120
  /// Patterns of the sequence that are skipped.
  public var startPattern = 0
  /// Frames for which a pattern stays.
  public var holdFrames = 1
  /// Seed of ``Ran1``.
  public var seed = -10_000
  /// Columns of the whole checkerboard.
  public var boardWidth = 200
  /// Rows of the whole checkerboard.
  public var boardHeight = 150
  /// Column of the checkerboard at the left of the movie.
  public var firstColumn = 0
  /// Row of the checkerboard at the top of the movie.
  public var firstRow = 0
  /// Bright checks have this value, dark ones its negative.
  public var contrast = 1.0

  /// Creates the noise with the defaults.
  public init() {}

  /// The length of the movie in frames.
  public var frameCount: Int { durationFrames }

  /// The movie `[time, height, width]`.
  public func movie(height: Int, width: Int) -> Tensor {
    var movie = Tensor(repeating: 0, shape: Shape(durationFrames, height, width))
    var generator = Ran1(seed: seed)
    var board = [Int8](repeating: 0, count: boardWidth * boardHeight)
    for _ in 0..<startPattern { generator.fill(&board) }
    let frame = height * width
    for time in 0..<durationFrames {
      if time % holdFrames == 0 { generator.fill(&board) }
      for row in 0..<height {
        for column in 0..<width {
          let sign = board[(firstColumn + column) * boardHeight + firstRow + row]
          movie.values[time * frame + row * width + column] = Float(contrast) * Float(sign)
        }
      }
    }
    return movie
  }
}

extension WhiteNoise: NamedGenerator {
  static let name = "white-noise"
  static let summary = "binary white noise of a recording, from the ran1 generator"
  static let parameters: [Parameter<WhiteNoise>] = [
    .duration("duration_frames", \.durationFrames, "length of the movie"),
    .integer("start_pattern", \.startPattern, unit: "patterns", in: 0...Limits.frames, "patterns skipped at the start"),
    .integer("hold_frames", \.holdFrames, unit: "frames", in: 1...Limits.frames, "how long a pattern stays"),
    .integer("seed", \.seed, unit: nil, in: Ran1.seeds, "seed of ran1"),
    .integer("board_width", \.boardWidth, unit: "checks", in: 1...Limits.extent, "columns of the whole checkerboard"),
    .integer("board_height", \.boardHeight, unit: "checks", in: 1...Limits.extent, "rows of the whole checkerboard"),
    .integer("first_column", \.firstColumn, unit: "checks", in: 0...Limits.extent, "column at the left of the movie"),
    .integer("first_row", \.firstRow, unit: "checks", in: 0...Limits.extent, "row at the top of the movie"),
    .contrast("contrast", \.contrast, "value of bright checks; dark ones have its negative"),
  ]

  func conflict(height: Int, width: Int) -> ParameterConflict? {
    if firstColumn + width > boardWidth {
      return ParameterConflict(
        parameter: "first_column", expected: "\(width) columns inside a board of \(boardWidth)",
        found: "columns \(firstColumn) to \(firstColumn + width - 1)")
    }
    if firstRow + height > boardHeight {
      return ParameterConflict(
        parameter: "first_row", expected: "\(height) rows inside a board of \(boardHeight)",
        found: "rows \(firstRow) to \(firstRow + height - 1)")
    }
    return nil
  }
}
