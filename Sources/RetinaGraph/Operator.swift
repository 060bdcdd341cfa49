/// An operator: what it may be given, and how it is computed.
struct Operator: Sendable {
  /// The name in ONNX.
  var name: String
  /// How many inputs it has.
  var inputs: ClosedRange<Int>
  /// The attributes that are read.
  var attributes: [String]
  /// Attributes that change nothing when a graph runs.
  var ignored: [String] = []
  /// Computes the outputs.
  var run: @Sendable (OperatorCall) throws(GraphError) -> [TypedArray]

  init(
    _ name: String, _ inputs: ClosedRange<Int>, _ attributes: [String] = [], ignored: [String] = [],
    run: @escaping @Sendable (OperatorCall) throws(GraphError) -> [TypedArray]
  ) {
    self.name = name
    self.inputs = inputs
    self.attributes = attributes
    self.ignored = ignored
    self.run = run
  }

  /// The most inputs of an operator that takes a list.
  static let many = 1...1024

  /// Checks the number of inputs and the names of the attributes.
  func check(_ node: GraphNode, _ place: String) throws(GraphError) {
    guard inputs.contains(node.inputs.count) else {
      let wanted =
        inputs.lowerBound == inputs.upperBound
        ? "\(inputs.lowerBound)" : "\(inputs.lowerBound) to \(inputs.upperBound)"
      throw GraphError(place: place, expected: "\(wanted) inputs", found: "\(node.inputs.count)")
    }
    for (index, attribute) in node.attributes.enumerated() {
      guard attributes.contains(attribute.name) || ignored.contains(attribute.name) else {
        throw GraphError(
          kind: .unsupported, place: place,
          expected: attributes.isEmpty ? "no attributes" : "attributes of \(attributes.joined(separator: ", "))",
          found: "'\(attribute.name)'")
      }
      if node.attributes[..<index].contains(where: { $0.name == attribute.name }) {
        throw GraphError(place: place, expected: "every attribute once", found: "a second '\(attribute.name)'")
      }
    }
  }

  /// All operators, by name.
  static let named: [String: Operator] = {
    var table: [String: Operator] = [:]
    for family in [
      arithmetic, comparison, functions, convolution, pooling, products, normalization, shapes, selection, reduction,
      sources, casting, quantization,
    ] {
      for entry in family { table[entry.name] = entry }
    }
    return table
  }()

  /// The names of all operators, sorted.
  static let names: [String] = named.keys.sorted()
}

extension GraphProgram {
  /// The names of the operators that can run, sorted.
  public static var operators: [String] { Operator.names }
}
