import RetinaEngine
import RetinaFiles
import RetinaModel
import Testing

@Suite struct InfoTests {
  @Test func infoForPeople() async throws {
    let bench = try Bench()
    let text = try await bench.run("info", "model.safetensors", "--plan")
    #expect(text.hasPrefix("tiny: [4, 8, 8] -> [3], \(Bench.model.parameterCount) parameters\n"))
    #expect(text.contains("the rate at frame t depends on frames t-4 ... t-1 at 30 frames/s"))
    for part in [
      "pixel: 50 micrometres", "response: spikes/s", "ganglion-9", "held_out_r", "(3.5, 4)", "source: a test",
    ] {
      #expect(text.contains(part))
    }
    for layer in Bench.model.layers { #expect(text.contains("  \(layer.name) ")) }
    #expect(text.contains("ms in integers") && text.contains("'--precision fastest'"))
  }

  @Test func infoForMachines() async throws {
    let bench = try Bench()
    let info = try await bench.json("info", "model.safetensors")
    #expect(info["name"] == "tiny")
    #expect(info["input"] == [4, 8, 8])
    #expect(info["output"] == [3])
    #expect(info["lag"] == 1)
    #expect(info["frame_rate"] == 30)
    #expect(info["parameters"]?.integer == Bench.model.parameterCount)
    #expect(info["layers"]?.array?.map { $0["name"]?.string } == Bench.model.layers.map { $0.name })
    #expect(info["multiply_adds_per_window"]?.integer == Program(Bench.model).multiplyAdds)
    #expect(info["cells"]?.array?[0]["centre"] == [3.5, 4])
    #expect(info["plan"]?["stages"]?.array?.isEmpty == false)
    #expect(info["provenance"]?["source"] == "a test")
  }

  @Test func verify() async throws {
    let bench = try Bench()
    #expect(try await bench.run("verify", "model.safetensors").contains("3 golden inputs"))
    for algorithm in ["auto", "direct", "spectral"] {
      let report = try await bench.json("verify", "model.safetensors", "--algorithm", algorithm)
      #expect(report["passes"] == true)
      #expect(report["inputs"] == 3)
      #expect((report["relative_error"]?.number ?? 1) <= (report["tolerance"]?.number ?? 0))
    }
  }

  @Test func timing() async throws {
    let bench = try Bench()
    let text = try await bench.run(
      "bench", "model.safetensors", "--frames", "10", "--layers", "--stimulus", "movie.npy")
    #expect(text.contains("ms per frame"))
    #expect(text.contains("conv1"))
    let report = try await bench.json("bench", "model.safetensors", "--frames", "10", "--algorithm", "direct")
    #expect(report["frames"] == 10)
    #expect((report["seconds_per_frame"]?.number ?? 0) > 0)
    #expect(report["stages"]?.array?.isEmpty == false)
    try await bench.fails(
      ["bench", "model.safetensors", "--stimulus", "batch.npy"], 65, "batch.npy: expected a movie", "independent inputs"
    )
  }

  @Test func modelThatSeesNoMovies() async throws {
    let bench = try Bench()
    let dense = Layer("dense", .dense(Dense(weight: Bench.values(2, 5, scale: 1))))
    let model = try Model(name: "flat", inputShape: Shape(5), layers: [dense])
    try ModelFile.write(model, to: bench["flat.safetensors"])
    let inputs = Bench.values(7, 5, scale: 1)
    try NPY.write(inputs, to: bench["inputs.npy"])
    #expect(try await bench.json("info", "flat.safetensors")["plan"] == nil)
    try await bench.run("run", "flat.safetensors", "inputs.npy", "--output", "out.npy")
    let expected = Program(model).run(inputs, of: model, layers: [0], threads: 1).tensors[0]
    #expect(try NPY.read(bench["out.npy"]) == expected)
    try await bench.fails(["bench", "flat.safetensors"], 65, "a model of movies", "found [5]")
    try await bench.fails(
      ["run", "flat.safetensors", "movie.npy", "--output", "x"], 65, "inputs [n, ...] of shape [5]", "found [9, 8, 8]")
    try await bench.fails(
      ["probe", "flat.safetensors", "inputs.npy", "--output", "x"], 64, "no interior nonlinearity", "--layer")
  }
}
