import RetinaFiles
import RetinaModel

/// What a look at a recording shows before anything is fitted: rates of cells, and what is suspicious.
public struct RecordingDiagnosis: Sendable {
  /// One cell.
  public struct CellFacts: Sendable, Equatable {
    /// The name.
    public var name: String
    /// Spikes in the frames that are used.
    public var spikes: Double
    /// Spikes per second.
    public var rate: Double
    /// Frames from the pixel that matters most to the response, by the spike-triggered average.
    public var peakLag: Int?
    /// The score of that pixel; above 6 it is hardly chance, for a white stimulus.
    public var peakScore: Double?
  }

  /// Something that should be looked at.
  public struct Warning: Sendable, Equatable {
    /// What it is about.
    public enum Kind: String, Sendable, CaseIterable {
      case silentCell = "silent-cell"
      case drift
      case lag
      case clockSlip = "clock-slip"
      case spikesOutside = "spikes-outside"
      case shortBlock = "short-block"
    }

    /// What it is about.
    public var kind: Kind
    /// What was seen, in one line.
    public var text: String
  }

  /// The cells, in order.
  public var cells: [CellFacts]
  /// What is suspicious.
  public var warnings: [Warning]
  /// The lag, in frames, at which cells see most; nothing when no cell has a clear spike-triggered average.
  public var peakLag: Int?

  /// Lags before the response at which the stimulus is looked at, and after it, where nothing should be.
  static let lagsBefore = 25
  static let lagsAfter = 5
  /// A spike-triggered average is clear above this score.
  static let clearScore: Float = 6
  /// Bins of each cell that are looked at.
  static let limit = 3000

  /// Looks at a recording, for models that see `history` frames.
  ///
  /// - Throws: ``FileError`` when the stimulus cannot be made or is constant.
  public init(_ recording: Recording, history: Int) throws(FileError) {
    try recording.check()
    var warnings: [Warning] = []
    let used = recording.usedFrames(window: 0)
    let frames = used.indices.filter { used[$0] }
    let movie = try recording.stimulus.movie()
    let set = TrainingSet(
      stimulus: try recording.appliedNormalization(movie).apply(to: movie), frameCount: recording.frameCount,
      height: recording.stimulus.height, width: recording.stimulus.width,
      responses: recording.responses.map { $0 * recording.spikesPerFrame }, cellCount: recording.cells.count)
    let middle = frames.count / 2
    let stretch = { (part: ArraySlice<Int>) in Stretch(part, of: set) }
    let (whole, halves) = (stretch(frames[...]), [frames[..<middle], frames[middle...]].map(stretch))
    let averages = (0..<set.cellCount).map {
      RecordingDiagnosis.averages(recording, set, cell: $0, whole: whole, halves: halves)
    }
    cells = recording.cells.enumerated().map { index, cell in
      let responses = frames.map { set.responses[$0 * set.cellCount + index] }.filter { !$0.isNaN }
      let spikes = responses.reduce(0) { $0 + Double($1) }
      let peak = averages[index].map { $0.whole }
      return CellFacts(
        name: cell.name, spikes: spikes,
        rate: spikes / Double(max(1, responses.count)) * recording.frameRate, peakLag: peak?.lag,
        peakScore: peak.map { Double($0.score.magnitude) })
    }
    let silent = cells.filter { $0.spikes == 0 }.map { $0.name }
    if !silent.isEmpty {
      warnings.append(.init(kind: .silentCell, text: "no spikes at all: \(RecordingDiagnosis.list(silent))"))
    }
    warnings += RecordingDiagnosis.drift(recording, set, frames)
    let clear = averages.compactMap { $0 }.filter { $0.whole.score.magnitude > RecordingDiagnosis.clearScore }
    peakLag = clear.isEmpty ? nil : RecordingDiagnosis.median(clear.map { $0.whole.lag })
    warnings += RecordingDiagnosis.lag(recording, peakLag, history: history)
    warnings += RecordingDiagnosis.clock(recording, clear)
    if recording.droppedSpikes > 0 {
      warnings.append(
        .init(kind: .spikesOutside, text: "\(recording.droppedSpikes) spikes while no frame was shown were left out"))
    }
    let needed = history + (recording.lag ?? 0)
    let short = recording.statedBlocks.filter { $0.frames.count < needed }
    if !short.isEmpty {
      let shortest = short.map { $0.frames.count }.min() ?? 0
      warnings.append(
        .init(
          kind: .shortBlock,
          text:
            "\(short.count) of \(recording.statedBlocks.count) blocks have fewer than \(needed) frames, a history of "
            + "\(history) and the lag (shortest: \(shortest)): no response in them can be used"))
    }
    self.warnings = warnings
  }

  // MARK: - Reverse correlation

  private typealias Peak = (lag: Int, pixel: Int, score: Float)

  /// Frames with their mean, which all cells share.
  private struct Stretch {
    let frames: [Range<Int>]
    let mean: [Float]

    init(_ frames: ArraySlice<Int>, of set: TrainingSet) {
      self.frames = frames.map { $0..<$0 + 1 }
      mean = SpikeTriggeredAverage.meanFrame(of: set, in: self.frames)
    }
  }

