import RetinaEngine
import RetinaFiles
import RetinaModel

/// What a model says about a recording: rates in spikes per bin, `[frame, cell]`, in the order of the recording's cells.
///
/// NaN where a frame has no whole window before it.
public struct Prediction: Sendable {
  /// What the model is called.
  public var name: String
  /// Rates for the stimulus of the recording.
  public var rates: [Float]
  /// Rates for the repeated stimulus, `[frame, cell]`.
  public var repeatRates: [Float]?

  /// Creates a prediction.
  public init(name: String, rates: [Float], repeatRates: [Float]? = nil) {
    self.name = name
    self.rates = rates
    self.repeatRates = repeatRates
  }
}

extension Prediction {
  /// Runs a model over the stimuli of a recording.
  ///
  /// - Parameters:
  ///   - movie: the stimulus of the recording, before normalisation.
  ///   - frame: the first whose rates are asked for; those before have none.
  /// - Throws: ``FileError`` when the model is no movie model, sees other frames than were shown, states another frame
  ///   rate, lacks cells of the recording, or overflows.
  public init(
    name: String, model: Model, recording: Recording, movie: Tensor, from frame: Int = 0, threads: Int,
    progress: ProgressHandler? = nil
  ) throws(FileError) {
    let places = try recording.places(in: model, name)
    guard let plan = StreamPlan(model), model.inputShape[1] == recording.stimulus.height,
      model.inputShape[2] == recording.stimulus.width
    else {
      throw recording.error(
        "stimulus", "frames for the input \(model.inputShape) of '\(name)'",
        "\(recording.stimulus.height) x \(recording.stimulus.width)")
    }
    func rates(_ movie: Tensor, from frame: Int = 0) throws(FileError) -> [Float] {
      let (frames, past) = (movie.shape[0], plan.history - 1 + model.facts.lag)
      let first = max(min(frame, frames - 1), past)
      guard let seen = movie.frames(first - past..<frames),
        let values = plan.run(seen, layers: [model.layers.count - 1], threads: threads, progress: progress)
      else {
        throw recording.error("stimulus", "at least \(plan.history) frames, the history of '\(name)'", "\(frames)")
      }
      if let index = values.tensors[0].firstNonFinite {
        throw recording.error("stimulus", "finite rates from '\(name)'", "\(values.tensors[0].values[index])")
      }
      let scale = model.facts.responseUnit == "spikes/s" ? Float(1 / recording.frameRate) : 1
      var rates = [Float](repeating: .nan, count: frames * places.count)
      for frame in min(first, frames)..<frames {
        let row = (frame - first) * plan.cells
        for (cell, place) in places.enumerated() {
          rates[frame * places.count + cell] = values.tensors[0].values[row + place] * scale
        }
      }
      return rates
    }
    self.name = name
    self.rates = try rates(movie, from: frame)
    repeatRates = nil
    if let repeats = recording.repeats { repeatRates = try rates(try repeats.stimulus.movie()) }
  }
}

extension Recording {
  /// The output of a model that stands for each cell: by name where the model names its cells, else by order.
  fileprivate func places(in model: Model, _ name: String) throws(FileError) -> [Int] {
    if let rate = model.facts.frameRate, abs(rate / frameRate - 1) > Recording.rateTolerance {
      throw error("frame_rate", "\(rate) frames/s, the rate of '\(name)'", "\(frameRate)")
    }
    if model.facts.cells.isEmpty {
      guard model.cells == cells.count else {
        throw error("cells", "\(model.cells) cells, the outputs of '\(name)', which have no names", "\(cells.count)")
      }
      return Array(cells.indices)
    }
    var places: [Int] = []
    for cell in cells {
      guard let place = model.facts.cells.firstIndex(where: { $0.name == cell.name }) else {
        throw error("cells", "the cells of '\(name)'", quoted(cell.name))
      }
      places.append(place)
    }
    return places
  }
}
