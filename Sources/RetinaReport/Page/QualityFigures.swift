import RetinaFit
import RetinaModel

/// The drawings and tables that say how well a model predicts a recording.
struct QualityFigures {
  let contents: ReportContents

  /// Each cell's correlation, the cells sorted by the model's; by the evaluation, else by figures in the model file.
  func correlations() -> LineFigure? {
    let lines = contents.evaluation.map(measured) ?? stored()
    guard let first = lines.first, first.values.count > 1 else { return nil }
    func ranked(_ value: Double) -> Double { value.isNaN ? -.infinity : value }
    let order = first.values.indices.sorted { ranked(first.values[$0]) > ranked(first.values[$1]) }
    let ranks = order.indices.map { Double($0 + 1) }
    return LineFigure(
      title: "Correlation of rate and response, cell by cell", horizontalLabel: "cell, best first",
      verticalLabel: "correlation r",
      series: lines.map { line in
        LineFigure.Series(
          name: line.name, x: ranks, y: order.map { line.values[$0] },
          band: line.band.map { band in (order.map { band.lower[$0] }, order.map { band.upper[$0] }) })
      })
  }

  /// What was observed where a model predicted much or little.
  func calibration() -> LineFigure? {
    guard let evaluation = contents.evaluation else { return nil }
    var largest = 0.0
    var series = evaluation.models.map { model in
      let points = model.calibration.points
      largest = max(largest, points.map(\.predicted).max() ?? 0)
      return LineFigure.Series(name: model.name, x: points.map(\.predicted), y: points.map(\.observed))
    }
    series.append(LineFigure.Series(name: "as predicted", x: [0, largest], y: [0, largest], isDashed: true))
    return LineFigure(
      title: "Observed beside predicted responses", horizontalLabel: "predicted (spikes per bin)",
      verticalLabel: "observed (spikes per bin)", series: series)
  }

  /// Means over cells, a row for each model.
  func scores() -> ReportTable? {
    guard let evaluation = contents.evaluation else { return nil }
    return ReportTable(
      name: "scores", caption: "Mean scores over \(evaluation.cells.count) cells on held-out bins; intervals are 95 %",
      columns: [
        "model", "r", "r from", "r to", "bits per spike", "bits from", "bits to", "r of repeats", "part of ceiling",
      ],
      rows: evaluation.models.map { model in
        func mean(_ figure: (CellScore) -> Double?) -> ReportTable.Value {
          let values = model.cells.compactMap(figure)
          return values.isEmpty ? .missing : .number(values.reduce(0, +) / Double(values.count))
        }
        return [
          .text(model.name), .init(model.meanPearson), .init(model.meanPearsonInterval?.low),
          .init(model.meanPearsonInterval?.high), .init(model.meanBitsPerSpike), .init(model.meanBitsInterval?.low),
          .init(model.meanBitsInterval?.high), mean { $0.repeats?.pearson }, mean { $0.repeats?.normalizedPearson },
        ]
      })
  }

  /// All cells of the model: where they are, and every figure that is known of them.
  func cells() -> ReportTable {
    let facts = contents.model.facts
    let figures = facts.cells.first?.figures.map(\.name) ?? []
    let evaluation = contents.evaluation
    var columns = ["cell", "name", "centre column (pixels)", "centre row (pixels)"] + figures
    for model in evaluation?.models ?? [] { columns += ["r \(model.name)", "bits per spike \(model.name)"] }
    if evaluation != nil { columns += ["test spikes", "noise ceiling"] }
    return ReportTable(
      name: "cells", caption: "All \(contents.model.cells) cells of the model", columns: columns,
      rows: (0..<contents.model.cells).map { index in
        let cell = index < facts.cells.count ? facts.cells[index] : Cell(name: "cell \(index)")
        var row: [ReportTable.Value] = [
          .count(index), .text(cell.name), .init(cell.centre?.column), .init(cell.centre?.row),
        ]
        row += figures.map { name in .init(cell.figures.first { $0.name == name }?.value) }
        guard let evaluation, index < evaluation.cells.count else { return row }
        for model in evaluation.models {
          row += [.init(model.cells[index].pearson), .init(model.cells[index].bitsPerSpike)]
        }
        row.append(.number(evaluation.spikes[index]))
        row.append(.init(index < evaluation.ceilings.count ? evaluation.ceilings[index]?.ceiling : nil))
        return row
      }, isFolded: true)
  }

  // MARK: - Lines

  private struct Line {
    var name: String
    var values: [Double]
    var band: (lower: [Double], upper: [Double])?
  }

  private func measured(_ evaluation: Evaluation) -> [Line] {
    evaluation.models.enumerated().map { place, model in
      let intervals = model.cells.map(\.pearsonInterval)
      let band = (
        lower: intervals.map { $0?.low ?? .nan }, upper: intervals.map { $0?.high ?? .nan }
      )
      return Line(name: model.name, values: model.cells.map { $0.pearson ?? .nan }, band: place == 0 ? band : nil)
    }
  }

  /// Figures of the model file whose names say that they are correlations.
  private func stored() -> [Line] {
    let cells = contents.model.facts.cells
    let names = cells.first?.figures.map(\.name).filter { $0.hasPrefix("held_out_r") } ?? []
    return names.map { name in
      Line(name: name, values: cells.map { cell in cell.figures.first { $0.name == name }?.value ?? .nan })
    }
  }
}
