import RetinaFit
import RetinaModel
import RetinaProbe

/// Everything that a report shows, as plain values; ``ReportRequest`` makes it, ``html()`` draws it.
public struct ReportContents: Sendable {
  /// A layer whose units are explained.
  public struct Layer: Sendable {
    /// The name in the model.
    public var name: String
    /// `[channel, height, width]`; a layer of another form counts each unit as a channel.
    public var shape: Shape
    /// What a unit of each channel sees when every nonlinearity before it lets everything through: the unit that
    /// contributed most to the cells of the report.
    public var fields: [ReceptiveField?]
  }

  /// A movie that the model sees.
  public struct Stimulus: Sendable {
    /// The name, unique in the report.
    public var name: String
    /// `[time, height, width]`, as the model's input is before its normalisation.
    public var movie: Tensor

    /// Creates a stimulus.
    public init(name: String, movie: Tensor) {
      self.name = name
      self.movie = movie
    }
  }

  /// A cell with its answers to every stimulus.
  public struct CellPage: Sendable {
    /// The place of the cell in the model's output.
    public var index: Int
    /// Name, centre and figures.
    public var cell: Cell
    /// What the cell sees when every nonlinearity lets everything through.
    public var field: ReceptiveField?
    /// What the recorded cell was shown before it fired, when a recording was given: ``TriggeredFields``.
    public var triggered: ReceptiveField?
    /// One for each stimulus.
    public var responses: [CellResponse]
  }

  /// The model.
  public var model: Model
  /// The file of the model.
  public var file: String
  /// The layers whose units are explained.
  public var layers: [Layer]
  /// The stimuli, the first of which is shown first.
  public var stimuli: [Stimulus]
  /// The cells, the first of which is shown first.
  public var cells: [CellPage]
  /// Scores on a recording, when one was given.
  public var evaluation: Evaluation?
  /// Multiply-adds of every layer of the model for one window, by definition.
  public var multiplyAdds: [Int]
  /// What a frame costs, for models that can run frame by frame.
  public var costs: [LayerCost]
  /// What else was found, such as phenomena, in the order in which it is shown.
  public var sections: [ReportSection] = []

  /// The number of the frame whose rate is the first of every stimulus.
  public var firstFrame: Int { (model.history ?? 1) - 1 + model.facts.lag }

  /// The largest relative residual of all contributions; nothing when nothing was explained.
  public var largestRelativeResidual: Float? {
    cells.flatMap(\.responses).compactMap(\.largestRelativeResidual).max()
  }
}

/// What a layer costs per frame.
public struct LayerCost: Equatable, Sendable {
  /// The name of the layer.
  public var layer: String
  /// How it is computed.
  public var algorithm: String
  /// Operations per frame, as counted.
  public var operations: Double
  /// Bytes of its parameters.
  public var parameterBytes: Int
}
