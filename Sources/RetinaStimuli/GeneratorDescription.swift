import RetinaFiles

/// What a generator is called, what it shows, and what can be set about it.
public struct GeneratorDescription: Equatable, Sendable {
  /// Something that can be set.
  public struct Parameter: Equatable, Sendable {
    /// The name in a stimulus set.
    public var name: String
    /// The unit, if there is one.
    public var unit: String?
    /// The values that are allowed, as words.
    public var allowed: String
    /// The value when none is given.
    public var defaultValue: JSON
    /// What it is, in one line.
    public var summary: String
  }

  /// The name in a stimulus set.
  public var name: String
  /// What it shows, in one line.
  public var summary: String
  /// What can be set.
  public var parameters: [Parameter]
}

extension NamedGenerator {
  /// The generator in words.
  static var description: GeneratorDescription {
    let defaults = Self()
    return GeneratorDescription(
      name: name, summary: summary,
      parameters: parameters.map {
        .init(
          name: $0.name, unit: $0.unit, allowed: $0.allowed, defaultValue: $0.value(defaults), summary: $0.summary)
      })
  }

  /// The generator with the parameters of a JSON object, for images of one size.
  ///
  /// - Throws: ``FileError`` at the first parameter that is unknown or has a value that is not allowed.
  static func make(
    parameters json: JSON, height: Int, width: Int, file: String, place: String
  ) throws(FileError) -> any StimulusGenerator {
    guard let members = json.members else {
      throw FileError(file: file, place: place, expected: "an object of parameters", found: json.inWords)
    }
    var generator = Self()
    for member in members {
      guard let parameter = parameters.first(where: { $0.name == member.name }) else {
        throw FileError(
          file: file, place: place,
          expected: "parameters of '\(name)': \(parameters.map(\.name).joined(separator: ", "))",
          found: "'\(member.name.cut)'")
      }
      guard parameter.assign(member.value, &generator) else {
        throw FileError(
          file: file, place: "\(place), parameter '\(parameter.name)'",
          expected: parameter.allowed + (parameter.unit.map { " (\($0))" } ?? ""), found: member.value.inWords)
      }
    }
    if let conflict = generator.conflict(height: height, width: width) {
      throw FileError(
        file: file, place: "\(place), parameter '\(conflict.parameter)'", expected: conflict.expected,
        found: conflict.found)
    }
    return generator
  }
}

extension JSON {
  /// The value for a message: a plain one as it is, a large one by its kind.
  var inWords: String {
    switch self {
    case .array(let values): "an array of \(values.count)"
    case .object: "an object"
    case .string(let text): "\"\(text.cut)\""
    default: text()
    }
  }
}

extension String {
  /// The text, shortened where it is too long for a message.
  var cut: String { utf8.count <= 80 ? self : prefix(80) + "..." }
}
