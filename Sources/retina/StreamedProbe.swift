import RetinaEngine
import RetinaFiles
import RetinaModel
import RetinaProbe
import RetinaReport

/// `retina probe --stream`: contributions of channels to one cell, frame by frame.
enum StreamedProbe {
  /// The options of `retina probe` that mean something here.
  private static let options = ["--stream", "--cell", "--steps", "--output", "--algorithm", "--json"]

  static func run(_ arguments: Arguments) throws -> Int32 {
    if let other = ProbeCommand.options.first(where: { arguments.has($0.name) && !options.contains($0.name) }) {
      throw UsageError("--stream gives conductance of the two hidden layers from zero; it takes no \(other.name)")
    }
    let path = arguments.operands[0]
    let model = try ModelFile.read(path)
    let cell = try arguments.integer("--cell", in: 0...model.cells - 1) ?? 0
    let steps = try arguments.integer("--steps", in: 1...10_000) ?? 8
    let source = try StimulusSource(arguments.operands[1], for: model)
    let output = try arguments.output()
    guard let plan = StreamPlan(model, options: try streamOptions(arguments)),
      let probe = StreamProbe(plan, cell: cell, steps: steps)
    else {
      throw FileError(
        file: path, expected: "a movie model of affine, relu, convolution, relu and affine layers for --stream",
        found: "another kind; leave --stream away")
    }
    try FileSystem.createFolder(output)
    var report: [JSON] = []
    for stimulus in source.stimuli {
      guard case .movie(let movie) = stimulus.content else {
        throw FileError(
          file: arguments.operands[1], place: "'\(stimulus.name)'", expected: "a movie for --stream",
          found: "independent inputs")
      }
      let table = ContributionTable(probe, movie: movie)
      let folder = source.stimuli.count > 1 ? "\(output)/\(safe(stimulus.name))" : output
      for (layer, tensor) in [(probe.layers.first, table.first), (probe.layers.second, table.second)] {
        let place = "\(folder)/\(safe(model.layers[layer].name))"
        try FileSystem.createFolder(folder)
        try FileSystem.createFolder(place)
        try NPY.write(tensor, to: "\(place)/attribution.npy")
      }
      let summary: JSON = [
        "model": .string(model.name), "stimulus": .string(stimulus.name), "method": "conductance",
        "layers": .array([probe.layers.first, probe.layers.second].map { .string(model.layers[$0].name) }),
        "cells": [.number(Double(cell))], "baseline": "zero", "steps": .number(Double(steps)), "rule": "secant",
        "f_input": .array(table.rates.map { .number(Double($0)) }),
        "f_baseline": .number(Double(probe.valueAtBaseline)),
        "residual": .array(table.residuals.map { .number(Double($0)) }),
      ]
      try FileSystem.write(Array((summary.text(indented: true) + "\n").utf8), to: "\(folder)/summary.json")
      report.append(summary)
      if !arguments.has("--json") {
        let residual = table.residuals.reduce(0) { max($0, $1.magnitude) }
        print("\(stimulus.name): \(table.rates.count) frames, largest residual \(residual)")
      }
    }
    print(arguments.has("--json") ? JSON.array(report).text(indented: true) : "written to \(output)")
    return ExitCode.done
  }
}
