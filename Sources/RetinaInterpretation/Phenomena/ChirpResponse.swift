import RetinaModel
import RetinaStimuli

/// The response to a chirp follows its contrast; a fingerprint more than a phenomenon.
struct ChirpResponse: Phenomenon {
  let description = PhenomenonDescription(
    name: "chirp", title: "Chirp",
    definition: "correlation over the cycles of the contrast sweep of the range of the rate and the contrast",
    unit: "", criterion: 0.5, null: .shuffled,
    source: "Baden et al., Nature 529, 345 (2016): steps, 0.5 to 8 Hz in 8 s, contrast sweep at 2 Hz in 8 s",
    axes: ("time (s)", "mean rate (of range)"))

  private func chirp(_ stage: Stage, contrast: Double) -> Chirp {
    let display = stage.display
    var chirp = Chirp()
    chirp.greyFrames = max(stage.lead, display.frames(milliseconds: 2000))
    (chirp.onFrames, chirp.offFrames) = (display.frames(milliseconds: 3000), display.frames(milliseconds: 3000))
    chirp.frequencySweepFrames = display.frames(milliseconds: 8000)
    (chirp.startFrequency, chirp.endFrequency) = (0.5 / display.frameRate, min(0.5, 8 / display.frameRate))
    chirp.contrastSweepFrames = display.frames(milliseconds: 8000)
    chirp.contrastSweepFrequency = min(0.25, 2 / display.frameRate)
    chirp.contrast = contrast
    return chirp
  }

  func strongest(_ stage: Stage, cell: Int, contrast: Double) -> Tensor {
    chirp(stage, contrast: contrast).movie(height: stage.display.height, width: stage.display.width)
  }

  func measure(_ session: Session, contrast: Double) -> Measurement {
    let (stage, display) = (session.stage, session.display)
    let chirp = chirp(stage, contrast: contrast)
    let shown = session.show(chirp.movie(height: display.height, width: display.width))
    let start = 3 * chirp.greyFrames + chirp.onFrames + chirp.offFrames + chirp.frequencySweepFrames
    let period = Int((1 / chirp.contrastSweepFrequency).rounded())
    // A response comes a little after its cycle began.
    let cycles = (0..<chirp.contrastSweepFrames / period).map {
      start + $0 * period + period / 4..<start + ($0 + 1) * period + period / 4
    }
    let contrasts = cycles.indices.map { Double($0) }
    var shuffled: [Double?] = []
    let scores = session.cells.map { cell -> Double? in
      let ranges = cycles.map { frames in
        let trace = shown.trace(cell, frames)
        return (trace.max() ?? 0) - (trace.min() ?? 0)
      }
      guard stage.isResponse(ranges.max() ?? 0, cell: cell), let score = correlation(contrasts, ranges) else {
        shuffled.append(nil)
        return nil
      }
      // The 95th percentile of 200 orders.
      var generator = SeededGenerator(seed: UInt64(cell))
      let null = (0..<200).compactMap { _ in correlation(contrasts, ranges.shuffled(by: &generator)) }.sorted()
      shuffled.append(null[null.count * 95 / 100])
      return score
    }
    let kept = scores.indices.filter { scores[$0] != nil }
    let frames = stage.lead..<shown.frames
    return Measurement(
      stimulus: "full-field chirp of contrast \(short(contrast)): bright and dark for 3 s, 0.5 to "
        + "\(short(chirp.endFrequency * display.frameRate)) Hz, contrast from 0 at "
        + "\(short(chirp.contrastSweepFrequency * display.frameRate)) Hz",
      scores: scores, ownNull: shuffled,
      curves: kept.isEmpty
        ? [] : [("rate", frames.map { Double($0) / display.frameRate }, session.meanTrace(shown, frames, cells: kept))])
  }
}

extension Array {
  /// The elements in random order; the same on every platform.
  func shuffled(by generator: inout SeededGenerator) -> [Element] {
    var order = self
    for place in indices.dropFirst() { order.swapAt(place, Int(generator.uniform() * Double(place + 1))) }
    return order
  }
}
