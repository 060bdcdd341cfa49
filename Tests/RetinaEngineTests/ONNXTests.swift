import RetinaEngine
import RetinaFiles
import RetinaGraph
import RetinaKernels
import RetinaModel
import Testing

/// Models that go to ONNX and come back, and the graph between them run by definition: all must give the same.
@Suite struct ONNXTests {
  /// A model that has every sort of layer at least once.
  private func model(_ kind: String, seed: UInt64) throws -> Model {
    var builder = ModelBuilder(seed: seed, input: Shape(4, 11, 12))
    switch kind {
    case "convolutions":
      try builder.convolution(
        6, 3, 2, stride: Spatial(1, 2), padding: Spatial(2, 1), dilation: Spatial(2, 1), groups: 2)
      try builder.add(.activation(.softplus))
      try builder.stack([(4, 3), (5, 2)])
      try builder.add(.activation(.elu(alpha: 0.5)))
      try builder.convolution(6, 1, 1)
      try builder.add(.divisiveNormalization)
      try builder.separable(3, rank: 2, 2, 2)
      try builder.add(.activation(.tanh))
      try builder.add(
        .readout(Readout(positions: [.init(channel: 2, row: 1, column: 0), .init(channel: 0, row: 3, column: 1)])))
    case "pools":
      try builder.add(.maximumPool(Pool(kernel: Spatial(2, 3), stride: Spatial(1, 2))))
      try builder.add(.averagePool(Pool(kernel: Spatial(3, 2))))
      try builder.add(.activation(.sigmoid))
      try builder.add(.gaussianNoise(standardDeviation: 0.1))
      try builder.add(.flatten)
      try builder.add(.maximumPool(Pool(kernel: Spatial(1, 4), stride: Spatial(1, 2))))
      try builder.add(.reshape(Shape(1, builder.shape.count)))
      try builder.add(.averagePool(Pool(kernel: Spatial(1, 3))))
      try builder.dense(3)
      try builder.add(.activation(.parametricSoftplus(alpha: [1, 2, 3], beta: [0.5, 1, -1])))
    default:
      try builder.normalization(.channel)
      try builder.normalization(.unit)
      try builder.add(.activation(.relu))
      try builder.dense(5, bias: false)
      try builder.normalization(.unit)
      try builder.add(.activation(.parametricSoftplus(alpha: [2], beta: [0.5])))
      try builder.dense(4)
      try builder.add(.divisiveNormalization)
      try builder.add(.activation(.exp))
    }
    let frame = Shape(11, 12)
    builder.facts = Facts(
      lag: 1, frameRate: 100, pixelSize: 55, responseUnit: "spikes/s", provenance: [("author", "a test")])
    switch kind {
    case "convolutions": builder.facts.normalization = .scalar(mean: 0.25, standardDeviation: 1.5)
    case "pools":
      builder.facts.normalization = .perPixel(
        mean: try #require(Tensor(shape: frame, values: builder.generator.values(frame.count, scale: 1))),
        standardDeviation: Tensor(repeating: 0.75, shape: frame))
    default: builder.facts.cells = [Cell(name: "1"), Cell(name: "2", centre: (3, 4), figures: [("r", 0.5)])]
    }
    return try builder.model()
  }

