import RetinaModel
import RetinaStimuli

/// The response to a moving bar leads that to a flashed one: the retina makes up for its own latency.
struct MotionAnticipation: Phenomenon {
  let description = PhenomenonDescription(
    name: "motion-anticipation", title: "Motion anticipation",
    definition:
      "1 - lag / latency, with the time by which the moving bar's peak comes after the bar crosses the receptive field "
      + "(mean of both directions) and the latency of the peak after a flashed bar",
    unit: "", criterion: 0.25, null: .linearNonlinear,
    source: "Berry, Brivanlou, Jordan and Meister, Nature 398, 334 (1999): dark bar of 133 um, 0.44 mm/s",
    axes: ("distance of the bar from the receptive field (um)", "mean rate (of range)"))

  private static let width = 133.0
  private static let speed = 0.44
  /// Milliseconds for which a bar is flashed.
  private static let flash = 67.0

  private func moving(_ stage: Stage, direction: Double, contrast: Double) -> MovingBar {
    let display = stage.display
    var bar = MovingBar()
    (bar.barWidth, bar.contrast, bar.direction) = (
      display.pixels(micrometres: MotionAnticipation.width), contrast, direction
    )
    bar.velocity = display.pixelsPerFrame(MotionAnticipation.speed)
    bar.start = -(Double(display.width) + bar.barWidth) / 2 - bar.velocity * Double(stage.lead)
    // Until the bar has left, and its last response is over.
    let way = (Double(display.width) + bar.barWidth) / 2 - bar.start
    bar.durationFrames = Int((way / bar.velocity).rounded(.up)) + display.frames(milliseconds: 400)
    return bar
  }

  private func flashed(_ stage: Stage, position: Double, contrast: Double) -> Tensor {
    var bar = moving(stage, direction: 0, contrast: contrast)
    (bar.start, bar.velocity, bar.durationFrames) = (
      position, 0, stage.display.frames(milliseconds: MotionAnticipation.flash)
    )
    return bar.movie(height: stage.display.height, width: stage.display.width)
      .padded(before: stage.lead, after: stage.display.frames(milliseconds: 400))
  }

  func strongest(_ stage: Stage, cell: Int, contrast: Double) -> Tensor {
    moving(stage, direction: 0, contrast: contrast).movie(height: stage.display.height, width: stage.display.width)
  }

  func measure(_ session: Session, contrast: Double) -> Measurement {
    let display = session.display
    let step = max(1, display.pixels(micrometres: 100))
    let half = Double(display.width) / 2
    let positions = Array(stride(from: -half + step / 2, to: half, by: step))
    let signs = [-contrast, contrast].map { Sign(session, self, positions, contrast: $0) }
    var chosen: [Int] = []
    let scores = session.cells.map { cell -> Double? in
      // By flashes: gain control can leave the bar that a cell prefers less than the rebound after the other.
      let sign = signs[0].flashed(cell) > signs[1].flashed(cell) ? 0 : 1
      chosen.append(sign)
      return signs[sign].score(cell)
    }
    return Measurement(
      stimulus:
        "bar of \(short(MotionAnticipation.width)) um and contrast \(short(contrast)), dark or bright (whichever drives a cell more "
        + "when flashed), moving right and left at "
        + "\(MotionAnticipation.speed) mm/s, or flashed for "
        + "\(short(display.milliseconds(frames: Double(display.frames(milliseconds: MotionAnticipation.flash))))) ms every "
        + "\(short(step * display.pixelSize)) um",
      scores: scores, curves: curves(session, signs, chosen, scores))
  }

  /// Rates over the distance of the bar from each cell: of the bar moving to the right as it passes, and the peak of flashes.
  private func curves(
    _ session: Session, _ signs: [Sign], _ chosen: [Int], _ scores: [Double?]
  ) -> [(name: String, x: [Double], y: [Double])] {
    let kept = scores.indices.filter { scores[$0] != nil }
    let x = Array(stride(from: -400.0, through: 400, by: 25))
    var (moving, flashed) = ([Double](repeating: 0, count: x.count), [Double](repeating: 0, count: x.count))
    for cell in kept {
      let part = 1 / (session.stage.range[cell] * Double(kept.count))
      for (place, distance) in x.enumerated() {
        let position = session.stage.places[cell].column + session.display.pixels(micrometres: distance)
        moving[place] += part * signs[chosen[cell]].moving(cell, at: position)
        flashed[place] += part * signs[chosen[cell]].flashed(cell, at: position)
      }
    }
    return kept.isEmpty ? [] : [("moving right", x, moving), ("flashed, largest rate", x, flashed)]
  }

  /// What bars of one contrast gave.
  private struct Sign {
    let stage: Stage
    /// To the right and to the left.
    let bars: [MovingBar]
    let crossings: [Responses]
    /// Where bars were flashed, in pixels from the centre of the image.
    let positions: [Double]
    let flashes: [Responses]
    let window: Range<Int>

    init(_ session: Session, _ phenomenon: MotionAnticipation, _ positions: [Double], contrast: Double) {
      let display = session.display
      stage = session.stage
      bars = [0.0, 180].map { phenomenon.moving(session.stage, direction: $0, contrast: contrast) }
      crossings = bars.map { session.show($0.movie(height: display.height, width: display.width)) }
      self.positions = positions
      flashes = positions.map { session.show(phenomenon.flashed(session.stage, position: $0, contrast: contrast)) }
      window = stage.lead..<stage.lead + display.frames(milliseconds: 400)
    }

    private func nearest(_ position: Double) -> Int? {
      positions.indices.min { (positions[$0] - position).magnitude < (positions[$1] - position).magnitude }
    }

    /// The largest rate of a cell after a bar was flashed on it.
    func flashed(_ cell: Int) -> Double { flashed(cell, at: stage.places[cell].column) }

    func score(_ cell: Int) -> Double? {
      guard let latency = latency(cell), let right = place(cell, 0), let left = place(cell, 1) else { return nil }
      // Along its direction the bar is at +x or -x: the place of the receptive field cancels.
      return 1 - (right + left) / 2 / bars[0].velocity / latency
    }

    /// Frames from a flash at the cell to the peak.
    private func latency(_ cell: Int) -> Double? {
      guard let near = nearest(stage.places[cell].column), let top = peak(flashes[near].trace(cell, window)),
        let grey = flashes[near].trace(cell, stage.lead - 1..<stage.lead).first,
        stage.isResponse(top.value - grey, cell: cell), top.place > 0
      else { return nil }
      return top.place
    }

    /// Where the bar is, along its direction, when the rate is largest.
    private func place(_ cell: Int, _ direction: Int) -> Double? {
      let trace = crossings[direction].trace(cell, stage.lead..<bars[direction].durationFrames)
      guard let top = peak(trace), stage.isResponse(top.value - trace[0], cell: cell) else { return nil }
      return bars[direction].start + bars[direction].velocity * (Double(stage.lead) + top.place)
    }

    /// The rate when the bar moving to the right is at a place.
    func moving(_ cell: Int, at position: Double) -> Double {
      let frame = Int(((position - bars[0].start) / bars[0].velocity).rounded())
      return crossings[0].trace(cell, frame..<frame + 1).first ?? .nan
    }

    /// The largest rate after a bar was flashed near a place.
    func flashed(_ cell: Int, at position: Double) -> Double {
      nearest(position).flatMap { flashes[$0].trace(cell, window).max() } ?? .nan
    }
  }
}
