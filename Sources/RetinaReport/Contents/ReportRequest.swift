import RetinaEngine
import RetinaFiles
import RetinaFit
import RetinaModel
import RetinaProbe

/// What a report shall be about.
public struct ReportRequest: Sendable {
  /// The model.
  public var model: Model
  /// The file of the model.
  public var file: String
  /// Movies that the model sees, `[time, height, width]`, by name.
  public var stimuli: [ReportContents.Stimulus]
  /// A recording that the model is scored on.
  public var recording: Recording?
  /// The cells that get a page, best first; the best ``defaultCells`` when nothing.
  public var cells: [Int]?
  /// Models that are fitted to the recording and scored beside the model.
  public var baselines: [Baseline] = [.ln]
  /// Threads to use.
  public var threads = 1

  /// Cells with a page where none are asked for.
  public static let defaultCells = 6

  /// Creates a request.
  public init(_ model: Model, file: String, stimuli: [ReportContents.Stimulus], recording: Recording? = nil) {
    self.model = model
    self.file = file
    self.stimuli = stimuli
    self.recording = recording
  }

  /// Computes everything that the report shows.
  ///
  /// Contributions are exact conductances of the units of every interior nonlinearity, from the baseline of zeros: what
  /// `retina probe` gives.
  ///
  /// - Parameter progress: called with the number of windows that are explained or scored since the last call, out of
  ///   ``work``.
  /// - Throws: ``ReportError``, ``ProbeError``, and ``FileError`` where the recording does not fit the model.
  public func run(progress: ProgressHandler? = nil) throws -> ReportContents {
    guard model.history != nil, let plan = StreamPlan(model) else { throw ReportError.notAMovieModel(model.inputShape) }
    var stimuli = stimuli
    var evaluation: Evaluation?
    var heldOut: HeldOutStretch?
    var triggered: TriggeredFields?
    if let recording {
      var request = EvaluationRequest(recording, models: [(name: model.name, model: model)])
      request.baselines = baselines
      request.threads = threads
      evaluation = try request.run(progress: progress)
      let names = model.facts.cells.map(\.name)
      let ofModel = names.isEmpty ? recording : try recording.selecting(names)
      heldOut = try HeldOutStretch(ofModel, model: model)
      triggered = try TriggeredFields(ofModel, model: model)
    }
    if let heldOut { stimuli.insert(ReportContents.Stimulus(name: HeldOutStretch.name, movie: heldOut.movie), at: 0) }
    guard !stimuli.isEmpty else { throw ReportError.nothingToShow }

    let program = Program(model)
    let probe = Probe(program)
    let cells = self.cells ?? bestCells(evaluation)
    let layers = model.interiorNonlinearities
    var pages = cells.map { cell in
      ReportContents.CellPage(
        index: cell, cell: cell < model.facts.cells.count ? model.facts.cells[cell] : Cell(name: "cell \(cell)"),
        field: ReceptiveField(
          probe.effectiveWeights(ofUnit: cell, boundary: program.outputBoundary), shape: model.inputShape),
        triggered: triggered?.field(ofCell: cell), responses: [])
    }
    var totals = layers.map { [Double](repeating: 0, count: model.shapes[$0].count) }
    for stimulus in stimuli {
      let tables = try explain(stimulus, cells: cells, program, progress)
      for place in pages.indices {
        var response = try Self.response(tables, cell: place, stimulus: stimulus.name)
        response.layers = layers.indices.map { layer in
          let shape = Self.features(model.shapes[layers[layer]])
          let (values, frames) = (tables[layer].values.values, tables[layer].values.shape[0])
          let stride = cells.count * shape.count
          for frame in 0..<frames {
            let first = frame * stride + place * shape.count
            for unit in 0..<shape.count { totals[layer][unit] += Double(values[first + unit].magnitude) }
          }
          return LayerContributions(frames: frames, shape: shape) { frame, unit in
            values[frame * stride + place * shape.count + unit]
          }
        }
        if stimulus.name == HeldOutStretch.name, let heldOut {
          response.observed = heldOut.responses(ofCell: cells[place])
        }
        pages[place].responses.append(response)
      }
    }
    return ReportContents(
      model: model, file: file,
      layers: zip(layers, totals).map { layer, totals in
        let shape = Self.features(model.shapes[layer])
        return ReportContents.Layer(
          name: model.layers[layer].name, shape: shape,
          fields: Self.fields(
            totals, shape: shape, probe: probe, boundary: program.boundary(layer: layer, side: .output),
            input: model.inputShape))
      },
      stimuli: stimuli, cells: pages, evaluation: evaluation,
      multiplyAdds: model.layers.indices.map { program.multiplyAdds(ofLayer: $0) },
      costs: plan.explanation.map {
        LayerCost(
          layer: $0.layer, algorithm: $0.algorithm, operations: $0.work.operations, parameterBytes: $0.parameterBytes)
      })
  }

