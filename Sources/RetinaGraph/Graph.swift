/// A network as ONNX describes it: operators that read and write named arrays.
///
/// A graph is what a file said; ``GraphProgram`` checks and runs it.
public struct Graph: Sendable {
  /// What the graph is called.
  public var name: String
  /// Version of the operators' definitions (the default domain's opset).
  public var opset: Int
  /// The program that wrote the graph.
  public var producer: String
  /// The operators, in an order in which they can run.
  public var nodes: [GraphNode]
  /// What a run is given.
  public var inputs: [GraphValue]
  /// What a run gives.
  public var outputs: [GraphValue]
  /// Arrays that are the same in every run: the parameters (`initializer` in ONNX).
  public var constants: [(name: String, array: TypedArray)]
  /// Named texts about the whole graph.
  public var metadata: [(name: String, text: String)]

  /// Creates a graph.
  public init(
    name: String, opset: Int, producer: String = "", nodes: [GraphNode], inputs: [GraphValue], outputs: [GraphValue],
    constants: [(name: String, array: TypedArray)] = [], metadata: [(name: String, text: String)] = []
  ) {
    self.name = name
    self.opset = opset
    self.producer = producer
    self.nodes = nodes
    self.inputs = inputs
    self.outputs = outputs
    self.constants = constants
    self.metadata = metadata
  }
}

/// One application of an operator.
public struct GraphNode: Sendable {
  /// The name; may be empty.
  public var name: String
  /// The operator, such as `Conv`.
  public var operatorName: String
  /// Where the operator is defined; empty for ONNX itself.
  public var domain: String
  /// Names of the arrays that are read; empty where an optional one is left out.
  public var inputs: [String]
  /// Names of the arrays that are written; empty where one is not wanted.
  public var outputs: [String]
  /// Settings of the operator.
  public var attributes: [(name: String, value: GraphAttribute)]

  /// Creates a node.
  public init(
    name: String, _ operatorName: String, domain: String = "", inputs: [String], outputs: [String],
    attributes: [(name: String, value: GraphAttribute)] = []
  ) {
    self.name = name
    self.operatorName = operatorName
    self.domain = domain
    self.inputs = inputs
    self.outputs = outputs
    self.attributes = attributes
  }

  /// The name that a layer made from this node has: the node's, else its first output's.
  public var label: String { name.isEmpty ? outputs.first ?? "" : name }

  /// An attribute by name.
  public func attribute(_ name: String) -> GraphAttribute? {
    attributes.first { $0.name == name }?.value
  }
}

/// A setting of an operator.
public enum GraphAttribute: Equatable, Sendable {
  case integer(Int)
  case number(Float)
  case text(String)
  case integers([Int])
  case numbers([Float])
  case texts([String])
  case array(TypedArray)
  /// Something that is not read: a graph inside a node, say.
  case other
}

/// A named array that goes in or comes out, and what is known about it.
public struct GraphValue: Equatable, Sendable {
  /// An extent: a number, or a name (empty when unknown) for one that a run decides, such as the batch size.
  public enum Extent: Equatable, Sendable {
    case fixed(Int)
    case named(String)
  }

  /// The name.
  public var name: String
  /// The type; nothing when it is not one of ``ElementType``.
  public var type: ElementType?
  /// The extents, if their number is known.
  public var extents: [Extent]?

  /// Creates a value.
  public init(name: String, type: ElementType?, extents: [Extent]?) {
    self.name = name
    self.type = type
    self.extents = extents
  }
}
