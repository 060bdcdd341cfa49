import Foundation
import RetinaFiles
import RetinaModel
import Testing

/// `simulate`, `info` of a recording and `evaluate`, one after the other.
@Suite struct RecordingCommandTests {
  private func simulated(_ bench: Bench) async throws {
    try await bench.run(
      "simulate", "white-noise", "--set", "duration_frames=1300", "--set", "board_width=12", "--set", "board_height=12",
      "--height", "12", "--width", "12", "--cells", "2", "--repeats", "4", "--test-frames", "100", "--output",
      "recording.npz")
  }

  @Test func simulatesDescribesAndEvaluates() async throws {
    let bench = try Bench()
    try await simulated(bench)
    let info = try await bench.json("info", "recording.npz")
    #expect(info["simulated"]?.boolean == true)
    #expect(info["frames"]?.integer == 1200)
    #expect(info["repeats"]?.integer == 4)
    #expect(info["cells"]?.array?.compactMap { $0["name"]?.string } == ["on-1", "off-1"])
    #expect(try await bench.run("info", "recording.npz").contains("(simulated)"))

    let text = try await bench.run(
      "evaluate", "recording.npz", "--baselines", "ln,glm-stimulus", "--history", "8", "--compare", "--output", "a.json"
    )
    #expect(text.contains("recording.npz (simulated): 2 cells, test bins 960 to 1199"))
    #expect(text.contains("noise ceiling of 4 repeats") && text.contains("ln less glm-stimulus"))
    let written = try JSON(parsing: try FileSystem.read(bench["a.json"]), file: "a.json")
    let models = try #require(written["models"]?.array)
    #expect(models.compactMap { $0["name"]?.string } == ["ln", "glm-stimulus"])
    #expect(try #require(models[1]["mean_r"]?.number) > 0.2)
    #expect(written["noise_ceiling"]?.array?.count == 2)

    // Results of two jobs, then merged again.
    try await bench.run(
      "evaluate", "recording.npz", "--baselines", "ln", "--history", "5", "--output", "b.json")
    let merged = try await bench.run("evaluate", "--merge", "a.json", "b.json", "--output", "merged.json")
    #expect(merged.contains("glm-stimulus"))
    let again = try await bench.json("evaluate", "--merge", "merged.json")
    let summary = try #require(again["summary"]?.array)
    #expect(again["results"]?.array?.count == 3)
    #expect(summary.first { $0["model"]?.string == "ln" }?["results"]?.integer == 2)
  }

