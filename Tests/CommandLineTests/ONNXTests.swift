import RetinaFiles
import RetinaGraph
import RetinaModel
import Testing

@Suite struct ONNXTests {
  @Test func aConvertedModelGivesTheSame() async throws {
    let bench = try Bench()
    try await bench.run("convert", "model.safetensors", "model.onnx")
    try await bench.run("run", "model.safetensors", "movie.npy", "--output", "a.npy")
    try await bench.run("run", "model.onnx", "movie.npy", "--output", "b.npy")
    let (a, b) = (try NPY.read(bench["a.npy"]), try NPY.read(bench["b.npy"]))
    #expect(a.shape == b.shape)
    for (first, second) in zip(a.values, b.values) { #expect(abs(first - second) <= 1e-5 * max(1, abs(first))) }
    try await bench.run("convert", "model.onnx", "back.safetensors")
    try await bench.run("convert", "back.safetensors", "again.onnx")
    #expect(try FileSystem.read(bench["again.onnx"]) == FileSystem.read(bench["model.onnx"]))
    let info = try await bench.json("info", "model.onnx")
    #expect(info["lag"]?.integer == bench.model.facts.lag)
    try await bench.fails(["convert", "model.onnx", "model.txt"], 64, ".safetensors, .onnx or .retina", "model.txt")
    try await bench.fails(["convert", "movie.npy", "x.onnx"], 65, "a model file")
    try await bench.fails(["convert", "model.onnx", "none/x.onnx"], 73, "an existing folder")
  }

  /// relu(x) + 2 x over a window of two frames.
  private func writeBranches(to path: String, batch: GraphValue.Extent = .named("batch")) throws {
    let extents: [GraphValue.Extent] = [batch, .fixed(2), .fixed(8), .fixed(8)]
    let two = try #require(TypedArray([2], extents: []))
    let graph = Graph(
      name: "branches", opset: 17,
      nodes: [
        GraphNode(name: "on", "Relu", inputs: ["x"], outputs: ["r"]),
        GraphNode(name: "", "Mul", inputs: ["x", "two"], outputs: ["double"]),
        GraphNode(name: "sum", "Add", inputs: ["r", "double"], outputs: ["y"]),
      ], inputs: [GraphValue(name: "x", type: .float32, extents: extents)],
      outputs: [GraphValue(name: "y", type: .float32, extents: nil)], constants: [("two", two)])
    try FileSystem.write(ONNX.bytes(of: graph), to: path)
  }

  @Test func aGraphWithBranchesRuns() async throws {
    let bench = try Bench()
    try writeBranches(to: bench["branches.onnx"])
    try await bench.run("run", "branches.onnx", "movie.npy", "--output", "y.npy")
    let movie = try NPY.read(bench["movie.npy"])
    let rates = try NPY.read(bench["y.npy"])
    #expect(rates.shape == Shape(movie.shape[0] - 1, 2, 8, 8))
    for window in 0..<rates.shape[0] {
      for place in 0..<128 {
        let x = movie.values[window * 64 + place]
        #expect(rates.values[window * 128 + place] == max(x, 0) + 2 * x)
      }
    }
    try await bench.run("run", "branches.onnx", "movie.npy", "--layer", "double", "--layer", "on", "--output", "layers")
    #expect(try NPY.read(bench["layers/double.npy"]).values[5] == 2 * movie.values[5])
    #expect(try NPY.read(bench["layers/on.npy"]).values[5] == max(0, movie.values[5]))
    let text = try await bench.run("info", "branches.onnx")
    #expect(text.contains("a graph with branches, opset 17"))
    #expect(text.contains("not layers in a row"))
    let info = try await bench.json("info", "branches.onnx")
    #expect(info["nodes"]?.array?.count == 3)

    try await bench.fails(
      ["run", "branches.onnx", "movie.npy", "--layer", "onn", "--output", "z.npy"], 64, "did you mean 'on'?")
    try await bench.fails(["verify", "branches.onnx"], 65, "'double'", "products on both sides")
    try await bench.fails(["run", "branches.onnx", "batch.npy", "--output", "z.npy"], 65, "a movie")
    try writeBranches(to: bench["four.onnx"], batch: .fixed(4))
    try await bench.fails(["run", "four.onnx", "movie.npy", "--output", "z.npy"], 65, "whose batch may be 1")
  }

  @Test func operatorsAreListed() async throws {
    let bench = try Bench()
    let text = try await bench.run("info", "--operators")
    #expect(text.contains("\n  CausalConvWithState\n"))
    let json = try await bench.json("info", "--operators")
    #expect(json["operators"]?.array?.count == GraphProgram.operators.count)
  }

  /// One case that runs and one that asks for what there is not.
  @Test func conformanceCases() async throws {
    let bench = try Bench()
    for (name, operatorName) in [("test_relu", "Relu"), ("test_sort", "TopK")] {
      let value = GraphValue(name: "x", type: .float32, extents: nil)
      let graph = Graph(
        name: name, opset: 22, nodes: [GraphNode(name: "", operatorName, inputs: ["x"], outputs: ["y"])],
        inputs: [value], outputs: [GraphValue(name: "y", type: .float32, extents: nil)])
      try FileSystem.createFolder(bench["cases/\(name)/test_data_set_0"])
      try FileSystem.write(ONNX.bytes(of: graph), to: bench["cases/\(name)/model.onnx"])
      let input = try #require(TypedArray([-1, 2], extents: [2, 1]))
      try ONNX.writeArray(input, name: "x", to: bench["cases/\(name)/test_data_set_0/input_0.pb"])
    }
    let report = try await bench.json("conformance", "cases", "--output", "out")
    #expect(report.array?.map { $0["status"]?.string } == ["ran", "unsupported"])
    #expect(report.array?[1]["reason"]?.string?.hasSuffix("found TopK") == true)
    let result = try ONNX.readArray(bench["out/test_relu/test_data_set_0/output_0.pb"])
    #expect(result.name == "y")
    #expect(result.array == TypedArray([0, 2], extents: [2, 1]))
  }
}
