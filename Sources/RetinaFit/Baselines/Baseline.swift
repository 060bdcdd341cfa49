import RetinaEngine
import RetinaFiles
import Synchronization

/// A simple model that is fitted to the same bins, to be stood beside a network.
public enum Baseline: String, Sendable, CaseIterable {
  /// Linear-nonlinear, with a histogram as the nonlinearity.
  case ln
  /// Linear-nonlinear, with a soft rectification.
  case lnSoftplus = "ln-softplus"
  /// Linear-nonlinear, then four states of a synapse that adapts.
  case lnk = "linear-nonlinear-kinetic"
  /// Generalised linear model with the cell's own spike history, predicting one bin ahead.
  case glm
  /// Generalised linear model of the stimulus alone.
  case glmStimulus = "glm-stimulus"
  /// Generalised linear model with the spikes of the four nearest cells, too.
  case glmCoupled = "glm-coupled"
  /// Regression with the kernel of an infinitely wide random network, see ``KernelRates``.
  case nngp
  /// Regression with the kernel by which an infinitely wide network is trained.
  case ntk

  /// Pixels from the centre of a cut-out to its border.
  static let radius = 8
  /// Cells that are coupled.
  static let neighbours = 4
  /// Penalties among which the validation bins choose.
  static let penalties = [0.1, 0.03, 0.01, 0.003]

  /// Fits every cell and predicts the recording.
  ///
  /// Choices are made on the validation bins; the fit that counts is on training and validation bins together, because
  /// these models have no early stopping.
  ///
  /// - Parameter progress: called with 1 for each cell.
  public func predict(
    _ recording: Recording, _ set: TrainingSet, _ split: TimeSplit, lags: Range<Int>, threads: Int,
    progress: ProgressHandler? = nil
  ) throws(FileError) -> Prediction {
    let count = set.cellCount
    let test = try recording.repeats.map { repeats throws(FileError) in
      Repeats(
        stimulus: set.normalization.apply(to: try repeats.stimulus.movie()), frames: repeats.stimulus.frameCount,
        trials: RepeatedResponses(repeats, recording, []).byTrial)
    }
    let columns = Mutex([(rates: [Float], repeats: [Float]?)?](repeating: nil, count: count))
    Parallel.split(count, threads: threads) { cells in
      for cell in cells {
        let column = fit(cell, recording, set, split, lags, test)
        columns.withLock { $0[cell] = column }
        progress?(1)
      }
    }
    let fitted = columns.withLock { $0.compactMap { $0 } }
    let window = lags.upperBound - 1
    func table(_ columns: [[Float]], frames: Int) -> [Float] {
      (0..<frames).flatMap { frame in columns.map { frame < window ? .nan : $0[frame] } }
    }
    return Prediction(
      name: rawValue, rates: table(fitted.map { $0.rates }, frames: set.frameCount),
      repeatRates: test.map { table(fitted.compactMap { $0.repeats }, frames: $0.frames) })
  }

  /// A repeated stimulus, normalised, and the responses `[trial][frame * cell]`.
  private struct Repeats {
    var stimulus: [Float]
    var frames: Int
    var trials: [[Float]]
  }

  private func fit(
    _ cell: Int, _ recording: Recording, _ set: TrainingSet, _ split: TimeSplit, _ lags: Range<Int>, _ test: Repeats?
  ) -> (rates: [Float], repeats: [Float]?) {
    let frames = split.train + split.validation
    let cutOut = CutOut(cell: cell, of: recording, in: set, lags: lags, radius: Baseline.radius, frames: frames)
    switch self {
    case .ln, .lnSoftplus:
      let model = LinearNonlinear(
        set, cell: cell, cutOut: cutOut, lags: lags, frames: frames, form: self == .ln ? .histogram : .softplus)
      return (model.rates(set.stimulus, of: set), test.map { model.rates($0.stimulus, of: set) })
    case .lnk:
      let model = LinearNonlinearKinetic(set, cell: cell, cutOut: cutOut, lags: lags, frames: frames)
      return (model.rates(set.stimulus, of: set), test.map { model.rates($0.stimulus, of: set) })
    case .glm, .glmStimulus, .glmCoupled:
      var options = GeneralizedLinearModel.Options()
      if self == .glmStimulus { options.historyCount = 0 }
      if self == .glmCoupled { options.coupled = recording.nearest(Baseline.neighbours, to: cell) }
      let design = GeneralizedDesign(
        set.stimulus, set.responses, of: set, cell: cell, cutOut: cutOut, lags: lags, options: options)
      let model = GeneralizedLinearModel(design, penalties: Baseline.penalties, split: split)
      let repeats = test.map { test in
        let rates = test.trials.map { model.rates(test.stimulus, $0, of: set) }
        return (0..<test.frames).map { frame in rates.reduce(0) { $0 + $1[frame] } / Float(rates.count) }
      }
      return (model.rates(design), repeats)
    case .nngp, .ntk:
      var options = GeneralizedLinearModel.Options()
      options.historyCount = 0
      func design(_ stimulus: [Float], _ responses: [Float]) -> GeneralizedDesign {
        GeneralizedDesign(stimulus, responses, of: set, cell: cell, cutOut: cutOut, lags: lags, options: options)
      }
      let known = design(set.stimulus, set.responses)
      let model = KernelRates(known, split: split, isTangent: self == .ntk)
      return (model.rates(known), test.map { model.rates(design($0.stimulus, $0.trials[0])) })
    }
  }
}

extension Recording {
  /// The cells nearest to a cell, by their centres; by order where a centre is not known.
  func nearest(_ count: Int, to cell: Int) -> [Int] {
    func distance(_ other: Int) -> Double {
      guard let a = cells[cell].centre, let b = cells[other].centre else { return Double((other - cell).magnitude) }
      return (a.column - b.column) * (a.column - b.column) + (a.row - b.row) * (a.row - b.row)
    }
    let others = cells.indices.filter { $0 != cell }
    return Array(others.sorted { (distance($0), $0) < (distance($1), $1) }.prefix(count))
  }
}