  @Test func findsTheModesOfARecordingAndKernelBaselines() async throws {
    let bench = try Bench()
    try await simulated(bench)
    let found = try await bench.json(
      "theory", "modes", "recording.npz", "--history", "6", "--pool", "3", "--check", "--output", "out")
    #expect(found["window"] == [6, 4, 4] && found["pool"] == 3)
    // The last fifth of 1200 frames and a gap of a window are left out, and the first window.
    #expect(found["samples"]?.integer == 960 - 6 - 5)
    let modes = try #require(found["modes"]?.array)
    #expect(modes.count == 2)
    #expect(try #require(modes[0]["measured"]?.number) > #require(found["shuffled_largest"]?.number))
    #expect(found["best_steps"]?.number != nil && found["trained_best_steps"]?.number != nil)
    #expect(
      try Set(bench.files).isSuperset(
        of: ["modes.csv", "filters.npy", "scree.svg", "learning.svg", "overfitting.svg"].map { "out/" + $0 }))
    try await bench.fails(
      ["theory", "modes", "recording.npz", "--pool", "1", "--history", "20", "--output", "out3"], 65,
      "at most 2000 dimensions", "20 x 12 x 12")
    let scores = try await bench.json(
      "evaluate", "recording.npz", "--baselines", "nngp,ntk", "--history", "6", "--threads", "2")
    for model in try #require(scores["models"]?.array) {
      #expect(try #require(model["mean_r"]?.number) > 0.15)
      // The noise ceiling needs rates for the repeats, too.
      #expect(try #require(model["cells"]?.array?.first?["repeats_r"]?.number) > 0.3)
    }
  }

  @Test func modelsAreRunAsTheyStandInTheFile() async throws {
    let bench = try Bench()
    // The small model sees 8 x 8 pixels at 30 frames/s with a history of 4 and a lag of 1.
    let movie = Bench.values(120, 8, 8, scale: 2)
    let rates = try #require(try await rates(bench, movie))
    var responses = [Float](repeating: 0, count: 120 * 3)
    for window in 0..<117 where window + 4 < 120 {
      for cell in 0..<3 { responses[(window + 4) * 3 + cell] = rates.values[window * 3 + cell] }
    }
    let cells = #"[{"name": "ganglion-7"}, {"name": "ganglion-8"}, {"name": "ganglion-9"}]"#
    func write(_ name: String, _ metadata: String) throws {
      try NPZArchive.write(
        [
          ("metadata", .text(metadata)), ("stimulus", .tensor(movie)),
          ("responses", .tensor(try #require(Tensor(shape: Shape(120, 3), values: responses)))),
        ], to: bench[name])
    }
    try write("rates.npz", #"{"format": 1, "frame_rate": 30, "lag": 1, "response": "rates", "cells": \#(cells)}"#)
    let result = try await bench.json("evaluate", "model.safetensors", "rates.npz", "--baselines", "none")
    // The responses are the model's own rates.
    #expect(abs(try #require(result["models"]?.array?.first?["mean_r"]?.number) - 1) < 1e-6)
    let first = try #require(result["models"]?.array?.first?["cells"]?.array?.first)
    #expect(abs(try #require(first["calibration_slope"]?.number) - 1) < 1e-5)
    // Columns have the name of the file, whole and without its folders.
    let path = bench["model.safetensors"]
    let table = try await bench.run("evaluate", path, "rates.npz", "--baselines", "none")
    #expect(table.contains("\ncell            spikes  r model.safetensors\n"), "\(table)")

    try write("fast.npz", #"{"format": 1, "frame_rate": 60, "lag": 1, "cells": \#(cells)}"#)
    try await bench.fails(["evaluate", "model.safetensors", "fast.npz"], 65, "30.0 frames/s, the rate of", "found 60")
    let others = cells.replacingOccurrences(of: "ganglion-9", with: "ganglion-1")
    try write("others.npz", #"{"format": 1, "frame_rate": 30, "lag": 1, "cells": \#(others)}"#)
    try await bench.fails(["evaluate", "model.safetensors", "others.npz"], 65, "'ganglion-9'")
    for frame in 0..<120 { responses[3 * frame + 1] = 0 }
    try write("silent.npz", #"{"format": 1, "frame_rate": 30, "lag": 1, "cells": \#(cells)}"#)
    try await bench.fails(
      ["evaluate", "model.safetensors", "silent.npz"], 65, "cell 'ganglion-8'", "at least one spike")
    try await bench.fails(
      ["evaluate", "silent.npz", "--cells", "ganglion-7", "--history", "130"], 65, "a history of 130", "at most 120")
  }

  private func rates(_ bench: Bench, _ movie: Tensor) async throws -> Tensor? {
    try NPY.write(movie, to: bench["own.npy"])
    try await bench.run("run", "model.safetensors", "own.npy", "--output", "own-rates.npy")
    return try NPY.read(bench["own-rates.npy"])
  }

  @Test func wordsThatAreWrong() async throws {
    let bench = try Bench()
    try await bench.fails(["evaluate"], 64, "expected MODEL... RECORDING")
    try await bench.fails(["evaluate", "model.safetensors"], 64, "a recording, which ends in .npz")
    try await bench.fails(["evaluate", "absent.npz"], 66, "no such file")
    try await bench.fails(["evaluate", "--merge", "set.json"], 65, "the JSON of 'retina evaluate --json'")
    try await bench.fails(["simulate", "white-noise"], 64, "--output PATH is needed")
    try await bench.fails(["simulate", "white-nose", "--output", "a.npz"], 64, "white-noise")
    try await bench.fails(
      ["simulate", "movie.npy", "--output", "a.npz", "--without", "gian"], 64, "--without", "gain")
    try await bench.fails(["simulate", "movie.npy", "--output", "a.npz"], 65, "more than 301 frames")
    try await bench.fails(["simulate", "batch.npy", "--output", "a.npz"], 65, "a movie [time, height, width]")
    try await simulated(bench)
    try await bench.fails(["evaluate", "recording.npz", "--baselines", "lnn"], 64, "--baselines")
    try await bench.fails(["evaluate", "model.safetensors", "recording.npz"], 65, "ganglion-7")
    try await bench.fails(["evaluate", "recording.npz", "--output", "absent/a.json"], 73, "no folder 'absent'")
    let full = try await Tool.run(
      ["evaluate", "recording.npz", "--baselines", "ln", "--output", "/dev/full"], in: bench.folder)
    #expect(full.code == 73)
  }
}
