import RetinaModel
import RetinaStimuli

/// At times a cell turns round: what drives it on average now silences it.
struct PolarityReversal: Phenomenon {
  let description = PhenomenonDescription(
    name: "polarity-reversal", title: "Polarity reversal",
    definition:
      "part of the times at which a little of the cell's own mean filter, added to the scene, lowers its rate, of all times "
      + "at which it changes it",
    unit: "", criterion: 0.05, null: .linearNonlinear,
    source: "Geffen, de Vries and Meister, PLoS Biology 5, e65 (2007); score as in torch-deep-retina, by differences",
    axes: ("cells, sorted", "part of the times that are reversed"))

  /// Deviations of the filter's output under white noise of contrast 1 that are added.
  private static let strength = 0.3
  /// A smaller change of the rate, as a part of the range, has no sign.
  private static let least = 0.005

  private func scene(_ stage: Stage, contrast: Double, seconds: Double) -> Tensor {
    let display = stage.display
    var leaves = DeadLeaves()
    leaves.viewing.durationFrames = max(stage.lead + 1, display.frames(milliseconds: seconds * 1000))
    leaves.viewing.imageFrames = display.frames(milliseconds: 700)
    (leaves.smallestRadius, leaves.largestRadius) = (
      max(0.5, display.pixels(micrometres: 75)), max(1, display.pixels(micrometres: 1600))
    )
    (leaves.contrast, leaves.viewing.seed) = (contrast, 5)
    leaves.viewing.driftStep = display.pixels(micrometres: 120) / Double(display.frameRate).squareRoot()
    return leaves.movie(height: display.height, width: display.width)
  }

  func strongest(_ stage: Stage, cell: Int, contrast: Double) -> Tensor { scene(stage, contrast: contrast, seconds: 8) }

  func measure(_ session: Session, contrast: Double) -> Measurement {
    let (stage, display) = (session.stage, session.display)
    let movie = scene(stage, contrast: contrast, seconds: 40)
    let before = session.show(movie)
    // Far enough apart that one addition is over when the next begins.
    let length = stage.twin.reach
    let times = Array(stride(from: stage.lead + length, to: movie.shape[0], by: length + 2))
    let scores = session.cells.map { cell -> Double? in
      let filter = stage.twin.models[cell]
      let norm = filter.temporal.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard norm > 0 else { return nil }
      var changed = movie
      for time in times {
        for (place, lag) in filter.lags.enumerated() {
          for (row, y) in filter.cutOut.rows.enumerated() {
            for (column, x) in filter.cutOut.columns.enumerated() {
              let weight = filter.temporal[place] / norm * filter.spatial[row * filter.cutOut.columns.count + column]
              changed.values[((time - lag) * display.height + y) * display.width + x] +=
                Float(PolarityReversal.strength) * weight
            }
          }
        }
      }
      let after = session.responder.rates(changed)
      var (up, down) = (0, 0)
      for time in times {
        let change = Double(after[time * session.cells.count + cell]) - before.trace(cell, time..<time + 1)[0]
        guard change.magnitude > PolarityReversal.least * stage.range[cell] else { continue }
        if change > 0 { up += 1 } else { down += 1 }
      }
      return up + down < 10 ? nil : Double(down) / Double(up + down)
    }
    let sorted = scores.compactMap { $0 }.sorted()
    return Measurement(
      stimulus:
        "dead leaves of contrast \(short(contrast)) seen by a drifting eye, \(short(Double(movie.shape[0]) / display.frameRate)) s, "
        + "a new scene every \(short(display.milliseconds(frames: Double(display.frames(milliseconds: 700))))) ms; "
        + "\(times.count) times tested",
      scores: scores, curves: [("reversed", sorted.indices.map { Double($0 + 1) }, sorted)])
  }
}
