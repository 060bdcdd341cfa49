import RetinaFiles
import RetinaModel
import Testing

@testable import RetinaFit

@Suite struct TrainingSetTests {
  @Test func `windows that reach over a break are masked`() throws {
    var recording = RecordingTests.example()
    recording.blocks = [.init(frames: 0..<5, skippedStart: 3), .init(frames: 5..<12)]
    recording.excluded = [9..<10]
    let set = try TrainingSet(recording, history: 2, lag: 1)
    let used = (0..<12).filter { !set.responses[2 * $0].isNaN }
    // The window of frame t is t-2, t-1. Block 1 skips three frames; block 2 begins at 5, so that 7 is its first.
    #expect(used == [3, 4, 7, 8, 10, 11])
    #expect((0..<12).filter { !set.responses[2 * $0 + 1].isNaN } == used)
    #expect(set.responses[2 * 7 + 1] == 107)
  }

  @Test func `rates become spikes per frame`() throws {
    var recording = RecordingTests.example()
    recording.unit = .rates
    let set = try TrainingSet(recording, history: 1, lag: 0)
    #expect(set.responses[6] == 0.3)
    #expect((set.frameCount, set.height, set.width, set.cellCount) == (12, 2, 2, 2))
  }

  @Test func `the stimulus is normalised as stated, else to mean 0 and deviation 1`() throws {
    var recording = RecordingTests.example()
    let set = try TrainingSet(recording, history: 1, lag: 0)
    let mean = set.stimulus.reduce(0, +) / 48
    let square = set.stimulus.reduce(0) { $0 + $1 * $1 } / 48
    #expect(abs(mean) < 1e-6 && abs(square - 1) < 1e-5)
    // 0...47: mean 23.5, variance (48^2 - 1) / 12.
    #expect(set.normalization == .scalar(mean: 23.5, standardDeviation: Float((2303.0 / 12).squareRoot())))
    recording.normalization = .scalar(mean: 7, standardDeviation: 2)
    #expect(try TrainingSet(recording, history: 1, lag: 0).stimulus[0...2] == [-3.5, -3, -2.5])
  }

  @Test func `a cell without spikes is named`() throws {
    var recording = RecordingTests.example()
    for frame in 2..<12 { recording.responses[2 * frame + 1] = 0 }
    let error = #expect(throws: FileError.self) { try TrainingSet(recording, history: 2, lag: 1) }
    #expect("\(error as Any)".contains("cell 'b': expected at least one spike"))
    let kept = try recording.selecting(["a"])
    #expect(try TrainingSet(kept, history: 2, lag: 1).responses[3...] == [3, 4, 5, 6, 7, 8, 9, 10, 11])
    let unknown = #expect(throws: FileError.self) { try recording.selecting(["c"]) }
    #expect("\(unknown as Any)".contains("different names among a, b, found 'c'"))
  }

  @Test(arguments: [(11, 1, true), (12, 0, true), (12, 1, false), (1, 12, false)])
  func `fewer frames than the window are refused`(history: Int, lag: Int, fits: Bool) throws {
    let recording = RecordingTests.example()
    if fits {
      #expect(try TrainingSet(recording, history: history, lag: lag).responses.count { !$0.isNaN } == 2)
    } else {
      let error = #expect(throws: FileError.self) { try TrainingSet(recording, history: history, lag: lag) }
      #expect("\(error as Any)".contains("for a history of \(history) and a lag of \(lag), found at most 12"))
    }
  }

  @Test func `a constant stimulus is refused`() throws {
    var recording = RecordingTests.example()
    recording.stimulus = .movie(tensor([12, 1, 1], [Float](repeating: 3, count: 12)))
    let error = #expect(throws: FileError.self) { try TrainingSet(recording, history: 1, lag: 1) }
    #expect("\(error as Any)".contains("frames that differ"))
  }

  // MARK: - Splits

  /// The bins of the shipped salamander model: tools/fit_reference.py cuts at 28800 and 25920 with windows of 16.
  @Test func `the split of the salamander model`() throws {
    let recording = frames(36_000)
    let split = try TimeSplit(recording, history: 15, lag: 1)
    #expect(split == TimeSplit(train: [15..<25_904], validation: [25_920..<28_784], test: [28_800..<36_000]))
  }

  @Test(arguments: [(4, 1), (1, 0), (7, 3)])
  func `no frame serves two parts`(history: Int, lag: Int) throws {
    var recording = frames(400)
    recording.blocks = [.init(frames: 0..<150), .init(frames: 150..<330, skippedStart: 20), .init(frames: 330..<400)]
    recording.excluded = [40..<45]
    let split = try TimeSplit(recording, history: history, lag: lag)
    let parts = [split.train, split.validation, split.test].map { ranges in
      Set(ranges.flatMap { range in range.flatMap { $0 - lag - history + 1...$0 } })
    }
    #expect(parts[0].isDisjoint(with: parts[1]))
    #expect(parts[1].isDisjoint(with: parts[2]))
    let set = try TrainingSet(recording, history: history, lag: lag)
    for frame in (split.train + split.validation + split.test).joined() { #expect(!set.responses[frame].isNaN) }
    #expect(!split.train.contains { $0.contains(42) })
    #expect(Set(split.test.joined()) == Set(320..<330).union(330 + history + lag - 1..<400))
  }

  @Test func `parts that were not asked for may be empty`() throws {
    let split = try TimeSplit(frames(100), history: 5, lag: 0, validationFraction: 0, testFraction: 0)
    #expect(split == TimeSplit(train: [4..<100], validation: [], test: []))
    let error = #expect(throws: FileError.self) { try TimeSplit(frames(12), history: 8, lag: 1) }
    #expect("\(error as Any)".contains("split: expected at least one frame to fit"))
  }

  private func frames(_ count: Int) -> Recording {
    Recording(
      stimulus: .movie(tensor([count, 1, 1], (0..<count).map { Float($0 % 2) })), frameRate: 30,
      cells: [Cell(name: "a")], responses: [Float](repeating: 1, count: count))
  }
}
