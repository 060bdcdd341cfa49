import RetinaFiles
import RetinaModel
import Testing

/// Recordings that cannot be fitted: each is refused with a message that says why, and an older model stays.
@Suite struct FitInputTests {
  private static let frames = 240

  /// A recording of two cells, with members of the metadata and arrays put in or changed.
  private static func write(
    _ bench: Bench, metadata members: [JSON.Member] = [], leavingOut: [String] = [],
    arrays: [(name: String, content: NPZArchive.Content)]? = nil
  ) throws {
    let standard: [JSON.Member] = [
      .init("format", 1), .init("frame_rate", 30), .init("lag", 0),
      .init("cells", [["name": "a", "centre": [4, 4]], ["name": "b", "centre": [3, 4]]]),
    ]
    let kept = standard.filter { member in
      !leavingOut.contains(member.name) && !members.contains { $0.name == member.name }
    }
    var contents: [(name: String, content: NPZArchive.Content)] = [
      ("metadata", .text(JSON.object(kept + members).text()))
    ]
    contents.append(("stimulus", .tensor(Bench.values(frames, 8, 8, scale: 2))))
    try NPZArchive.write(
      contents + (arrays ?? [("responses", .tensor(responses { Float(($0 + $1) % 3) }))]), to: bench["r.npz"])
  }

  private static func responses(_ value: (Int, Int) -> Float) -> Tensor {
    var tensor = Tensor(repeating: 0, shape: Shape(frames, 2))
    for index in tensor.values.indices { tensor.values[index] = value(index / 2, index % 2) }
    return tensor
  }

  private static let words = [
    "fit", "r.npz", "--history", "4", "--architecture", "ln", "--clip", "4", "--batch", "8", "--epochs", "2",
    "--threads",
    "1", "--output", "m.safetensors",
  ]

  private func isRefused(_ bench: Bench, _ texts: String..., words: [String] = words) async throws {
    try bench.write("an older model", to: "m.safetensors")
    let outcome = try await Tool.run(words, in: bench.folder)
    #expect(outcome.code == 65 && outcome.output.isEmpty, "\(outcome.errors)")
    for text in texts { #expect(outcome.errors.contains(text), "\(outcome.errors)") }
    #expect(try FileSystem.read(bench["m.safetensors"]) == Array("an older model".utf8))
    #expect(try !bench.files.contains { $0.hasSuffix(".part") || $0.hasSuffix(".checkpoint") })
  }

  @Test func spikesOutsideTheStimulus() async throws {
    let bench = try Bench()
    let spikes: [(name: String, content: NPZArchive.Content)] = [
      ("spike_times", .doubles((0..<200).map { 0.02 + 0.0401 * Double($0) } + [8.5, -1])),
      ("spike_cells", .doubles((0..<202).map { Double($0 % 2) })),
    ]
    try FitInputTests.write(bench, arrays: spikes)
    try await isRefused(
      bench, "r.npz: spike_times: expected spikes while a frame is shown, 0.0 to 8.0 s",
      "2 at other times, the first at 8.5 s; \"spikes_outside\": \"drop\"")
    try FitInputTests.write(bench, metadata: [.init("spikes_outside", "drop")], arrays: spikes)
    #expect(try await Tool.run(FitInputTests.words, in: bench.folder).code == 0)
  }

  @Test func frameTimesOfAnotherRate() async throws {
    let bench = try Bench()
    let times = (0..<FitInputTests.frames).map { Double($0) / 60 }
    try FitInputTests.write(
      bench,
      arrays: [
        ("responses", .tensor(FitInputTests.responses { Float(($0 + $1) % 3) })), ("frame_times", .doubles(times)),
      ])
    try await isRefused(
      bench, "frame_times: expected 30.0 frames/s, as frame_rate says, found 60.0 frames/s")
  }

  @Test func fewerFramesThanTheWindow() async throws {
    let bench = try Bench()
    try FitInputTests.write(bench)
    try await isRefused(
      bench, "more than 299 frames without a break, for a history of 300", "found at most 240",
      words: FitInputTests.words + ["--history", "300"])
  }

  @Test func aCellWithoutSpikes() async throws {
    let bench = try Bench()
    try FitInputTests.write(
      bench, arrays: [("responses", .tensor(FitInputTests.responses { $1 == 0 ? Float($0 % 3) : 0 }))])
    try await isRefused(
      bench, "cell 'b': expected at least one spike in the frames that are used", "leave the cell out")
    // The others can be fitted.
    #expect(try await Tool.run(FitInputTests.words + ["--cells", "a"], in: bench.folder).code == 0)
  }

  @Test func responsesThatAreNoNumbers() async throws {
    let bench = try Bench()
    try FitInputTests.write(
      bench, arrays: [("responses", .tensor(FitInputTests.responses { $0 % 5 == 2 ? .nan : Float(($0 + $1) % 3) }))])
    let masked = try await Tool.run(FitInputTests.words, in: bench.folder)
    #expect(masked.code == 0, "\(masked.errors)")
    #expect(
      try ModelFile.read(bench["m.safetensors"]).layers.allSatisfy { layer in
        layer.operation.parameters.allSatisfy { $0.values.allSatisfy { $0.isFinite } }
      })
    try FitInputTests.write(
      bench, arrays: [("responses", .tensor(FitInputTests.responses { $1 == 0 ? .nan : Float($0 % 3) }))])
    try await isRefused(bench, "cell 'a': expected at least one spike")
    try FitInputTests.write(
      bench, arrays: [("responses", .tensor(FitInputTests.responses { $0 == 7 && $1 == 1 ? -1 : 1 }))])
    try await isRefused(bench, "responses, frame 7, cell 'b': expected a number of at least 0, or NaN, found -1.0")
  }

  @Test(arguments: ["format", "frame_rate", "cells"]) func fieldsThatAreMissing(field: String) async throws {
    let bench = try Bench()
    try FitInputTests.write(bench, leavingOut: [field])
    try await isRefused(bench, "r.npz: metadata: expected", "as '\(field)', found none")
  }

  @Test func arraysThatAreMissing() async throws {
    let bench = try Bench()
    try FitInputTests.write(bench, arrays: [])
    try await isRefused(bench, "an array 'responses', or 'spike_times' and 'spike_cells', found neither")
    try NPZArchive.write(
      [("metadata", .text(#"{"format": 1, "frame_rate": 30, "cells": [{"name": "a"}]}"#))], to: bench["r.npz"])
    try await isRefused(bench, "an array 'stimulus' or a generator 'stimulus' in the metadata, found neither")
  }

  @Test func partsThatAreEmpty() async throws {
    let bench = try Bench()
    // Everything but the last frames is left out: nothing to fit.
    try FitInputTests.write(bench, metadata: [.init("excluded", [[0, 230]])])
    try await isRefused(bench, "split: expected at least one frame to fit", "found none of 240 frames")
    try FitInputTests.write(bench, metadata: [.init("excluded", [[150, 240]])])
    try await isRefused(bench, "split: expected at least one frame to", "found none of 240 frames")
  }
}
