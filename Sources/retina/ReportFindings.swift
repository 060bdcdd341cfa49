import RetinaFiles
import RetinaFit
import RetinaInterpretation
import RetinaModel
import RetinaReport

/// What a report shows of other commands, with their defaults; wrong words and files are told before anything long runs.
struct ReportFindings {
  private let phenomena: PhenomenaCommand.Subject?
  private let reduction: ReductionRequest?
  private let match: MatchRequest?
  private let areCellsChosen: Bool
  private let threads: Int

  /// - Parameter recording: what the model is scored on; its cells are the null of the phenomena.
  init(_ model: Model, file: String, recording: Recording?, threads: Int, _ arguments: Arguments) throws {
    phenomena =
      arguments.has("--phenomena")
      ? try PhenomenaCommand.subject(model, file: file, recording: recording, arguments) : nil
    if arguments.has("--reduce") {
      var request = ReductionRequest(model, layer: try ReduceCommand.layer(of: model, arguments))
      request.threads = threads
      reduction = request
    } else {
      reduction = nil
    }
    if let recorded = arguments["--match"] {
      let layers = model.interiorNonlinearities
      guard !layers.isEmpty else { throw UsageError("--match: the model has no interior nonlinearity to compare") }
      var request = MatchRequest(
        model: model, modelName: file, recording: try Recording.read(recorded), layers: layers)
      request.threads = threads
      match = request
    } else {
      match = nil
    }
    areCellsChosen = arguments.has("--cells")
    self.threads = threads
  }

  /// - Parameter contents: the cells and the stimuli that reductions are made for.
  func sections(_ contents: ReportContents) throws -> [ReportSection] {
    var sections: [ReportSection] = []
    if let phenomena { sections.append(ReportSection(battery(phenomena))) }
    if let reduction {
      for page in areCellsChosen ? contents.cells : Array(contents.cells.prefix(1)) {
        sections.append(
          ReportSection(
            try reduced(reduction, page.index, contents), cell: page.index,
            frameRate: contents.model.facts.frameRate))
      }
    }
    if let match { sections.append(ReportSection(try matched(match), isSimulated: match.recording.isSimulated)) }
    return sections
  }

  private func battery(_ subject: PhenomenaCommand.Subject) -> BatteryResult {
    var battery = Battery()
    battery.threads = threads
    let progress = Progress("phenomena", total: battery.work)
    var result = battery.run(subject.responder, display: subject.display, twin: subject.twin) { progress.advance($0) }
    result.remarks = subject.remarks + result.remarks
    return result
  }

  private func reduced(_ request: ReductionRequest, _ cell: Int, _ contents: ReportContents) throws -> ReductionResult {
    var request = request
    request.cell = cell
    let windows = contents.stimuli.reduce(0) { $0 + $1.movie.shape[0] - request.model.inputShape[0] + 1 }
    let progress = Progress("reducing cell \(cell)", total: windows)
    return try request.run(contents.stimuli.map { (name: $0.name, movie: $0.movie) }) { progress.advance($0) }.result
  }

  private func matched(_ request: MatchRequest) throws -> MatchResults {
    let progress = Progress("matching", total: request.layers.count + 1)
    return try request.run { _ in progress.advance(1) }
  }
}
