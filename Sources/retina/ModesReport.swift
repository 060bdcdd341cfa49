import RetinaFiles
import RetinaModel
import RetinaProbe
import RetinaReport

/// The files and the table of `retina modes`.
struct ModesReport {
  let model: Model
  let question: ProbeQuestion
  let source: StimulusSource
  /// Inputs of each stimulus, in the order of the rows of the loadings.
  let inputs: [Int]
  let modes: ContributionModes
  let restarts: Int
  let sparsity: Double
  private let fields: [ModeField]

  init(
    model: Model, question: ProbeQuestion, source: StimulusSource, inputs: [Int], modes: ContributionModes,
    restarts: Int, sparsity: Double
  ) {
    (self.model, self.question, self.source, self.inputs) = (model, question, source, inputs)
    (self.modes, self.restarts, self.sparsity) = (modes, restarts, sparsity)
    var places: [(stimulus: LoadedStimulus, input: Int)] = []
    for (stimulus, count) in zip(source.stimuli, inputs) {
      places += (0..<count).map { (stimulus, $0) }
    }
    var block = 1
    if case .movie = source.stimuli.first?.content { block = model.history ?? 1 }
    fields = modes.receptiveFields(block: block) { places[$0].stimulus.input(places[$0].input, of: model) }
  }

  private var factorization: SparseFactorization { modes.factorization }
  private var columns: Int { modes.matrix.columns }
  private var rows: Int { modes.matrix.rows }

  // MARK: - Files

  func write(to folder: String) throws {
    try write(factorization.modes, [factorization.count, 2, columns / 2], to: "\(folder)/modes.npy")
    try write(factorization.loadings, [rows, factorization.count], to: "\(folder)/loadings.npy")
    try write(
      fields.flatMap { $0.values.map { Double($0) } }, [factorization.count] + model.inputShape.dimensions,
      to: "\(folder)/fields.npy")
    try FileSystem.write(Array((summary.text(indented: true) + "\n").utf8), to: "\(folder)/summary.json")
    try FileSystem.write(Array(curveFigure.svg().utf8), to: "\(folder)/curve.svg")
    var first = 0
    for (stimulus, count) in zip(source.stimuli, inputs) {
      let place = source.stimuli.count > 1 ? "\(folder)/\(safe(stimulus.name))" : folder
      try FileSystem.createFolder(place)
      let figure = loadingFigure(stimulus, rows: first..<first + count)
      try FileSystem.write(Array(figure.svg().utf8), to: "\(place)/loadings.svg")
      first += count
    }
  }

  private func write(_ values: [Double], _ extents: [Int], to path: String) throws {
    guard let shape = Shape(checking: extents), let tensor = Tensor(shape: shape, values: values.map { Float($0) })
    else { fatalError("as many values as the extents say") }
    try NPY.write(tensor, to: path)
  }

  // MARK: - Pictures

  private func loadingFigure(_ stimulus: LoadedStimulus, rows: Range<Int>) -> LineFigure {
    var (first, rate) = (0, 0.0)
    if case .movie = stimulus.content, let history = model.history {
      first = history - 1 + model.facts.lag
      rate = model.facts.frameRate ?? source.frameRate ?? 0
    }
    let x = rows.indices.map { row in
      let place = Double(row - rows.lowerBound + first)
      return rate > 0 ? place / rate : place
    }
    return LineFigure(
      title: "\(stimulus.name): modes that drive \(cellName)",
      subtitle: "loadings of \(factorization.count) modes of \(question.parts[0].name)",
      horizontalLabel: rate > 0 ? "time (s)" : "input", verticalLabel: "loading",
      series: (0..<factorization.count).map { mode in
        LineFigure.Series(
          name: name(mode), x: x, y: rows.map { factorization.loadings[$0 * factorization.count + mode] })
      },
      footnote: "model \(model.name); \(question.method.rawValue), baseline \(question.baselineName)")
  }

  private var curveFigure: LineFigure {
    let x = modes.curve.map { Double($0.count) }
    var series = [LineFigure.Series(name: "relative error", x: x, y: modes.curve.map { $0.error })]
    if restarts > 1 {
      series.append(
        LineFigure.Series(
          name: "stability over \(restarts) starts", x: x, y: modes.curve.map { $0.stability ?? .nan }, isDashed: true))
    }
    return LineFigure(
      title: "How many modes drive \(cellName)", subtitle: "contributions of \(question.parts[0].name)",
      horizontalLabel: "modes", verticalLabel: "error |V - WH| / |V|, stability (cosine)", series: series,
      footnote: "model \(model.name); \(rows) inputs; sparsity \(sparsity)")
  }

