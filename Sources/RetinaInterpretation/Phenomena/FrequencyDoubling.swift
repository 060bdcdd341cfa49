import RetinaModel
import RetinaStimuli

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A grating that reverses is answered at both reversals of a cycle.
struct FrequencyDoubling: Phenomenon {
  let description = PhenomenonDescription(
    name: "frequency-doubling", title: "Frequency doubling",
    definition:
      "amplitude at twice the frequency of reversal over that at the frequency itself, each summed over the phases of the grating; "
      + "the largest over widths of the stripes",
    unit: "", criterion: 1, null: .linearNonlinear,
    source: "Hochstein and Shapley, Journal of Physiology 262, 237 and 265 (1976)",
    axes: ("width of a stripe (um)", "F2 / F1, median"))

  private static let phases = [0.0, 45, 90, 135]

  /// Widths of stripes in pixels, in quarter octaves: where a cell has few subunits the sum over its field cancels stripes about as wide
  /// as these are apart, and half an octave from there it does no longer.
  private func widths(_ display: Display) -> [Double] {
    (0...12).map { display.pixels(micrometres: 50 * exp2(Double($0) / 4)) }
      .filter { $0 >= 1 && 2 * $0 <= Double(max(display.width, 2)) }
  }

  private func grating(_ stage: Stage, width: Double, phase: Double, contrast: Double) -> ReversingGrating {
    let display = stage.display
    var grating = ReversingGrating()
    (grating.spatialPeriod, grating.phase, grating.contrast) = (2 * width, phase, contrast)
    grating.halfPeriodFrames = display.frames(milliseconds: 250)
    grating.preFrames = stage.lead
    // A second to settle, then four cycles.
    grating.durationFrames = 2 * grating.halfPeriodFrames * (4 + settling(stage, grating.halfPeriodFrames))
    return grating
  }

  /// Cycles before what is analysed.
  private func settling(_ stage: Stage, _ half: Int) -> Int {
    (max(stage.display.frames(milliseconds: 1000), stage.lead) + 2 * half - 1) / (2 * half)
  }

  func strongest(_ stage: Stage, cell: Int, contrast: Double) -> Tensor {
    grating(stage, width: widths(stage.display).last ?? 1, phase: 45, contrast: contrast)
      .movie(height: stage.display.height, width: stage.display.width)
  }

  func measure(_ session: Session, contrast: Double) -> Measurement {
    let (stage, display) = (session.stage, session.display)
    let widths = widths(display)
    let half = display.frames(milliseconds: 250)
    let first = stage.lead + 2 * half * settling(stage, half)
    let shown = widths.map { width in
      FrequencyDoubling.phases.map { phase in
        session.show(
          grating(stage, width: width, phase: phase, contrast: contrast)
            .movie(height: display.height, width: display.width))
      }
    }
    var ratios = [[Double]](repeating: [], count: widths.count)
    let scores = session.cells.map { cell -> Double? in
      var best: Double?
      for place in widths.indices {
        let traces = shown[place].map { $0.trace(cell, first..<first + 8 * half) }
        let change = traces.map { ($0.max() ?? 0) - ($0.min() ?? 0) }.max() ?? 0
        guard stage.isResponse(change, cell: cell) else { continue }
        let cycle = 1 / Double(2 * half)
        let f1 = traces.reduce(0) { $0 + amplitude($1, cyclesPerSample: cycle) }
        let f2 = traces.reduce(0) { $0 + amplitude($1, cyclesPerSample: 2 * cycle) }
        let ratio = f2 / max(f1, 1e-3 * f2, .leastNormalMagnitude)
        ratios[place].append(ratio)
        best = max(best ?? 0, ratio)
      }
      return best
    }
    let answered = widths.indices.filter { !ratios[$0].isEmpty }
    return Measurement(
      stimulus: "square gratings of contrast \(short(contrast)) that reverse every "
        + "\(short(display.milliseconds(frames: Double(half)))) ms, stripes of "
        + widths.map { short($0 * display.pixelSize) }.joined(separator: ", ") + " um, phases of "
        + FrequencyDoubling.phases.map(short).joined(separator: ", ") + " degrees",
      scores: scores,
      curves: [("F2 / F1", answered.map { widths[$0] * display.pixelSize }, answered.map { median(ratios[$0]) })])
  }
}
