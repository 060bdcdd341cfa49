/// What is wrong with a model, said once for the whole model: every layer that does not fit is listed.
public struct ModelError: Error, Equatable, Sendable {
  /// One layer's fault.
  public struct Problem: Equatable, Sendable {
    /// Name of the layer, or of the part of the model.
    public var place: String
    /// What the layer needs.
    public var expected: String
    /// What it was given.
    public var found: String

    /// Creates a problem.
    public init(place: String, expected: String, found: String) {
      self.place = place
      self.expected = expected
      self.found = found
    }
  }

  /// The faults, in the order of the layers.
  public var problems: [Problem]

  /// Creates an error.
  public init(problems: [Problem]) {
    self.problems = problems
  }
}

extension ModelError: CustomStringConvertible {
  /// All problems in one line.
  public var description: String {
    var text = ""
    for problem in problems {
      if !text.isEmpty { text += "; " }
      text += "\(problem.place): expected \(problem.expected), found \(problem.found)"
    }
    return text
  }
}
