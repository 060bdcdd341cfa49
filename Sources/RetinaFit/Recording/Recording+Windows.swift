import RetinaTheory

extension Recording {
  /// Windows of the frames that a fit may see, and of those that are left for the test.
  ///
  /// Frames are used and split as for a fit: see ``TrainingSet`` and ``TimeSplit``.
  ///
  /// - Parameters:
  ///   - lag: frames between the newest frame of a window and the response; that of the recording when nothing, else 1.
  ///   - pool: side of the squares of pixels that are averaged; see ``StimulusWindows``.
  /// - Throws: `FileError` when the recording cannot be split, `TheoryError` when windows have too many dimensions.
  public func windows(
    history: Int, lag: Int?, pool: Int?, testFraction: Double
  ) throws -> (known: StimulusWindows, held: StimulusWindows) {
    let lag = lag ?? self.lag ?? 1
    let set = try TrainingSet(self, history: history, lag: lag)
    let split = try TimeSplit(self, history: history, lag: lag, validationFraction: 0, testFraction: testFraction)
    func part(_ frames: [Range<Int>]) throws(TheoryError) -> StimulusWindows {
      try StimulusWindows(
        movie: set.stimulus, height: set.height, width: set.width, responses: set.responses, cells: set.cellCount,
        history: history, lag: lag, pool: pool, frames: frames.joined())
    }
    return (try part(split.train), try part(split.test))
  }
}
