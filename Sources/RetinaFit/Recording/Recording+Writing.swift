import RetinaFiles
import RetinaModel

extension Recording {
  /// Writes the recording to an `.npz` file, whole or not at all; a generated stimulus stays a recipe.
  ///
  /// - Throws: ``FileError`` when the recording fails ``check()`` or the file cannot be written.
  public func write(to path: String) throws(FileError) {
    try check()
    if case .perPixel? = normalization {
      throw error("normalisation", "one mean and one deviation, or none", "one for each pixel")
    }
    var arrays: [(name: String, content: NPZArchive.Content)] = [("metadata", .text(metadata.text()))]
    func append(_ name: String, _ dimensions: [Int], _ values: [Float]) throws(FileError) {
      guard let shape = Shape(checking: dimensions), let tensor = Tensor(shape: shape, values: values) else {
        throw error(name, "values of the shape \(dimensions)", "\(values.count)")
      }
      arrays.append((name, .tensor(tensor)))
    }
    if case .movie(let movie) = stimulus { arrays.append(("stimulus", .tensor(movie))) }
    if !cells.isEmpty { try append("responses", [frameCount, cells.count], responses) }
    if let frameTimes { arrays.append(("frame_times", .doubles(frameTimes))) }
    if let repeats {
      if case .movie(let movie) = repeats.stimulus { arrays.append(("repeat_stimulus", .tensor(movie))) }
      try append("repeat_responses", [repeats.trials, repeats.stimulus.frameCount, cells.count], repeats.responses)
    }
    for (name, trace) in interior { arrays.append((RecordingFile.interior + name, .tensor(trace))) }
    try NPZArchive.write(arrays, to: path)
  }

  private var metadata: JSON {
    var members: [JSON.Member] = [
      .init("format", .number(Double(RecordingFile.format))), .init("frame_rate", .number(frameRate)),
      .init("response", .string(unit.rawValue)),
      .init(
        "cells",
        .array(
          cells.map { cell in
            .object(
              [JSON.Member("name", .string(cell.name))]
                + (cell.centre.map { [JSON.Member("centre", [.number($0.column), .number($0.row)])] } ?? []))
          })),
    ]
    if let lag { members.append(.init("lag", .number(Double(lag)))) }
    for (name, stimulus) in [("stimulus", stimulus), ("repeat_stimulus", repeats?.stimulus)] {
      if case .generated(let recipe)? = stimulus { members.append(.init(name, recipe.json)) }
    }
    switch normalization {
    case nil, .perPixel: break
    case .some(.none): members.append(.init("normalisation", "none"))
    case .scalar(let mean, let deviation):
      members.append(.init("normalisation", ["mean": JSON(mean), "std": JSON(deviation)]))
    }
    if !blocks.isEmpty {
      members.append(
        .init(
          "blocks",
          .array(
            blocks.map { ["frames": span($0.frames), "skip": .number(Double($0.skippedStart))] })))
    }
    if !excluded.isEmpty { members.append(.init("excluded", .array(excluded.map(span)))) }
    if isSimulated { members.append(.init("simulated", true)) }
    members.append(.init("provenance", .object(provenance.map { JSON.Member($0.name, .string($0.text)) })))
    return .object(members)
  }

  private func span(_ range: Range<Int>) -> JSON {
    [.number(Double(range.lowerBound)), .number(Double(range.upperBound))]
  }
}

extension GeneratedStimulus {
  /// The recipe as the metadata hold it.
  var json: JSON {
    [
      "generator": .string(generator), "parameters": parameters, "height": .number(Double(height)),
      "width": .number(Double(width)),
    ]
  }
}
