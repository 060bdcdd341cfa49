/// A graph whose names and operators were checked, ready to run by definition.
///
/// Every operator is computed as its text in ONNX says, without a plan or packed weights: for small graphs with branches.
/// Networks that are chains run faster as a `Model`.
public struct GraphProgram: Sendable {
  /// The graph.
  public let graph: Graph
  private let steps: [Step]
  private let constants: [(slot: Int, array: TypedArray)]
  private let inputSlots: [Int]
  private let slots: [GraphName: Int]

  /// Versions of the operators' definitions that are known.
  public static let opsets = 6...27

  /// A node with its operator and the places of what it reads and writes; -1 for what is left out.
  private struct Step {
    var node: GraphNode
    var definition: Operator
    var inputs: [Int]
    var outputs: [Int]
  }

  /// Checks a graph.
  ///
  /// - Throws: ``GraphError`` that names all operators that are not supported, with the list of those that are; or the
  ///   first node whose inputs, outputs or attributes cannot be.
  public init(_ graph: Graph) throws(GraphError) {
    guard GraphProgram.opsets.contains(graph.opset) else {
      throw GraphError(
        kind: .unsupported, place: "opset",
        expected: "a version from \(GraphProgram.opsets.lowerBound) to \(GraphProgram.opsets.upperBound)",
        found: "\(graph.opset)")
    }
    try GraphProgram.checkOperators(graph)
    var slots: [GraphName: Int] = [:]
    func define(_ name: String, _ place: String) throws(GraphError) -> Int {
      guard !name.isEmpty else {
        throw GraphError(place: place, expected: "a name", found: "an empty one")
      }
      guard slots[GraphName(name)] == nil else {
        throw GraphError(place: place, expected: "a name not used before", found: "a second '\(name)'")
      }
      slots[GraphName(name)] = slots.count
      return slots.count - 1
    }
    var constants: [(slot: Int, array: TypedArray)] = []
    for (name, array) in graph.constants { constants.append((try define(name, "initializer"), array)) }
    var inputSlots: [Int] = []
    for input in graph.inputs {
      guard input.type != nil else {
        let known = ElementType.allCases.map { $0.name }.joined(separator: ", ")
        throw GraphError(
          kind: .unsupported, place: "graph input '\(input.name)'", expected: "an array of \(known)",
          found: "another type")
      }
      inputSlots.append(try define(input.name, "graph input"))
    }
    var steps: [Step] = []
    for (index, node) in graph.nodes.enumerated() {
      guard let definition = Operator.named[node.operatorName] else { continue }
      let place = node.place(index)
      try definition.check(node, place)
      var inputs: [Int] = []
      for name in node.inputs {
        if name.isEmpty {
          inputs.append(-1)
        } else if let slot = slots[GraphName(name)] {
          inputs.append(slot)
        } else {
          throw GraphError(place: place, expected: "inputs that come before the node", found: "'\(name)'")
        }
      }
      var outputs: [Int] = []
      for name in node.outputs { outputs.append(name.isEmpty ? -1 : try define(name, place)) }
      steps.append(Step(node: node, definition: definition, inputs: inputs, outputs: outputs))
    }
    for output in graph.outputs where slots[GraphName(output.name)] == nil {
      throw GraphError(place: "graph output", expected: "the name of an array", found: "'\(output.name)'")
    }
    self.graph = graph
    self.steps = steps
    self.constants = constants
    self.inputSlots = inputSlots
    self.slots = slots
  }

  /// Names every operator that is not supported, once.
  private static func checkOperators(_ graph: Graph) throws(GraphError) {
    var unknown: [String] = []
    for node in graph.nodes {
      let isStandard = node.domain.isEmpty || node.domain == "ai.onnx"
      if isStandard, Operator.named[node.operatorName] != nil { continue }
      let name = isStandard ? node.operatorName : "\(node.domain).\(node.operatorName)"
      if !unknown.contains(name) { unknown.append(name) }
    }
    guard !unknown.isEmpty else { return }
    throw GraphError(
      kind: .unsupported, place: "operators", expected: "operators of \(Operator.names.joined(separator: ", "))",
      found: unknown.joined(separator: ", "))
  }

  /// Whether there is an array of that name.
  public func has(_ name: String) -> Bool { slots[GraphName(name)] != nil }

  /// Runs the graph; gives its outputs, or the arrays whose names are given.
  ///
  /// - Throws: ``GraphError`` when an input does not fit or a node cannot be computed.
  public func run(_ inputs: [TypedArray], reading names: [String]? = nil) throws(GraphError) -> [TypedArray] {
    guard inputs.count == graph.inputs.count else {
      throw GraphError(
        place: "graph inputs", expected: "\(graph.inputs.count) arrays", found: "\(inputs.count)")
    }
    var values = [TypedArray?](repeating: nil, count: slots.count)
    for (slot, array) in constants { values[slot] = array }
    for (index, input) in inputs.enumerated() {
      try graph.inputs[index].check(input)
      values[inputSlots[index]] = input
    }
    for (index, step) in steps.enumerated() {
      let call = OperatorCall(
        node: step.node, place: step.node.place(index), inputs: step.inputs.map { $0 < 0 ? nil : values[$0] },
        opset: graph.opset)
      let results = try step.definition.run(call)
      for (position, slot) in step.outputs.enumerated() where slot >= 0 {
        guard position < results.count else {
          throw call.failure("at most \(results.count) outputs", "\(step.outputs.count)")
        }
        try call.check(results[position])
        values[slot] = results[position]
      }
    }
    var outputs: [TypedArray] = []
    for name in names ?? graph.outputs.map({ $0.name }) {
      guard let slot = slots[GraphName(name)], let value = values[slot] else {
        throw GraphError(place: "graph outputs", expected: "the name of an array", found: "'\(name)'")
      }
      outputs.append(value)
    }
    return outputs
  }
}

/// A name compared byte by byte: `String` takes two spellings of an accent for the same.
struct GraphName: Hashable {
  private let bytes: [UInt8]

  init(_ name: String) {
    bytes = Array(name.utf8)
  }
}

extension GraphNode {
  /// What messages call the node.
  func place(_ index: Int) -> String {
    "node \(label.isEmpty ? "\(index)" : "'\(label)'") (\(operatorName))"
  }
}

extension GraphValue {
  /// Compares an array with what is known about the value.
  func check(_ array: TypedArray) throws(GraphError) {
    if let type, type != array.type {
      throw GraphError(place: "graph input '\(name)'", expected: type.name, found: array.summary)
    }
    guard let extents else { return }
    var fits = extents.count == array.rank
    for (extent, found) in zip(extents, array.extents) {
      if case .fixed(let wanted) = extent, wanted != found { fits = false }
    }
    guard fits else {
      throw GraphError(place: "graph input '\(name)'", expected: summary, found: array.summary)
    }
  }

  /// `float32[batch, 40, 50, 50]`, for messages.
  public var summary: String {
    var text = type?.name ?? "an unknown type"
    guard let extents else { return text }
    text += "["
    for (axis, extent) in extents.enumerated() {
      if axis > 0 { text += ", " }
      switch extent {
      case .fixed(let extent): text += "\(extent)"
      case .named(let name): text += name.isEmpty ? "?" : name
      }
    }
    return text + "]"
  }
}
