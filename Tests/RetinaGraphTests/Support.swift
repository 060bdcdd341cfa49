import RetinaGraph
import Testing

/// An array of float32.
func floats(_ values: [Float], _ extents: Int...) throws -> TypedArray {
  try #require(TypedArray(values, extents: extents.isEmpty ? [values.count] : extents))
}

/// An array of integers.
func integers(_ values: [Int], _ type: ElementType = .signed64, extents: [Int]? = nil) throws -> TypedArray {
  try #require(TypedArray(type: type, extents: extents ?? [values.count], numbers: .integer(values)))
}

/// A graph of one node whose inputs have the names a, b, c and whose outputs x, y, z.
func program(
  _ operatorName: String, _ inputs: [TypedArray?], _ attributes: [(name: String, value: GraphAttribute)] = [],
  outputs: Int = 1, opset: Int = 22
) throws -> GraphProgram {
  let names = inputs.indices.map { inputs[$0] == nil ? "" : String(UnicodeScalar(UInt8(97 + $0))) }
  let results = ["x", "y", "z"].prefix(outputs)
  let node = GraphNode(name: "n", operatorName, inputs: names, outputs: Array(results), attributes: attributes)
  let values = zip(names, inputs).compactMap { name, array in
    array.map { GraphValue(name: name, type: $0.type, extents: nil) }
  }
  return try GraphProgram(
    Graph(
      name: "g", opset: opset, nodes: [node], inputs: values,
      outputs: results.map { GraphValue(name: $0, type: nil, extents: nil) }))
}

/// What one operator gives.
func run(
  _ operatorName: String, _ inputs: [TypedArray?], _ attributes: [(name: String, value: GraphAttribute)] = [],
  outputs: Int = 1, opset: Int = 22
) throws -> [TypedArray] {
  try program(operatorName, inputs, attributes, outputs: outputs, opset: opset).run(inputs.compactMap { $0 })
}

/// The error that one operator must throw.
func failure(
  _ operatorName: String, _ inputs: [TypedArray?], _ attributes: [(name: String, value: GraphAttribute)] = [],
  outputs: Int = 1, opset: Int = 22, sourceLocation: SourceLocation = #_sourceLocation
) throws -> GraphError {
  do {
    _ = try run(operatorName, inputs, attributes, outputs: outputs, opset: opset)
  } catch let error as GraphError {
    return error
  }
  Issue.record("nothing was thrown", sourceLocation: sourceLocation)
  return GraphError(place: "", expected: "", found: "")
}
