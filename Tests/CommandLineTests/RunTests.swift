import RetinaEngine
import RetinaFiles
import RetinaModel
import RetinaStimuli
import Testing

@Suite struct RunTests {
  private func reference(_ inputs: Tensor, layers: [Int] = [6]) -> [Tensor] {
    Program(Bench.model).run(inputs, of: Bench.model, layers: layers, threads: 1).tensors
  }

  @Test func ratesOfAMovie() async throws {
    let bench = try Bench()
    let text = try await bench.run("run", "model.safetensors", "movie.npy", "--output", "rates.npy")
    #expect(text == "rates.npy: rates [6, 3]\n")
    let rates = try NPY.read(bench["rates.npy"])
    #expect(try relativeError(rates, reference(Bench.windows(Bench.movie))[0]) < 1e-5)
    for options in [["--stream"], ["--threads", "5"]] {
      let words = ["run", "model.safetensors", "movie.npy", "--output", "again.npy"] + options
      #expect(try await Tool.run(words, in: bench.folder).code == 0)
      #expect(try NPY.read(bench["again.npy"]) == rates)
    }
    for algorithm in ["direct", "spectral"] {
      try await bench.run("run", "model.safetensors", "movie.npy", "--output=other.npy", "--algorithm=\(algorithm)")
      #expect(try relativeError(NPY.read(bench["other.npy"]), rates) < 1e-5)
    }
  }

  @Test func streamedFilesAreTheSameBytes() async throws {
    let bench = try Bench()
    for (file, options) in [
      ("movie.npy", []), ("movie.npy", ["--layer", "relu1"]), ("batch.npy", []), ("batch.npy", ["--layer", "dense"]),
    ] {
      for (name, stream) in [("whole.npy", []), ("streamed.npy", ["--stream"])] {
        let outcome = try await Tool.run(
          ["run", "model.safetensors", file, "--output", name] + options + stream, in: bench.folder)
        #expect(outcome.code == 0, "\(outcome.errors)")
      }
      #expect(try FileSystem.read(bench["streamed.npy"]) == FileSystem.read(bench["whole.npy"]))
    }
    let layers = ["--layer", "relu1", "--layer", "conv2", "--layer", "rate"]
    for (folder, stream) in [("whole", []), ("streamed", ["--stream"])] {
      let outcome = try await Tool.run(
        ["run", "model.safetensors", "movie.npy", "--output", folder] + layers + stream, in: bench.folder)
      #expect(outcome.output.contains("\(folder)/relu1.npy: relu1 [6, 3, 6, 6]\n"))
    }
    #expect(try FileSystem.list(bench["streamed"]) == ["conv2.npy", "rate.npy", "relu1.npy"])
    for name in try FileSystem.list(bench["whole"]) {
      #expect(try FileSystem.read(bench["streamed/\(name)"]) == FileSystem.read(bench["whole/\(name)"]))
    }
  }

  @Test func aStreamThatFailsLeavesNothing() async throws {
    let bench = try Bench()
    func fails(_ file: String, _ code: Int32, _ text: String, output: String = "rates.npy") async throws {
      try await bench.fails(["run", "model.safetensors", file, "--stream", "--output", output], code, text)
    }
    var movie = Bench.movie
    movie.values[7 * 64 + 5] = .nan
    try NPY.write(movie, to: bench["nan.npy"])
    try await fails("nan.npy", 65, "nan.npy: frame 7: expected values that are finite in float32, found nan at value 5")
    var batch = Bench.batch
    batch.values[256] = .infinity
    try NPY.write(batch, to: bench["infinite.npy"])
    try await fails("infinite.npy", 65, "input 1: expected values that are finite in float32, found inf at value 0")
    try FileSystem.write(Array(try FileSystem.read(bench["movie.npy"]).dropLast(4)), to: bench["cut.npy"])
    try await fails("cut.npy", 65, "576 x 4 bytes for the shape [9, 8, 8], found 2300 bytes")
    try NPY.write(Tensor(repeating: 0, shape: Shape(3, 8, 8)), to: bench["short.npy"])
    try await fails("short.npy", 65, "at least 4 frames")
    try await fails("absent.npy", 66, "no such file")
    try await fails("movie.npy", 73, "no space left on device", output: "/dev/full")
    try await fails("movie.npy", 73, "no folder 'none'", output: "none/rates.npy")
  }

