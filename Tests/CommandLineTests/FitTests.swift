import FoundationEssentials
import RetinaFiles
import RetinaModel
import Testing

/// `retina fit` as a user runs it, on a small simulated recording.
@Suite struct FitTests {
  private static let options = [
    "--history", "6", "--architecture", "ln-ln", "--channels", "2", "--kernels", "5", "--readout", "gaussian",
    "--batch", "32", "--threads", "1", "--noise", "0.1", "--dropout", "0.1", "--json",
  ]

  private func bench() async throws -> Bench {
    let bench = try Bench()
    try await bench.run(
      "simulate", "white-noise", "--set", "duration_frames=1300", "--set", "board_width=12", "--set",
      "board_height=12", "--height", "12", "--width", "12", "--output", "r.npz")
    return bench
  }

  private func fit(_ bench: Bench, _ output: String, _ words: String...) async throws -> Outcome {
    try await Tool.run(["fit", "r.npz", "--output", output] + FitTests.options + words, in: bench.folder)
  }

  @Test func fitsAndSaysWhatItDid() async throws {
    let bench = try await bench()
    let whole = try await fit(
      bench, "whole.safetensors", "--epochs", "4", "--log", "log.jsonl", "--held-out", "--name", "fitted")
    #expect(whole.code == 0, "\(whole.errors)")
    #expect(!FileManager.default.fileExists(atPath: bench["whole.safetensors.checkpoint"]))
    let rows = try FileSystem.read(bench["log.jsonl"]).split(separator: 10)
    #expect(rows.count == 4)
    let first = try JSON(parsing: Array(rows[0]), file: "log")
    let last = try JSON(parsing: Array(rows[3]), file: "log")
    #expect(last["loss"]!.number! < first["loss"]!.number!)

    let model = try ModelFile.read(bench["whole.safetensors"])
    #expect(model.name == "fitted")
    #expect(model.facts.cells.count == model.cells)
    #expect(model.facts.cells.allSatisfy { $0.figures.map { $0.name } == ["held_out_r"] })
    #expect(model.facts.provenance.contains { $0.name == "simulated" && $0.text.hasPrefix("yes") })
    let options = try #require(model.facts.provenance.first { $0.name == "options" }).text
    #expect(options.contains(#""--held-out":"yes""#), "\(options)")
    try await bench.run("verify", "whole.safetensors")

    // The same words give the same model.
    let again = try await fit(bench, "again.safetensors", "--epochs", "4")
    #expect(again.code == 0, "\(again.errors)")
    func parameters(_ model: Model) -> [Float] {
      model.layers.flatMap { $0.operation.parameters.flatMap { $0.values } }
    }
    #expect(parameters(try ModelFile.read(bench["again.safetensors"])) == parameters(model))
  }

  @Test func whatIsWrongIsSaid() async throws {
    let bench = try await bench()
    let fit = ["fit", "r.npz", "--output", "m.safetensors"]
    try await bench.fails(["fit", "r.npz"], 64, "--output PATH is needed")
    try await bench.fails(fit + ["--architecture", "resnet"], 64, "deep-retina", "found 'resnet'")
    try await bench.fails(fit + ["--architecture", "glm"], 64, "retina evaluate")
    try await bench.fails(fit + ["--batch", "30", "--clip", "16"], 64, "a multiple of --clip 16")
    try await bench.fails(fit + ["--schedule", "step:x"], 64, "plateau:10:0.2")
    try await bench.fails(fit + ["--history", "6", "--kernels", "15"], 65, "choose smaller kernels")
    try await bench.fails(fit + ["--history", "2000"], 64, "--history")
    try await bench.fails(fit + ["--history", "6", "--kernels", "5,5", "--batch", "4096"], 65, "enough for a batch")
    try await bench.fails(fit + ["--cells", "nobody"], 65, "nobody")
    try await bench.fails(fit + ["--start", "model.safetensors", "--history", "4"], 64, "does not go with --start")
    try await bench.fails(fit + ["--history", "6", "--kernels", "5,5", "--resume"], 66, "m.safetensors.checkpoint")
    try await bench.fails(["fit", "none.npz", "--output", "m.safetensors"], 66, "none.npz")
  }

  @Test func anArchitectureMayBeAFile() async throws {
    let bench = try await bench()
    try bench.write(
      """
      {"name": "small", "layers": [
        {"name": "conv1", "type": "conv2d", "channels": 2, "kernel": 5}, {"name": "bn1", "type": "batchnorm"},
        {"name": "relu1", "type": "relu"}, {"name": "drop1", "type": "dropout", "probability": 0.1},
        {"name": "cells", "type": "gaussian_readout"}, {"name": "rate", "type": "softplus"}]}
      """, to: "small.json")
    let fit = [
      "fit", "r.npz", "--architecture", "small.json", "--history", "6", "--batch", "32", "--output", "m.safetensors",
    ]
    let outcome = try await Tool.run(fit + ["--epochs", "2"], in: bench.folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let model = try ModelFile.read(bench["m.safetensors"])
    #expect(model.layers.map { $0.name } == ["conv1", "bn1", "relu1", "cells", "rate"])
    #expect(model.facts.provenance.contains { $0.name == "architecture" && $0.text == "architecture small" })
    try await bench.fails(fit + ["--kernels", "5"], 64, "--kernels does not go with an architecture of a file")
    try bench.write(#"{"layers": [{"name": "a", "type": "lstm"}]}"#, to: "small.json")
    try await bench.fails(fit, 65, "small.json: layer 'a'", "found 'lstm'")
    try await bench.fails(fit.map { $0 == "small.json" ? "none.json" : $0 }, 66, "none.json")
  }

  @Test func aSweepRunsOneOfItsJobs() async throws {
    let bench = try await bench()
    try bench.write(
      """
      [["r.npz", "--output", "a.safetensors"],
       ["r.npz", "--output", "b.safetensors", "--history", "6", "--architecture", "ln", "--steps", "2"]]
      """, to: "sweep.json")
    try await bench.run("fit", "--sweep", "sweep.json", "--job", "1", "--threads", "1")
    #expect(try ModelFile.read(bench["b.safetensors"]).history == 6)
    // What is done is left; what is not begins, and is scored.
    let model = try FileSystem.read(bench["b.safetensors"])
    let again = ["fit", "--sweep", "sweep.json", "--resume", "--threads", "1"]
    #expect(try await Tool.run(again + ["--job", "1"], in: bench.folder).output == "b.safetensors: done before\n")
    #expect(try FileSystem.read(bench["b.safetensors"]) == model)
    try bench.write(
      #"[["r.npz", "--output", "c.safetensors", "--history", "6", "--architecture", "ln", "--epochs", "2"]]"#,
      to: "one.json")
    let scored = ["fit", "--sweep", "one.json", "--job", "0", "--resume", "--threads", "1", "--results", "c.json"]
    #expect(try await Tool.run(scored, in: bench.folder).code == 0)
    let results = try JSON(parsing: FileSystem.read(bench["c.json"]), file: "c.json")
    #expect(results["models"]?.array?.first?["name"]?.string == "c.safetensors")
    try await bench.fails(["fit", "--sweep", "sweep.json", "--job", "2"], 64, "from 0 to 1, found '2'")
    try await bench.fails(["fit", "--sweep", "sweep.json"], 64, "--job K")
    try bench.write("[[1]]", to: "bad.json")
    try await bench.fails(["fit", "--sweep", "bad.json", "--job", "0"], 65, "job 0", "an array of words")
  }
}
