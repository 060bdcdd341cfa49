import Foundation
import RetinaFiles
import RetinaModel
import Testing

@testable import RetinaFit

/// Whether there is an HDF5 library here.
private let hasHDF5: Bool = {
  let folder = TemporaryFolder()
  return (try? HDF5Object(.group([])).write(to: folder["empty.h5"])) != nil
}()

/// Recordings in HDF5 files of other people's layouts; all are made here.
@Suite(.enabled(if: hasHDF5, "no HDF5 library; apt-get install hdf5-tools"))
struct RecordingLayoutTests {
  let folder = TemporaryFolder()

  private func write(_ members: [(name: String, object: HDF5Object)], _ name: String = "recording.h5") throws -> String
  {
    try HDF5Object(.group(members)).write(to: folder[name])
    return folder[name]
  }

  private func group(_ members: [(name: String, object: HDF5Object)]) -> HDF5Object { HDF5Object(.group(members)) }

  private func singles(_ extents: [Int], _ values: (Int) -> Float) -> HDF5Object {
    HDF5Object(.singles(extents, (0..<extents.reduce(1, *)).map(values)))
  }

  private func failure(_ path: String, _ choice: RecordingChoice = .init()) throws -> FileError {
    try #require(#expect(throws: FileError.self) { try Recording.read(path, choice) })
  }

  // MARK: - This module's own

  @Test func `the own layout is read from HDF5, too`() throws {
    let metadata = #"{"format": 1, "frame_rate": 10, "lag": 2, "cells": [{"name": "a"}, {"name": "b"}]}"#
    let path = try write([
      ("metadata", HDF5Object(.text(metadata))), ("stimulus", singles([4, 1, 2]) { Float($0) }),
      ("spike_times", HDF5Object(.doubles([3], [0.05, 0.31, 0.39]))),
      ("spike_cells", HDF5Object(.integers([1, 0, 0]))),
    ])
    let recording = try Recording.read(path)
    #expect(recording.cells.map { $0.name } == ["a", "b"])
    #expect(recording.lag == 2)
    #expect(recording.responses == [0, 1, 0, 0, 0, 0, 2, 0])
    #expect(try recording.stimulus.movie().values == [0, 1, 2, 3, 4, 5, 6, 7])
  }

  @Test func `an array that is not known is an error in HDF5, too`() throws {
    let metadata = #"{"format": 1, "frame_rate": 10, "cells": [{"name": "a"}]}"#
    let path = try write([
      ("metadata", HDF5Object(.text(metadata))), ("stimulus", singles([4, 1, 2]) { Float($0) }),
      ("responses", singles([4, 1]) { Float($0) }), ("respones", singles([4, 1]) { Float($0) }),
    ])
    #expect(try failure(path).place == "array 'respones'")
  }

  // MARK: - Published salamander data

  /// 8 frames of 2 x 3, 3 cells, a pause after frame 3; a test of 4 frames.
  private func salamander(
    repeats: [(name: String, object: HDF5Object)]? = nil, times: [Double] = [0, 0.01, 0.02, 0.03, 9, 9.01, 9.02, 9.03],
    responses: [Int] = [3, 8]
  ) -> [(name: String, object: HDF5Object)] {
    let test = [
      ("stimulus", singles([4, 2, 3]) { Float(100 + $0) }),
      ("response", group([("firing_rate_10ms", singles([3, 4]) { Float($0) })])),
    ]
    return [
      (
        "train",
        group([
          ("stimulus", singles([8, 2, 3]) { Float($0) }), ("time", HDF5Object(.doubles([8], times))),
          (
            "response",
            group([
              ("binned", singles(responses) { Float($0 % 3) }), ("firing_rate_10ms", singles(responses) { Float($0) }),
            ])
          ),
        ])
      ),
      ("test", group(test + (repeats.map { [("repeats", group($0))] } ?? []))),
    ]
  }

  @Test func `the published salamander layout is read`() throws {
    let recording = try Recording.read(try write(salamander()))
    #expect(recording.cells.map { $0.name } == ["cell01", "cell02", "cell03"])
    #expect(recording.unit == .rates)
    #expect(abs(recording.frameRate - 100) < 1e-9)
    #expect(recording.lag == 1)
    // [cell, time] in the file: cell c, frame t is 8 c + t.
    #expect(recording.responses[0..<6] == [0, 8, 16, 1, 9, 17])
    #expect(recording.blocks == [.init(frames: 0..<4), .init(frames: 4..<8)])
    #expect(recording.repeats?.trials == 1)
    #expect(recording.repeats?.responses[0..<3] == [0, 4, 8])
  }

  @Test func `counts can be asked for, and equal parts with a start that is skipped`() throws {
    let choice = RecordingChoice(response: "binned", parts: 4, skippedStart: 1)
    let recording = try Recording.read(try write(salamander()), choice)
    #expect(recording.unit == .counts)
    #expect(recording.responses[0..<3] == [0, 2, 1])
    #expect(recording.blocks.map { $0.frames } == [0..<2, 2..<4, 4..<6, 6..<8])
    #expect(recording.blocks.allSatisfy { $0.skippedStart == 1 })
    #expect(recording.repeats == nil)
  }

