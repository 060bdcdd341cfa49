/// What is wrong with a graph or with what it was given, in one line.
public struct GraphError: Error, Equatable, Sendable {
  /// The sort of failure.
  public enum Kind: Sendable {
    /// The graph asks for something that is not built.
    case unsupported
    /// The graph contradicts itself or its definitions.
    case invalid
  }

  /// The sort of failure.
  public var kind: Kind
  /// The node, or the part of the graph.
  public var place: String
  /// What would have been right.
  public var expected: String
  /// What was there instead.
  public var found: String

  /// Creates an error.
  public init(kind: Kind = .invalid, place: String, expected: String, found: String) {
    self.kind = kind
    self.place = place
    self.expected = expected
    self.found = found
  }
}

extension GraphError: CustomStringConvertible {
  /// `PLACE: expected X, found Y`.
  public var description: String { "\(place): expected \(expected), found \(found)" }
}
