/// What a stream cannot be planned for, or go on from.
public struct StreamError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was looked at.
  public var place: String
  /// What would have been right.
  public var expected: String
  /// What was there.
  public var found: String

  /// Creates an error from its parts.
  public init(_ place: String, expected: String, found: String) {
    self.place = place
    self.expected = expected
    self.found = found
  }

  /// `PLACE: expected X, found Y`.
  public var description: String { "\(place): expected \(expected), found \(found)" }
}
