/// What is wrong with an image, and where.
public struct ImageError: Error, Sendable {
  /// The byte at which the wrong number lies.
  public var byte: Int
  /// What would have been right.
  public var expected: StaticString
  /// The number that was there.
  public var found: Int

  /// Creates an error.
  public init(byte: Int, expected: StaticString, found: Int) {
    self.byte = byte
    self.expected = expected
    self.found = found
  }
}
