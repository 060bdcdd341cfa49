import RetinaFiles
import Testing

/// `retina report`.
@Suite struct ReportTests {
  @Test func pageOfChosenCells() async throws {
    let bench = try Bench()
    let report = try await bench.json(
      "report", "model.safetensors", "set.json", "--cells", "2,0", "--output", "report.html")
    #expect(report["cells"] == [2, 0] && report["stimuli"] == ["flash", "on/off"])
    #expect((report["largest_relative_residual"]?.number ?? 1) < 1e-4)
    let page = String(decoding: try FileSystem.read(bench["report.html"]), as: UTF8.self)
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
    #expect(report["bytes"]?.integer == page.utf8.count)
    #expect(page.contains("<h2 id=\"cell-2-title\">Cell 2</h2>") && !page.contains("<h2 id=\"cell-1-title\">"))
    #expect(page.contains("named “ganglion-9” in the model, where it stands at place 2,"))
  }

  @Test func whatOtherCommandsFindAreSections() async throws {
    let bench = try Bench()
    try await bench.run(
      "simulate", "white-noise", "--set", "duration_frames=400", "--set", "board_width=8", "--set", "board_height=8",
      "--height", "8", "--width", "8", "--cells", "2", "--repeats", "0", "--output", "r.npz")
    let best = try await bench.json(
      "report", "model.safetensors", "set.json", "--reduce", "--match", "r.npz", "--output", "report.html")
    let first = try #require(best["cells"]?.array?.first?.integer)
    #expect(best["sections"] == [.string("reduction-\(first)"), "matches"])
    let chosen = try await bench.json(
      "report", "model.safetensors", "set.json", "--phenomena", "--reduce", "--match", "r.npz", "--cells", "2,0",
      "--output", "report.html")
    #expect(chosen["sections"] == ["phenomena", "reduction-2", "reduction-0", "matches"])
    let page = String(decoding: try FileSystem.read(bench["report.html"]), as: UTF8.self)
    #expect(page.contains("<section id=\"reduction-0\"") && page.contains("units of relu1"))
    #expect(page.contains("linear-nonlinear models fitted to tiny") && page.contains("Paired flash depression"))
    #expect(page.contains("simulated traces are matched") && page.contains("bipolar-on/"))
    let words = ["report", "model.safetensors", "set.json", "--output", "other.html", "--match"]
    try await bench.fails(words + ["none.npz"], 66, "none.npz")
    try await bench.fails(words + ["movie.npy"], 65, "movie.npy")
  }

  @Test func recordingOfOtherCellsIsRefused() async throws {
    let bench = try Bench()
    try await bench.run(
      "simulate", "white-noise", "--output", "recording.npz", "--set", "duration_frames=300", "--height", "8",
      "--width",
      "8", "--cells", "3", "--repeats", "0")
    let outcome = try await Tool.run(
      ["report", "model.safetensors", "recording.npz", "--output", "report.html"], in: bench.folder)
    // The simulated cells have other names than those of the model: a clear error, and no page.
    #expect(outcome.code == 65 && outcome.errors.contains("cells"))
    #expect(try !bench.files.contains("report.html"))
  }

  @Test func wordsThatAreWrong() async throws {
    let bench = try Bench()
    try await bench.fails(["report", "model.safetensors", "movie.npy"], 64, "--output PATH is needed")
    let start = ["report", "model.safetensors", "movie.npy", "--output", "report.html"]
    for cells in ["3", "0,0", "x", "-1"] { try await bench.fails(start + ["--cells=\(cells)"], 64, "--cells", cells) }
    try await bench.fails(start + ["--baselines", "lm"], 64, "--baselines", "lm")
    try await bench.fails(
      ["report", "model.safetensors", "batch.npy", "--output", "r.html"], 65, "batch.npy", "a movie")
    try await bench.fails(["report", "model.safetensors", "none.npy", "--output", "r.html"], 66, "none.npy")
    try await bench.fails(["report", "model.safetensors", "--output", "r.html"], 65, "a stimulus or a recording")
    try await bench.fails(start.dropLast() + ["none/report.html"], 73, "no folder 'none'")
  }
}
