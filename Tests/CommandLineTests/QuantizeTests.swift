import RetinaFiles
import Testing

@Suite struct QuantizeTests {
  @Test(arguments: ["int8", "int16"]) func `an image runs as the model does`(precision: String) async throws {
    let bench = try Bench()
    let report = try await bench.json(
      "quantize", "model.safetensors", "--calibrate", "movie.npy", "--precision", precision, "--output", "cell.retina")
    #expect(report["layers"]?.array?.compactMap { $0["name"]?.string } == ["relu1", "relu2", "dense", "rate"])
    #expect(report["windows"]?.integer == 6)
    #expect(report["mean_r"]?.number ?? 0 > 0.98)
    #expect(report["layers"]?.array?.first?["type"]?.string == precision)

    try await bench.run("run", "model.safetensors", "movie.npy", "--output", "float.npy")
    try await bench.run("run", "cell.retina", "movie.npy", "--output", "image.npy")
    let (float, image) = (try NPY.read(bench["float.npy"]), try NPY.read(bench["image.npy"]))
    #expect(try relativeError(image, float) < (precision == "int16" ? 0.002 : 0.05))
    // Streaming, one thread, and quantising on the way give the same.
    try await bench.run("run", "cell.retina", "movie.npy", "--stream", "--output", "stream.npy")
    try await bench.run(
      "run", "model.safetensors", "movie.npy", "--precision", precision, "--threads", "1", "--output", "direct.npy")
    for name in ["stream.npy", "direct.npy"] { #expect(try NPY.read(bench[name]) == image) }
  }

  @Test func `images are the same each time, and say what they are`() async throws {
    let bench = try Bench()
    for name in ["a.retina", "b.retina"] {
      try await bench.run("quantize", "model.safetensors", "--calibrate", "set.json", "--output", name)
    }
    #expect(try FileSystem.read(bench["a.retina"]) == FileSystem.read(bench["b.retina"]))
    let info = try await bench.json("info", "a.retina")
    #expect(info["name"]?.string == "tiny" && info["lag"]?.integer == 1 && info["frame_rate"]?.number == 30)
    #expect(info["layers"]?.array?.last?["names"] == ["rate"])
    #expect(info["layers"]?.array?[1]["names"] == ["relu2", "flatten"])
    #expect(try await bench.run("info", "a.retina").contains("tiny: [4, 8, 8] -> [3], in integers"))
    #expect(try await bench.json("verify", "a.retina")["passes"]?.boolean == true)
  }

  @Test func `layers of several stimuli go into folders`() async throws {
    let bench = try Bench()
    try await bench.run("quantize", "model.safetensors", "--calibrate", "batch.npy", "--output", "cell.retina")
    try await bench.run("run", "cell.retina", "set.json", "--layer", "relu1", "--layer", "flatten", "--output", "out")
    #expect(try NPY.read(bench["out/flash/relu1.npy"]).shape.dimensions.dropFirst() == [3, 6, 6])
    #expect(try NPY.read(bench["out/on%2Foff/flatten.npy"]).shape.rank == 4)
  }

  @Test func `8 and 16 bits are mixed under a budget`() async throws {
    let bench = try Bench()
    func quantize(_ budget: Int) async throws -> JSON {
      try await bench.json(
        "quantize", "model.safetensors", "--calibrate", "movie.npy", "--output", "cell.retina", "--budget", "\(budget)")
    }
    func bytes(_ report: JSON) -> Int { (report["arena_bytes"]?.integer ?? 0) + (report["state_bytes"]?.integer ?? 0) }
    let wide = try await quantize(1_000_000)
    #expect(wide["places"]?.array?.allSatisfy { $0["bits"]?.integer == 16 } == true)
    let mixed = try await quantize(bytes(wide) - 100)
    #expect(bytes(mixed) <= bytes(wide) - 100)
    #expect(mixed["places"]?.array?.contains { $0["bits"]?.integer == 8 } == true)
    #expect(mixed["mean_r"]?.number ?? 0 > 0.98)
    let words = ["quantize", "model.safetensors", "--calibrate", "movie.npy", "--output", "cell.retina", "--budget"]
    try await bench.fails(words + ["10"], 65, "a budget of at least")
    try await bench.fails(words + ["9000", "--precision", "int8"], 64, "--precision int16")
  }

  @Test func `ranges can be predicted from the weights`() async throws {
    let bench = try Bench()
    let report = try await bench.json(
      "quantize", "model.safetensors", "--calibrate", "predicted", "--output", "cell.retina")
    #expect(report["mean_r"]?.number ?? 0 > 0.99)
    #expect(try await bench.json("verify", "cell.retina")["passes"]?.boolean == true)
  }

  @Test func `an image is timed, and its plan shown`() async throws {
    let bench = try Bench()
    let quantized = try await bench.run(
      "quantize", "model.safetensors", "--calibrate", "movie.npy", "--output", "cell.retina")
    #expect(quantized.contains("in float32 as planned"))
    let report = try await bench.json("bench", "cell.retina", "--frames", "10")
    #expect(report["seconds_per_frame"]?.number ?? 0 > 0 && report["precision"] == "int16")
    #expect(report["layers"]?.array?.map { $0["form"]?.string ?? "" }.last == "table")
    #expect(try await bench.run("bench", "cell.retina", "--frames", "10", "--layers").contains("taken in"))
    try await bench.fails(["bench", "cell.retina", "--block", "4"], 64, "does not use --block")
    #expect(try await bench.run("info", "cell.retina", "--plan").contains("blocks"))
  }

  @Test func `what is counted faster is run, and said`() async throws {
    let bench = try Bench()
    for (word, file) in [("float32", "float.npy"), ("int8", "integers.npy")] {
      try await bench.run("run", "model.safetensors", "movie.npy", "--precision", word, "--output", file)
    }
    let report = try await bench.json(
      "run", "model.safetensors", "movie.npy", "--precision", "fastest", "--output", "again.npy")
    let entry = try #require(report.array?.first)
    let times = try ["seconds_integers", "seconds_float32"].map {
      try #require(entry["counted_time"]?[$0]?.number)
    }
    #expect(entry["precision"]?.string == (times[1] < times[0] ? "float32" : "int8"))
    let chosen = try NPY.read(bench[times[1] < times[0] ? "float.npy" : "integers.npy"])
    #expect(try NPY.read(bench["again.npy"]) == chosen)
    let outcome = try await Tool.run(
      ["bench", "model.safetensors", "--precision", "fastest", "--frames", "10"], in: bench.folder)
    #expect(outcome.errors.contains("precision: ") && outcome.errors.contains("ms in float32 as planned"))
    let integers = try await bench.json("bench", "model.safetensors", "--precision", "int8", "--frames", "10")
    #expect(integers["precision"] == "int8")

    // An image keeps its integers, whatever is faster; how it finds them may be chosen.
    try await bench.run(
      "quantize", "model.safetensors", "--calibrate", "movie.npy", "--precision", "int8", "--output", "cell.retina")
    try await bench.fails(
      ["run", "cell.retina", "movie.npy", "--precision", "fastest", "--output", "x.npy"], 64,
      "the image has int8 values")
    for algorithm in ["direct", "spectral"] {
      try await bench.run("run", "cell.retina", "movie.npy", "--algorithm", algorithm, "--output", "x.npy")
      #expect(try NPY.read(bench["x.npy"]) == NPY.read(bench["integers.npy"]))
    }
    #expect(try await bench.run("info", "cell.retina", "--plan", "--algorithm", "spectral").contains("exact spectra"))
    try await bench.fails(["bench", "cell.retina", "--algorithm", "low-rank"], 64, "auto, direct or spectral")
    try await bench.fails(["bench", "cell.retina", "--precision", "int8"], 64, "--precision is for models")
  }

  @Test func `what is wrong is said`() async throws {
    let bench = try Bench()
    try await bench.fails(["quantize", "model.safetensors", "--output", "x.retina"], 64, "--calibrate")
    try await bench.fails(["quantize", "model.safetensors", "--calibrate", "movie.npy"], 64, "--output")
    try await bench.fails(
      ["quantize", "model.safetensors", "--calibrate", "movie.npy", "--output", "x.retina", "--precision", "int4"], 64,
      "int8, int16")
    try await bench.fails(
      ["quantize", "model.safetensors", "--calibrate", "movie.npy", "--output", "none/x.retina"], 73, "none")
    try await bench.run("quantize", "model.safetensors", "--calibrate", "movie.npy", "--output", "cell.retina")
    try await bench.fails(
      ["run", "cell.retina", "movie.npy", "--layer", "conv1", "--output", "x.npy"], 64, "relu1", "found 'conv1'")
    try await bench.fails(
      ["run", "cell.retina", "movie.npy", "--precision", "int8", "--output", "x.npy"], 64, "int16")

    var bytes = try FileSystem.read(bench["cell.retina"])
    bytes[bytes.count - 1] ^= 1
    try FileSystem.write(bytes, to: bench["broken.retina"])
    try await bench.fails(["verify", "broken.retina"], 65, "broken.retina: byte", "checksum")
    try await bench.fails(["run", "broken.retina", "movie.npy", "--output", "x.npy"], 65, "broken.retina")
    try FileSystem.write([], to: bench["empty.retina"])
    try await bench.fails(["info", "empty.retina"], 65, "empty.retina", "found 0")
    try await bench.fails(["info", "none.retina"], 66, "none.retina")
  }
}
