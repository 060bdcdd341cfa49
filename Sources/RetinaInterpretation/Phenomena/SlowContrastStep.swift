import RetinaModel
import RetinaStimuli

/// After a step of contrast the rate sinks for seconds.
struct SlowContrastStep: Phenomenon {
  let description = PhenomenonDescription(
    name: "contrast-step", title: "Slow contrast adaptation",
    definition:
      "1 - late / early, with the mean rates to the same flicker 0.5 to 1.5 s and 8 to 9 s after the contrast steps up",
    unit: "", criterion: 0.1, null: .linearNonlinear,
    source: "Smirnakis, Berry, Warland, Bialek and Meister, Nature 386, 69 (1997)",
    axes: ("time from the step (s)", "mean rate (of range)"))

  let drive = Drive.mean

  private static let repeats = 6
  private static let seeds = 4

  private func flicker(_ stage: Stage, contrast: Double, seed: Int) -> ContrastStep {
    let display = stage.display
    var flicker = ContrastStep()
    flicker.stepFrame = stage.lead + display.frames(milliseconds: 3000)
    flicker.frozenFrames = display.frames(milliseconds: 1500)
    flicker.durationFrames = flicker.stepFrame + SlowContrastStep.repeats * flicker.frozenFrames
    (flicker.contrastBefore, flicker.contrastAfter) = (FlickerAnalysis.ratio * contrast, contrast)
    flicker.seed = 100 + seed
    return flicker
  }

  func strongest(_ stage: Stage, cell: Int, contrast: Double) -> Tensor {
    FastContrastAdaptation().strongest(stage, cell: cell, contrast: contrast)
  }

  func measure(_ session: Session, contrast: Double) -> Measurement {
    let (stage, display) = (session.stage, session.display)
    let flickers = (0..<SlowContrastStep.seeds).map { flicker(stage, contrast: contrast, seed: $0) }
    let shown = flickers.map { session.show($0.movie(height: display.height, width: display.width)) }
    let (step, frozen) = (flickers[0].stepFrame, flickers[0].frozenFrames)
    // The window of the first response must lie after the step.
    let skipped = max(display.frames(milliseconds: 500), min(stage.twin.reach, frozen - 1))
    func meanRate(_ cell: Int, _ frames: Range<Int>) -> Double { mean(shown.flatMap { $0.trace(cell, frames) }) }
    let scores = session.cells.map { cell -> Double? in
      let early = meanRate(cell, step + skipped..<step + frozen)
      let start = step + (SlowContrastStep.repeats - 1) * frozen
      let late = meanRate(cell, start + skipped..<start + frozen)
      guard stage.isResponse(early, cell: cell) else { return nil }
      return 1 - late / early
    }
    let kept = scores.indices.filter { scores[$0] != nil }
    let bin = display.frames(milliseconds: 500)
    let starts = Array(stride(from: stage.lead, to: flickers[0].durationFrames - bin + 1, by: bin))
    let y = starts.map { start in mean(kept.map { meanRate($0, start..<start + bin) / stage.range[$0] }) }
    return Measurement(
      stimulus:
        "full-field Gaussian flicker whose contrast steps from \(short(FlickerAnalysis.ratio * contrast)) to \(short(contrast)) "
        + "and then repeats every \(short(display.milliseconds(frames: Double(frozen)))) ms, \(SlowContrastStep.seeds) seeds",
      scores: scores,
      curves: [("rate", starts.map { Double($0 + bin / 2 - step) / display.frameRate }, y)])
  }
}
