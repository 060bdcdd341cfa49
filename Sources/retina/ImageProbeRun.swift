import RetinaEngine
import RetinaFiles
import RetinaModel
import RetinaProbe

/// `retina probe` of an image: what the channels of its layers contribute to a cell, the same bits as on a board.
struct ImageProbeRun<Probe: ImageProbe> where Probe.Image: DescribedImage {
  private let program: ImageProgram<Probe.Image>
  private let source: StimulusSource
  private let method: Method
  private let layers: [Int]
  private let cell: Int
  private let steps: Int?
  private let level: ProcessorLevel
  private let output: String
  private let arguments: Arguments

  init(_ program: ImageProgram<Probe.Image>, _ methods: [Method], _ arguments: Arguments) throws {
    self.program = program
    self.arguments = arguments
    let options = ["--method", "--layer", "--cell", "--steps", "--output", "--json"]
    if let other = ProbeCommand.options.first(where: { arguments.has($0.name) && !options.contains($0.name) }) {
      throw UsageError("an image gives sums over channels, from zero for conductance; it takes no \(other.name)")
    }
    let name = try arguments.choice("--method", of: methods.map { $0.rawValue })
    method = name.flatMap { Method(rawValue: $0) } ?? methods[0]
    let last = program.image.layerCount - 1
    cell = try arguments.integer("--cell", in: 0...program.image.outputCount(last) - 1) ?? 0
    let isConductance = method == .conductance
    if arguments.has("--steps"), !isConductance { throw UsageError("--steps is for conductance") }
    steps = isConductance ? try arguments.integer("--steps", in: 1...1000) ?? 8 : nil
    let asked = arguments.all("--layer")
    layers = asked.isEmpty ? program.hiddenLayers : try program.layers(asked)
    source = try StimulusSource(arguments.operands[1], inputShape: program.inputShape)
    level = try streamOptions(arguments).level
    output = try arguments.output()
  }

  func run() throws -> Int32 {
    try FileSystem.createFolder(output)
    let progress = Progress("probing", total: source.stimuli.reduce(0) { $0 + $1.inputs(of: program.inputShape) })
    var report: [JSON] = []
    for stimulus in source.stimuli {
      let inputs = stimulus.sequence(program.inputShape)
      guard
        let found = ImageContributions(
          by: Probe.self, program, inputs, layers: layers, cell: cell, steps: steps, level: level,
          progress: { progress.advance($0) })
      else {
        throw UsageError("--layer: conductance is for layers from the one before the first nonlinearity on")
      }
      for table in found.layers where table.firstNonFinite != nil { throw source.tooLarge(stimulus) }
      let folder = source.stimuli.count > 1 ? "\(output)/\(safe(stimulus.name))" : output
      try FileSystem.createFolder(folder)
      for (layer, table) in zip(layers, found.layers) {
        let place = layers.count > 1 ? "\(folder)/\(safe(name(layer)))" : folder
        try FileSystem.createFolder(place)
        try NPY.write(table, to: "\(place)/attribution.npy")
      }
      let summary = summary(stimulus.name, found)
      try FileSystem.write(Array((summary.text(indented: true) + "\n").utf8), to: "\(folder)/summary.json")
      report.append(summary)
      if !arguments.has("--json") {
        let largest = found.residuals.reduce(0) { max($0, $1.magnitude) }
        let residual = found.residuals.isEmpty ? "" : ", largest residual \(largest)"
        print("\(stimulus.name): \(found.rates.count) inputs, cell \(cell)\(residual)")
      }
    }
    progress.end()
    print(arguments.has("--json") ? JSON.array(report).text(indented: true) : "written to \(output)")
    return ExitCode.done
  }

  private func name(_ layer: Int) -> String { program.names(layer).first ?? "layer \(layer)" }

  private func summary(_ stimulus: String, _ found: ImageContributions) -> JSON {
    [
      "model": .string(program.name), "stimulus": .string(stimulus), "method": .string(method.rawValue),
      "layers": .array(layers.map { .string(name($0)) }), "cells": [.number(Double(cell))], "reduce": "channel",
      "baseline": steps == nil ? .null : "zero", "steps": steps.map { .number(Double($0)) } ?? .null,
      "f_input": .array(found.rates.map { .number(Double($0)) }),
      "residual": .array(found.residuals.map { .number(Double($0)) }),
    ]
  }
}

extension ImageProgram where Image: DescribedImage {
  /// The layers with axes for space that stand for layers of the model and come after a nonlinearity; all but the last where there are none.
  fileprivate var hiddenLayers: [Int] {
    let all = 0..<image.layerCount - 1
    let spatial = all.filter { image.outputRank($0) == 3 && image.isNonlinear($0) && !names($0).isEmpty }
    return spatial.isEmpty ? Array(all) : spatial
  }
}
