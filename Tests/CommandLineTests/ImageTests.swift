import RetinaFiles
import Testing

@Suite struct ImageTests {
  @Test func `an image in float32 runs as the model does`() async throws {
    let bench = try Bench()
    for name in ["cell.retina", "again.retina"] { try await bench.run("convert", "model.safetensors", name) }
    #expect(try FileSystem.read(bench["cell.retina"]) == FileSystem.read(bench["again.retina"]))
    try await bench.run("run", "model.safetensors", "movie.npy", "--output", "float.npy")
    try await bench.run("run", "cell.retina", "movie.npy", "--threads", "2", "--output", "image.npy")
    try await bench.run("run", "cell.retina", "movie.npy", "--stream", "--output", "stream.npy")
    let image = try NPY.read(bench["image.npy"])
    #expect(try relativeError(image, try NPY.read(bench["float.npy"])) < 1e-5)
    #expect(try NPY.read(bench["stream.npy"]) == image)
    try await bench.run("run", "cell.retina", "batch.npy", "--layer", "conv1", "--output", "conv1.npy")
    #expect(try NPY.read(bench["conv1.npy"]).shape.dimensions == [3, 3, 6, 6])

    let info = try await bench.json("info", "cell.retina")
    #expect(info["input_values"]?["type"]?.string == "float32" && info["layers"]?.array?.count == 6)
    #expect(try await bench.run("info", "cell.retina").contains("in reproducible float32"))
    #expect(try await bench.run("verify", "cell.retina").contains("all bits of 6 layers: passes"))
    let timed = try await bench.json("bench", "cell.retina", "--frames", "10")
    #expect(timed["precision"] == "float32" && timed["frames"] == 10)
    #expect(try #require(timed["seconds_per_frame"]?.number) > 0)
    #expect(timed["layers"]?.array?.count == 6 && timed["layers"]?.array?.first?["form"] == "by definition")
    try await bench.fails(["bench", "cell.retina", "--algorithm", "direct"], 64, "one form")
  }

  @Test func `channels of an image are probed, and add up`() async throws {
    let bench = try Bench()
    try await bench.run("convert", "model.safetensors", "cell.retina")
    let report = try await bench.json(
      "probe", "cell.retina", "movie.npy", "--cell", "1", "--steps", "64", "--output", "out")
    let summary = try #require(report.array?.first)
    #expect(summary["method"]?.string == "conductance" && summary["steps"]?.integer == 64)
    #expect(summary["layers"]?.array?.compactMap { $0.string } == ["relu1", "relu2"])
    let residuals = try #require(summary["residual"]?.array?.compactMap { $0.number })
    #expect(residuals.count == 6 && residuals.allSatisfy { $0.magnitude < 0.01 })
    #expect(try NPY.read(bench["out/relu1/attribution.npy"]).shape.dimensions == [6, 3])

    // The same question to the model, in another way.
    try await bench.run(
      "probe", "model.safetensors", "movie.npy", "--cell", "1", "--layer", "relu1", "--reduce", "channel", "--output",
      "exact")
    let (found, exact) = (
      try NPY.read(bench["out/relu1/attribution.npy"]), try NPY.read(bench["exact/attribution.npy"])
    )
    #expect(try relativeError(found, exact) < 0.02)

    try await bench.run("quantize", "model.safetensors", "--calibrate", "movie.npy", "--output", "integers.retina")
    let integers = try await bench.json("probe", "integers.retina", "set.json", "--layer", "relu1", "--output", "set")
    #expect(integers.array?.first?["method"]?.string == "layer-gradient-x-activation")
    #expect(try NPY.read(bench["set/flash/attribution.npy"]).shape.dimensions.last == 3)
  }

  @Test func `what is wrong is said`() async throws {
    let bench = try Bench()
    try await bench.run("convert", "model.safetensors", "cell.retina")
    try await bench.fails(["convert", "cell.retina", "x.onnx"], 64, "cannot be made into one")
    try await bench.fails(["convert", "model.safetensors", "none/x.retina"], 73, "none")
    try await bench.fails(
      ["run", "cell.retina", "movie.npy", "--precision", "int8", "--output", "x.npy"], 64, "float32 values")
    try await bench.fails(
      ["probe", "cell.retina", "movie.npy", "--layer", "relu3", "--output", "x"], 64, "relu1", "found 'relu3'")
    try await bench.fails(
      ["probe", "cell.retina", "movie.npy", "--baseline", "mean", "--output", "x"], 64, "takes no --baseline")
    try await bench.fails(
      ["probe", "cell.retina", "movie.npy", "--method", "saliency", "--output", "x"], 64, "conductance")
    try await bench.fails(["probe", "cell.retina", "movie.npy", "--cell", "3", "--output", "x"], 64, "0 to 2")
    try await bench.run("quantize", "model.safetensors", "--calibrate", "movie.npy", "--output", "integers.retina")
    try await bench.fails(
      ["probe", "integers.retina", "movie.npy", "--method", "conductance", "--output", "x"], 64,
      "layer-gradient-x-activation")

    var bytes = try FileSystem.read(bench["cell.retina"])
    bytes[bytes.count - 1] ^= 1
    try FileSystem.write(bytes, to: bench["broken.retina"])
    for words in [["verify"], ["info"]] { try await bench.fails(words + ["broken.retina"], 65, "broken.retina: byte") }
    try await bench.fails(["probe", "broken.retina", "movie.npy", "--output", "x"], 65, "broken.retina: byte")
  }
}
