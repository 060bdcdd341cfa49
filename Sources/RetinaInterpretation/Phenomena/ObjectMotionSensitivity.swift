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

  /// Walks that are shown, each with bright and dark stripes exchanged, too: what is linear in contrast then leaves no mean.
  private static let walks: [(seed: Int, sign: Double)] = (0..<5).flatMap { [($0, 1), ($0, -1)] }

  private func motion(
    _ stage: Stage, _ motion: ObjectMotion.Motion, place: (column: Double, row: Double), seed: Int, contrast: Double
  ) -> ObjectMotion {
    let display = stage.display
    var movie = ObjectMotion()
    (movie.preFrames, movie.postFrames) = (stage.lead, 0)
    movie.durationFrames = display.frames(milliseconds: 5000)
    (movie.column, movie.row) = place
    movie.radius = display.pixels(micrometres: 400)
    movie.spatialPeriod = max(2, display.pixels(micrometres: 200))
    (movie.objectStep, movie.backgroundStep) = (step(display), step(display))
    (movie.motion, movie.contrast, movie.seed) = (motion, contrast, 20 + seed)
    return movie
  }

  /// A walk of 150 um after a second.
  private func step(_ display: Display) -> Double {
    display.pixels(micrometres: 150) / display.frameRate.squareRoot()
  }

  /// Elsewhere the patch is a background, which cells with this sensitivity do not answer.
  let isPlacedOnCells = true
  let drive = Drive.threshold

  func strongest(_ stage: Stage, cell: Int, contrast: Double) -> Tensor {
    var movie = motion(stage, .differential, place: stage.places[cell], seed: 0, contrast: contrast)
    movie.durationFrames = stage.display.frames(milliseconds: 2000)
    return movie.movie(height: stage.display.height, width: stage.display.width)
  }

  func measure(_ session: Session, contrast: Double) -> Measurement {
    let (stage, display) = (session.stage, session.display)
    let settled = stage.lead + stage.twin.reach
    var means = [[[Double]]](repeating: [], count: 2)
    let motions = [ObjectMotion.Motion.global, .differential]
    // Global motion looks the same wherever the patch is.
    let global = ObjectMotionSensitivity.walks.map {
      session.show(
        motion(stage, .global, place: (0, 0), seed: $0.seed, contrast: $0.sign * contrast)
          .movie(height: display.height, width: display.width))
    }
    let scores = session.cells.map { cell -> Double? in
      let traces = motions.map { kind in
        ObjectMotionSensitivity.walks.enumerated().map { place, walk in
          let shown =
            kind == .global
            ? global[place]
            : session.show(
              motion(stage, kind, place: stage.places[cell], seed: walk.seed, contrast: walk.sign * contrast)
                .movie(height: display.height, width: display.width))
          return shown.trace(cell, 0..<shown.frames)
        }
      }
      let grey = traces[0][0][stage.lead - 1]
      let rates = traces.map { mean($0.flatMap { $0.dropFirst(settled) }) - grey }
      let change = traces.joined().map { $0.dropFirst(settled).max() ?? 0 }.max() ?? 0
      guard stage.isResponse(change - grey, cell: cell), rates[1] > 0 else { return nil }
      for kind in 0..<2 { means[kind].append(traces[kind][0].map { $0 / stage.range[cell] }) }
      return 1 - max(rates[0], 0) / rates[1]
    }
    let frames = stage.lead - 2..<min(stage.lead + display.frames(milliseconds: 3000), global[0].frames)
    let curves =
      means[0].isEmpty
      ? []
      : zip(["global", "differential"], means).map { name, traces in
        (
          name: name, x: frames.map { display.milliseconds(frames: Double($0 - stage.lead)) },
          y: frames.map { frame in mean(traces.map { $0[frame] }) }
        )
      }
    return Measurement(
      stimulus:
        "patch of 400 um radius on each cell before a background, square gratings of contrast \(short(contrast)) and stripes of "
        + "\(short(max(2, display.pixels(micrometres: 200)) / 2 * display.pixelSize)) um that jitter by "
        + "\(short(step(display) * display.pixelSize)) um a frame for 5 s, the patch alike in both, "
        + "\(ObjectMotionSensitivity.walks.count / 2) walks, each with bright and dark exchanged, too",
      scores: scores, curves: curves)
  }
}
