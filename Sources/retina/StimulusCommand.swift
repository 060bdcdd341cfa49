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
      stimuli = [try GeneratorWords(word, arguments).stimulus()]
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
}
