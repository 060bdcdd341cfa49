import RetinaEngine
import RetinaModel
import RetinaProbe
import RetinaReport

/// The picture of a probe: rates, importance of channels over time, and what the most important units see.
struct ProbePicture {
  let model: Model
  let question: ProbeQuestion
  let stimulus: LoadedStimulus
  let tables: [AttributionTable]
  let runner: Runner
  let frameRate: Double?

  /// Most units whose receptive fields are drawn.
  private static let mostUnits = 6

  /// The figure; nothing for stimuli that are not movies, and for methods that explain no cell or give no number per
  /// channel of a layer.
  func figure() throws -> ImportanceFigure? {
    guard case .movie = stimulus.content, let history = model.history, question.method.needsTarget else {
      return nil
    }
    let cell = question.cells[0][0]
    let rates = tables[0].sums.map { $0[0].valueAtInput }
    let peak = tables[0].inputOfLargestTarget()
    var rows: [ImportanceFigure.Row] = []
    var units: [ImportanceFigure.Unit] = []
    for (part, table) in zip(question.parts, tables) where part.shape.rank == 3 && part.subject == .layer {
      for (channel, values) in question.channelTable(part, table).enumerated() {
        rows.append(ImportanceFigure.Row(layer: part.name, channel: channel, values: values))
      }
      units += try unitsSeen(part, input: peak)
    }
    guard !rows.isEmpty else { return nil }
    units.sort { $0.importance.magnitude > $1.importance.magnitude }
    let residual = tables.compactMap { $0.largestRelativeResidual }.max()
    let single = cell < model.facts.cells.count ? model.facts.cells[cell].name : "cell \(cell)"
    let name = question.explainsSurprisal ? "the surprisal of all cells" : single
    let firstFrame = history - 1 + model.facts.lag
    return ImportanceFigure(
      title: "\(stimulus.name): what drives \(name)", subtitle: "\(question.method.rawValue), sums over each channel",
      frameRate: frameRate, firstFrame: firstFrame, lag: model.facts.lag, rate: rates,
      rateUnit: question.explainsSurprisal ? "surprisal" : model.facts.responseUnit ?? "rate",
      markedFrame: firstFrame + peak, rows: rows,
      units: Array(units.prefix(ProbePicture.mostUnits)),
      footnote: "model \(model.name); baseline \(question.baselineName); "
        + (residual.map { "largest relative residual \($0)" } ?? "the method promises no sum"))
  }

  /// The unit of each channel that matters most at one input, and what it sees of the stimulus at the baseline.
  private func unitsSeen(_ part: ProbeQuestion.Part, input: Int) throws -> [ImportanceFigure.Unit] {
    let probe = Probe(runner.program)
    let baseline = runner.program.normalized(question.baselines[0])
    var request = part.requests[0]
    request.corrupt = question.corrupt.map { runner.program.normalized($0.input(input, of: model)) }
    let attribution = try probe.attribute(
      request, input: runner.program.normalized(stimulus.input(input, of: model)), baseline: baseline)
    let plane = part.shape[1] * part.shape[2]
    return (0..<part.shape[0]).compactMap { channel in
      let places = channel * plane..<(channel + 1) * plane
      let best = places.reduce(places.lowerBound) {
        attribution.values[$1].magnitude > attribution.values[$0].magnitude ? $1 : $0
      }
      let weights = probe.effectiveWeights(ofUnit: best, boundary: part.requests[0].boundary)
      guard let field = ReceptiveField(weights, shape: model.inputShape) else { return nil }
      return ImportanceFigure.Unit(
        layer: part.name, channel: channel, row: (best - places.lowerBound) / part.shape[2],
        column: (best - places.lowerBound) % part.shape[2], importance: attribution.values[best],
        spatial: field.spatial, temporal: field.temporal)
    }
  }
}
