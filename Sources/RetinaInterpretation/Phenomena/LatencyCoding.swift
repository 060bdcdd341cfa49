import RetinaModel
import RetinaStimuli

/// Stronger flashes are answered earlier.
struct LatencyCoding: Phenomenon {
  let description = PhenomenonDescription(
    name: "latency-coding", title: "Latency coding",
    definition: "latency of the peak at the weakest contrast that gives a response less that at the strongest",
    unit: "ms", criterion: 5, null: .linearNonlinear,
    source: "Gollisch and Meister, Science 319, 1108 (2008); flashes as in torch-deep-retina",
    axes: ("contrast", "mean latency of the peak (ms)"))

  private static let parts = [0.125, 0.25, 0.5, 0.75, 1]

  private func flash(_ stage: Stage, contrast: Double) -> Tensor {
    var flash = Flash()
    (flash.preFrames, flash.flashes, flash.contrast) = (stage.lead, 1, contrast)
    flash.onFrames = stage.display.frames(milliseconds: 400)
    flash.offFrames = stage.display.frames(milliseconds: 200)
    return flash.movie(height: stage.display.height, width: stage.display.width)
  }

  func strongest(_ stage: Stage, cell: Int, contrast: Double) -> Tensor {
    // A step down and one up: what drives ON cells and what drives OFF cells.
    let (dark, bright) = (flash(stage, contrast: -contrast), flash(stage, contrast: contrast))
    var both = Tensor(repeating: 0, shape: Shape(2 * dark.shape[0], dark.shape[1], dark.shape[2]))
    both.values = dark.values + bright.values
    return both
  }

  func measure(_ session: Session, contrast: Double) -> Measurement {
    let (stage, display) = (session.stage, session.display)
    let levels = [-1.0, 1].map { sign in
      LatencyCoding.parts.map { part in session.show(flash(stage, contrast: sign * part * contrast)) }
    }
    let window = stage.lead..<stage.lead + display.frames(milliseconds: 400)
    /// Latencies of a cell in frames at each contrast of one sign, and the largest response.
    func latencies(_ cell: Int, sign: Int) -> (values: [Double?], largest: Double) {
      var (values, largest) = ([Double?](), 0.0)
      for responses in levels[sign] {
        let trace = responses.trace(cell, window)
        guard let top = peak(trace), let grey = responses.trace(cell, stage.lead - 1..<stage.lead).first,
          stage.isResponse(top.value - grey, cell: cell)
        else {
          values.append(nil)
          continue
        }
        values.append(top.place)
        largest = max(largest, top.value - grey)
      }
      return (values, largest)
    }
    var latenciesOfCells: [[Double?]] = []
    let scores = session.cells.map { cell -> Double? in
      let (dark, bright) = (latencies(cell, sign: 0), latencies(cell, sign: 1))
      let values = dark.largest > bright.largest ? dark.values : bright.values
      latenciesOfCells.append(values)
      let found = values.compactMap { $0 }
      guard found.count > 1, let strongest = values.last ?? nil else { return nil }
      return display.milliseconds(frames: found[0] - strongest)
    }
    let places = LatencyCoding.parts.indices.filter { part in latenciesOfCells.contains { $0[part] != nil } }
    return Measurement(
      stimulus:
        "full-field steps from grey for \(short(display.milliseconds(frames: Double(window.count)))) ms, dark or bright "
        + "(whichever drives a cell more), of contrast "
        + LatencyCoding.parts.map { short($0 * contrast) }.joined(separator: ", "),
      scores: scores,
      curves: [
        (
          "latency", places.map { LatencyCoding.parts[$0] * contrast },
          places.map { part in display.milliseconds(frames: mean(latenciesOfCells.compactMap { $0[part] })) }
        )
      ])
  }
}
