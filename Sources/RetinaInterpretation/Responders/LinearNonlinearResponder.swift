import RetinaEngine
import RetinaFiles
import RetinaFit
import RetinaModel

/// A linear-nonlinear model of every cell as a responder: what a cell would do if a filter and a threshold were all.
public struct LinearNonlinearResponder: Responder {
  /// What it is called.
  public let name: String
  /// Rows and columns of its frames.
  public let extent: (height: Int, width: Int)
  /// The cells, in the order of the rates.
  public let cells: [Cell]
  /// Unit of the rates.
  public let unit: String
  /// The fitted models, one per cell.
  public let models: [LinearNonlinear]
  private let set: TrainingSet

  /// Fits every cell of a set on some frames; filters see `lags` and 17 x 17 pixels around the cell, and are followed by a soft
  /// threshold, which goes on where the training had no such drive.
  public init(
    fitting set: TrainingSet, cells: [Cell], lags: Range<Int>, frames: [Range<Int>], name: String, unit: String,
    threads: Int
  ) {
    models = Parallel.map(cells.count, threads: threads) { cell in
      let cutOut: CutOut
      if let centre = cells[cell].centre {
        cutOut = CutOut(
          row: Int(centre.row), column: Int(centre.column), radius: 8, height: set.height, width: set.width)
      } else {
        cutOut = CutOut(height: set.height, width: set.width)
      }
      return LinearNonlinear(set, cell: cell, cutOut: cutOut, lags: lags, frames: frames, form: .softplus)
    }
    (self.name, self.unit, self.cells) = (name, unit, cells)
    extent = (set.height, set.width)
    var empty = set
    (empty.stimulus, empty.responses) = ([], [])
    self.set = empty
  }

  /// Fits the cells of a model to a recording, on the bins before its held-out fifth, with the history and lag of the model.
  ///
  /// - Throws: ``FileError`` when the recording lacks cells of the model, or shows frames of another size or rate.
  public init(cellsOf responder: ModelResponder, in recording: Recording, threads: Int) throws(FileError) {
    let facts = responder.model.facts
    guard recording.stimulus.height == responder.extent.height, recording.stimulus.width == responder.extent.width
    else {
      throw FileError(
        file: recording.file, place: "stimulus",
        expected: "frames of \(responder.extent.height) x \(responder.extent.width), as the model sees",
        found: "\(recording.stimulus.height) x \(recording.stimulus.width)")
    }
    let recording = try recording.selecting(responder.cells.map { $0.name })
    let history = responder.reach - facts.lag
    let split = try TimeSplit(recording, history: history, lag: facts.lag)
    self.init(
      fitting: try TrainingSet(recording, history: history, lag: facts.lag), cells: responder.cells,
      lags: facts.lag..<responder.reach, frames: split.train + split.validation,
      name: "linear-nonlinear models fitted to \(FileSystem.name(of: recording.file))", unit: "spikes/bin",
      threads: threads)
  }

  /// Frames before a response that it may depend on.
  public var reach: Int { models.first?.lags.upperBound ?? 1 }

  /// Rates `[frame, cell]` for a movie `[time, height, width]` of contrasts.
  public func rates(_ movie: Tensor) -> [Float] {
    let columns = models.map { $0.rates(set.normalization.apply(to: movie), of: set) }
    return (0..<movie.shape[0]).flatMap { frame in columns.map { $0[frame] } }
  }
}
