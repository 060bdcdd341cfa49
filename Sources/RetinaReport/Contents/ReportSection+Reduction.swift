import RetinaInterpretation
import RetinaModel

extension ReportSection {
  /// The few units that make a cell's responses.
  ///
  /// - Parameters:
  ///   - cell: the place of the cell in the model's output.
  ///   - frameRate: frames a second, when it is known.
  public init(_ result: ReductionResult, cell: Int, frameRate: Double?) {
    let clock = FrameClock(rate: frameRate)
    let fidelity = LineFigure(
      title: "How many units of \(result.layer) make cell \(cell)", horizontalLabel: "units kept",
      verticalLabel: "explained variance, held out",
      series: result.fidelity.map { curve in
        // Below zero a reduction is worse than the mean: how much worse is of no interest.
        LineFigure.Series(
          name: curve.order, x: curve.explained.indices.map(Double.init), y: curve.explained.map { max($0, -0.5) },
          isDashed: curve.order == "random")
      })
    let traces = result.traces.filter(\.isHeldOut).prefix(4).map { trace in
      let x = trace.full.indices.map { clock.time(of: Double(trace.firstFrame + $0)) }
      return Figure(
        caption: "“\(trace.stimulus)”, held out from the ranking: the full model and \(result.kept) of "
          + "\(result.units.count) units.",
        svg: LineFigure(
          title: trace.stimulus, horizontalLabel: clock.timeLabel, verticalLabel: "rate",
          series: [
            .init(name: "full model", x: x, y: trace.full.map(Double.init)),
            .init(name: "reduced", x: x, y: trace.reduced.map(Double.init), isDashed: true),
          ]
        ).svg(width: Figure.width))
    }
    self.init(
      name: "reduction-\(cell)", title: "Reduction of cell \(cell)",
      paragraphs: [
        "\(result.kept) of the \(result.units.count) units of \(result.layer) are the fewest that reproduce the responses of "
          + "cell \(cell) to the ranking stimuli; the others stay at what they are for grey."
      ] + result.mechanisms,
      figures: [
        Figure(
          caption: "Explained variance on held-out stimuli against the number of units, drawn from −0.5 on.",
          svg: fidelity.svg(width: Figure.width))
      ] + traces,
      tables: [Self.units(result, cell, clock), Self.fidelity(result, cell)])
  }

  private static func units(_ result: ReductionResult, _ cell: Int, _ clock: FrameClock) -> ReportTable {
    ReportTable(
      name: "reduction-\(cell)-units", caption: "The units, those that are kept longest first",
      columns: [
        "channel", "place", "kept", "factor", "sees", "latency (\(clock.isInSeconds ? "ms" : "frames"))",
        "radius (pixels)",
        "importance", "excitation", "inhibition", "peak later by (frames)", "peak larger by",
      ],
      rows: result.units.enumerated().map { place, unit in
        [
          .count(unit.channel), unit.place.map { .count($0) } ?? .missing, .text(place < result.kept ? "yes" : "no"),
          .number(unit.factor), .text(unit.polarity > 0 ? "ON" : "OFF"), .number(unit.latency), .number(unit.radius),
          .number(unit.importance),
          .number(unit.excitation), .number(unit.inhibition), .number(unit.peakShift), .number(unit.peakChange),
        ]
      })
  }

  private static func fidelity(_ result: ReductionResult, _ cell: Int) -> ReportTable {
    let count = result.fidelity.map(\.explained.count).max() ?? 0
    return ReportTable(
      name: "reduction-\(cell)-fidelity", caption: "Explained variance on held-out stimuli",
      columns: ["units"] + result.fidelity.map(\.order),
      rows: (0..<count).map { units in
        [.count(units)]
          + result.fidelity.map { .init($0.explained.indices.contains(units) ? $0.explained[units] : nil) }
      }, isFolded: true)
  }
}