  /// The peaks of a cell's spike-triggered average in all frames, and of each half of them at the same pixel; nothing for a
  /// silent cell.
  private static func averages(
    _ recording: Recording, _ set: TrainingSet, cell: Int, whole: Stretch, halves: [Stretch]
  ) -> (whole: Peak, halves: [Peak])? {
    guard whole.frames.joined().contains(where: { set.responses[$0 * set.cellCount + cell] > 0 }) else { return nil }
    let lags = -lagsAfter..<lagsBefore
    let cutOut: CutOut
    if let centre = recording.cells[cell].centre, centre.column.magnitude < 1e6, centre.row.magnitude < 1e6 {
      cutOut = CutOut(
        row: Int(centre.row), column: Int(centre.column), radius: Baseline.radius, height: set.height,
        width: set.width)
    } else {
      cutOut = CutOut(height: set.height, width: set.width)
    }
    func average(_ part: Stretch) -> SpikeTriggeredAverage {
      // A large frame takes long, and a clear average needs few spikes.
      let most = max(200, min(limit, 4_000_000 / cutOut.count))
      return SpikeTriggeredAverage(
        of: set, cell: cell, lags: lags, cutOut: cutOut, frames: part.frames, limit: most, meanFrame: part.mean)
    }
    let all = average(whole).peak
    let parts = halves.map { part in
      let scores = average(part).scores
      let lag = (0..<lags.count).max {
        scores[$0 * cutOut.count + all.pixel].magnitude < scores[$1 * cutOut.count + all.pixel].magnitude
      }
      return (lags.lowerBound + (lag ?? 0), all.pixel, scores[(lag ?? 0) * cutOut.count + all.pixel])
    }
    return (all, parts)
  }

  private static func lag(_ recording: Recording, _ peak: Int?, history: Int) -> [Warning] {
    guard let peak else {
      return [
        .init(
          kind: .lag,
          text: "no cell has a clear spike-triggered average: stimulus and responses may not belong together")
      ]
    }
    if peak < 0 {
      return [.init(kind: .lag, text: "responses come \(-peak) frames before what they respond to: shifted in time")]
    }
    guard let lag = recording.lag else {
      return [
        .init(kind: .lag, text: "no lag is stated; cells see most \(peak) frames before the response")
      ]
    }
    guard (lag..<lag + history).contains(peak) else {
      return [
        .init(
          kind: .lag,
          text:
            "cells see most \(peak) frames before the response, outside the frames \(lag) to \(lag + history - 1) that "
            + "a lag of \(lag) and a history of \(history) leave")
      ]
    }
    return []
  }

  // MARK: - Time

  /// Frame times with slips, and cells whose lag is another in the second half than in the first.
  private static func clock(_ recording: Recording, _ clear: [(whole: Peak, halves: [Peak])]) -> [Warning] {
    var warnings: [Warning] = []
    if let clock = recording.frameTimes.flatMap({ FrameClock($0) }) {
      let starts = Set(recording.statedBlocks.map { $0.frames.lowerBound })
      let slips = clock.slips.filter { !starts.contains($0 + 1) }
      if !slips.isEmpty {
        warnings.append(
          .init(
            kind: .clockSlip,
            text: "\(slips.count) intervals between frames are off by more than half a frame, after frame "
              + list(slips.map(String.init))))
      }
    }
    let both = clear.filter { $0.halves.allSatisfy { $0.score.magnitude > clearScore } }
    if both.count > 0 {
      let shift = median(both.map { $0.halves[1].lag - $0.halves[0].lag })
      if shift != 0 {
        warnings.append(
          .init(
            kind: .clockSlip,
            text:
              "in the second half cells see most \(shift.magnitude) frames \(shift > 0 ? "earlier" : "later") before "
              + "the response than in the first: a clock slipped"))
      }
    }
    return warnings
  }

  /// Cells whose rate in the last fifth is more than twice or less than half of that in the first.
  private static func drift(_ recording: Recording, _ set: TrainingSet, _ frames: [Int]) -> [Warning] {
    let fifth = frames.count / 5
    guard fifth > 0 else { return [] }
    let names = recording.cells.enumerated().compactMap { index, cell -> String? in
      func spikes(_ part: ArraySlice<Int>) -> Double {
        part.reduce(0) { sum, frame in
          let response = Double(set.responses[frame * set.cellCount + index])
          return response.isNaN ? sum : sum + response
        }
      }
      let (first, last) = (spikes(frames.prefix(fifth)), spikes(frames.suffix(fifth)))
      // Four deviations of the difference of two Poisson counts.
      let isClear = (last - first).magnitude > 4 * (first + last).squareRoot()
      return isClear && max(first, last) > 2 * min(first, last) ? cell.name : nil
    }
    guard !names.isEmpty else { return [] }
    return [
      .init(
        kind: .drift,
        text: "the rate of the last fifth is more than twice or less than half of that of the first: \(list(names))")
    ]
  }

  private static func median(_ values: [Int]) -> Int { values.sorted()[values.count / 2] }

  private static func list(_ names: [String]) -> String {
    names.prefix(10).joined(separator: ", ") + (names.count > 10 ? " and \(names.count - 10) more" : "")
  }
}
