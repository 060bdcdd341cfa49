import RetinaEngine
import RetinaFiles
import RetinaFit
import RetinaModel
import RetinaProbe
import RetinaStimuli

/// Everything about what a cell of a model sees.
public struct FieldAnalysis: Sendable {
  /// From the rates under white noise.
  public var field: CellField
  /// The shapes of the gradient over a movie.
  public var instantaneous: InstantaneousFields
  /// The most exciting window.
  public var exciting: MostExcitingStimulus
  /// The largest rate among the windows of white noise.
  public var largestNoiseRate: Double

  /// What is analysed, and how long.
  public struct Request: Sendable {
    /// The cell.
    public var cell = 0
    /// Frames of binary white noise of contrast 1.
    public var frames = 10_000
    /// Windows whose gradients are grouped: of the movie, or else of white noise.
    public var gradients = 200
    /// Shapes into which they are grouped, at most.
    public var clusters = 3
    /// Largest contrast of the most exciting window.
    public var range: Float = 1
    /// Its largest norm; that of a window of white noise when nothing.
    public var norm: Float?
    /// Threads to use.
    public var threads = 1

    /// Creates a request.
    public init() {}
  }

  /// Analyses one cell.
  ///
  /// - Parameter movie: contrasts `[time, height, width]` whose gradients are grouped; white noise when nothing.
  /// - Throws: ``ProbeError`` when cell, movie or model do not fit.
  public init(
    _ model: Model, _ request: Request, movie: Tensor? = nil, progress: ProgressHandler? = nil
  ) throws(ProbeError) {
    let responder: ModelResponder
    do throws(StreamError) {
      responder = try ModelResponder(model)
    } catch {
      throw .missing("a movie model")
    }
    guard responder.cells.indices.contains(request.cell) else {
      throw .outOfRange("cell", count: responder.cells.count, found: request.cell)
    }
    var noise = WhiteNoise()
    (noise.durationFrames, noise.seed) = (request.frames, -21)
    (noise.boardHeight, noise.boardWidth) = responder.extent
    let shown = noise.movie(height: responder.extent.height, width: responder.extent.width)
    let rates = responder.rates(shown)
    progress?(1)
    let column = (0..<request.frames).map { rates[$0 * responder.cells.count + request.cell] }
    let set = TrainingSet(
      stimulus: shown.values, frameCount: request.frames, height: responder.extent.height,
      width: responder.extent.width, responses: column, cellCount: 1)
    let used = responder.reach - 1..<request.frames
    let cell = responder.cells[request.cell]
    field = CellField(
      set, cell: 0, name: cell.name, centre: cell.centre, lags: model.facts.lag..<responder.reach, frames: [used])
    largestNoiseRate = Double(used.map { column[$0] }.max() ?? 0)
    progress?(1)
    let plane = responder.extent.height * responder.extent.width
    let part = min(request.gradients + (model.history ?? 1) - 1, (movie ?? shown).shape[0])
    var scene = Tensor(repeating: 0, shape: Shape(part, responder.extent.height, responder.extent.width))
    if let movie, movie.shape.count / movie.shape[0] != plane { throw .missing("frames of the model's size") }
    scene.values = Array((movie ?? shown).values.prefix(part * plane))
    instantaneous = try InstantaneousFields(model, cell: request.cell, movie: scene, clusters: request.clusters)
    progress?(1)
    var limits = MostExcitingStimulus.Limits(
      norm: request.norm ?? Float(model.inputShape.count).squareRoot())
    limits.range = request.range
    exciting = try MostExcitingStimulus(model, cell: request.cell, limits: limits, threads: request.threads)
    progress?(1)
  }

  /// How often ``init(_:_:movie:progress:)`` reports progress.
  public static let work = 4

  /// The numbers, without the filters, which are arrays.
  public var json: JSON {
    func number(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }
    func list(_ values: [Double]) -> JSON { .array(values.map { .number($0) }) }
    let covariance = field.covariance
    return [
      "cell": .string(field.cell),
      "lags": [.number(Double(field.lags.lowerBound)), .number(Double(field.lags.upperBound - 1))],
      "first_row": .number(Double(field.cutOut.rows.lowerBound)),
      "first_column": .number(Double(field.cutOut.columns.lowerBound)),
      "separability": .number(field.separability), "time_course": list(field.temporal.map(Double.init)),
      "gaussian": field.gaussian.map { field in
        [
          "row": .number(field.row), "column": .number(field.column), "amplitude": .number(field.amplitude),
          "major": .number(field.major), "minor": .number(field.minor), "angle": .number(field.angle),
          "explained": .number(field.explained),
        ]
      } ?? .null,
      "nonlinearity": .array(field.nonlinearity.map { [.number($0.drive), .number($0.rate)] }),
      "covariance": covariance.map {
        [
          "eigenvalues": list($0.values), "null": list([$0.null.low, $0.null.high]),
          "exciting": .number(Double($0.exciting.count)), "suppressing": .number(Double($0.suppressing.count)),
        ]
      } ?? .null,
      "instantaneous": .array(
        instantaneous.clusters.map {
          ["share": .number($0.share), "coherence": .number($0.coherence), "agreement": .number($0.agreement)]
        }),
      "most_exciting": [
        "rate": JSON(exciting.rate), "grey": JSON(exciting.greyRate), "largest_noise_rate": .number(largestNoiseRate),
        "rates": .array(exciting.rates.map { JSON($0) }),
      ],
    ]
  }
}
