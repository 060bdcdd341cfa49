import Foundation
import RetinaFiles
import RetinaModel
import Testing

/// `phenomena`, `reduce` and `receptive-field` on the small model.
@Suite struct InterpretationTests {
  @Test func phenomenaAreScoredAndDrawn() async throws {
    let bench = try Bench()
    let text = try await bench.run(
      "phenomena", "model.safetensors", "--only", "chirp,paired-flash", "--output", "out", "--threads", "1")
    #expect(text.contains("tiny, 3 cells, 30 frames/s, 50 um a pixel"))
    #expect(text.contains("linear-nonlinear models fitted to tiny under white noise"))
    #expect(text.contains("Paired flash depression") && text.contains("Chirp") && !text.contains("Direction"))
    let written = try JSON(parsing: try FileSystem.read(bench["out/phenomena.json"]), file: "phenomena.json")
    let parts = try #require(written["phenomena"]?.array)
    // In the order of the battery, whatever was asked first.
    #expect(parts.compactMap { $0["name"]?.string } == ["paired-flash", "chirp"])
    for part in parts {
      #expect(part["scores"]?.array?.count == 3 && part["null_scores"]?.array?.count == 3)
      #expect(["found", "not found", "no response"].contains(part["verdict"]?.string))
      #expect(part["stimulus"]?.string?.contains("contrast") == true)
      let name = try #require(part["name"]?.string)
      if part["curves"]?.array?.isEmpty == false {
        let picture = String(decoding: try FileSystem.read(bench["out/\(name).svg"]), as: UTF8.self)
        #expect(picture.hasPrefix("<svg") && picture.contains("tiny; "))
      }
    }
    #expect(try await bench.json("phenomena", "model.safetensors", "--only", "chirp")["cells"]?.array?.count == 3)
    let list = try await bench.run("phenomena", "x", "--list")
    #expect(list.components(separatedBy: "source:").count == 14)
    // With a unit where there is one.
    #expect(list.contains("above 5 ms with its interval") && list.contains("above 1 with its interval"))
  }

  @Test func whatCannotBeShownIsRefused() async throws {
    let bench = try Bench()
    let model = ["phenomena", "model.safetensors"]
    try await bench.fails(model + ["--only", "chrip"], 64, "--only: expected omitted-stimulus", "did you mean")
    try await bench.fails(model + ["--without", "gain"], 64, "simulated")
    try await bench.fails(["phenomena", "simulated", "--without", "rods"], 64, "--without: expected")
    try await bench.fails(["phenomena", "simulated", "--recording", "r.npz"], 64, "--recording is for models")
    try await bench.fails(["phenomena", "none.safetensors"], 66, "none.safetensors")
    try await bench.fails(model + ["--recording", "none.npz"], 66, "none.npz")
  }

  @Test func reducedModelsRun() async throws {
    let bench = try Bench()
    let text = try await bench.run(
      "reduce", "model.safetensors", "movie.npy", "--cell", "1", "--tolerance", "0", "--output", "out", "--threads", "1"
    )
    #expect(text.contains("ganglion-8") && text.contains("of 3 units of relu1 are kept"))
    let result = try JSON(parsing: try FileSystem.read(bench["out/reduction.json"]), file: "reduction.json")
    #expect(result["units"]?.array?.count == 3 && result["cell"]?.string == "ganglion-8")
    #expect(try #require(result["largest_relative_residual"]?.number) < 1e-4)
    // With no tolerance the reduced model gives the rates of the full one, for its one cell.
    try await bench.run("run", "out/reduced.safetensors", "movie.npy", "--output", "reduced.npy")
    try await bench.run("run", "model.safetensors", "movie.npy", "--output", "full.npy")
    let (reduced, full) = (try NPY.read(bench["reduced.npy"]), try NPY.read(bench["full.npy"]))
    #expect(reduced.shape == Shape(6, 1))
    for window in 0..<6 { #expect(abs(reduced.values[window] - full.values[window * 3 + 1]) < 1e-4) }
    for name in ["fidelity.svg", "rates.svg", "gains.svg"] { #expect(try bench.files.contains("out/\(name)")) }
    let json = try await bench.json(
      "reduce", "model.safetensors", "set.json", "--by", "column", "--layer", "relu2", "--output", "columns")
    #expect(json["units"]?.array?.count == 2 * 4 && json["traces"]?.array?.count == 2)
  }

  @Test func whatCannotBeReducedIsRefused() async throws {
    let bench = try Bench()
    let words = ["reduce", "model.safetensors", "movie.npy"]
    try await bench.fails(words, 64, "--output PATH is needed")
    try await bench.fails(words + ["--output", "o", "--layer", "dense"], 64, "conv1, relu1, conv2, relu2")
    try await bench.fails(words + ["--output", "o", "--cell", "3"], 64, "from 0 to 2")
    try await bench.fails(words + ["--output", "o", "--by", "pixel"], 64, "channel, kind, column, row")
    try await bench.fails(["reduce", "model.safetensors", "batch.npy", "--output", "o"], 65, "movies [time")
  }

  @Test func receptiveFieldsAreWritten() async throws {
    let bench = try Bench()
    let text = try await bench.run(
      "receptive-field", "model.safetensors", "--cell", "2", "--frames", "800", "--gradients", "20", "--output", "out",
      "--threads", "1")
    #expect(text.contains("tiny, ganglion-9") && text.contains("separability") && text.contains("most exciting window"))
    let window = try NPY.read(bench["out/exciting.npy"])
    #expect(window.shape == Shape(4, 8, 8) && window.values.allSatisfy { $0.magnitude <= 1 })
    #expect(try NPY.read(bench["out/average.npy"]).shape == Shape(4, 8, 8))
    #expect(try NPY.read(bench["out/fields.npy"]).shape.dimensions.suffix(3) == [4, 8, 8])
    let field = try JSON(parsing: try FileSystem.read(bench["out/field.json"]), file: "field.json")
    let exciting = try #require(field["most_exciting"])
    let (rate, noise) = (exciting["rate"]?.number, exciting["largest_noise_rate"]?.number)
    #expect(try #require(rate) > (try #require(noise)))
    try await bench.fails(["receptive-field", "model.safetensors", "batch.npy", "--output", "o"], 65, "a movie")
  }
}
