import RetinaModel
import RetinaStimuli

/// A flash soon after another is answered less.
struct PairedFlash: Phenomenon {
  let description = PhenomenonDescription(
    name: "paired-flash", title: "Paired flash depression",
    definition:
      "1 - second / first: peaks above grey of the response to two flashes 133 ms apart less that to the first alone, and of that to "
      + "the first",
    unit: "", criterion: 0.2, null: .linearNonlinear,
    source: "intervals as in torch-deep-retina, in ms",
    axes: ("interval (ms)", "second peak / first, median"))

  private func intervals(_ display: Display) -> [Int] {
    let on = display.frames(milliseconds: 20)
    let frames = [67.0, 100, 133, 200, 333, 667].map { max(on + 1, display.frames(milliseconds: $0)) }
    return Array(Set(frames)).sorted()
  }

  private func flashes(_ stage: Stage, interval: Int, count: Int, contrast: Double) -> Tensor {
    let display = stage.display
    var flash = Flash()
    (flash.preFrames, flash.flashes, flash.contrast) = (stage.lead, count, contrast)
    flash.onFrames = display.frames(milliseconds: 20)
    flash.offFrames = interval - flash.onFrames
    // As long for one flash as for two.
    flash.postFrames = (2 - count) * interval + display.frames(milliseconds: 500)
    return flash.movie(height: display.height, width: display.width)
  }

  func strongest(_ stage: Stage, cell: Int, contrast: Double) -> Tensor {
    let interval = stage.display.frames(milliseconds: 333)
    let (dark, bright) = (
      flashes(stage, interval: interval, count: 1, contrast: -contrast),
      flashes(stage, interval: interval, count: 1, contrast: contrast)
    )
    var both = Tensor(repeating: 0, shape: Shape(2 * dark.shape[0], dark.shape[1], dark.shape[2]))
    both.values = dark.values + bright.values
    return both
  }

  func measure(_ session: Session, contrast: Double) -> Measurement {
    let (stage, display) = (session.stage, session.display)
    let intervals = intervals(display)
    let shown = [-1.0, 1].map { sign in
      intervals.map { interval in
        (1...2).map { session.show(flashes(stage, interval: interval, count: $0, contrast: sign * contrast)) }
      }
    }
    let tested = intervals.indices.min {
      (display.milliseconds(frames: Double(intervals[$0])) - 133).magnitude
        < (display.milliseconds(frames: Double(intervals[$1])) - 133).magnitude
    }
    let window = display.frames(milliseconds: 400)
    var ratios = [[Double]](repeating: [], count: intervals.count)
    let scores = session.cells.map { cell -> Double? in
      func first(_ sign: Int) -> Double {
        let trace = shown[sign][0][0].trace(cell, stage.lead - 1..<stage.lead + window)
        return (trace.max() ?? 0) - trace[0]
      }
      let sign = first(0) > first(1) ? 0 : 1
      let alone = first(sign)
      guard stage.isResponse(alone, cell: cell) else { return nil }
      let seconds = intervals.indices.map { place in
        let frames = stage.lead + intervals[place]..<stage.lead + intervals[place] + window
        let (one, two) = (shown[sign][place][0].trace(cell, frames), shown[sign][place][1].trace(cell, frames))
        return max(0, zip(two, one).map { $0 - $1 }.max() ?? 0) / alone
      }
      for (place, ratio) in seconds.enumerated() { ratios[place].append(ratio) }
      return tested.map { 1 - seconds[$0] }
    }
    return Measurement(
      stimulus:
        "two full-field flashes of \(short(display.milliseconds(frames: Double(display.frames(milliseconds: 20))))) ms and contrast "
        + "\(short(contrast)), dark or bright (whichever drives a cell more), "
        + intervals.map { short(display.milliseconds(frames: Double($0))) }.joined(separator: ", ") + " ms apart",
      scores: scores,
      curves: ratios[0].isEmpty
        ? []
        : [
          (
            "second / first", intervals.map { display.milliseconds(frames: Double($0)) },
            ratios.map { median($0) }
          )
        ])
  }
}
