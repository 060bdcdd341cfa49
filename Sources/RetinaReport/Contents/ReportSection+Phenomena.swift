import RetinaInterpretation

extension ReportSection {
  /// The phenomena that were looked for: a table of verdicts and a drawing of each.
  public init(_ result: BatteryResult) {
    self.init(
      name: "phenomena", title: "Phenomena",
      paragraphs: [
        "What \(result.responder) does with the stimuli of physiologists, beside \(result.null). A phenomenon is found when the "
          + "median score over cells lies above its criterion, interval included, and above the null."
      ] + result.remarks.map { "Note: \($0)." },
      figures: result.results.filter { !$0.curves.isEmpty }.map { part in
        Figure(
          caption:
            "\(part.phenomenon.title): \(part.verdict.rawValue). \(part.stimulus). Score: \(part.phenomenon.definition). ",
          svg: LineFigure(
            title: part.phenomenon.title, subtitle: part.verdict.rawValue,
            horizontalLabel: part.phenomenon.axes.horizontal, verticalLabel: part.phenomenon.axes.vertical,
            series: part.curves.map {
              LineFigure.Series(
                name: $0.isNull ? "\($0.name), linear-nonlinear" : $0.name, x: $0.x, y: $0.y, isDashed: $0.isNull)
            }
          ).svg(width: Figure.width))
      },
      tables: [Self.table(result)])
  }

  private static func table(_ result: BatteryResult) -> ReportTable {
    ReportTable(
      name: "phenomena-scores",
      caption: "Medians over the cells that respond, with 95 % intervals of a bootstrap over cells",
      columns: [
        "phenomenon", "verdict", "score", "from", "to", "criterion", "unit", "null", "less null", "less null from",
        "less null to", "cells that respond", "cells above", "part of rates out of range",
      ],
      rows: result.results.map { part in
        [
          .text(part.phenomenon.title), .text(part.verdict.rawValue), .init(part.score?.median),
          .init(part.score?.interval?.low), .init(part.score?.interval?.high), .number(part.phenomenon.criterion),
          .text(part.phenomenon.unit), .init(part.null?.median), .init(part.difference?.median),
          .init(part.difference?.interval?.low), .init(part.difference?.interval?.high), .count(part.responding),
          .count(part.above), .number(part.beyondRange),
        ]
      })
  }
}
