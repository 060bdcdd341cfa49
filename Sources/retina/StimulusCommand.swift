import RetinaFiles
import RetinaModel
import RetinaStimuli

/// `retina stimulus`: renders a generator or a stimulus set.
enum StimulusCommand: Command {
  static let name = "stimulus"
  static let summary = "Renders a stimulus generator, or the stimuli of a set, as .npy movies [time, height, width]."
  static let operands = ["NAME|SET"]
  static let options = [
    CommandOption("--output", "PATH", "the .npy to write; a folder for a set (needed)"),
    CommandOption("--set", "KEY=VALUE", "a parameter of the generator; may be given several times"),
    CommandOption("--height", "N", "rows of an image (default: 50)"),
    CommandOption("--width", "N", "columns of an image (default: 50)"),
    .json,
  ]
  static var example: String {
    """
    retina stimulus white-noise --set seed=-10000 --set duration_frames=120 --output noise.npy

    GENERATORS (Stimuli/README.md has their parameters):
    \(StimulusSet.generators.map { "  \(pad($0.name, 20)) \($0.summary)" }.joined(separator: "\n"))
    """
  }

  static func run(_ arguments: Arguments) throws -> Int32 {
    let output = try arguments.output()
    let word = arguments.operands[0]
    let stimuli: [Stimulus]
    if word.hasSuffix(".json") {
      for option in ["--set", "--height", "--width"] where arguments.has(option) {
        throw UsageError("\(option) is for generators: leave it out and change \(word)")
      }
      stimuli = try StimulusSet.read(word).stimuli
    } else {
      stimuli = [try generated(word, arguments)]
      try checkPlace(output)
    }
    var report: [JSON] = []
    for stimulus in stimuli {
      let movie = try stimulus.movie()
      var path = output
      if word.hasSuffix(".json") {
        try FileSystem.createFolder(output)
        path += "/\(safe(stimulus.name)).npy"
      }
      try NPY.write(movie, to: path)
      report.append([
        "stimulus": .string(stimulus.name), "file": .string(path),
        "shape": .array(movie.shape.dimensions.map { .number(Double($0)) }),
      ])
      if !arguments.has("--json") { print("\(path): \(stimulus.name) \(movie.shape)") }
    }
    if arguments.has("--json") { print(JSON.array(report).text(indented: true)) }
    return ExitCode.done
  }

  /// The stimulus of a generator; what is wrong with it are words of the command line.
  private static func generated(_ name: String, _ arguments: Arguments) throws -> Stimulus {
    let parameters = try JSON.object(arguments.all("--set").map(parameter))
    let height = try arguments.integer("--height", in: 1...4096) ?? Stimulus.defaultExtent
    let width = try arguments.integer("--width", in: 1...4096) ?? Stimulus.defaultExtent
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
