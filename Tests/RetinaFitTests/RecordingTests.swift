import Foundation
import RetinaFiles
import RetinaModel
import Testing

@testable import RetinaFit

@Suite struct RecordingTests {
  let folder = TemporaryFolder()

  /// 12 frames of 2 x 2 pixels that count up, two cells that count from 0 and from 100.
  static func example() -> Recording {
    Recording(
      stimulus: .movie(tensor([12, 2, 2], (0..<48).map { Float($0) })), frameRate: 10,
      cells: [Cell(name: "a", centre: (0, 1)), Cell(name: "b")],
      responses: (0..<12).flatMap { [Float($0), Float(100 + $0)] }, lag: 1)
  }

  @Test func `what is written is read`() throws {
    var recording = RecordingTests.example()
    recording.blocks = [.init(frames: 0..<5, skippedStart: 1), .init(frames: 5..<12)]
    recording.excluded = [8..<9]
    recording.frameTimes = (0..<12).map { 1e6 + Double($0) * 0.1 }
    recording.responses[3] = .nan
    recording.normalization = .scalar(mean: 0.5, standardDeviation: 2)
    recording.isSimulated = true
    recording.provenance = [("source", "a test")]
    recording.interior = [("bipolar", tensor([12, 1], (0..<12).map { Float($0) }))]
    recording.repeats = .init(
      stimulus: .generated(
        try GeneratedStimulus(
          generator: "white-noise", parameters: ["duration_frames": 3, "seed": -5], height: 2, width: 2)),
      trials: 2, responses: (0..<12).map { Float($0) })
    let path = folder["recording.npz"]
    try recording.write(to: path)
    let read = try Recording.read(path)
    #expect(read.cells == recording.cells)
    #expect(read.responses[0..<3] == recording.responses[0..<3])
    #expect(read.responses[3].isNaN)
    #expect(read.responses[4...] == recording.responses[4...])
    #expect(read.frameTimes == recording.frameTimes)
    #expect(read.blocks == recording.blocks)
    #expect(read.excluded == recording.excluded)
    #expect(read.lag == 1)
    #expect(read.normalization == recording.normalization)
    #expect(read.isSimulated)
    #expect(read.provenance.map { $0.text } == ["a test"])
    #expect(read.interior[0].trace == recording.interior[0].trace)
    #expect(read.repeats?.trials == 2)
    #expect(read.repeats?.responses == recording.repeats?.responses)
    #expect(try read.stimulus.movie() == recording.stimulus.movie())
    #expect(try read.repeats?.stimulus.movie() == recording.repeats?.stimulus.movie())
  }

  @Test func `spikes are counted into the frames on screen`() throws {
    // Frames of 0.1 s from 1 s; a pause of 0.4 s after frame 1.
    let path = try write(
      ["frame_rate": 10, "cells": [["name": "a"], ["name": "b"]], "spikes_outside": "drop"],
      [
        ("stimulus", .tensor(tensor([4, 1, 1], [1, 2, 3, 4]))), ("frame_times", .doubles([1, 1.1, 1.5, 1.6])),
        ("spike_times", .doubles([1, 1.09, 1.1, 1.19, 1.3, 1.65, 1.71, 0.9, 1.5])),
        ("spike_cells", .doubles([0, 0, 1, 0, 0, 1, 0, 0, 0])),
      ])
    let recording = try Recording.read(path)
    #expect(recording.responses == [2, 0, 1, 1, 1, 0, 0, 1])
    #expect(recording.droppedSpikes == 3)
  }

  @Test func `long recordings keep spike times exact`() throws {
    // 10 h at 30 frames/s: in float32 the last times would be 4 ms apart.
    let start = 36_000.0
    let path = try write(
      ["frame_rate": 1000, "cells": [["name": "a"]]],
      [
        ("stimulus", .tensor(tensor([4, 1, 1], [1, 2, 3, 4]))),
        ("frame_times", .doubles((0..<4).map { start + Double($0) / 1000 })),
        ("spike_times", .doubles([start + 0.0015, start + 0.0035])), ("spike_cells", .doubles([0, 0])),
      ])
    #expect(try Recording.read(path).responses == [0, 1, 0, 1])
  }

