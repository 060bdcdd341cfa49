import RetinaFiles

/// Which responses serve to fit, to choose and to judge; all later than the ones before.
///
/// Between two parts there is a gap of one window, `history + lag` frames, cut from the end of the earlier part: no frame
/// that a validation or test response depends on has a training response, or a validation one before the test.
public struct TimeSplit: Equatable, Sendable {
  /// Response frames that gradients may see.
  public var train: [Range<Int>]
  /// Response frames for early stopping and other choices.
  public var validation: [Range<Int>]
  /// Response frames that are looked at once.
  public var test: [Range<Int>]

  /// Creates a split.
  public init(train: [Range<Int>], validation: [Range<Int>], test: [Range<Int>]) {
    self.train = train
    self.validation = validation
    self.test = test
  }

  /// Splits a recording by time.
  ///
  /// The last `testFraction` of all frames is for the test, the last `validationFraction` of the rest for validation; with
  /// a test of repeats, `testFraction` may be 0. Frames without a whole window, skipped and excluded frames are in no part.
  ///
  /// - Throws: ``FileError`` when a part that was asked for has no frame.
  public init(
    _ recording: Recording, history: Int, lag: Int, validationFraction: Double = 0.1, testFraction: Double = 0.2
  ) throws(FileError) {
    let window = try recording.window(history: history, lag: lag)
    let (frames, gap) = (recording.frameCount, window + 1)
    let testStart = Int((Double(frames) * (1 - testFraction)).rounded())
    let validationStart = Int((Double(testStart) * (1 - validationFraction)).rounded())
    let used = recording.usedFrames(window: window)
    func part(_ range: Range<Int>) -> [Range<Int>] { TimeSplit.runs(used, in: range) }
    train = part(0..<max(0, validationStart < frames ? validationStart - gap : frames))
    validation = part(validationStart..<max(validationStart, testStart < frames ? testStart - gap : frames))
    test = part(testStart..<frames)
    let parts = [
      ("train", train, true), ("validation", validation, validationFraction > 0), ("test", test, testFraction > 0),
    ]
    for (name, ranges, isAsked) in parts where isAsked && ranges.isEmpty {
      throw recording.error(
        "split", "at least one frame to \(name == "train" ? "fit" : name), with gaps of \(gap) frames between parts",
        "none of \(frames) frames")
    }
  }

  /// Runs of frames that are used.
  private static func runs(_ used: [Bool], in range: Range<Int>) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    for frame in range where used[frame] {
      if let last = runs.last, last.upperBound == frame {
        runs[runs.count - 1] = last.lowerBound..<frame + 1
      } else {
        runs.append(frame..<frame + 1)
      }
    }
    return runs
  }
}
