import RetinaModel

/// Windows of a movie with the responses that follow them: the samples in which modes are looked for.
public struct StimulusWindows: Sendable {
  /// The most dimensions of a window: whitening takes their third power.
  public static let mostDimensions = 2000

  /// One window a row: frames, oldest first, each averaged over squares of pixels.
  public let stimulus: Matrix
  /// `[window, cell]`.
  public let responses: Matrix
  /// `[history, height, width]` of a window.
  public let shape: Shape
  /// Side of the squares of pixels.
  public let pool: Int

  /// Pairs windows and responses.
  ///
  /// A frame counts when its whole window is in the movie and no cell's response is NaN.
  ///
  /// - Parameters:
  ///   - movie: `[frame, height, width]`.
  ///   - responses: `[frame, cell]`.
  ///   - history: frames in a window; the newest is `lag` frames before the response.
  ///   - pool: side of the squares of pixels; nothing for the smallest that leaves at most 800 dimensions. Rows and columns
  ///     that fill no square are left out.
  ///   - frames: the frames whose responses are taken.
  /// - Throws: ``TheoryError`` for more than ``mostDimensions``, squares larger than a frame, or no frame that counts.
  public init(
    movie: [Float], height: Int, width: Int, responses: [Float], cells: Int, history: Int, lag: Int, pool: Int? = nil,
    frames: some Sequence<Int>
  ) throws(TheoryError) {
    let side = max(1, min(height, width))
    let pool = pool ?? (1...side).first { history * (height / $0) * (width / $0) <= 800 } ?? side
    guard pool >= 1, pool <= side else {
      throw TheoryError("pool", expected: "squares of at most \(side) pixels", found: "\(pool)")
    }
    let (rows, columns) = (height / pool, width / pool)
    let size = rows * columns
    guard history >= 1, lag >= 0, history * size <= StimulusWindows.mostDimensions else {
      throw TheoryError(
        "windows",
        expected: "at most \(StimulusWindows.mostDimensions) dimensions; average pixels, or shorten the history",
        found: "\(history) x \(rows) x \(columns) = \(history * size)")
    }
    let last = min(movie.count / max(1, height * width), responses.count / max(1, cells))
    let chosen = frames.filter { frame in
      frame >= history - 1 + lag && frame < last
        && !responses[frame * cells..<(frame + 1) * cells].contains { $0.isNaN }
    }
    guard !chosen.isEmpty, size > 0 else {
      throw TheoryError(
        "recording", expected: "frames with a whole window of \(history) before them and a response of every cell",
        found: "none")
    }
    var pooled = [Double](repeating: 0, count: last * size)
    for frame in 0..<last {
      for y in 0..<rows * pool {
        for x in 0..<columns * pool {
          pooled[frame * size + y / pool * columns + x / pool] +=
            Double(movie[(frame * height + y) * width + x]) / Double(pool * pool)
        }
      }
    }
    var (windows, rates) = ([Double](), [Double]())
    for frame in chosen {
      let end = (frame - lag + 1) * size
      windows += pooled[end - history * size..<end]
      rates += responses[frame * cells..<(frame + 1) * cells].map { Double($0) }
    }
    stimulus = Matrix(rows: chosen.count, columns: history * size, values: windows)
    self.responses = Matrix(rows: chosen.count, columns: cells, values: rates)
    shape = Shape(history, rows, columns)
    self.pool = pool
  }
}