  @Test func `metadata may lie beside`() throws {
    let path = folder["beside.npz"]
    try NPZ.write([("stimulus", tensor([2, 1, 1], [1, 2])), ("responses", tensor([2, 1], [0, 3]))], to: path)
    #expect(throws: FileError.self) { try Recording.read(path) }
    let text = #"{"format": 1, "frame_rate": 5, "response": "rates", "cells": [{"name": "x"}]}"#
    try FileSystem.write(Array(text.utf8), to: folder["beside.json"])
    let recording = try Recording.read(path)
    #expect(recording.unit == .rates)
    #expect(recording.spikesPerFrame == 0.2)
  }

  // MARK: - What is wrong is said

  static let good: [(name: String, content: NPZArchive.Content)] = [
    ("stimulus", .tensor(tensor([4, 1, 1], [1, 2, 3, 4]))), ("responses", .tensor(tensor([4, 1], [0, 1, 2, 3]))),
  ]

  @Test(arguments: [
    (#"{"format": 2, "frame_rate": 5, "cells": [{"name": "x"}]}"#, "metadata: expected format 1, found 2"),
    (#"{"format": 1, "cells": [{"name": "x"}]}"#, "a number as 'frame_rate', found none"),
    (#"{"format": 1, "frame_rate": 0, "cells": [{"name": "x"}]}"#, "frame_rate: expected a number above 0, found 0"),
    (#"{"format": 1, "frame_rate": 5, "cells": []}"#, "responses: expected [time, 0 cells], found [4, 1]"),
    (#"{"format": 1, "frame_rate": 5, "cells": [{"name": "x", "center": [1, 2]}]}"#, "known properties only"),
    (#"{"format": 1, "frame_rate": 5, "cells": [{"name": "x"}], "lags": 1}"#, "known properties only, found 'lags'"),
    (#"{"format": 1, "frame_rate": 5, "cells": [{"name": "x"}], "blocks": [{"frames": [0, 5]}]}"#, "blocks[0]"),
    (
      #"{"format": 1, "frame_rate": 5, "cells": [{"name": "x"}], "blocks": [{"frames": [2, 4]}, {"frames": [0, 2]}]}"#,
      "blocks[1]: expected frames in order between 4 and 4"
    ),
    (#"{"format": 1, "frame_rate": 5, "cells": [{"name": "x"}], "excluded": [[3, 9]]}"#, "excluded[0]"),
    (#"{"format": 1, "frame_rate": 5, "cells": [{"name": "x"}], "lag": -1}"#, "lag: expected 0 to 1000 frames"),
    (
      #"{"format": 1, "frame_rate": 5, "cells": [{"name": "x"}], "normalisation": {"mean": 0, "std": 0}}"#,
      "normalisation"
    ),
    (
      #"""
      {"format": 1, "frame_rate": 5, "cells": [{"name": "x"}], "stimulus": {"generator": "step", "height": 4096,
       "width": 4096, "parameters": {"pre_frames": 69, "duration_frames": 60}}}
      """#, "expected a movie of at most 2147483648 values, found 129 frames of 4096 x 4096"
    ),
    (#"[1]"#, "metadata: expected an object, found an array"), (#"{"#, "expected"),
  ])
  func `wrong metadata`(text: String, message: String) throws {
    let path = folder["wrong.npz"]
    try NPZArchive.write([("metadata", .text(text))] + RecordingTests.good, to: path)
    let error = #expect(throws: FileError.self) { try Recording.read(path) }
    #expect("\(error as Any)".contains(message), "\(error as Any)")
    #expect("\(error as Any)".contains(path))
  }

  /// An array that takes the place of a good one, and what is said about it.
  struct WrongArray: Sendable {
    let name: String
    let content: NPZArchive.Content
    let message: String

    init(_ name: String, _ content: NPZArchive.Content, _ message: String) {
      (self.name, self.content, self.message) = (name, content, message)
    }
  }

  static let wrongArrays: [WrongArray] = [
    WrongArray("responses", .tensor(tensor([5, 1], [0, 1, 2, 3, 4])), "1 x 4 frames x 1 cells"),
    WrongArray(
      "responses", .tensor(tensor([4, 1], [0, 1, -2, 3])), "frame 2, cell 'x': expected a number of at least 0"),
    WrongArray("responses", .tensor(tensor([4, 1], [0, 1, .infinity, 3])), "frame 2"),
    WrongArray("stimulus", .tensor(tensor([4, 1, 1], [0, .nan, 1, 3])), "stimulus, value 1: expected finite values"),
    WrongArray("stimulus", .tensor(tensor([4, 1], [0, 1, 1, 3])), "a movie [time, height, width], found [4, 1]"),
    WrongArray("frame_times", .doubles([0, 0.2, 0.4]), "frame_times: expected 4 times"),
    WrongArray("frame_times", .doubles([0, 0.2, 0.1, 0.6]), "frame_times, frame 2: expected a time after"),
    WrongArray("frame_times", .doubles([0, 0.1, 0.2, 0.3]), "expected 5.0 frames/s, as frame_rate says, found 10.0"),
    WrongArray("respones", .tensor(tensor([1], [0])), "array 'respones'"),
    WrongArray("repeat_responses", .tensor(tensor([1, 1], [0])), "[trial, time, cell], found [1, 1]"),
    WrongArray("repeat_responses", .tensor(tensor([1, 1, 1], [0])), "an array 'repeat_stimulus' or a generator"),
    WrongArray("interior.a", .tensor(tensor([3, 1], [0, 1, 2])), "interior.a: expected [4 frames, units]"),
  ]

  @Test(arguments: wrongArrays)
  func `wrong arrays`(wrong: WrongArray) throws {
    let kept = RecordingTests.good.filter { $0.name != wrong.name }
    let path = try write(["frame_rate": 5, "cells": [["name": "x"]]], kept + [(wrong.name, wrong.content)])
    let error = #expect(throws: FileError.self) { try Recording.read(path) }
    #expect("\(error as Any)".contains(wrong.message), "\(error as Any)")
  }

  /// Four frames last 0.8 s.
  @Test(arguments: [
    ([0.1, 0.9], [0.0, 0], "1 at other times, the first at 0.9 s"), ([-0.1, 0.8], [0.0, 0], "2 at other times"),
    ([0.1, 0.3], [0.0, 1], "spike 1: expected a cell from 0 to 0, found 1"), ([0.1, 0.3], [0.0, 0.5], "found 0.5"),
    ([0.1, 0.3], [0.0, -1], "spike 1: expected a cell from 0 to 0, found -1"), ([0.1], [1e300], "found 1e+300"),
    ([0.1], [0.0, 0], "a cell for each"), ([Double.nan, 0.1], [0.0, 0], "1 at other times"),
  ])
  func `wrong spikes`(times: [Double], cells: [Double], message: String) throws {
    let path = try write(
      ["frame_rate": 5, "cells": [["name": "x"]]],
      [RecordingTests.good[0], ("spike_times", .doubles(times)), ("spike_cells", .doubles(cells))])
    let error = #expect(throws: FileError.self) { try Recording.read(path) }
    #expect("\(error as Any)".contains(message), "\(error as Any)")
  }

  @Test func `a full disk leaves nothing and is said`() throws {
    let error = #expect(throws: FileError.self) { try RecordingTests.example().write(to: "/dev/full") }
    #expect(error?.kind == .cannotWrite)
    let missing = #expect(throws: FileError.self) {
      try RecordingTests.example().write(to: folder["absent/recording.npz"])
    }
    #expect(missing?.kind == .cannotWrite)
    #expect(try FileSystem.list(folder.path).isEmpty)
  }

  /// Writes an archive with metadata to which the format is added.
  private func write(
    _ metadata: [String: JSON], _ arrays: [(name: String, content: NPZArchive.Content)]
  ) throws -> String {
    let json = JSON.object([.init("format", 1)] + metadata.map { JSON.Member($0.key, $0.value) })
    let path = folder["recording.npz"]
    try NPZArchive.write([("metadata", .text(json.text()))] + arrays, to: path)
    return path
  }
}

func tensor(_ dimensions: [Int], _ values: [Float]) -> Tensor {
  guard let shape = Shape(checking: dimensions), let tensor = Tensor(shape: shape, values: values) else {
    fatalError("a wrong tensor in a test")
  }
  return tensor
}

/// A folder of its own for a test, removed when the test is over.
final class TemporaryFolder: Sendable {
  let path = FileManager.default.temporaryDirectory.appending(path: "retina-fit-\(UUID().uuidString)").path

  init() {
    do { try FileSystem.createFolder(path) } catch { fatalError("\(error)") }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  subscript(name: String) -> String { path + "/" + name }
}
