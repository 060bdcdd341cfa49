import RetinaFiles
import RetinaFit
import RetinaModel
import RetinaStimuli

/// `retina simulate`: a recording of a simulated retina.
enum SimulateCommand: Command {
  static let name = "simulate"
  static let summary = "Records a simulated retina, whose interior is known: photoreceptors to Poisson spikes."
  static let operands = ["STIMULUS"]
  static let options = [
    CommandOption("--output", "FILE", "the .npz of the recording, marked as simulated (needed)"),
    CommandOption("--set", "KEY=VALUE", "a parameter of the generator; may be given several times"),
    CommandOption("--height", "N", "rows of a generated image (default: 50)"),
    CommandOption("--width", "N", "columns of a generated image (default: 50)"),
    CommandOption("--frame-rate", "X", "frames per second (default: 30)"),
    CommandOption("--cells", "N", "ganglion cells, ON and OFF in turn (default: 20)"),
    CommandOption("--margin", "X", "pixels between their centres and the edge, at least (default: 6)"),
    CommandOption("--rate", "X", "mean rate of each cell in spikes/s (default: 8)"),
    CommandOption("--repeats", "N", "trials of the repeated test (default: 20; 0: none)"),
    CommandOption("--test-frames", "N", "frames at the end that are the repeated test (default: 300)"),
    CommandOption(
      "--without", "PARTS",
      "parts to take out: \(CascadeRetina.Part.allCases.map { $0.rawValue }.joined(separator: ","))"),
    CommandOption("--seed", "N", "seed of places and spikes (default: 1)"), .json,
  ]
  static let example =
    "retina simulate white-noise --set duration_frames=9300 --output simulated.npz  (or a movie: simulate movie.npy ...)"

  static func run(_ arguments: Arguments) throws -> Int32 {
    let output = try arguments.output()
    try checkPlace(output)
    let stimulus = try stimulus(arguments)
    var options = CascadeRetina.Options()
    options.frameRate = try positive("--frame-rate", arguments) ?? options.frameRate
    options.meanRate = try positive("--rate", arguments) ?? options.meanRate
    options.cells = try arguments.integer("--cells", in: 1...10_000) ?? options.cells
    options.margin = try arguments.number("--margin", in: 0...10_000) ?? options.margin
    options.seed = UInt64(try arguments.integer("--seed", in: 0...1 << 52) ?? 1)
    options.without = try parts(arguments)
    let recording = try CascadeRetina.record(
      stimulus, options: options, trials: try arguments.integer("--repeats", in: 0...10_000) ?? 20,
      testFrames: try arguments.integer("--test-frames", in: 1...1 << 24) ?? 300, file: arguments.operands[0])
    try recording.write(to: output)
    let spikes = Double(recording.responses.reduce(0, +))
    if arguments.has("--json") {
      let report: JSON = [
        "file": .string(output), "simulated": true, "cells": .number(Double(recording.cells.count)),
        "frames": .number(Double(recording.frameCount)), "spikes": .number(spikes),
        "repeats": .number(Double(recording.repeats?.trials ?? 0)),
      ]
      print(report.text(indented: true))
    } else {
      print(
        "\(output): simulated, \(recording.cells.count) cells, \(recording.frameCount) frames, \(decimal(spikes)) spikes, "
          + "\(recording.repeats?.trials ?? 0) repeats of \(recording.repeats?.stimulus.frameCount ?? 0) frames")
    }
    return ExitCode.done
  }

  /// The parts that `--without` names.
  static func parts(_ arguments: Arguments) throws -> Set<CascadeRetina.Part> {
    let names = CascadeRetina.Part.allCases.map { $0.rawValue }
    return Set(
      try (arguments["--without"]?.split(separator: ",") ?? []).map { word in
        guard let part = CascadeRetina.Part(rawValue: String(word)) else {
          throw UsageError(
            "--without: expected \(names.joined(separator: ", ")), found '\(word)'"
              + suggestion(for: String(word), among: names))
        }
        return part
      })
  }

  private static func stimulus(_ arguments: Arguments) throws -> RecordedStimulus {
    let word = arguments.operands[0]
    if word.hasSuffix(".npy") {
      for option in ["--set", "--height", "--width"] where arguments.has(option) {
        throw UsageError("\(option) is for generators: leave it out")
      }
      let movie = try NPY.read(word)
      guard movie.shape.rank == 3, movie.firstNonFinite == nil else {
        throw FileError(file: word, expected: "a movie [time, height, width] of finite values", found: "\(movie.shape)")
      }
      return .movie(movie)
    }
    let recipe = try GeneratorWords(word, arguments)
    _ = try recipe.stimulus()
    return .generated(
      try GeneratedStimulus(
        generator: word, parameters: recipe.parameters, height: recipe.height, width: recipe.width, file: word))
  }

  private static func positive(_ option: String, _ arguments: Arguments) throws -> Double? {
    guard let text = arguments[option] else { return nil }
    guard let number = Double(text), number > 0, number.isFinite else {
      throw UsageError("\(option): expected a number above 0, found '\(text)'")
    }
    return number
  }
}
