import RetinaFiles
import RetinaInterpretation
import RetinaReport

/// The files and the table of `retina phenomena`.
struct PhenomenaReport {
  let result: BatteryResult

  init(_ result: BatteryResult) { self.result = result }

  func write(to folder: String) throws {
    try FileSystem.write(Array((result.json.text(indented: true) + "\n").utf8), to: "\(folder)/phenomena.json")
    for part in result.results where !part.curves.isEmpty {
      try FileSystem.write(Array(figure(part).svg().utf8), to: "\(folder)/\(part.phenomenon.name).svg")
    }
  }

  /// The curves of one phenomenon; those of the null are dashed.
  func figure(_ part: PhenomenonResult) -> LineFigure {
    LineFigure(
      title: "\(part.phenomenon.title): \(part.verdict.rawValue)",
      subtitle: "\(result.responder); \(part.stimulus)", horizontalLabel: part.phenomenon.axes.horizontal,
      verticalLabel: part.phenomenon.axes.vertical,
      series: part.curves.map { curve in
        LineFigure.Series(
          name: curve.isNull ? "\(curve.name), linear-nonlinear" : curve.name, x: curve.x, y: curve.y,
          isDashed: curve.isNull)
      },
      footnote: "score: \(part.phenomenon.definition); median \(PhenomenaReport.text(part.score)), null "
        + "\(PhenomenaReport.text(part.null)), criterion \(PhenomenaReport.criterion(part.phenomenon)); "
        + "\(part.responding) of \(result.cells.count) cells respond")
  }

  var table: String {
    var lines = [
      "\(result.responder), \(result.cells.count) cells, \(decimal(result.display.frameRate)) frames/s, "
        + "\(decimal(result.display.pixelSize)) um a pixel", "null: \(result.null)",
    ]
    lines += result.remarks.map { "note: \($0)" }
    lines += [
      "",
      pad("phenomenon", 28) + pad("verdict", 13) + pad("score (95 %)", 28) + pad("criterion", 16)
        + pad("null", 10) + pad("less null (95 %)", 28) + "cells  above  out of range",
    ]
    for part in result.results {
      var line = pad(part.phenomenon.title, 28) + pad(part.verdict.rawValue, 13)
      line += pad(PhenomenaReport.text(part.score), 28)
      line += pad("> " + PhenomenaReport.criterion(part.phenomenon), 16)
      line += pad(part.null.map { fixed($0.median, 3) } ?? "-", 10)
      line += pad(PhenomenaReport.text(part.difference), 28)
      line += right("\(part.responding)", 5) + right("\(part.above)", 7) + right(percent(part.beyondRange), 14)
      lines.append(line)
    }
    lines += [
      "",
      "score, null and their difference are medians over the cells that respond; intervals are bootstraps over cells.",
      "out of range: part of the rates above the largest under white noise.",
    ]
    return lines.joined(separator: "\n")
  }

  private func percent(_ part: Double) -> String { "\(fixed(100 * part, 1)) %" }

  private static func criterion(_ phenomenon: PhenomenonDescription) -> String {
    decimal(phenomenon.criterion) + (phenomenon.unit.isEmpty ? "" : " " + phenomenon.unit)
  }

  private static func text(_ estimate: Estimate?) -> String {
    guard let estimate else { return "-" }
    return fixed(estimate.median, 3)
      + (estimate.interval.map { " (\(fixed($0.low, 3)) to \(fixed($0.high, 3)))" } ?? "")
  }

  static var list: String {
    Battery.descriptions.map { part in
      """
      \(part.name): \(part.title)
        score: \(part.definition)
        found: median over cells above \(criterion(part)) with its interval, and above \(part.null.rawValue)
        source: \(part.source)
      """
    }.joined(separator: "\n")
  }

  /// Found beside expected, one line per phenomenon.
  static func table(_ check: CircuitCheck) -> String {
    let (width, column) = (28, 18)
    var lines = [pad("", width) + check.rows.map { pad($0.name, column) }.joined()]
    for (place, name) in check.phenomena.enumerated() {
      var line = pad(name, width)
      for row in check.rows {
        let cell = row.cells[place]
        let score = cell.result.score.map { fixed($0.median, 2) } ?? "-"
        line += pad("\(cell.isFound ? "yes" : "no") \(score)\(cell.isRight ? "" : " WRONG")", column)
      }
      lines.append(line)
    }
    let all = check.rows.reduce(0) { $0 + $1.cells.count }
    lines += [
      "",
      "yes: found; no: not found; with the median score. \(all - check.wrong) of \(all) are as the circuit predicts.",
    ]
    return lines.joined(separator: "\n")
  }
}
