import RetinaFiles
import RetinaFit
import RetinaModel

/// `retina evaluate`: how good models are on the held-out part of a recording.
enum EvaluateCommand: Command {
  static let name = "evaluate"
  static let summary = "Scores models on the held-out bins of a recording, beside baselines and the noise ceiling."
  static let operands = ["MODEL...", "RECORDING"]
  static let options = [
    CommandOption("--baselines", "NAMES", "\(baselineNames), or none (default: ln,glm); fitted to the same recording"),
    CommandOption("--compare", nil, "differences between every two models, with paired intervals"),
    CommandOption("--cells", "NAMES", "names of cells of the recording, separated by commas (default: the model's)"),
    CommandOption("--history", "N", "frames that baselines see (default: as the models)"),
    CommandOption("--lag", "N", "frames between the newest frame that baselines see and the response"),
    CommandOption("--test", "X", "last part of the frames that is held out (default: 0.2)"),
    CommandOption("--block", "N", "frames in a block of the bootstrap (default: two seconds)"),
    CommandOption("--merge", nil, "the words are files that --output wrote; puts their results together"),
    CommandOption("--output", "FILE", "also write the results as JSON"),
    .response, .stimulus, .testStimulus, .frameRate, .parts, .skippedStart, .transpose,
    .threads, .json,
  ]
  static let example = "retina evaluate Models/salamander-whitenoise.safetensors salamander.npz --compare"

  private static var baselineNames: String { Baseline.allCases.map { $0.rawValue }.joined(separator: ",") }

  static func run(_ arguments: Arguments) throws -> Int32 {
    if let output = arguments["--output"] { try checkPlace(output) }
    let json: JSON
    let text: String
    if arguments.has("--merge") {
      let results = try EvaluationResults(reading: arguments.operands)
      (json, text) = (results.json, table(results))
    } else {
      let evaluation = try evaluate(arguments)
      (json, text) = (evaluation.json, table(evaluation))
    }
    if let output = arguments["--output"] {
      try FileSystem.write(Array((json.text(indented: true) + "\n").utf8), to: output)
    }
    print(arguments.has("--json") ? json.text(indented: true) : text)
    return ExitCode.done
  }

  private static func evaluate(_ arguments: Arguments) throws -> Evaluation {
    guard let path = arguments.operands.last, Recording.isRecording(path) else {
      throw UsageError("evaluate: expected a recording, which ends in .npz, .h5, .hdf5 or .nwb, as the last word")
    }
    let models = try arguments.operands.dropLast().map { (name: $0, model: try ModelFile.read($0)) }
    var recording = try Recording.read(path, try RecordingChoice(arguments))
    if let names = arguments["--cells"] {
      recording = try recording.selecting(names.split(separator: ",").map(String.init))
    }
    var request = EvaluationRequest(recording, models: models)
    request.baselines = try baselines(arguments) ?? request.baselines
    request.history = try arguments.integer("--history", in: 1...1000)
    request.lag = try arguments.integer("--lag", in: 0...1000)
    request.blockLength = try arguments.integer("--block", in: 1...1_000_000)
    request.compares = arguments.has("--compare")
    request.threads = try arguments.integer("--threads", in: 1...256) ?? availableProcessors()
    if let text = arguments["--test"] {
      guard let part = Double(text), part > 0, part < 1 else {
        throw UsageError("--test: expected a number between 0 and 1, found '\(text)'")
      }
      request.testFraction = part
    }
    let progress = Progress("evaluating", total: request.work)
    defer { progress.end() }
    return try request.run { progress.advance($0) }
  }

  static func baselines(_ arguments: Arguments) throws -> [Baseline]? {
    guard let words = arguments["--baselines"] else { return nil }
    if words == "none" { return [] }
    return try words.split(separator: ",").map { word in
      guard let baseline = Baseline(rawValue: String(word)) else {
        throw UsageError(
          "--baselines: expected \(baselineNames) or none, found '\(word)'"
            + suggestion(for: String(word), among: Baseline.allCases.map { $0.rawValue }))
      }
      return baseline
    }
  }

  // MARK: - For people

