import RetinaFiles
import RetinaFit
import RetinaModel
import RetinaProbe

/// Spike-triggered averages of recorded cells, over the window that a model sees, from the bins that a fit may use.
struct TriggeredFields {
  private let set: TrainingSet
  private let frames: [Range<Int>]
  private let lags: Range<Int>

  /// Takes what is needed from a recording; nothing when it does not have the cells of the model.
  ///
  /// - Parameter recording: with the cells of the model, in its order.
  init?(_ recording: Recording, model: Model) throws(FileError) {
    guard let history = model.history, recording.cells.count == model.cells else { return nil }
    let lag = model.facts.lag
    set = try TrainingSet(recording, history: history, lag: lag)
    frames = try TimeSplit(recording, history: history, lag: lag).train
    lags = lag..<lag + history
  }

  /// The average of one cell in z-scores, the oldest frame first.
  func field(ofCell cell: Int) -> ReceptiveField? {
    let whole = CutOut(height: set.height, width: set.width)
    let average = SpikeTriggeredAverage(of: set, cell: cell, lags: lags, cutOut: whole, frames: frames)
    let oldestFirst = lags.reversed().flatMap { lag in
      average.scores[(lag - lags.lowerBound) * whole.count..<(lag - lags.lowerBound + 1) * whole.count]
    }
    return ReceptiveField(oldestFirst, shape: Shape(lags.count, set.height, set.width))
  }
}
