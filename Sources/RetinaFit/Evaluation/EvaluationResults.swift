import RetinaFiles

/// Results of many evaluations, read back from their JSON: one of each job of a sweep.
public struct EvaluationResults: Sendable {
  /// The version of the JSON that an evaluation writes.
  static let format = 1

  /// One model on one recording.
  public struct Entry: Sendable, Equatable {
    /// The file with the result.
    public var file: String
    /// The recording.
    public var recording: String
    /// Whether the responses were made by a simulation.
    public var isSimulated: Bool
    /// The model.
    public var model: String
    /// Number of cells.
    public var cells: Int
    /// Mean correlation over the cells.
    public var meanPearson: Double?
    /// Mean bits per spike over the cells.
    public var meanBitsPerSpike: Double?
  }

  /// Models on recordings, in the order of the files.
  public var entries: [Entry] = []

  /// Reads the files of evaluations, or of results that were merged before.
  ///
  /// - Throws: ``FileError`` for a file that is neither.
  public init(reading paths: [String]) throws(FileError) {
    for path in paths {
      let json = try JSON(parsing: try FileSystem.read(path, limit: 1 << 28), file: path)
      if let merged = json["results"]?.array {
        for result in merged { entries.append(try EvaluationResults.entry(result, file: path)) }
      } else {
        entries += try EvaluationResults.entries(json, file: path)
      }
    }
  }

  private static func entries(_ json: JSON, file: String) throws(FileError) -> [Entry] {
    guard json["format"]?.integer == format, let models = json["models"]?.array,
      let recording = json["recording"]?.string, let isSimulated = json["simulated"]?.boolean
    else {
      throw FileError(
        file: file, expected: "the JSON of 'retina evaluate --json', format \(format)", found: "something else")
    }
    var entries: [Entry] = []
    for model in models {
      guard let name = model["name"]?.string, let cells = model["cells"]?.array else {
        throw FileError(file: file, place: "models", expected: "a name and cells", found: "something else")
      }
      entries.append(
        Entry(
          file: file, recording: recording, isSimulated: isSimulated, model: name, cells: cells.count,
          meanPearson: model["mean_r"]?.number, meanBitsPerSpike: model["mean_bits_per_spike"]?.number))
    }
    return entries
  }

  private static func entry(_ json: JSON, file: String) throws(FileError) -> Entry {
    guard let origin = json["file"]?.string, let recording = json["recording"]?.string,
      let isSimulated = json["simulated"]?.boolean, let model = json["model"]?.string,
      let cells = json["cells"]?.integer
    else {
      throw FileError(
        file: file, place: "results", expected: "file, recording, simulated, model and cells", found: "something else")
    }
    return Entry(
      file: origin, recording: recording, isSimulated: isSimulated, model: model, cells: cells,
      meanPearson: json["mean_r"]?.number, meanBitsPerSpike: json["mean_bits_per_spike"]?.number)
  }

  /// A model's results over recordings and seeds.
  public struct Summary: Sendable, Equatable {
    /// The model.
    public var model: String
    /// Number of results.
    public var results: Int
    /// Mean over results of the mean correlation.
    public var meanPearson: Double?
    /// Standard deviation over results, unbiased; nothing for one.
    public var pearsonDeviation: Double?
    /// Mean over results of the mean bits per spike.
    public var meanBitsPerSpike: Double?
  }

  /// One summary for each model's name, the best correlation first.
  public var summaries: [Summary] {
    var names: [String] = []
    for entry in entries where !names.contains(entry.model) { names.append(entry.model) }
    let summaries = names.map { name in
      let own = entries.filter { $0.model == name }
      let values = own.compactMap { $0.meanPearson }
      let mean = Evaluation.mean(values)
      let deviation = mean.flatMap { mean in
        values.count > 1
          ? (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot() : nil
      }
      return Summary(
        model: name, results: own.count, meanPearson: mean, pearsonDeviation: deviation,
        meanBitsPerSpike: Evaluation.mean(own.map { $0.meanBitsPerSpike }))
    }
    return summaries.sorted { $0.meanPearson ?? -.infinity > $1.meanPearson ?? -.infinity }
  }

  /// The results for machines; they can be merged again.
  public var json: JSON {
    func number(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }
    return [
      "results": .array(
        entries.map {
          [
            "file": .string($0.file), "recording": .string($0.recording), "simulated": .boolean($0.isSimulated),
            "model": .string($0.model), "cells": .number(Double($0.cells)), "mean_r": number($0.meanPearson),
            "mean_bits_per_spike": number($0.meanBitsPerSpike),
          ]
        }),
      "summary": .array(
        summaries.map {
          [
            "model": .string($0.model), "results": .number(Double($0.results)), "mean_r": number($0.meanPearson),
            "r_deviation": number($0.pearsonDeviation), "mean_bits_per_spike": number($0.meanBitsPerSpike),
          ]
        }),
    ]
  }
}
