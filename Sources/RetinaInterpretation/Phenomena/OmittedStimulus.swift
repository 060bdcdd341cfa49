import RetinaModel
import RetinaStimuli

/// A response to the flash that is left out of a periodic train, at a time that goes with the period.
struct OmittedStimulus: Phenomenon {
  let description = PhenomenonDescription(
    name: "omitted-stimulus", title: "Omitted stimulus response",
    definition:
      "slope of the time of the response after the last flash against the period: 1 when it is timed by the omitted "
      + "flash, 0 when by the last one or when there is none",
    unit: "", criterion: 0.5, null: .linearNonlinear,
    source: "Schwartz, Harris, Shrom and Berry, Nature Neuroscience 10, 552 (2007)",
    axes: ("time from the omitted flash (ms)", "mean rate (of range)"))

  private func periods(_ display: Display) -> [Int] {
    let frames = [67.0, 100, 133, 167, 200].map { display.frames(milliseconds: $0) }
    return Array(Set(frames)).filter { $0 > display.frames(milliseconds: 20) }.sorted()
  }

  private func train(_ stage: Stage, period: Int, flashes: Int, contrast: Double) -> OmittedFlash {
    var train = OmittedFlash()
    (train.preFrames, train.onFrames) = (stage.lead, stage.display.frames(milliseconds: 20))
    (train.periodFrames, train.flashes, train.contrast) = (period, flashes, -contrast)
    train.postFrames = stage.display.frames(milliseconds: 900)
    return train
  }

  func strongest(_ stage: Stage, cell: Int, contrast: Double) -> Tensor {
    train(stage, period: periods(stage.display).last ?? 2, flashes: 2, contrast: contrast)
      .movie(height: stage.display.height, width: stage.display.width)
  }

  func measure(_ session: Session, contrast: Double) -> Measurement {
    let (stage, display) = (session.stage, session.display)
    let periods = periods(display)
    let single = train(stage, period: 2 + display.frames(milliseconds: 20), flashes: 1, contrast: contrast)
    let alone = session.show(single.movie(height: display.height, width: display.width))
    let trains = periods.map { period in
      let train = train(stage, period: period, flashes: 8, contrast: contrast)
      return (train, session.show(train.movie(height: display.height, width: display.width)))
    }
    let scores = session.cells.map { cell -> Double? in
      let after = alone.trace(cell, stage.lead..<stage.lead + display.frames(milliseconds: 400))
      guard let first = peak(after), let grey = alone.trace(cell, stage.lead - 1..<stage.lead).first,
        stage.isResponse(first.value - grey, cell: cell)
      else { return nil }
      var (x, y) = ([Double](), [Double]())
      for (train, responses) in trains {
        // What comes after the response to the last flash.
        let last = train.omissionFrame - train.periodFrames
        let start = last + Int(first.place.rounded()) + train.periodFrames / 2
        let tail = responses.trace(cell, start..<start + display.frames(milliseconds: 500))
        guard let place = localPeak(tail, prominence: Stage.least * stage.range[cell]) else { continue }
        x.append(Double(train.periodFrames))
        y.append(Double(start + place - last))
      }
      return x.count < 3 ? 0 : slope(x, y) ?? 0
    }
    let kept = scores.indices.filter { scores[$0] != nil }
    let curves = trains.map { train, responses in
      let frames = train.omissionFrame - 3 * train.periodFrames..<train.frameCount
      return (
        name: "period \(short(display.milliseconds(frames: Double(train.periodFrames)))) ms",
        x: frames.map { display.milliseconds(frames: Double($0 - train.omissionFrame)) },
        y: session.meanTrace(responses, frames, cells: kept)
      )
    }
    return Measurement(
      stimulus:
        "full-field dark flashes of \(short(display.milliseconds(frames: Double(single.onFrames)))) ms and contrast "
        + "\(short(-contrast)), 8 at periods of "
        + periods.map { short(display.milliseconds(frames: Double($0))) }.joined(separator: ", ") + " ms, then grey",
      scores: scores, curves: curves)
  }
}
