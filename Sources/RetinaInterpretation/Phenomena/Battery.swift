import RetinaEngine
import RetinaModel
import Synchronization

/// Thirteen things that retinas do, shown to anything that turns a movie into rates.
public struct Battery: Sendable {
  /// Names of the phenomena to look for; all when nothing.
  public var names: [String]?
  /// The contrast of every stimulus; when nothing, it is chosen for each phenomenon.
  ///
  /// Then it is the lowest that takes cells through the range they have under white noise.
  public var contrast: Double?
  /// Threads to use.
  public var threads = 1

  /// Creates a battery of all phenomena.
  public init() {}

  static let phenomena: [any Phenomenon] = [
    OmittedStimulus(), LatencyCoding(), MotionAnticipation(), MotionReversal(), PolarityReversal(),
    FastContrastAdaptation(), ContrastGain(), SlowContrastStep(), FrequencyDoubling(), ObjectMotionSensitivity(),
    DirectionSelectivity(), PairedFlash(), ChirpResponse(),
  ]

  /// What can be looked for, in order.
  public static var descriptions: [PhenomenonDescription] { phenomena.map { $0.description } }

  private var chosen: [any Phenomenon] {
    Battery.phenomena.filter { phenomenon in names.map { $0.contains(phenomenon.description.name) } ?? true }
  }

  /// How often ``run(_:display:twin:progress:)`` reports progress.
  public var work: Int { 1 + 2 * chosen.count }

  /// Shows every phenomenon to a responder and to the linear-nonlinear models of its cells.
  ///
  /// - Parameters:
  ///   - twin: linear-nonlinear models of the same cells in the same order, such as those fitted to a recording; fitted to the
  ///     responder's own rates under white noise when nothing.
  ///   - progress: called with 1 for each of ``work``, from any thread.
  public func run(
    _ responder: any Responder, display: Display, twin: LinearNonlinearResponder? = nil,
    progress: ProgressHandler? = nil
  ) -> BatteryResult {
    let stage = Stage(responder, display: display, twin: twin, threads: threads)
    progress?(1)
    let chosen = chosen
    let measured = Mutex([Int: Part]())
    @Sendable func measure(_ place: Int, threads: Int) {
      let phenomenon = chosen[place]
      let contrast = contrast ?? stage.contrast(responder, of: phenomenon)
      let session = Session(responder, stage: stage, threads: threads)
      let own = phenomenon.measure(session, contrast: contrast)
      progress?(1)
      var null: Measurement?
      if phenomenon.description.null == .linearNonlinear {
        null = phenomenon.measure(Session(stage.twin, stage: stage, threads: threads), contrast: contrast)
      }
      progress?(1)
      let part = Part(own: own, null: null, beyondRange: session.beyondRange)
      measured.withLock { $0[place] = part }
    }
    // Threads share the phenomena, and then the cells of those with movies for each cell, which take longer than all others.
    let (shared, ofCells) = (
      chosen.indices.filter { !chosen[$0].isPlacedOnCells }, chosen.indices.filter { chosen[$0].isPlacedOnCells }
    )
    let next = Atomic<Int>(0)
    Parallel.split(threads, threads: threads) { _ in
      while true {
        let turn = next.add(1, ordering: .relaxed).oldValue
        guard turn < shared.count else { return }
        measure(shared[turn], threads: 1)
      }
    }
    for place in ofCells { measure(place, threads: threads) }
    let parts = measured.withLock { $0 }
    let results = chosen.enumerated().compactMap { place, phenomenon in
      parts[place].map { $0.result(phenomenon.description) }
    }
    return BatteryResult(
      responder: responder.name, cells: responder.cells.map { $0.name }, unit: responder.unit, null: stage.twin.name,
      display: display, results: results, remarks: [])
  }

  /// What one phenomenon came to in a responder and in the null.
  private struct Part: Sendable {
    var own: Measurement
    var null: Measurement?
    var beyondRange: Double

    func result(_ description: PhenomenonDescription) -> PhenomenonResult {
      func curves(_ measurement: Measurement?, isNull: Bool) -> [ResponseCurve] {
        (measurement?.curves ?? []).map { ResponseCurve(name: $0.name, isNull: isNull, x: $0.x, y: $0.y) }
      }
      return PhenomenonResult(
        description, stimulus: own.stimulus, scores: own.scores, nullScores: own.ownNull ?? null?.scores ?? [],
        beyondRange: beyondRange, curves: curves(own, isNull: false) + curves(null, isNull: true))
    }
  }
}
