import RetinaInterpretation

extension ReportSection {
  /// Recorded interneurons and the units that are most like them.
  ///
  /// - Parameter isSimulated: whether the traces are of a simulated retina.
  public init(_ results: MatchResults, isSimulated: Bool) {
    self.init(
      name: "matches", title: "Interneurons",
      paragraphs: [
        "\(results.matched) of \(results.matches.count) \(isSimulated ? "simulated" : "recorded") traces are matched by a unit "
          + "at a false-discovery rate of \(NumberText.short(results.rate, decimals: 3)): each was compared with \(results.units) units, "
          + "at lags up to \(results.lags) frames, over \(results.frames) frames. Probabilities are those of the largest of all "
          + "these correlations. “Held out” and “linear-nonlinear” are correlations on frames that were not used to choose the unit, "
          + "or to fit such a model to the trace."
      ]
        + (results.permuted.map {
          [
            "Of \($0.traces) permuted traces \($0.found) were matched at a probability of \(NumberText.short($0.alpha, decimals: 3)) "
              + "(95 % interval of the rate \(NumberText.short($0.interval.low, decimals: 3)) to "
              + "\(NumberText.short($0.interval.high, decimals: 3)))."
          ]
        } ?? []),
      tables: [
        ReportTable(
          name: "matches-traces", caption: "The unit most like each trace",
          columns: [
            "trace", "unit", "lag (frames)", "correlation", "held out", "linear-nonlinear", "null median", "null 95 %",
            "probability", "false discovery", "one to one", "its correlation",
          ],
          rows: results.matches.map { match in
            [
              .text(match.name), .text(Self.text(match.unit)), .count(match.unit.lag), .number(match.correlation),
              .number(match.heldOut), .number(match.linearNonlinear), .number(match.nullMedian),
              .number(match.nullHigh),
              .number(match.probability), .number(match.falseDiscovery), .text(Self.text(match.assigned)),
              .number(match.assignedCorrelation),
            ]
          })
      ])
  }

  private static func text(_ unit: InteriorUnit) -> String {
    "\(unit.layer)[\(unit.channel), \(unit.row), \(unit.column)]"
  }
}
