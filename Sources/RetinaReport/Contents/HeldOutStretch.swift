import RetinaFiles
import RetinaFit
import RetinaModel

/// The first frames of the held-out part of a recording: what was shown, and what each cell answered.
struct HeldOutStretch {
  /// `[time, height, width]`: the frames that the responses depend on.
  let movie: Tensor
  /// `[frame, cell]` in the unit of the model, NaN where there is no measurement.
  private let responses: [Float]
  private let cellCount: Int

  /// The name of the stimulus in a report.
  static let name = "held-out recording"
  /// Responses that are shown at most.
  static let length = 100

  /// Cuts the stretch out; nothing when the recording has no cell of the model's or no frame held out.
  ///
  /// - Parameter recording: with the cells of the model, in its order.
  init?(_ recording: Recording, model: Model) throws(FileError) {
    guard let history = model.history, recording.cells.count == model.cells else { return nil }
    let reach = history - 1 + model.facts.lag
    let split = try TimeSplit(recording, history: history, lag: model.facts.lag)
    guard let test = split.test.first(where: { $0.count > 1 && $0.lowerBound >= reach }) else { return nil }
    let frames = test.lowerBound..<min(test.upperBound, test.lowerBound + HeldOutStretch.length)
    let shown = frames.lowerBound - reach..<frames.upperBound - model.facts.lag
    guard let movie = try recording.stimulus.movie().frames(shown) else { return nil }
    self.movie = movie
    cellCount = recording.cells.count
    let isPerSecond = model.facts.responseUnit == "spikes/s"
    let factor = recording.spikesPerFrame * (isPerSecond ? Float(recording.frameRate) : 1)
    responses = recording.responses[frames.lowerBound * cellCount..<frames.upperBound * cellCount].map { $0 * factor }
  }

  /// The responses of one cell.
  func responses(ofCell cell: Int) -> [Float] {
    stride(from: cell, to: responses.count, by: cellCount).map { responses[$0] }
  }
}
