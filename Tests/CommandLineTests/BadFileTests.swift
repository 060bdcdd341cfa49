import Foundation
import RetinaFiles
import RetinaModel
import Testing

@Suite struct BadFileTests {
  @Test func modelsThatAreWrong() async throws {
    let bench = try Bench()
    let whole = try FileSystem.read(bench["model.safetensors"])
    func write(_ name: String, _ change: (inout Safetensors) throws -> Void) throws {
      var container = try Safetensors(parsing: whole, file: name)
      try change(&container)
      try FileSystem.write(container.bytes(), to: bench["\(name).safetensors"])
    }
    func place(_ name: String, in container: Safetensors) throws -> Int {
      try #require(container.tensors.firstIndex { $0.name == name })
    }
    try FileSystem.write(Array(whole.dropLast(1000)), to: bench["short.safetensors"])
    try FileSystem.write(Array(whole.prefix(100)), to: bench["head.safetensors"])
    try FileSystem.write([], to: bench["empty.safetensors"])
    try FileSystem.createFolder(bench["folder.safetensors"])
    let text = String(decoding: whole, as: Unicode.ASCII.self)
    let type = try #require(text.range(of: "F32")?.lowerBound)
    var integers = whole
    integers[text.distance(from: text.startIndex, to: type)] = UInt8(ascii: "I")
    try FileSystem.write(integers, to: bench["integers.safetensors"])
    try write("nan") { container in
      container.tensors[try place("conv1.weight", in: container)].tensor.values[5] = .nan
    }
    try write("shape") { container in
      let index = try place("dense.weight", in: container)
      container.tensors[index].tensor = Tensor(repeating: 1, shape: Shape(3, 31))
    }
    try write("missing") { container in container.tensors.remove(at: try place("conv2.weight", in: container)) }
    try write("nothing") { container in container.metadata = [] }
    try write("golden") { container in
      container.tensors[try place("golden.output", in: container)].tensor.values[0] += 1
    }
    var facts = Bench.model.facts
    facts.golden = nil
    let unchecked = try Model(
      name: "unchecked", inputShape: Bench.model.inputShape, layers: Bench.model.layers, facts: facts)
    try ModelFile.write(unchecked, to: bench["unchecked.safetensors"])

    for command in ["info", "verify", "bench"] {
      func fails(_ file: String, _ code: Int32, _ text: String, _ other: String) async throws {
        try await bench.fails([command, file], code, "retina: \(file): ", text, other)
      }
      try await fails("absent.safetensors", 66, "expected an existing file", "found no such file")
      try await fails("folder.safetensors", 66, "expected a file", "found a folder")
      try await fails("movie.npy", 65, "a model file, which ends in .safetensors", "another ending")
      try await fails("short.safetensors", 65, "golden.", "cut short")
      try await fails("head.safetensors", 65, "byte 0: expected a header inside the file", "92 bytes left")
      try await fails("empty.safetensors", 65, "byte 0: expected 8 bytes", "found 0 bytes")
      try await fails("integers.safetensors", 65, "a dtype of BF16, F16, F32, F64", "found 'I32'")
      try await fails("nan.safetensors", 65, "layer 'conv1': expected finite weight", "found nan at 5")
      try await fails("shape.safetensors", 65, "layer 'dense'", "[3, 31]")
      try await fails("missing.safetensors", 65, "layer 'conv2': expected a tensor 'conv2.weight'", "found none")
      try await fails("nothing.safetensors", 65, "metadata", "retina.format")
    }
    try await bench.fails(["verify", "unchecked.safetensors"], 65, "golden pair", "write one with the tool")
    let outcome = try await Tool.run(["verify", "golden.safetensors"], in: bench.folder)
    #expect(outcome.code == 1)
    #expect(outcome.output.contains("FAILS"))
  }

