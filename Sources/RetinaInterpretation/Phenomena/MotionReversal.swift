import RetinaModel
import RetinaStimuli

/// A bar that turns back is answered at a fixed time after the reversal, wherever the receptive field lies.
struct MotionReversal: Phenomenon {
  let description = PhenomenonDescription(
    name: "motion-reversal", title: "Motion reversal response",
    definition:
      "1 - slope of the time of the peak after the reversal against the time at which the bar comes back to the "
      + "receptive field: 1 for a response to the reversal, 0 for one to the bar",
    unit: "", criterion: 0.5, null: .linearNonlinear,
    source:
      "Schwartz, Taylor, Fisher, Harris and Berry, Neuron 55, 958 (2007); Chen et al., Journal of Neuroscience 33, 120 (2013)",
    axes: ("time from the reversal (ms)", "mean rate (of range)"))

  private static let width = 133.0
  private static let speed = 0.88
  /// How far the bar is past the receptive field when it turns, in micrometres.
  private static let distances = [100.0, 150, 200, 250, 300]

  private func bar(_ stage: Stage, turn: Double, contrast: Double) -> MovingBar {
    let display = stage.display
    var bar = MovingBar()
    (bar.barWidth, bar.contrast) = (display.pixels(micrometres: MotionReversal.width), -contrast)
    bar.velocity = display.pixelsPerFrame(MotionReversal.speed)
    bar.reversalFrame = stage.lead + display.frames(milliseconds: 600)
    bar.start = turn - bar.velocity * Double(bar.reversalFrame)
    bar.durationFrames = bar.reversalFrame + display.frames(milliseconds: 900)
    return bar
  }

  func strongest(_ stage: Stage, cell: Int, contrast: Double) -> Tensor {
    var bar = bar(stage, turn: Double(stage.display.width), contrast: contrast)
    bar.start = -(Double(stage.display.width) + bar.barWidth) / 2 - bar.velocity * Double(stage.lead)
    bar.durationFrames = stage.lead + Int((2 * Double(stage.display.width) / bar.velocity).rounded(.up))
    bar.reversalFrame = 0
    return bar.movie(height: stage.display.height, width: stage.display.width)
  }

  func measure(_ session: Session, contrast: Double) -> Measurement {
    let (stage, display) = (session.stage, session.display)
    let step = max(1, display.pixels(micrometres: 50))
    let limit = Double(display.width) / 2 + display.pixels(micrometres: 300)
    let turns = Array(stride(from: -limit, through: limit, by: step))
    let shown = turns.map { turn in
      let bar = bar(stage, turn: turn, contrast: contrast)
      return session.show(bar.movie(height: display.height, width: display.width))
    }
    let reversal = bar(stage, turn: 0, contrast: contrast).reversalFrame
    let velocity = display.pixelsPerFrame(MotionReversal.speed)
    let window = reversal..<reversal + display.frames(milliseconds: 800)
    /// The reversal nearest to a place past a cell.
    func turn(_ cell: Int, _ distance: Double) -> Int? {
      let position = stage.places[cell].column + display.pixels(micrometres: distance)
      let near = turns.indices.min { (turns[$0] - position).magnitude < (turns[$1] - position).magnitude }
      return near.flatMap { (turns[$0] - position).magnitude <= step ? $0 : nil }
    }
    let scores = session.cells.map { cell -> Double? in
      var (x, y) = ([Double](), [Double]())
      for distance in MotionReversal.distances {
        guard let turn = turn(cell, distance) else { continue }
        let trace = shown[turn].trace(cell, window)
        guard let top = peak(trace), let lowest = trace.min(), stage.isResponse(top.value - lowest, cell: cell) else {
          continue
        }
        x.append((turns[turn] - stage.places[cell].column) / velocity)
        y.append(top.place)
      }
      return x.count < 3 ? nil : slope(x, y).map { 1 - $0 }
    }
    let kept = scores.indices.filter { scores[$0] != nil }
    let curves = MotionReversal.distances.map { distance in
      let frames = reversal - display.frames(milliseconds: 400)..<window.upperBound
      var trace = [Double](repeating: 0, count: frames.count)
      for cell in kept {
        guard let turn = turn(cell, distance) else { continue }
        for (place, rate) in shown[turn].trace(cell, frames).enumerated() {
          trace[place] += rate / stage.range[cell] / Double(kept.count)
        }
      }
      return (
        name: "\(short(distance)) um past", x: frames.map { display.milliseconds(frames: Double($0 - reversal)) },
        y: trace
      )
    }
    return Measurement(
      stimulus:
        "dark bar of \(short(MotionReversal.width)) um and contrast \(short(-contrast)) at \(MotionReversal.speed) mm/s that "
        + "turns back \(MotionReversal.distances.map(short).joined(separator: ", ")) um past the receptive field",
      scores: scores, curves: kept.isEmpty ? [] : curves)
  }
}