  private var cellName: String {
    question.cells[0].map { $0 < model.facts.cells.count ? model.facts.cells[$0].name : "cell \($0)" }
      .joined(separator: " + ")
  }

  // MARK: - Words

  /// The strongest channels of a mode, those that inhibit with a minus.
  private func strongest(_ mode: Int, _ most: Int) -> [(column: Int, weight: Double)] {
    let weights = Array(factorization.modes[mode * columns..<(mode + 1) * columns])
    let order = weights.indices.sorted { weights[$0] > weights[$1] }
    return order.prefix(most).filter { weights[$0] > 0 }.map { ($0, weights[$0]) }
  }

  private func sign(_ column: Int) -> String { column < columns / 2 ? "+" : "-" }

  private func name(_ mode: Int) -> String {
    let parts = strongest(mode, 2).map { "\(sign($0.column))\($0.column % (columns / 2))" }
    return "mode \(mode)" + (parts.isEmpty ? "" : " (\(parts.joined(separator: " ")))")
  }

  func printTable() {
    print("\(rows) inputs, \(columns / 2) channels or units of \(question.parts[0].name), \(cellName)")
    print("modes  error   explained  stability")
    for point in modes.curve {
      let stability = point.stability.map { fixed($0, 3) } ?? "-"
      print(
        "\(right("\(point.count)", 5))  \(fixed(point.error, 4))  \(right(fixed(1 - point.error * point.error, 4), 9))"
          + "  \(right(stability, 9))")
    }
    let effective = modes.effectiveInputs
    for mode in 0..<factorization.count {
      let loadings = (0..<rows).map { factorization.loadings[$0 * factorization.count + mode] }
      let peak = loadings.indices.reduce(0) { loadings[$1] > loadings[$0] ? $1 : $0 }
      let parts = strongest(mode, 4).map { "\(sign($0.column))\($0.column % (columns / 2)) \(fixed($0.weight, 3))" }
      let place = source.place(of: peak, inputs: inputs)
      print(
        "mode \(mode): \(parts.isEmpty ? "not used" : parts.joined(separator: ", ")); mean loading "
          + "\(fixed(loadings.reduce(0, +) / Double(rows), 4)), as if in \(fixed(effective[mode], 0)) inputs, "
          + "largest \(fixed(loadings[peak], 4)) at \(place); field: halves of the inputs agree with r "
          + (fields[mode].splitHalf.map { fixed($0, 3) } ?? "-"))
    }
  }

  var summary: JSON {
    var first = 0
    var stimuli: [JSON] = []
    for (stimulus, count) in zip(source.stimuli, inputs) {
      stimuli.append([
        "name": .string(stimulus.name), "first_row": .number(Double(first)), "rows": .number(Double(count)),
      ])
      first += count
    }
    return [
      "model": .string(model.name), "layer": .string(question.parts[0].name),
      "at": .string(question.side == .output ? "output" : "input"), "method": .string(question.method.rawValue),
      "cells": .array(question.cells[0].map { .number(Double($0)) }), "baseline": .string(question.baselineName),
      "modes": .number(Double(factorization.count)), "restarts": .number(Double(restarts)),
      "sparsity": .number(sparsity), "iterations": .number(Double(factorization.iterations)),
      "columns": "first excitatory, then inhibitory, one per channel or unit",
      "fields": "average of the inputs weighted by loadings, less their average",
      "fields_split_half": .array(fields.map { $0.splitHalf.map { .number($0) } ?? .null }),
      "effective_inputs": .array(modes.effectiveInputs.map { .number($0) }),
      "stimuli": .array(stimuli),
      "curve": .array(
        modes.curve.map {
          [
            "modes": .number(Double($0.count)), "error": .number($0.error),
            "stability": $0.stability.map { .number($0) } ?? .null,
          ]
        }),
    ]
  }
}

extension StimulusSource {
  /// Names an input by its stimulus and its place there.
  fileprivate func place(of row: Int, inputs: [Int]) -> String {
    var first = 0
    for (stimulus, count) in zip(stimuli, inputs) {
      if row < first + count { return "input \(row - first) of \(stimulus.name)" }
      first += count
    }
    return "input \(row)"
  }
}