  @Test func stimuliThatAreWrong() async throws {
    let bench = try Bench()
    func write(_ name: String, _ tensor: Tensor) throws { try NPY.write(tensor, to: bench[name]) }
    try write("size.npy", Tensor(repeating: 0, shape: Shape(9, 7, 8)))
    try write("short.npy", Tensor(repeating: 0, shape: Shape(3, 8, 8)))
    try write("plane.npy", Tensor(repeating: 0, shape: Shape(8, 8)))
    try write("inputs.npy", Tensor(repeating: 0, shape: Shape(2, 5, 8, 8)))
    var values = Bench.movie
    values.values[70] = .nan
    try write("nan.npy", values)
    try FileSystem.write(Array(try FileSystem.read(bench["movie.npy"]).dropLast(4)), to: bench["cut.npy"])
    try FileSystem.createFolder(bench["folder.npy"])
    try bench.write("hello", to: "text.npy")
    try bench.write("hello", to: "text.npz")
    try bench.write("hello", to: "notes.txt")
    try bench.write(#"{"stimuli": []}"#, to: "empty.json")
    try bench.write(#"{"stimuli": [}"#, to: "syntax.json")
    try bench.write(#"{"stimuli": [{"name": "a", "generator": "flsh"}]}"#, to: "generator.json")
    try bench.write(#"{"stimuli": [{"name": "a", "file": "absent.npy"}]}"#, to: "file.json")
    try bench.write(#"{"stimuli": [{"name": "a", "file": "../movie.npy"}]}"#, to: "outside.json")
    try bench.write(#"{"stimuli": [{"name": "a", "generator": "flash"}]}"#, to: "size.json")
    try bench.write(
      #"{"stimuli": [{"name": "a", "generator": "flash", "parameters": {"flashs": 1}}]}"#, to: "parameter.json")
    for command in ["run", "probe"] {
      func fails(_ file: String, _ code: Int32, _ text: String, _ other: String) async throws {
        try await bench.fails([command, "model.safetensors", file, "--output", "x"], code, file, text, other)
      }
      try await fails("absent.npy", 66, "expected an existing file", "found no such file")
      try await fails("folder.npy", 66, "expected a file", "found a folder")
      try await fails("notes.txt", 65, "which ends in .npy, .npz, .y4m or .json", "another ending")
      try await fails("text.npy", 65, "byte 0: expected \\x93NUMPY", "found other bytes")
      try await fails("text.npz", 65, "expected", "found")
      try await fails("cut.npy", 65, "576 x 4 bytes for the shape [9, 8, 8]", "found 2300 bytes")
      try await fails("size.npy", 65, "frames of 8 x 8 for the model", "found 7 x 8")
      try await fails("short.npy", 65, "at least 4 frames, the model's history", "found 3")
      try await fails("plane.npy", 65, "a movie [time, 8, 8] or inputs [n, 4, 8, 8]", "found [8, 8]")
      try await fails("inputs.npy", 65, "inputs [n, 4, 8, 8]", "found [2, 5, 8, 8]")
      try await fails("nan.npy", 65, "finite in float32", "found nan at value 70")
      try await fails("empty.json", 65, "at least one stimulus", "found an array of 0")
      try await fails("syntax.json", 65, "line 1, column 14: expected a JSON value", "found '}'")
      try await fails("generator.json", 65, "stimulus 'a': expected a generator: flash, step", "found 'flsh'")
      try await fails("parameter.json", 65, "pre_frames, on_frames", "found 'flashs'")
      try await fails("outside.json", 65, "stimulus 'a', file", "stays in the folder of the set")
      try await fails("size.json", 65, "'a': expected frames of 8 x 8", "found 50 x 50")
      try await bench.fails(
        [command, "model.safetensors", "file.json", "--output", "x"], 66, "absent.npy: expected an existing file")
    }
  }

  @Test func stimulusThatIsTooLarge() async throws {
    let bench = try Bench()
    var facts = Facts()
    facts.normalization = .scalar(mean: 0, standardDeviation: 1e-3)
    let model = try Model(
      name: "sharp", inputShape: Bench.model.inputShape, layers: Bench.model.layers, facts: facts)
    try ModelFile.write(model, to: bench["sharp.safetensors"])
    try NPY.write(Tensor(repeating: 3e38, shape: Shape(9, 8, 8)), to: bench["huge.npy"])
    try await bench.fails(
      ["run", "sharp.safetensors", "huge.npy", "--output", "x"], 65, "huge.npy: 'huge'", "overflow float32",
      "scale the stimulus down")
    try await bench.fails(
      ["run", "sharp.safetensors", "huge.npy", "--stream", "--output", "x"], 65, "huge.npy: 'huge'", "overflow float32")
    try await bench.fails(
      ["probe", "sharp.safetensors", "huge.npy", "--output", "x"], 65, "huge.npy: 'huge'", "overflow float32")
  }

  @Test func baselinesAndMasksThatAreWrong() async throws {
    let bench = try Bench()
    var values = Tensor(repeating: 0, shape: Shape(4, 8, 8))
    values.values[3] = .infinity
    try NPY.write(values, to: bench["infinite.npy"])
    values.values[3] = 0.5
    try NPY.write(values, to: bench["half.npy"])
    let start = ["probe", "model.safetensors", "movie.npy", "--output", "x"]
    try await bench.fails(start + ["--baseline", "absent.npy"], 66, "absent.npy: expected an existing file")
    try await bench.fails(start + ["--baseline", "movie.npy"], 65, "a baseline of shape [4, 8, 8]", "found [9, 8, 8]")
    try await bench.fails(start + ["--baseline", "infinite.npy"], 65, "infinite.npy", "found inf at value 3")
    let ablation = start + ["--method", "feature-ablation", "--mask"]
    try await bench.fails(ablation + ["movie.npy"], 65, "a group for every unit of [4, 8, 8]")
    try await bench.fails(ablation + ["half.npy"], 65, "value 3: expected a whole number", "found 0.5")
  }

  @Test func placesThatCannotBeWritten() async throws {
    let bench = try Bench()
    func fails(_ words: [String], _ text: String) async throws { try await bench.fails(words, 73, text) }
    for words in [["run", "model.safetensors", "movie.npy"], ["stimulus", "flash"]] {
      try await fails(words + ["--output", "movie.npy/x.npy"], "movie.npy/x.npy: expected an existing folder")
      try await fails(words + ["--output", "no/such/x.npy"], "found no folder 'no/such'")
      try await fails(words + ["--output", "."], ".: expected the name of a file, found a folder")
      try await fails(words + ["--output", "/proc/x.npy"], "/proc/x.npy: expected")
      try await fails(words + ["--output", "/dev/full"], "/dev/full: expected a place that can be written")
    }
    for words in [
      ["run", "model.safetensors", "set.json"], ["probe", "model.safetensors", "movie.npy"], ["stimulus", "set.json"],
    ] {
      try await fails(words + ["--output", "movie.npy"], "movie.npy: expected a place for a folder, found a file")
      try await fails(words + ["--output", "movie.npy/x"], "movie.npy: expected a place for a folder, found a file")
      try await fails(words + ["--output", "/proc/x"], "/proc/x: expected a place for a folder")
    }
    let outcome = try await Tool.run(["info", "model.safetensors"], in: bench.folder, output: "/dev/full")
    #expect(outcome.code == 73)
    #expect(outcome.errors.hasPrefix("retina: standard output: expected a place that can be written"))
  }
}
