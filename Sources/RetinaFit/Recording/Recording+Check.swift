import RetinaFiles
import RetinaModel

extension Recording {
  /// Relative difference between the stated frame rate and that of the frame times that is still called the same.
  static let rateTolerance = 0.01

  /// Looks for what makes the recording unusable.
  ///
  /// - Throws: ``FileError`` with the first contradiction: sizes, values that are not finite, times that go back, a frame
  ///   rate that the frame times do not have, blocks outside the stimulus.
  public func check() throws(FileError) {
    guard frameRate > 0, frameRate.isFinite else { throw error("frame_rate", "a number above 0", "\(frameRate)") }
    guard !cells.isEmpty || !interior.isEmpty else {
      throw error("cells", "at least one cell, or interior traces", "none")
    }
    if let lag, !(0...1000).contains(lag) { throw error("lag", "0 to 1000 frames", "\(lag)") }
    for (index, cell) in cells.enumerated() where cells[..<index].contains(where: { $0.name == cell.name }) {
      throw error("cells", "different names", "two cells \(quoted(cell.name))")
    }
    try check(stimulus, "stimulus")
    try check(responses, "responses", frames: frameCount, trials: 1)
    try checkTimes()
    try checkSpans()
    if let repeats {
      try check(repeats.stimulus, "repeat_stimulus")
      guard repeats.stimulus.height == stimulus.height, repeats.stimulus.width == stimulus.width else {
        throw error(
          "repeat_stimulus", "frames of \(stimulus.height) x \(stimulus.width), as in the stimulus",
          "\(repeats.stimulus.height) x \(repeats.stimulus.width)")
      }
      try check(repeats.responses, "repeat_responses", frames: repeats.stimulus.frameCount, trials: repeats.trials)
    }
    for (name, trace) in interior where trace.shape.rank != 2 || trace.shape[0] != frameCount {
      throw error("interior.\(name)", "[\(frameCount) frames, units]", "\(trace.shape)")
    }
  }

  private func check(_ stimulus: RecordedStimulus, _ place: String) throws(FileError) {
    guard case .movie(let movie) = stimulus else { return }
    guard movie.shape.rank == 3 else { throw error(place, "a movie [time, height, width]", "\(movie.shape)") }
    if let index = movie.firstNonFinite {
      throw error("\(place), value \(index)", "finite values", "\(movie.values[index])")
    }
  }

  private func check(_ responses: [Float], _ place: String, frames: Int, trials: Int) throws(FileError) {
    let (perTrial, overflow) = frames.multipliedReportingOverflow(by: cells.count)
    let (count, more) = perTrial.multipliedReportingOverflow(by: trials)
    guard !overflow, !more, trials > 0, responses.count == count else {
      throw error(
        place, "\(trials) x \(frames) frames x \(cells.count) cells, a bin for each frame of the stimulus",
        "\(responses.count) values")
    }
    if let index = responses.firstIndex(where: { $0 < 0 || $0.isInfinite }) {
      let (frame, cell) = (index / cells.count % frames, index % cells.count)
      throw error(
        "\(place), frame \(frame), cell \(quoted(cells[cell].name))", "a number of at least 0, or NaN",
        "\(responses[index])")
    }
  }

  private func checkTimes() throws(FileError) {
    guard let frameTimes else { return }
    guard frameTimes.count == frameCount else {
      throw error("frame_times", "\(frameCount) times, one for each frame", "\(frameTimes.count)")
    }
    for index in frameTimes.indices {
      guard frameTimes[index].isFinite, index == 0 || frameTimes[index] > frameTimes[index - 1] else {
        throw error("frame_times, frame \(index)", "a time after that of the frame before", "\(frameTimes[index]) s")
      }
    }
    guard let clock = FrameClock(frameTimes) else { return }
    guard abs(clock.period * frameRate - 1) <= Recording.rateTolerance else {
      throw error(
        "frame_times", "\(frameRate) frames/s, as frame_rate says",
        "\((1000 / clock.period).rounded() / 1000) frames/s (the median interval)")
    }
  }

  private func checkSpans() throws(FileError) {
    var end = 0
    for (index, block) in blocks.enumerated() {
      guard block.frames.lowerBound >= end, block.frames.upperBound <= frameCount, !block.frames.isEmpty else {
        throw error(
          "blocks[\(index)]", "frames in order between \(end) and \(frameCount)",
          "\(block.frames.lowerBound) to \(block.frames.upperBound)")
      }
      guard (0..<block.frames.count).contains(block.skippedStart) else {
        throw error(
          "blocks[\(index)]", "a skip of 0 to \(block.frames.count - 1) frames", "\(block.skippedStart)")
      }
      end = block.frames.upperBound
    }
    for (index, span) in excluded.enumerated() where span.lowerBound < 0 || span.upperBound > frameCount {
      throw error(
        "excluded[\(index)]", "frames between 0 and \(frameCount)", "\(span.lowerBound) to \(span.upperBound)")
    }
  }
}
