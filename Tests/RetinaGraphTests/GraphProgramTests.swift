import RetinaGraph
import Testing

@Suite struct GraphProgramTests {
  private func value(_ name: String, _ extents: [GraphValue.Extent]? = nil) -> GraphValue {
    GraphValue(name: name, type: .float32, extents: extents)
  }

  /// y = relu(x) + x * w: a branch that meets again.
  private func residual() -> Graph {
    Graph(
      name: "residual", opset: 17,
      nodes: [
        GraphNode(name: "on", "Relu", inputs: ["x"], outputs: ["r"]),
        GraphNode(name: "", "Mul", inputs: ["x", "w"], outputs: ["m"]),
        GraphNode(name: "sum", "Add", inputs: ["r", "m"], outputs: ["y"]),
      ],
      inputs: [value("x", [.named("batch"), .fixed(2)])], outputs: [value("y")],
      constants: [("w", TypedArray([10, 100], extents: [2])!)])
  }

  @Test func branchesMeetAgain() throws {
    let program = try GraphProgram(residual())
    let x = try floats([1, -2, -3, 4], 2, 2)
    #expect(try program.run([x]) == [try floats([11, -200, -30, 404], 2, 2)])
    #expect(
      try program.run([x], reading: ["m", "r"]) == [
        try floats([10, -200, -30, 400], 2, 2), try floats([1, 0, 0, 4], 2, 2),
      ])
    #expect(program.has("m"))
    #expect(!program.has("sum"))
  }

  @Test func inputsAreCompared() throws {
    let program = try GraphProgram(residual())
    #expect(throws: GraphError.self) { try program.run([]) }
    #expect(throws: GraphError.self) { try program.run([floats([1, 2, 3], 1, 3)]) }
    #expect(throws: GraphError.self) { try program.run([floats([1, 2])]) }
    #expect(throws: GraphError.self) { try program.run([integers([1, 2], extents: [1, 2])]) }
    #expect(throws: GraphError.self) { try program.run([floats([1, 2], 1, 2)], reading: ["nowhere"]) }
  }

  @Test func namesEveryUnknownOperatorAndTheKnownOnes() throws {
    var graph = residual()
    graph.nodes.append(GraphNode(name: "a", "Attention", inputs: ["y"], outputs: ["a"]))
    graph.nodes.append(GraphNode(name: "b", "Relu", domain: "com.example", inputs: ["a"], outputs: ["b"]))
    graph.nodes.append(GraphNode(name: "c", "Attention", inputs: ["b"], outputs: ["c"]))
    let error = try #require(throws: GraphError.self) { try GraphProgram(graph) }
    #expect(error.kind == .unsupported)
    #expect(error.found == "Attention, com.example.Relu")
    #expect(error.expected.contains("Conv, ConvInteger, DequantizeLinear"))
    #expect(GraphProgram.operators == GraphProgram.operators.sorted())
  }

  /// A change that makes a graph wrong, and what is expected instead.
  struct Fault: Sendable {
    var expected: String
    var change: @Sendable (inout Graph) -> Void

    init(_ expected: String, _ change: @escaping @Sendable (inout Graph) -> Void) {
      self.expected = expected
      self.change = change
    }

    static let all = [
      // A name twice, an empty name, a name that comes later or never (classes 7 and 10).
      Fault("a name not used before") { $0.nodes[1].outputs = ["r"] },
      Fault("a name not used before") { $0.constants.append(("x", $0.constants[0].array)) },
      Fault("a name") { $0.inputs[0].name = "" },
      Fault("inputs that come before the node") { $0.nodes.swapAt(0, 2) },
      Fault("inputs that come before the node") { $0.nodes[0].inputs = ["r"] },
      Fault("the name of an array") { $0.outputs[0].name = "q" },
      // Too few and too many inputs, an unknown attribute and one twice (class 9).
      Fault("2 inputs") { $0.nodes[2].inputs = ["r"] },
      Fault("1 inputs") { $0.nodes[0].inputs = ["x", "x", "x"] },
      Fault("no attributes") { $0.nodes[0].attributes = [("slope", .number(1))] },
      Fault("every attribute once") { $0.nodes[2].attributes = [("axis", .integer(1)), ("axis", .integer(1))] },
      Fault("a version from 6 to 27") { $0.opset = 5 },
      Fault("a version from 6 to 27") { $0.opset = 28 },
    ]
  }

  @Test(arguments: Fault.all.indices) func saysWhatIsWrongWithAGraph(_ index: Int) throws {
    var graph = residual()
    Fault.all[index].change(&graph)
    let error = try #require(throws: GraphError.self) { try GraphProgram(graph) }
    #expect(error.expected == Fault.all[index].expected, "\(error)")
  }

  @Test func anInputThatIsLeftOutIsMissed() throws {
    var graph = residual()
    graph.nodes[2].inputs = ["r", ""]
    let program = try GraphProgram(graph)
    let error = try #require(throws: GraphError.self) { try program.run([floats([1, 2], 1, 2)]) }
    #expect(error.description == "node 'sum' (Add): expected an input 1, found none")
  }

  @Test func moreOutputsThanThereAre() throws {
    let error = try failure("Relu", [floats([1])], outputs: 2)
    #expect(error.expected == "at most 1 outputs")
  }
}
