import RetinaFiles
import RetinaModel
import RetinaStimuli

/// `retina stimulus`: renders a generator or a stimulus set, or resamples a movie.
enum StimulusCommand: Command {
  static let name = "stimulus"
  static let summary = "Renders a generator or a set, or resamples a movie, as .npy movies [time, height, width]."
  static let operands = ["NAME|SET|MOVIE"]
  static let options = [
    CommandOption("--output", "PATH", "the .npy to write; a folder for a set (needed)"),
    CommandOption("--set", "KEY=VALUE", "a parameter of the generator; may be given several times"),
    CommandOption("--height", "N", "rows of an image (default: 50; those of a movie)"),
    CommandOption("--width", "N", "columns of an image (default: 50; those of a movie)"),
    CommandOption("--frame-rate", "X", "of a movie: the frames per second to write"),
    CommandOption("--from-rate", "X", "of a movie: its frames per second, where the file does not say"),
    .json,
  ]
  static var example: String {
    """
    retina stimulus white-noise --set seed=-10000 --set duration_frames=120 --output noise.npy
             retina stimulus film.y4m --height 50 --width 50 --frame-rate 100 --output film.npy  (means over area and time)

    GENERATORS (Stimuli/README.md has their parameters):
    \(StimulusSet.generators.map { "  \(pad($0.name, 20)) \($0.summary)" }.joined(separator: "\n"))
    """
  }

  static func run(_ arguments: Arguments) throws -> Int32 {
    let output = try arguments.output()
    let word = arguments.operands[0]
    if MovieFile.isMovie(word) { return try resample(word, arguments, output) }
    for option in ["--frame-rate", "--from-rate"] where arguments.has(option) {
      throw UsageError("\(option) is for movies: .npy, .y4m or a folder of .png")
    }
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

  private static func resample(_ path: String, _ arguments: Arguments, _ output: String) throws -> Int32 {
    if arguments.has("--set") { throw UsageError("--set is for generators: leave it out") }
    try checkPlace(output)
    var resampling = MovieResampling()
    resampling.height = try arguments.integer("--height", in: 1...4096)
    resampling.width = try arguments.integer("--width", in: 1...4096)
    resampling.frameRate = try arguments.number("--frame-rate", in: 1e-3...1e6)
    resampling.sourceRate = try arguments.number("--from-rate", in: 1e-3...1e6)
    let (movie, rate) = try resampling.read(path)
    try NPY.write(movie, to: output)
    if arguments.has("--json") {
      let report: JSON = [
        "stimulus": .string(path), "file": .string(output),
        "shape": .array(movie.shape.dimensions.map { .number(Double($0)) }),
        "frame_rate": rate.map { .number($0) } ?? .null,
      ]
      print(report.text(indented: true))
    } else {
      print("\(output): \(path) \(movie.shape)" + (rate.map { " at \(decimal($0)) frames/s" } ?? ""))
    }
    return ExitCode.done
  }
}
