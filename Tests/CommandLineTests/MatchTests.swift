import RetinaFiles
import RetinaModel
import Testing

/// `retina match` as a user runs it, on a small simulated recording.
@Suite struct MatchTests {
  @Test func matchesTheInsideOfASimulatedRetina() async throws {
    let bench = try Bench()
    // The small model sees 8 x 8 pixels at 30 frames/s; it was never fitted, so that little of it should match.
    try await bench.run(
      "simulate", "white-noise", "--set", "duration_frames=400", "--set", "board_width=8", "--set", "board_height=8",
      "--height", "8", "--width", "8", "--cells", "2", "--repeats", "0", "--output", "r.npz")
    let words = ["match", "model.safetensors", "r.npz", "--traces", "3", "--permutations", "20", "--threads", "1"]
    let outcome = try await Tool.run(words + ["--output", "matched"], in: bench.folder)
    #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    #expect(outcome.output.contains("r.npz (simulated): "))
    #expect(outcome.output.contains("of 20 permuted traces"))
    let written = try JSON(parsing: FileSystem.read(bench["matched/match.json"]), file: "match.json")
    let traces = try #require(written["traces"]?.array)
    let groups = try #require(written["groups"]?.array)
    #expect(groups.compactMap { $0["name"]?.string } == ["bipolar-on", "bipolar-off", "amacrine-on", "amacrine-off"])
    #expect(
      written["channels"]?.array?.compactMap { $0.string } == ["relu1.0", "relu1.1", "relu1.2", "relu2.0", "relu2.1"])
    #expect(
      traces.allSatisfy { trace in
        guard let r = trace["r"]?.number, let p = trace["p"]?.number, let q = trace["q"]?.number else { return false }
        return (-1...1).contains(r) && p > 0 && p <= q && q <= 1
      })
    let table = try NPY.read(bench["matched/channels.npy"])
    #expect(table.shape == Shape(traces.count, 5))
    #expect(abs(Double(table.values.prefix(5).max() ?? 0) - (traces[0]["r"]?.number ?? 9)) < 1e-6)
    let maps = String(decoding: try FileSystem.read(bench["matched/maps.svg"]), as: UTF8.self)
    #expect(maps.contains("simulated interneurons") && maps.contains("bipolar-on/"))
    #expect(try await bench.json("match", "model.safetensors", "r.npz", "--layer", "conv1")["units"]?.integer == 108)
  }

  @Test func whatCannotBeMatchedIsSaid() async throws {
    let bench = try Bench()
    let metadata = #"{"format": 1, "frame_rate": 30, "cells": [], "normalisation": "none"}"#
    try NPZArchive.write(
      [
        ("metadata", .text(metadata)), ("stimulus", .tensor(Bench.values(90, 8, 8, scale: 2))),
        ("interior.bipolar", .tensor(Bench.values(90, 2, scale: 1))),
      ], to: bench["potentials.npz"])
    try await bench.run("match", "model.safetensors", "potentials.npz")
    try await bench.fails(
      ["fit", "potentials.npz", "--output", "m.safetensors"], 65, "cells with responses", "retina match")
    try await bench.fails(["evaluate", "model.safetensors", "potentials.npz"], 65, "potentials.npz")
    try await bench.run("info", "potentials.npz")
    try await bench.fails(["match", "model.safetensors", "potentials.npz", "--layer", "conv9"], 64, "conv1")
    try await bench.fails(["match", "model.safetensors", "potentials.npz", "--frames", "20"], 65, "found 20")
    try await bench.fails(["match", "model.safetensors", "none.npz"], 66, "none.npz")
    try NPZArchive.write(
      [("metadata", .text(metadata)), ("stimulus", .tensor(Bench.values(90, 8, 8, scale: 2)))], to: bench["empty.npz"])
    try await bench.fails(["match", "model.safetensors", "empty.npz"], 65, "at least one cell, or interior traces")
  }
}
