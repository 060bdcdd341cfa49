import RetinaModel
import RetinaStimuli

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A bar is answered in one direction more than in others.
struct DirectionSelectivity: Phenomenon {
  let description = PhenomenonDescription(
    name: "direction-selectivity", title: "Direction selectivity",
    definition:
      "length of the sum of eight unit vectors, each weighted by the peak above grey for a bar in its direction, over the sum of the "
      + "weights",
    unit: "", criterion: 0.3, null: .linearNonlinear,
    source:
      "Barlow and Levick, Journal of Physiology 178, 477 (1965); index as in Taylor and Vaney, Journal of Neuroscience 22, 7712 (2002)",
    axes: ("direction from the preferred one (degrees)", "mean peak (of range)"))

  private static let directions = (0..<8).map { 45.0 * Double($0) }
  private static let width = 250.0
  private static let speed = 0.88

  private func bar(_ stage: Stage, direction: Double, sign: Double, contrast: Double) -> MovingBar {
    let display = stage.display
    var bar = MovingBar()
    (bar.barWidth, bar.contrast, bar.direction) = (
      display.pixels(micrometres: DirectionSelectivity.width), sign * contrast, direction
    )
    bar.velocity = display.pixelsPerFrame(DirectionSelectivity.speed)
    // The diagonal, so that every direction takes as long.
    let diagonal = Double(display.width * display.width + display.height * display.height).squareRoot()
    bar.start = -(diagonal + bar.barWidth) / 2 - bar.velocity * Double(stage.lead)
    bar.durationFrames =
      stage.lead + Int(((diagonal + bar.barWidth) / bar.velocity).rounded(.up)) + display.frames(milliseconds: 300)
    return bar
  }

  func strongest(_ stage: Stage, cell: Int, contrast: Double) -> Tensor {
    bar(stage, direction: 0, sign: -1, contrast: contrast)
      .movie(height: stage.display.height, width: stage.display.width)
  }

  func measure(_ session: Session, contrast: Double) -> Measurement {
    let (stage, display) = (session.stage, session.display)
    let shown = [-1.0, 1].map { sign in
      DirectionSelectivity.directions.map { direction in
        let bar = bar(stage, direction: direction, sign: sign, contrast: contrast)
        return session.show(bar.movie(height: display.height, width: display.width))
      }
    }
    var tuning = [Double](repeating: 0, count: 9)
    var count = 0.0
    let scores = session.cells.map { cell -> Double? in
      let peaks = shown.map { directions in
        directions.map { responses in
          let trace = responses.trace(cell, stage.lead - 1..<responses.frames)
          return max(0, (trace.max() ?? 0) - trace[0])
        }
      }
      let best = (peaks[0].max() ?? 0) > (peaks[1].max() ?? 0) ? peaks[0] : peaks[1]
      guard let largest = best.max(), stage.isResponse(largest, cell: cell),
        let preferred = best.firstIndex(of: largest)
      else { return nil }
      var (x, y) = (0.0, 0.0)
      for (direction, peak) in zip(DirectionSelectivity.directions, best) {
        x += peak * cos(direction * .pi / 180)
        y += peak * sin(direction * .pi / 180)
      }
      for step in 0...8 { tuning[step] += best[(preferred + step + 4) % 8] / stage.range[cell] }
      count += 1
      return (x * x + y * y).squareRoot() / best.reduce(0, +)
    }
    return Measurement(
      stimulus:
        "bars of \(short(DirectionSelectivity.width)) um and contrast \(short(contrast)), dark or bright (whichever drives a cell "
        + "more), in eight directions at \(DirectionSelectivity.speed) mm/s",
      scores: scores,
      curves: count > 0 ? [("peak", (0...8).map { 45 * Double($0) - 180 }, tuning.map { $0 / count })] : [])
  }
}