  @Test func ratesOfABatch() async throws {
    let bench = try Bench()
    try await bench.run("run", "model.safetensors", "batch.npy", "--output", "rates.npy", "--precision", "float32")
    #expect(try NPY.read(bench["rates.npy"]) == reference(Bench.batch)[0])
  }

  @Test func shortestMovie() async throws {
    let bench = try Bench()
    let movie = try #require(Tensor(shape: Shape(4, 8, 8), values: Array(Bench.movie.values.prefix(256))))
    try NPY.write(movie, to: bench["window.npy"])
    try await bench.run("run", "model.safetensors", "window.npy", "--output", "rates.npy")
    #expect(try relativeError(NPY.read(bench["rates.npy"]), reference(Bench.windows(movie))[0]) < 1e-5)
  }

  @Test func oneLayerIsAFileAndSeveralAreAFolder() async throws {
    let bench = try Bench()
    try await bench.run("run", "model.safetensors", "batch.npy", "--output", "relu1.npy", "--layer", "relu1")
    #expect(try NPY.read(bench["relu1.npy"]) == reference(Bench.batch, layers: [1])[0])
    let report = try await bench.json(
      "run", "model.safetensors", "batch.npy", "--output", "layers", "--layer", "relu1", "--layer", "dense")
    let expected = reference(Bench.batch, layers: [1, 5])
    #expect(try NPY.read(bench["layers/relu1.npy"]) == expected[0])
    #expect(try NPY.read(bench["layers/dense.npy"]) == expected[1])
    #expect(try FileSystem.list(bench["layers"]) == ["dense.npy", "relu1.npy"])
    let entries = try #require(report.array)
    #expect(entries.map { $0["file"]?.string } == ["layers/relu1.npy", "layers/dense.npy"])
    #expect(entries.map { $0["values"]?.string } == ["relu1", "dense"])
    #expect(entries[0]["shape"] == [3, 3, 6, 6])
    #expect(entries[0]["stimulus"] == "batch")
  }

  @Test func stimulusSetIsAFolder() async throws {
    let bench = try Bench()
    try await bench.run("run", "model.safetensors", "set.json", "--output", "rates")
    #expect(try FileSystem.list(bench["rates"]) == ["flash.npy", "on%2Foff.npy"])
    let stimuli = try StimulusSet.read(bench["set.json"]).stimuli
    for (stimulus, name) in zip(stimuli, ["flash", "on%2Foff"]) {
      let expected = reference(try Bench.windows(try stimulus.movie()))[0]
      #expect(try relativeError(NPY.read(bench["rates/\(name).npy"]), expected) < 1e-5)
    }
    try await bench.run(
      "run", "model.safetensors", "set.json", "--output", "both", "--layer", "relu1", "--layer", "relu2")
    #expect(try FileSystem.list(bench["both/flash"]) == ["relu1.npy", "relu2.npy"])
    #expect(try FileSystem.list(bench["both/on%2Foff"]) == ["relu1.npy", "relu2.npy"])
  }

  /// The bytes of an uncompressed movie are a stimulus from 0 to 1.
  @Test func uncompressedMovie() async throws {
    let bench = try Bench()
    let bytes = (0..<5 * 64).map { UInt8(truncatingIfNeeded: $0 * 37) }
    var file = Array("YUV4MPEG2 W8 H8 F30:1 Cmono\n".utf8)
    for frame in 0..<5 { file += Array("FRAME\n".utf8) + bytes[frame * 64..<(frame + 1) * 64] }
    try FileSystem.write(file, to: bench["movie.y4m"])
    let movie = try #require(Tensor(shape: Shape(5, 8, 8), values: bytes.map { Float($0) / 255 }))
    try NPY.write(movie, to: bench["same.npy"])
    for name in ["movie.y4m", "same.npy"] {
      try await bench.run("run", "model.safetensors", name, "--output", "\(name).rates.npy")
    }
    #expect(try NPY.read(bench["movie.y4m.rates.npy"]) == NPY.read(bench["same.npy.rates.npy"]))
    try FileSystem.createFolder(bench["empty"])
    try await bench.fails(["run", "model.safetensors", "empty", "--output", "x.npy"], 65, "pictures that end in .png")
  }