  /// What ``run(progress:)`` counts.
  public var work: Int {
    let history = model.history ?? 1
    let windows = stimuli.reduce(0) { $0 + max(0, $1.movie.shape[0] - history + 1) }
    guard let recording else { return windows }
    var request = EvaluationRequest(recording, models: [(name: "", model: model)])
    request.baselines = baselines
    return windows + min(HeldOutStretch.length, recording.frameCount) + request.work
  }

  // MARK: - Cells

  /// The cells with the highest correlation on held-out data, by the evaluation or else by the model file; the first
  /// ones where nothing is known.
  private func bestCells(_ evaluation: Evaluation?) -> [Int] {
    let scores = (0..<model.cells).map { cell -> Double in
      let stored = cell < model.facts.cells.count ? model.facts.cells[cell].figures : []
      let measured = evaluation.flatMap { cell < $0.cells.count ? $0.models[0].cells[cell].pearson : nil }
      return measured ?? stored.first { $0.name == "held_out_r" }?.value ?? 0
    }
    let ranked = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
    return Array(ranked.prefix(ReportRequest.defaultCells))
  }

  // MARK: - Contributions

  /// One table for each layer; the rates alone where the model has no interior nonlinearity.
  private func explain(
    _ stimulus: ReportContents.Stimulus, cells: [Int], _ program: Program, _ progress: ProgressHandler?
  ) throws -> [AttributionTable] {
    let (movie, input) = (stimulus.movie, model.inputShape)
    guard movie.shape.rank == 3, movie.shape[0] >= input[0], movie.shape[1] == input[1], movie.shape[2] == input[2]
    else { throw ReportError.anotherSize(stimulus.name, expected: input, found: movie.shape) }
    var questions = model.interiorNonlinearities.map { layer in
      let boundary = program.boundary(layer: layer, side: .output)
      return LayerQuestion(
        requests: cells.map { Request(.conductance, boundary: boundary, target: .cell($0, of: program)) },
        shape: model.shapes[layer])
    }
    if questions.isEmpty {
      questions = [
        LayerQuestion(
          requests: cells.map {
            Request(.integratedGradients, boundary: 0, target: .cell($0, of: program))
          }, shape: input)
      ]
    }
    let plane = input[1] * input[2]
    let tables = try Probe.run(
      program, questions, reduction: .none, count: movie.shape[0] - input[0] + 1,
      input: { Array(movie.values[$0 * plane..<$0 * plane + input.count]) },
      baselines: [[Float](repeating: 0, count: input.count)], threads: threads, progress: progress)
    guard tables.allSatisfy({ $0.values.firstNonFinite == nil }) else { throw ReportError.overflow(stimulus.name) }
    return tables
  }

  /// The rates of one of the cells.
  private static func response(
    _ tables: [AttributionTable], cell: Int, stimulus: String
  ) throws(ReportError) -> CellResponse {
    let sums = tables[0].sums.map { $0[cell] }
    guard sums.allSatisfy({ $0.valueAtInput.isFinite }) else { throw .overflow(stimulus) }
    return CellResponse(
      rates: sums.map(\.valueAtInput), rateAtBaseline: sums.first?.valueAtBaseline ?? 0, observed: [], layers: [],
      largestRelativeResidual: tables.flatMap { $0.sums.compactMap { $0[cell].relativeResidual } }.max())
  }

  /// The shape of a layer as channels of images; a layer of another form counts each unit as a channel.
  private static func features(_ shape: Shape) -> Shape { shape.rank == 3 ? shape : Shape(shape.count, 1, 1) }

  /// What the unit of each channel with the largest total sees.
  private static func fields(
    _ totals: [Double], shape: Shape, probe: Probe, boundary: Int, input: Shape
  ) -> [ReceptiveField?] {
    let plane = shape[1] * shape[2]
    return (0..<shape[0]).map { channel in
      let places = channel * plane..<(channel + 1) * plane
      let best = places.reduce(places.lowerBound) { totals[$1] > totals[$0] ? $1 : $0 }
      return ReceptiveField(probe.effectiveWeights(ofUnit: best, boundary: boundary), shape: input)
    }
  }
}

/// Why a report cannot be made.
public enum ReportError: Error, Equatable, Sendable {
  /// The model does not look at movies.
  case notAMovieModel(Shape)
  /// There is neither a stimulus nor a recording.
  case nothingToShow
  /// A stimulus has frames of another size, or too few.
  case anotherSize(String, expected: Shape, found: Shape)
  /// A stimulus gives the model values that overflow float32.
  case overflow(String)
}

extension ReportError: CustomStringConvertible {
  /// What is wrong and what to do.
  public var description: String {
    switch self {
    case .notAMovieModel(let shape):
      return "a report needs a model of movies, with an input [history, height, width]; found an input \(shape)"
    case .nothingToShow: return "a report needs a stimulus or a recording; found neither"
    case .anotherSize(let name, let expected, let found):
      return
        "'\(name)': expected a movie of at least \(expected[0]) frames of \(expected[1]) x \(expected[2]), found \(found)"
    case .overflow(let name):
      return "'\(name)': expected finite values in the model, found some that overflow float32; scale the stimulus down"
    }
  }
}
