import RetinaFiles
import RetinaInterpretation
import RetinaModel
import RetinaReport

/// The files and the table of `retina reduce`.
struct ReductionReport {
  let result: ReductionResult
  let model: Model

  init(_ result: ReductionResult, model: Model) { (self.result, self.model) = (result, model) }

  func write(to folder: String) throws {
    try FileSystem.write(Array((result.json.text(indented: true) + "\n").utf8), to: "\(folder)/reduction.json")
    try FileSystem.write(Array(fidelityFigure.svg().utf8), to: "\(folder)/fidelity.svg")
    for (place, trace) in result.traces.enumerated() {
      let folder = result.traces.count > 1 ? "\(folder)/\(safe(trace.stimulus))" : folder
      try FileSystem.createFolder(folder)
      try FileSystem.write(Array(rateFigure(trace).svg().utf8), to: "\(folder)/rates.svg")
      if let figure = gainFigure(place) {
        try FileSystem.write(Array(figure.svg().utf8), to: "\(folder)/gains.svg")
      }
    }
  }

  // MARK: - Pictures

  private var fidelityFigure: LineFigure {
    LineFigure(
      title: "How many units of \(result.layer) make \(result.cell)",
      subtitle: "explained variance of the full model's rate on held-out stimuli; kept: \(result.kept)",
      horizontalLabel: "units", verticalLabel: "explained variance",
      series: result.fidelity.map { curve in
        LineFigure.Series(
          name: curve.order, x: curve.explained.indices.map { Double($0) },
          // Far below zero says no more than zero: worse than the mean.
          y: curve.explained.map { max($0, -1) }, isDashed: curve.order == "random")
      }, footnote: "model \(result.model); units that are left out stay at what they are for grey; drawn from -1 on")
  }

  private func times(_ count: Int, from first: Int) -> [Double] {
    (0..<count).map { Double(first + $0) / (model.facts.frameRate ?? 1) }
  }

  private var timeLabel: String { model.facts.frameRate == nil ? "frame" : "time (s)" }

  private func rateFigure(_ trace: ReducedTrace) -> LineFigure {
    let x = times(trace.full.count, from: trace.firstFrame)
    return LineFigure(
      title: "\(trace.stimulus): \(result.cell) with \(result.kept) of \(result.units.count) units of \(result.layer)",
      subtitle: trace.isHeldOut ? "held out from the ranking" : "used for the ranking", horizontalLabel: timeLabel,
      verticalLabel: model.facts.responseUnit ?? "rate",
      series: [
        LineFigure.Series(name: "full model", x: x, y: trace.full.map { Double($0) }),
        LineFigure.Series(name: "reduced", x: x, y: trace.reduced.map { Double($0) }, isDashed: true),
      ], footnote: "model \(result.model)")
  }

  /// Effective gains of the kept units during one stimulus; nothing where there are none.
  private func gainFigure(_ stimulus: Int) -> LineFigure? {
    let kept = result.units.prefix(min(result.kept, 6)).filter { $0.gain.count > stimulus }
    guard !kept.isEmpty else { return nil }
    let trace = result.traces[stimulus]
    return LineFigure(
      title: "\(trace.stimulus): effective gain of the units that drive \(result.cell)",
      subtitle: "conductance over the change of the unit's summed input from grey", horizontalLabel: timeLabel,
      verticalLabel: "gain",
      series: kept.map { unit in
        LineFigure.Series(
          name: name(unit), x: times(unit.gain[stimulus].count, from: trace.firstFrame), y: unit.gain[stimulus])
      }, footnote: "model \(result.model); gaps where the input hardly changes")
  }

  // MARK: - Words

  private func name(_ unit: ReducedUnit) -> String {
    "channel \(unit.channel)" + (unit.place.map { " at \($0)" } ?? "")
      + (unit.delays.count > 1 ? ", \(unit.delays.count) delays" : "")
  }

  var table: String {
    var lines = [
      "\(result.model), \(result.cell): \(result.kept) of \(result.units.count) units of \(result.layer) are kept", "",
      pad("unit", 24) + pad("kept", 6) + right("factor", 8) + right("importance", 12) + right("excitation", 12)
        + right("inhibition", 12)
        + "  " + pad("sees", 6) + right(model.facts.frameRate == nil ? "lag frames" : "lag ms", 8)
        + right("radius px", 11) + right("peak moves", 12) + right("peak grows", 12),
    ]
    for (place, unit) in result.units.enumerated().prefix(max(result.kept, 12)) {
      var line = pad(name(unit), 24) + pad(place < result.kept ? "yes" : "", 6)
      line += right(place < result.kept ? fixed(unit.factor, 2) : "", 8) + right(fixed(unit.importance, 4), 12)
      line += right(fixed(unit.excitation, 2), 12) + right(fixed(unit.inhibition, 2), 12)
      line += "  " + pad(unit.polarity > 0 ? "ON" : "OFF", 6) + right(fixed(unit.latency, 0), 8)
      line += right(fixed(unit.radius, 1), 11)
      line += place < result.kept ? right(fixed(unit.peakShift, 2), 12) + right(fixed(unit.peakChange, 3), 12) : ""
      lines.append(line)
    }
    if result.units.count > max(result.kept, 12) { lines.append("... the rest in reduction.json") }
    lines += ["", pad("held-out explained variance with", 34) + (0...most).map { right("\($0)", 8) }.joined()]
    for curve in result.fidelity {
      lines.append(
        pad("  \(curve.order)", 34) + curve.explained.prefix(most + 1).map { right(fixed($0, 3), 8) }.joined())
    }
    lines += [""] + result.mechanisms
    lines.append("largest relative residual of the conductances: \(result.residual)")
    return lines.joined(separator: "\n")
  }

  private var most: Int { min(result.units.count, 10) }
}
