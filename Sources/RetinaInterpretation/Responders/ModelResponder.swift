import RetinaEngine
import RetinaModel

/// A model of the engine as a responder; its rates are placed by history and lag.
///
/// A contrast of 1 is what the model's normalisation makes 1: one deviation of the stimulus it was fitted to.
public struct ModelResponder: Responder {
  /// The model.
  public var model: Model { plan.model }
  /// The cells, named by their number where the model does not name them.
  public let cells: [Cell]
  private let plan: StreamPlan

  /// Plans a movie model.
  ///
  /// - Throws: ``StreamError`` for a model whose input is no movie.
  public init(_ model: Model) throws(StreamError) {
    plan = try StreamPlan(planning: model)
    let count = model.cells
    cells = model.facts.cells.isEmpty ? (0..<count).map { Cell(name: "cell \($0)") } : model.facts.cells
  }

  /// What it is called.
  public var name: String { model.name }
  /// Rows and columns of its frames.
  public var extent: (height: Int, width: Int) { (model.inputShape[1], model.inputShape[2]) }
  /// Frames before a response that it may depend on.
  public var reach: Int { plan.history + model.facts.lag }
  /// Unit of the rates.
  public var unit: String { model.facts.responseUnit ?? "rate" }

  /// Rates `[frame, cell]` for a movie `[time, height, width]` of contrasts.
  public func rates(_ movie: Tensor) -> [Float] {
    let (frames, first) = (movie.shape[0], reach - 1)
    var rates = [Float](repeating: .nan, count: frames * cells.count)
    guard
      let values = plan.run(
        model.facts.normalization.removed(from: movie), layers: [model.layers.count - 1], threads: 1)?.tensors[0].values
    else {
      return rates
    }
    for frame in min(first, frames)..<frames {
      for cell in cells.indices { rates[frame * cells.count + cell] = values[(frame - first) * cells.count + cell] }
    }
    return rates
  }
}

extension Normalization {
  /// The movie that this normalisation turns into a given one.
  func removed(from movie: Tensor) -> Tensor {
    var raw = movie
    switch self {
    case .none: break
    case .scalar(let mean, let deviation):
      for index in raw.values.indices { raw.values[index] = raw.values[index] * deviation + mean }
    case .perPixel(let mean, let deviation):
      for index in raw.values.indices {
        let pixel = index % mean.values.count
        raw.values[index] = raw.values[index] * deviation.values[pixel] + mean.values[pixel]
      }
    }
    return raw
  }
}