  @Test(arguments: ["convolutions", "pools", "normalisations"])
  func aModelComesBackAndGivesTheSame(_ kind: String) throws {
    var model = try model(kind, seed: 11)
    var generator = SeededRandom(seed: 12)
    let inputs = try #require(Tensor(shape: Shape(3, 4, 11, 12), values: generator.values(3 * 4 * 11 * 12, scale: 1)))
    func rates(_ model: Model) -> Tensor {
      Program(model).run(inputs, of: model, layers: [model.layers.count - 1], threads: 1).tensors[0]
    }
    let expected = rates(model)
    model.facts.golden = Golden(input: inputs, output: expected)

    let bytes = ONNX.bytes(of: ModelFile.graph(of: model))
    let graph = try ONNX.parse(bytes, file: "-")
    let back = try ModelFile.model(of: graph, file: "-")
    #expect(ONNX.bytes(of: ModelFile.graph(of: back)) == bytes)
    #expect(back.facts.lag == 1)
    #expect(back.facts.frameRate == 100)
    #expect(back.facts.responseUnit == "spikes/s")
    #expect(back.facts.normalization == model.facts.normalization)
    #expect(back.facts.cells == model.facts.cells)
    #expect(back.facts.golden == model.facts.golden)
    #expect(back.facts.provenance.map(\.text) == ["a test"])
    #expect(try #require(GoldenCheck(back, options: StreamOptions())).passes)

    let found = rates(back)
    #expect(found.shape == expected.shape)
    let program = try GraphProgram(graph)
    let batch = try #require(TypedArray(inputs.values, extents: inputs.shape.dimensions))
    let defined = try #require(try program.run([batch])[0].singles)
    let largest = expected.values.reduce(0) { max($0, abs($1)) }
    for index in expected.values.indices {
      #expect(abs(found.values[index] - expected.values[index]) <= 1e-5 * largest)
      #expect(abs(defined[index] - expected.values[index]) <= 1e-5 * largest)
    }
  }

  @Test func layersHaveTheNamesOfTheirNodes() throws {
    let model = try model("convolutions", seed: 1)
    let back = try ModelFile.model(of: ModelFile.graph(of: model), file: "-")
    #expect(
      back.layers.map(\.name) == [
        "layer 0", "layer 1", "layer 2/0", "layer 2", "layer 3", "layer 4", "layer 5", "layer 6/temporal", "layer 6",
        "layer 7", "layer 8",
      ])
    var graph = ModelFile.graph(of: model)
    // The first two nodes are the normalisation; the convolution after them loses its name.
    graph.nodes[2].name = ""
    graph.nodes[2].outputs = ["features"]
    graph.nodes[3].inputs[0] = "features"
    #expect(try ModelFile.model(of: graph, file: "-").layers[0].name == "features")
  }

  /// Graphs that run but are no layers in a row: the node is named.
  @Test(
    arguments: [
      ("Tanh", "relu", "node 'new' (Tanh)", false), ("Abs", "y", "node 'new' (Abs)", true),
      ("Relu", "x", "node 'new' (Relu)", false),
    ])
  func whatIsNoLayerIsNamed(_ operatorName: String, _ input: String, _ place: String, _ isLast: Bool) throws {
    let value = GraphValue(name: "x", type: .float32, extents: [.fixed(1), .fixed(3)])
    var graph = Graph(
      name: "g", opset: 17,
      nodes: [
        GraphNode(name: "relu", "Relu", inputs: ["x"], outputs: ["relu"]),
        GraphNode(name: "tanh", "Tanh", inputs: ["relu"], outputs: ["y"]),
      ], inputs: [value], outputs: [GraphValue(name: "y", type: .float32, extents: nil)])
    #expect(try ModelFile.model(of: graph, file: "f").layers.count == 2)
    graph.nodes.append(GraphNode(name: "new", operatorName, inputs: [input], outputs: ["z"]))
    if isLast { graph.outputs[0].name = "z" }
    let error = try #require(throws: FileError.self) { try ModelFile.model(of: graph, file: "f") }
    #expect(error.place == place)
    #expect(throws: Never.self) { try GraphProgram(graph) }
  }

  @Test func inputsOfOpenExtentsAreNoModel() throws {
    var graph = ModelFile.graph(of: try model("pools", seed: 2))
    graph.inputs[0].extents = [.named("batch"), .named("time"), .fixed(11), .fixed(12)]
    let error = try #require(throws: FileError.self) { try ModelFile.model(of: graph, file: "f") }
    #expect(error.found == "float32[batch, time, 11, 12]")
  }
}