  private static func table(_ evaluation: Evaluation) -> String {
    let spans = evaluation.frames.map { "\($0.lowerBound) to \($0.upperBound - 1)" }.joined(separator: ", ")
    let origin = evaluation.isSimulated ? " (simulated)" : ""
    var lines = [
      "\(evaluation.recording)\(origin): \(evaluation.cells.count) cells, test bins \(spans), "
        + "\(decimal(evaluation.spikes.reduce(0, +))) spikes", "",
    ]
    let width = max(12, evaluation.models.map { $0.name.count }.max() ?? 0) + 2
    lines.append(
      pad("model", width) + "single-trial r (95 %)        bits/spike (95 %)          deviance   slope"
        + (evaluation.ceilings.isEmpty ? "" : "   repeats r   of ceiling   explained"))
    for model in evaluation.models {
      func mean(_ figure: (CellScore) -> Double?) -> String {
        let values = model.cells.compactMap(figure)
        return number(values.isEmpty ? nil : values.reduce(0, +) / Double(values.count))
      }
      var line = pad(model.name, width) + pad(figure(model.meanPearson, model.meanPearsonInterval), 29)
      line += pad(figure(model.meanBitsPerSpike, model.meanBitsInterval), 27)
      line += pad(mean { $0.deviance }, 11) + pad(mean { $0.calibrationSlope }, 8)
      if !evaluation.ceilings.isEmpty {
        line += pad(mean { $0.repeats?.pearson }, 12) + pad(mean { $0.repeats?.normalizedPearson }, 13)
        line += mean { $0.repeats?.explainedOfExplainable }
      }
      lines.append(line)
    }
    if !evaluation.ceilings.isEmpty { lines += ["", ceilings(evaluation)] }
    if !evaluation.comparisons.isEmpty {
      lines.append("")
      for pair in evaluation.comparisons {
        lines.append(
          "\(pair.first) less \(pair.second): r \(figure(pair.pearsonDifference, pair.pearsonInterval)), bits/spike "
            + "\(figure(pair.bitsDifference, pair.bitsInterval)); ahead in \(pair.cellsAhead) of "
            + "\(evaluation.cells.count) cells (r)")
      }
    }
    return (lines + ["", cells(evaluation)]).joined(separator: "\n")
  }

  private static func ceilings(_ evaluation: Evaluation) -> String {
    let ceilings = evaluation.ceilings.compactMap { $0 }
    func mean(_ figure: (NoiseCeiling) -> Double?) -> String {
      let values = ceilings.compactMap(figure)
      return number(values.isEmpty ? nil : values.reduce(0, +) / Double(values.count))
    }
    return
      "noise ceiling of \(ceilings.first?.trials ?? 0) repeats, mean over cells: \(mean { $0.ceiling }) (analytic), "
      + "\(mean { $0.splitHalfCeiling }) (split half); of a single trial \(mean { $0.singleTrialCeiling }) and "
      + "\(mean { $0.splitHalfSingleTrialCeiling }); explainable variance \(mean { $0.explainableVariance })"
  }

  private static func cells(_ evaluation: Evaluation) -> String {
    let titles = evaluation.models.map { "r " + FileSystem.name(of: $0.name) }
    let widths = titles.map { max(18, $0.count + 2) }
    var lines = [
      pad("cell", 14) + right("spikes", 8) + zip(titles, widths).map { right($0, $1) }.joined()
    ]
    for (cell, name) in evaluation.cells.enumerated() {
      lines.append(
        pad(name, 14) + right(decimal(evaluation.spikes[cell]), 8)
          + zip(evaluation.models, widths).map { right(number($0.cells[cell].pearson), $1) }.joined())
    }
    return lines.joined(separator: "\n")
  }

  private static func table(_ results: EvaluationResults) -> String {
    let width = max(12, results.entries.map { $0.model.count }.max() ?? 0) + 2
    var lines = [pad("model", width) + "cells   mean r   bits/spike   recording"]
    for entry in results.entries {
      lines.append(
        pad(entry.model, width) + right("\(entry.cells)", 5) + right(number(entry.meanPearson), 9)
          + right(number(entry.meanBitsPerSpike), 13) + "   " + entry.recording
          + (entry.isSimulated ? " (simulated)" : ""))
    }
    lines += ["", pad("model", width) + "results   mean r   deviation   bits/spike"]
    for summary in results.summaries {
      lines.append(
        pad(summary.model, width) + right("\(summary.results)", 7) + right(number(summary.meanPearson), 9)
          + right(number(summary.pearsonDeviation), 12) + right(number(summary.meanBitsPerSpike), 13))
    }
    return lines.joined(separator: "\n")
  }

  private static func figure(_ value: Double?, _ interval: Interval?) -> String {
    number(value) + (interval.map { " (\(fixed($0.low, 4)) to \(fixed($0.high, 4)))" } ?? "")
  }

  private static func number(_ value: Double?) -> String { value.map { fixed($0, 4) } ?? "-" }
}
