import RetinaFiles
import RetinaStimuli

/// A stimulus generator as words of the command line: its name, `--set`, `--height` and `--width`.
struct GeneratorWords {
  let name: String
  let parameters: JSON
  let height: Int
  let width: Int

  init(_ name: String, _ arguments: Arguments) throws {
    self.name = name
    parameters = try JSON.object(arguments.all("--set").map(GeneratorWords.parameter))
    height = try arguments.integer("--height", in: 1...4096) ?? Stimulus.defaultExtent
    width = try arguments.integer("--width", in: 1...4096) ?? Stimulus.defaultExtent
  }

  /// The stimulus; what is wrong with it are words of the command line.
  func stimulus() throws -> Stimulus {
    let generators = StimulusSet.generators
    guard let generator = generators.first(where: { $0.name == name }) else {
      let names = generators.map { $0.name }
      throw UsageError(
        "expected a stimulus set .json or a generator: \(names.joined(separator: ", ")), found '\(name)'"
          + suggestion(for: name, among: names))
    }
    do throws(FileError) {
      return try Stimulus(generator: name, parameters: parameters, height: height, width: width)
    } catch {
      let near = parameters.members?.compactMap { member in
        let known = generator.parameters.map { $0.name }
        return known.contains(member.name) ? nil : suggestion(for: member.name, among: known)
      }
      throw UsageError(
        "\(error.place.map { $0 + ": " } ?? "")expected \(error.expected), found \(error.found)\(near?.first ?? "")")
    }
  }

  /// `KEY=VALUE`, the value as JSON where it is JSON, else as text.
  private static func parameter(_ word: String) throws -> JSON.Member {
    let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { throw UsageError("--set: expected KEY=VALUE, found '\(word)'") }
    let value = (try? JSON(parsing: Array(parts[1].utf8), file: "--set")) ?? .string(parts[1])
    return JSON.Member(parts[0], value)
  }
}
