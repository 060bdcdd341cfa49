/// What stands against an analysis: too few samples, silent units, numbers outside a theory's range.
///
/// An analysis refuses rather than prints a number that means nothing.
public struct TheoryError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What the complaint is about: a layer, a class, a parameter.
  public var place: String
  /// What the theory needs.
  public var expected: String
  /// What it was given.
  public var found: String

  /// Creates an error.
  public init(_ place: String, expected: String, found: String) {
    self.place = place
    self.expected = expected
    self.found = found
  }

  /// `PLACE: expected X, found Y`.
  public var description: String { "\(place): expected \(expected), found \(found)" }
}
