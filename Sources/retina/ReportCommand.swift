import RetinaFiles
import RetinaFit
import RetinaModel
import RetinaReport

/// `retina report`: a page to look at.
enum ReportCommand: Command {
  static let name = "report"
  static let summary = "Writes one HTML page that shows how good a model is and what drives its cells."
  static let operands = ["MODEL", "[RECORDING]", "[STIMULUS]"]
  static let options = [
    CommandOption("--output", "FILE", "the .html to write (needed)"),
    CommandOption("--cells", "N,N,...", "cells with a page, from 0 (default: the 6 that are predicted best)"),
    CommandOption(
      "--baselines", "NAMES", "fitted beside the model when there is a recording: ln, glm or none (default: ln)"),
    CommandOption("--phenomena", nil, "also look for the phenomena of retina phenomena"),
    CommandOption(
      "--reduce", nil, "also find the fewest channels that make each of --cells, or the first cell of the page"),
    CommandOption("--match", "RECORDED", "also compare units with interior.NAME [time, unit] of this recording"),
    .threads, .json,
  ]
  static let example = """
    retina report Models/salamander-whitenoise.safetensors Stimuli/battery.json --output report.html

    What retina phenomena and retina reduce find by default, on the same page:
    retina report Models/salamander-whitenoise.safetensors Stimuli/flashes.json --cells 1 --phenomena --reduce --output report.html
    """

  static func run(_ arguments: Arguments) throws -> Int32 {
    let output = try arguments.output()
    try checkPlace(output)
    let path = arguments.operands[0]
    let model = try ModelFile.read(path)
    var request = ReportRequest(model, file: path, stimuli: [])
    for word in arguments.operands.dropFirst() {
      if request.recording == nil, try Recording.isHeld(in: word) {
        request.recording = try Recording.read(word)
      } else {
        request.stimuli += try movies(word, model)
      }
    }
    request.cells = try cells(arguments, model)
    request.baselines = try EvaluateCommand.baselines(arguments) ?? request.baselines
    request.threads = try arguments.integer("--threads", in: 1...256) ?? availableProcessors()
    let findings = try ReportFindings(
      model, file: path, recording: request.recording, threads: request.threads, arguments)
    let progress = Progress("reporting", total: request.work)
    var contents = try request.run { progress.advance($0) }
    progress.end()
    contents.sections += try findings.sections(contents)
    let page = contents.html()
    try FileSystem.write(Array(page.utf8), to: output)
    if arguments.has("--json") {
      let report: JSON = [
        "file": .string(output), "bytes": .number(Double(page.utf8.count)),
        "cells": .array(contents.cells.map { .number(Double($0.index)) }),
        "stimuli": .array(contents.stimuli.map { .string($0.name) }),
        "sections": .array(contents.sections.map { .string($0.name) }),
        "largest_relative_residual": contents.largestRelativeResidual.map { JSON($0) } ?? .null,
      ]
      print(report.text(indented: true))
    } else {
      print(
        "written to \(output): \(contents.cells.count) cells, \(contents.stimuli.count) stimuli, "
          + "\(bytes(page.utf8.count)); open it in a browser")
    }
    return ExitCode.done
  }

  private static func movies(_ path: String, _ model: Model) throws -> [ReportContents.Stimulus] {
    try StimulusSource(path, for: model).stimuli.map { stimulus in
      guard case .movie(let movie) = stimulus.content else {
        throw FileError(
          file: path, place: "'\(stimulus.name)'", expected: "a movie [time, height, width] for a report",
          found: "independent inputs")
      }
      return ReportContents.Stimulus(name: stimulus.name, movie: movie)
    }
  }

  private static func cells(_ arguments: Arguments, _ model: Model) throws -> [Int]? {
    guard let cells = try arguments.integers("--cells") else { return nil }
    guard !cells.isEmpty, cells.allSatisfy({ $0 < model.cells }), Set(cells).count == cells.count else {
      throw UsageError(
        "--cells: expected different cells from 0 to \(model.cells - 1), found '\(arguments["--cells"] ?? "")'")
    }
    return cells
  }
}
