/// What went wrong with a file, in one line: the file, the place in it, what was expected and what was found.
public struct FileError: Error, Equatable, Sendable {
  /// The sort of failure, which decides the exit code of the command line.
  public enum Kind: Sendable {
    /// The file is there, but what it holds is wrong (65).
    case badData
    /// The file cannot be opened or read (66).
    case cannotRead
    /// The file cannot be made or written (73).
    case cannotWrite
  }

  /// The sort of failure.
  public var kind: Kind
  /// The file as the user named it.
  public var file: String
  /// The place in the file: a tensor, a line, a byte.
  public var place: String?
  /// What would have been right.
  public var expected: String
  /// What was there instead.
  public var found: String

  /// Creates an error.
  public init(kind: Kind = .badData, file: String, place: String? = nil, expected: String, found: String) {
    self.kind = kind
    self.file = file
    self.place = place
    self.expected = expected
    self.found = found
  }
}

extension FileError: CustomStringConvertible {
  /// `FILE: PLACE: expected X, found Y`, always one line: control characters that a file smuggled in are escaped.
  public var description: String {
    let line = place.map { "\(file): \($0): expected \(expected), found \(found)" }
    var text = ""
    for scalar in (line ?? "\(file): expected \(expected), found \(found)").unicodeScalars {
      if scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value) || (0x2028...0x2029).contains(scalar.value) {
        text += scalar.escaped(asASCII: true)
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}

extension FileError {
  /// The same error, with `outer` put before its place.
  package func inside(_ outer: String) -> FileError {
    var error = self
    error.place = place.map { "\(outer), \($0)" } ?? outer
    return error
  }
}

/// A name from a file in quotes, cut where it is too long for a message.
package func quoted(_ name: String) -> String {
  let most = 80
  return name.utf8.count <= most ? "'\(name)'" : "'\(name.prefix(most))...'"
}