  @Test func `trials of each cell become repeats, counts in the unit of the recording`() throws {
    let repeats = [
      ("cell01", singles([2, 4]) { Float($0) }), ("cell02", singles([1, 4]) { Float(10 + $0) }),
      ("cell03", singles([2, 4]) { Float(20 + $0) }),
    ]
    let recording = try Recording.read(try write(salamander(repeats: repeats)))
    let test = try #require(recording.repeats)
    #expect(test.trials == 2)
    for (found, expected) in zip(test.responses[0..<6], [0, 1000, 2000, 100, 1100, 2100] as [Float]) {
      #expect(abs(found - expected) < 0.01)
    }
    // The second cell has one trial.
    #expect(test.responses[13].isNaN)
    #expect(abs(test.responses[12] - 400) < 0.01)
  }

  @Test func `trials of all cells become repeats, rates as they are`() throws {
    let repeats = [("firing_rate_10ms", singles([2, 3, 4]) { Float($0) + 0.5 })]
    let test = try #require(try Recording.read(try write(salamander(repeats: repeats))).repeats)
    #expect(test.trials == 2)
    #expect(test.responses[0..<6] == [0.5, 4.5, 8.5, 1.5, 5.5, 9.5])
    #expect(test.responses[12] == 12.5)
  }

  @Test func `what does not fit in a salamander file is told`() throws {
    let missing = try failure(try write(salamander()), RecordingChoice(response: "spikes"))
    #expect(missing.description.hasSuffix("which --response asks for, found binned, firing_rate_10ms"))
    let wrong = try failure(try write(salamander(responses: [3, 7])))
    #expect(wrong.description.hasSuffix("expected [cells, 8 frames], found [3, 7]"))
    #expect(try failure(try write(salamander()), RecordingChoice(parts: 3)).expected == "3 equal parts")
    let rate = try failure(try write(salamander()), RecordingChoice(frameRate: 50))
    #expect(rate.place == "frame_times")
  }

  @Test func `times that start anew in each part make blocks`() throws {
    let recording = try Recording.read(try write(salamander(times: [0, 0.01, 0.02, 0.03, 0, 0.01, 0.02, 0.03])))
    #expect(recording.frameTimes == nil)
    #expect(recording.blocks.map { $0.frames } == [0..<4, 4..<8])
  }

  // MARK: - openretina

  @Test func `openretina's layout is read, stimuli in the file and beside it`() throws {
    let path = try write([
      ("responses_noise", singles([2, 3]) { Float($0) }), ("responses_film", singles([2, 2]) { Float(10 + $0) }),
      ("responses_test", singles([2, 4]) { Float(20 + $0) }),
      ("stimulus_film", singles([3, 2, 1, 2]) { Float($0) }), ("stimulus_test", singles([1, 4, 1, 2]) { Float($0) }),
    ])
    try FileSystem.createFolder(folder["stimuli"])
    try NPY.write(tensor([1, 3, 1, 2], (0..<6).map { Float($0) }), to: folder["stimuli/noise.npy"])
    let recording = try Recording.read(path, RecordingChoice(test: "test", frameRate: 30))
    let movie = try recording.stimulus.movie()
    #expect(movie.shape == Shape(5, 1, 2))
    // Red, green and blue of the first pixel are 0, 4 and 8.
    #expect(abs(movie.values[0] - (4 * 0.7152 + 8 * 0.0722)) < 1e-5)
    #expect(movie.values[4...] == [0, 1, 2, 3, 4, 5])
    #expect(recording.responses == [10, 12, 11, 13, 0, 3, 1, 4, 2, 5])
    #expect(recording.blocks.map { $0.frames } == [0..<2, 2..<5])
    #expect(recording.repeats?.responses == [20, 24, 21, 25, 22, 26, 23, 27])
    #expect(try Recording.read(path, RecordingChoice(stimulus: "noise", frameRate: 30)).frameCount == 3)
  }

  @Test func `what openretina's files leave open is asked for`() throws {
    let path = try write([("responses_a", singles([2, 3]) { Float($0) })])
    #expect(try failure(path).expected == "--frame-rate X, frames per second")
    let unknown = try failure(path, RecordingChoice(test: "b", frameRate: 30))
    #expect(unknown.description.hasSuffix("stimuli: expected 'b', found a"))
    #expect(try failure(path, RecordingChoice(frameRate: 30)).kind == .cannotRead)
  }

  @Test func `a stimulus beside the file cannot lie outside its folder`() throws {
    let name = "..%2F..%2Fsecret"
    let path = try write([("responses_\(name)", singles([1, 3]) { Float($0) })])
    #expect(try failure(path, RecordingChoice(frameRate: 30)).kind == .cannotRead)
    try FileSystem.createFolder(folder["stimuli"])
    try NPY.write(tensor([1, 3, 1, 1], [1, 2, 3]), to: folder["outside.npy"])
    try FileManager.default.createSymbolicLink(
      atPath: folder["stimuli/\(name).npy"], withDestinationPath: folder["outside.npy"])
    #expect(try failure(path, RecordingChoice(frameRate: 30)).found == "one")
  }

