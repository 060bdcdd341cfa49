import RetinaFiles
import RetinaModel
import Testing

/// `retina modes`.
@Suite struct ModesTests {
  @Test func patternsLoadingsAndFields() async throws {
    let bench = try Bench()
    let report = try await bench.json(
      "modes", "model.safetensors", "movie.npy", "--layer", "relu1", "--modes", "2", "--seeds", "3", "--cell", "1",
      "--output", "out")
    #expect(
      try FileSystem.list(bench["out"]) == [
        "curve.svg", "fields.npy", "loadings.npy", "loadings.svg", "modes.npy", "summary.json",
      ])
    let modes = try NPY.read(bench["out/modes.npy"])
    let loadings = try NPY.read(bench["out/loadings.npy"])
    let fields = try NPY.read(bench["out/fields.npy"])
    #expect(modes.shape == Shape(2, 2, 3) && loadings.shape == Shape(6, 2) && fields.shape == Shape(2, 4, 8, 8))
    #expect((modes.values + loadings.values).allSatisfy { $0 >= 0 && $0.isFinite })
    #expect(fields.firstNonFinite == nil)
    #expect(report["layer"] == "relu1" && report["cells"] == [1] && report["restarts"] == 3)
    let curve = report["curve"]?.array ?? []
    #expect(curve.map { $0["modes"] } == [1, 2])
    let errors = curve.compactMap { $0["error"]?.number }
    #expect(errors.count == 2 && errors[1] <= errors[0] && errors[0] <= 1)
    #expect(curve.allSatisfy { ($0["stability"]?.number ?? -1) > 0 })
    // 6 windows of 4 frames are two blocks: a number for each field says how much of it is noise, where both have loadings.
    let agreements = try #require(report["fields_split_half"]?.array)
    #expect(agreements.count == 2)
    for agreement in agreements { #expect(agreement == .null || (agreement.number ?? 2).magnitude <= 1) }
    // The loadings and modes give back the channels' contributions to the error that the curve states.
    try await bench.run(
      "probe", "model.safetensors", "movie.npy", "--layer", "relu1", "--cell", "1", "--reduce", "channel", "--output",
      "probe")
    let contributions = try NPY.read(bench["probe/attribution.npy"])
    var (error, size) = (0.0, 0.0)
    for input in 0..<6 {
      for column in 0..<6 {
        let channel = Double(contributions.values[input * 3 + column % 3])
        let wanted = max(0, column < 3 ? channel : -channel)
        let found = (0..<2).reduce(0.0) {
          $0 + Double(loadings.values[input * 2 + $1]) * Double(modes.values[$1 * 6 + column])
        }
        error += (found - wanted) * (found - wanted)
        size += wanted * wanted
      }
    }
    #expect(((error / size).squareRoot() - errors[1]).magnitude < 1e-4)
  }

  @Test func severalStimuliShareTheModes() async throws {
    let bench = try Bench()
    let text = try await bench.run(
      "modes", "model.safetensors", "set.json", "--layer", "relu2", "--modes", "1", "--seeds", "1", "--output", "out")
    #expect(text.hasSuffix("written to out\n") && text.contains("field: halves of the inputs agree with r "))
    for name in ["flash", "on%2Foff"] { #expect(try FileSystem.list(bench["out/\(name)"]) == ["loadings.svg"]) }
    let summary = try JSON(parsing: FileSystem.read(bench["out/summary.json"]), file: "summary.json")
    let rows = summary["stimuli"]?.array?.compactMap { $0["rows"]?.number } ?? []
    #expect(rows.count == 2 && summary["stimuli"]?.array?[1]["first_row"]?.number == rows[0])
    #expect(try NPY.read(bench["out/loadings.npy"]).shape == Shape(Int(rows[0] + rows[1]), 1))
  }

  @Test func unitsInsteadOfChannels() async throws {
    let bench = try Bench()
    try await bench.run(
      "modes", "model.safetensors", "batch.npy", "--layer", "relu2", "--modes", "1", "--reduce", "none", "--output",
      "out")
    #expect(try NPY.read(bench["out/modes.npy"]).shape == Shape(1, 2, 32))
  }

  @Test func wordsThatAreWrong() async throws {
    let bench = try Bench()
    let start = ["modes", "model.safetensors", "movie.npy", "--output", "out"]
    try await bench.fails(start, 64, "--layer NAME is needed")
    let layer = start + ["--layer", "relu1"]
    try await bench.fails(start + ["--layer", "relu9"], 64, "relu9")
    try await bench.fails(layer + ["--cell", "all"], 64, "--cell: expected one cell")
    try await bench.fails(layer + ["--cell", "surprisal"], 64, "--cell: expected one cell")
    try await bench.fails(layer + ["--cell", "3"], 64, "--cell", "'3'")
    try await bench.fails(layer + ["--modes", "0"], 64, "--modes")
    try await bench.fails(layer + ["--seeds", "0"], 64, "--seeds")
    try await bench.fails(layer + ["--sparsity", "-1"], 64, "--sparsity: expected a number of at least 0")
    try await bench.fails(layer + ["--method", "integrated-gradients"], 64, "integrated-gradients")
    try await bench.fails(
      ["modes", "model.safetensors", "none.npy", "--layer", "relu1", "--output", "out"], 66, "none.npy")
  }
}
