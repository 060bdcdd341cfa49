import RetinaFiles
import RetinaModel

/// Where `retina run` writes what a model gives, in the format that the ending of `--output` names.
///
/// An array is a file of its own in a format that holds only one, else everything is written together at the end.
struct RunOutput {
  private let path: String
  private let format: ResultFormat
  private let source: StimulusSource
  private let names: [String]
  private let history: Int
  private let facts: Facts?
  private var results: [RunResult] = []
  private var report: [JSON] = []

  /// Looks at the place before the work that fills it; a path without a known ending is one of NumPy arrays.
  init(_ path: String, _ source: StimulusSource, names: [String], history: Int, facts: Facts? = nil) throws {
    (self.path, self.source, self.names, self.history, self.facts) = (path, source, names, history, facts)
    let isOne = source.stimuli.count == 1 && names.count == 1
    format = ResultFormat(path: path) ?? .npy
    if isOne || format.holdsSeveral {
      try checkPlace(path)
    } else if format == .csv {
      throw UsageError("--output: a .csv holds one layer for one stimulus; .json, .h5 and .nwb hold several")
    } else {
      try FileSystem.createFolder(path)
    }
  }

  /// Takes what a stimulus gave, one array per name.
  mutating func add(_ tensors: [Tensor], for stimulus: LoadedStimulus) throws {
    guard format.holdsSeveral || format == .csv else {
      let several = source.stimuli.count > 1
      let paths = try RunCommand.place(path, stimulus: several ? stimulus.name : nil, names: names)
      for ((tensor, name), path) in zip(zip(tensors, names), paths) {
        try NPY.write(tensor, to: path)
        report.append(RunCommand.entry(stimulus.name, name, path, tensor.shape))
      }
      return
    }
    for (tensor, name) in zip(tensors, names) {
      let cells = facts?.cells.map { $0.name } ?? []
      let isCells = name == "rates" && !cells.isEmpty && tensor.shape.dimensions.dropFirst() == [cells.count]
      results.append(
        RunResult(
          stimulus: stimulus.name, layer: name, values: tensor, rows: rows(stimulus), cells: isCells ? cells : nil))
      report.append(RunCommand.entry(stimulus.name, name, path, tensor.shape))
    }
  }

  /// Writes what is written together; gives an entry per array.
  func finish() throws -> [JSON] {
    if !results.isEmpty { try format.write(results, to: path) }
    return report
  }

  /// The first response belongs to the frame that ends the first window, or comes `lag` frames later.
  private func rows(_ stimulus: LoadedStimulus) -> RunResult.Rows {
    guard case .movie = stimulus.content else { return .inputs }
    return .frames(first: history - 1 + (facts?.lag ?? 0), rate: facts?.frameRate ?? source.frameRate)
  }
}
