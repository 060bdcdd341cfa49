import RetinaModel
import RetinaStimuli

/// A patch that moves against its background is answered, the same motion of the whole image is not.
struct ObjectMotionSensitivity: Phenomenon {
  let description = PhenomenonDescription(
    name: "object-motion", title: "Object motion sensitivity",
    definition:
      "1 - global / differential, with the mean rates above grey while patch and background jitter together and apart",
    unit: "", criterion: 0.2, null: .linearNonlinear,
    source: "Olveczky, Baccus and Meister, Nature 423, 401 (2003); sizes and durations as in torch-deep-retina",
    axes: ("time from the onset (ms)", "mean rate (of range)"))

  /// Walks that are shown; each is the background of another, too, so that all motions are alike but for what moves with what.
  private static let walks = 3

  /// One walk, with bright and dark stripes as they are or exchanged.
  private struct Showing {
    var walk: Int
    /// 1 or -1: over both, what is linear in contrast leaves no mean.
    var sign: Double
    /// 0 or half a cycle: over both, neither does the product of what a linear cell sees of patch and background.
    var patchPhase: Double

    static let all = (0..<walks).flatMap { walk in
      [0, 0.5].flatMap { phase in [1, -1].map { Showing(walk: walk, sign: $0, patchPhase: phase) } }
    }
  }

  private func movie(
    _ stage: Stage, _ motion: ObjectMotion.Motion, place: (column: Double, row: Double), _ showing: Showing,
    contrast: Double, milliseconds: Double
  ) -> Tensor {
    let display = stage.display
    var movie = ObjectMotion()
    (movie.preFrames, movie.postFrames) = (stage.lead, 0)
    movie.durationFrames = display.frames(milliseconds: milliseconds)
    (movie.column, movie.row) = place
    movie.radius = display.pixels(micrometres: 400)
    movie.spatialPeriod = max(2, display.pixels(micrometres: 200))
    (movie.objectStep, movie.backgroundStep) = (step(display), step(display))
    (movie.motion, movie.contrast, movie.objectPhase) = (motion, showing.sign * contrast, showing.patchPhase)
    (movie.seed, movie.backgroundSeed) = (20 + showing.walk, 20 + (showing.walk + 1) % ObjectMotionSensitivity.walks)
    return movie.movie(height: display.height, width: display.width)
  }

  /// A walk of 150 um after a second.
  private func step(_ display: Display) -> Double {
    display.pixels(micrometres: 150) / display.frameRate.squareRoot()
  }

  /// Elsewhere the patch is a background, which cells with this sensitivity do not answer.
  let isPlacedOnCells = true
  let drive = Drive.threshold

  func strongest(_ stage: Stage, cell: Int, contrast: Double) -> Tensor {
    movie(
      stage, .differential, place: stage.places[cell], Showing.all[0], contrast: contrast, milliseconds: 2000)
  }

  func measure(_ session: Session, contrast: Double) -> Measurement {
    let (stage, display) = (session.stage, session.display)
    let settled = stage.lead + stage.twin.reach
    let motions = [ObjectMotion.Motion.global, .differential]
    @Sendable func show(
      _ motion: ObjectMotion.Motion, place: (column: Double, row: Double), _ showing: Showing
    ) -> Responses {
      session.show(movie(stage, motion, place: place, showing, contrast: contrast, milliseconds: 5000))
    }
    // Global motion looks the same wherever the patch is, where that is not half a cycle ahead.
    let shared = Showing.all.map { $0.patchPhase == 0 ? show(.global, place: (0, 0), $0) : nil }
    // The score of each cell, with its rates under the first showing of each motion, for the picture.
    let found = session.forEachCell { cell -> (score: Double, traces: [[Double]])? in
      let traces = motions.map { motion in
        zip(Showing.all, shared).map { showing, shared in
          let shown = (motion == .global ? shared : nil) ?? show(motion, place: stage.places[cell], showing)
          return shown.trace(cell, 0..<shown.frames)
        }
      }
      let grey = traces[0][0][stage.lead - 1]
      let rates = traces.map { mean($0.flatMap { $0.dropFirst(settled) }) - grey }
      let change = traces.joined().map { $0.dropFirst(settled).max() ?? 0 }.max() ?? 0
      guard stage.isResponse(change - grey, cell: cell), rates[1] > 0 else { return nil }
      return (1 - max(rates[0], 0) / rates[1], traces.map { $0[0].map { $0 / stage.range[cell] } })
    }
    let frames = stage.lead - 2..<stage.lead + display.frames(milliseconds: 3000)
    let answered = found.compactMap { $0?.traces }
    let curves =
      answered.isEmpty
      ? []
      : ["global", "differential"].enumerated().map { kind, name in
        (
          name: name, x: frames.map { display.milliseconds(frames: Double($0 - stage.lead)) },
          y: frames.map { frame in mean(answered.map { $0[kind][frame] }) }
        )
      }
    return Measurement(
      stimulus:
        "patch of 400 um radius on each cell before a background, square gratings of contrast \(short(contrast)) and stripes of "
        + "\(short(max(2, display.pixels(micrometres: 200)) / 2 * display.pixelSize)) um that jitter by "
        + "\(short(step(display) * display.pixelSize)) um a frame for 5 s, the patch alike in both, "
        + "\(ObjectMotionSensitivity.walks) walks, each with bright and dark exchanged in neither, either and both",
      scores: found.map { $0?.score }, curves: curves)
  }
}