  @Test func archiveOfArrays() async throws {
    let bench = try Bench()
    let arrays = [
      (name: "a/b", tensor: Bench.movie), (name: "a_b", tensor: Bench.batch), (name: "..", tensor: Bench.batch),
    ]
    try NPZ.write(arrays, to: bench["arrays.npz"])
    try await bench.run("run", "model.safetensors", "arrays.npz", "--output", "rates")
    #expect(try FileSystem.list(bench["rates"]) == ["%2E%2E.npy", "a%2Fb.npy", "a_b.npy"])
    #expect(try NPY.read(bench["rates/a%2Fb.npy"]).shape == Shape(6, 3))
    #expect(try NPY.read(bench["rates/a_b.npy"]) == reference(Bench.batch)[0])
  }
}

@Suite struct StimulusTests {
  @Test func generatorIsAFile() async throws {
    let bench = try Bench()
    let text = try await bench.run(
      "stimulus", "moving-bar", "--set", "duration_frames=12", "--set", "direction=90", "--height", "10", "--width",
      "6",
      "--output", "bar.npy")
    #expect(text == "bar.npy: moving-bar [12, 10, 6]\n")
    let bar = try Stimulus(
      generator: "moving-bar", parameters: ["duration_frames": 12, "direction": 90], height: 10, width: 6)
    #expect(try NPY.read(bench["bar.npy"]) == bar.movie())
    try await bench.run("stimulus", "reversing-grating", "--set", "profile=sine", "--output", "grating.npy")
    let grating = try Stimulus(generator: "reversing-grating", parameters: ["profile": "sine"])
    #expect(try NPY.read(bench["grating.npy"]) == grating.movie())
  }

  @Test func setIsAFolder() async throws {
    let bench = try Bench()
    let report = try await bench.json("stimulus", "set.json", "--output", "movies")
    let stimuli = try StimulusSet.read(bench["set.json"]).stimuli
    #expect(try FileSystem.list(bench["movies"]) == ["flash.npy", "on%2Foff.npy"])
    #expect(try NPY.read(bench["movies/flash.npy"]) == stimuli[0].movie())
    #expect(try NPY.read(bench["movies/on%2Foff.npy"]) == stimuli[1].movie())
    #expect(report.array?.map { $0["stimulus"]?.string } == ["flash", "on/off"])
    #expect(report.array?.first?["shape"] == [7, 8, 8])
  }

  @Test func wordsThatAreWrong() async throws {
    let bench = try Bench()
    func fails(_ words: [String], _ text: String, _ other: String? = nil) async throws {
      try await bench.fails(["stimulus"] + words + ["--output", "x.npy"], 64, text, other ?? text)
    }
    try await fails(["flsh"], "a stimulus set .json or a generator: flash", "did you mean 'flash'?")
    try await fails(["flash", "--set", "contrst=1"], "pre_frames, on_frames", "did you mean 'contrast'?")
    try await fails(["flash", "--set", "contrast=1000"], "parameter 'contrast': expected a number", "found 1000")
    try await fails(["flash", "--set", "contrast"], "expected KEY=VALUE, found 'contrast'")
    try await fails(["flash", "--height", "0"], "from 1 to 4096, found '0'")
    try await fails(["flash", "--set", "pre_frames=16777216"], "at most 2147483648 values")
    try await fails(["set.json", "--set", "contrast=1"], "--set is for generators")
    try await bench.fails(["stimulus", "absent.json", "--output", "x"], 66, "absent.json: expected an existing file")
  }
}