  // MARK: - Neurodata Without Borders

  /// Two units; a movie of 4 frames at 10 frames/s from 1 s, or at `times`.
  private func nwb(
    movie: HDF5Object? = nil, times: [Double]? = nil, rate: Double = 10, ends: [Int] = [2, 5], names: Bool = false,
    more: [(name: String, object: HDF5Object)] = []
  ) -> [(name: String, object: HDF5Object)] {
    let clock =
      times.map { ("timestamps", HDF5Object(.doubles([$0.count], $0))) }
      ?? ("starting_time", HDF5Object(.doubles([], [1]), attributes: [("rate", .number(rate))]))
    let units =
      [
        ("id", HDF5Object(.integers([4, 9]))),
        ("spike_times", HDF5Object(.doubles([5], [1.05, 1.25, 0.5, 1.38, 1.31]))),
        ("spike_times_index", HDF5Object(.integers(ends))),
      ] + (names ? [("unit_name", HDF5Object(.texts(["on", "off"])))] : [])
    let film = group([("data", movie ?? singles([4, 2, 3]) { Float($0) }), clock])
    return [
      ("stimulus", group([("presentation", group([("film", film)] + more)), ("templates", group([]))])),
      ("units", group(units)),
    ]
  }

  @Test func `units and a movie of an NWB file are read`() throws {
    let recording = try Recording.read(try write(nwb(), "session.nwb"))
    #expect(recording.cells.map { $0.name } == ["4", "9"])
    #expect(abs(recording.frameRate - 10) < 1e-9)
    #expect(recording.responses == [1, 0, 0, 0, 1, 0, 0, 2])
    #expect(recording.droppedSpikes == 1)
    #expect(recording.lag == nil)
    #expect(try recording.stimulus.movie().shape == Shape(4, 2, 3))
  }

  @Test func `names of units, colours, frame times with a pause and transposed frames are taken`() throws {
    let path = try write(nwb(movie: singles([4, 2, 3, 3]) { Float($0) }, times: [1, 1.1, 1.3, 1.4], names: true))
    let recording = try Recording.read(path, RecordingChoice(isTransposed: true))
    #expect(recording.cells.map { $0.name } == ["on", "off"])
    #expect(recording.blocks.map { $0.frames } == [0..<2, 2..<4])
    // 1.25 s falls in the pause.
    #expect(recording.responses == [1, 0, 0, 0, 0, 2, 0, 0])
    let movie = try recording.stimulus.movie()
    #expect(movie.shape == Shape(4, 3, 2))
    // Pixel [row 0, column 1] is stored at [1, 0]: colours 9, 10, 11.
    #expect(abs(movie.values[1] - (9 + 0.7152 + 2 * 0.0722)) < 1e-4)
  }

  @Test func `one of several movies is chosen, also by an index into frames`() throws {
    let frames = group([
      ("data", singles([3, 1, 1]) { Float($0) }),
      ("starting_time", HDF5Object(.doubles([], [0]), attributes: [("rate", .number(1))])),
    ])
    let index = group([
      ("data", HDF5Object(.integers([2, 0, 2, 1]))), ("timestamps", HDF5Object(.doubles([4], [1, 1.1, 1.2, 1.3]))),
      ("indexed_timeseries", frames),
    ])
    let path = try write(nwb(more: [("shown", index), ("voltage", group([("data", singles([4]) { Float($0) })]))]))
    let error = try failure(path)
    #expect(error.description.hasSuffix("one movie, or --stimulus NAME, found film, shown"))
    let recording = try Recording.read(path, RecordingChoice(stimulus: "shown"))
    #expect(try recording.stimulus.movie().values == [2, 0, 2, 1])
    #expect(try failure(path, RecordingChoice(stimulus: "voltage")).found == "film, shown")
  }

  @Test(arguments: [[2, 6], [3, 2], [2, 4], [-1, 5], [5]])
  func `ends of spike trains that cannot be are refused`(_ ends: [Int]) throws {
    let error = try failure(try write(nwb(ends: ends)))
    #expect(error.place?.hasPrefix("units/spike_times_index") == true, "\(error)")
  }

  @Test(arguments: [0, -10, .nan, .infinity]) func `a frame rate that cannot be is refused`(_ rate: Double) throws {
    #expect(try failure(try write(nwb(rate: rate))).found == "neither")
  }

  @Test func `a movie without times, a wrong shape and another file are told`() throws {
    #expect(try failure(try write(nwb(times: [1, 2, 3]))).expected == "4 times")
    #expect(
      try failure(try write(nwb(movie: singles([4, 1, 1, 2]) { Float($0) }))).place?.hasSuffix("film/data") == true)
    let other = try failure(try write([("x", singles([4]) { Float($0) })]))
    #expect(
      other.description.contains("expected 'metadata', 'train/stimulus', 'units/spike_times' or 'responses_NAME'"))
    #expect(other.found == "x")
  }
}
