import RetinaEngine
import RetinaModel
import RetinaProbe
import RetinaStimuli

/// Which units of a layer make a cell's responses to a family of stimuli, and how few of them do.
///
/// Units are ranked by exact conductance from grey (Tanaka, Nayebi, Maheswaranathan, McIntosh, Baccus and Ganguli, "From deep learning to
/// mechanistic understanding in neuroscience", NeurIPS 2019), summed over space within a channel, a column or a row; the fewest
/// are kept that reproduce the rates, refitted where that is asked for, with the others held constant. In models that divide units are
/// ranked by integrated gradients along a straight path of the layer's own units.
public struct ReductionRequest: Sendable {
  /// The model.
  public var model: Model
  /// The cell.
  public var cell = 0
  /// The layer, by its place in the model; its shape is `[channel, height, width]`.
  public var layer: Int
  /// What counts as a unit.
  public var partition = UnitPartition.channel
  /// Whether the units that are kept are refitted to make up for the others, and chosen so.
  ///
  /// The distance of each from the mean of its channel is then multiplied by a factor of at least 0, and the others stay at that mean.
  /// Without, and for layers of more than 24 units, units are kept as they are, and the others stay at what they are for grey.
  public var refits = false
  /// The part of the variance that may be lost.
  public var tolerance = 0.05
  /// Threads to use.
  public var threads = 1

  /// Creates a request.
  public init(_ model: Model, layer: Int) { (self.model, self.layer) = (model, layer) }

  /// Windows that rankings are tried on; of more, so many spread evenly are taken.
  static let triedWindows = 240

  /// Ranks, keeps and describes.
  ///
  /// Every other stimulus, the second first, is held out from ranking and choice; of a single one, its second half.
  ///
  /// - Parameter stimuli: movies `[time, height, width]` of at least one window each, before normalisation.
  /// - Throws: ``ProbeError`` when the model or the request does not fit.
  public func run(
    _ stimuli: [(name: String, movie: Tensor)], progress: ProgressHandler? = nil
  ) throws(ProbeError) -> Reduction {
    guard let history = model.history, model.shapes.indices.contains(layer), model.shapes[layer].rank == 3,
      let plan = StreamPlan(model)
    else { throw .missing("a movie model and a layer [channel, height, width]") }
    guard (0..<model.cells).contains(cell) else {
      throw .outOfRange("cell", count: model.cells, found: cell)
    }
    for (name, movie) in stimuli
    where movie.shape.rank != 3 || movie.shape[0] < history
      || !movie.shape.dimensions.dropFirst().elementsEqual(model.inputShape.dimensions.dropFirst())
    {
      throw .missing(
        "a stimulus of \(history) frames of \(model.inputShape[1]) x \(model.inputShape[2]); '\(name)' is another")
    }
    let program = Program(model)
    let shape = model.shapes[layer]
    let boundary = program.boundary(layer: layer, side: .output)
    let unitGroups = partition.groups(model, layer: layer)
    let groups = unitGroups.ofUnits
    let greyMovie = model.facts.normalization.removed(
      from: Tensor(repeating: 0, shape: Shape(history, model.inputShape[1], model.inputShape[2])))
    // The layer, what goes into it, and the rates.
    let taps = [max(0, layer - 1), layer, model.layers.count - 1]
    guard let grey = plan.run(greyMovie, layers: taps, threads: 1) else { throw .missing("a window of grey") }
    var windows = Windows(stimuli.map { $0.movie.shape[0] - history + 1 })
    var (inputs, units, full) = ([Float](), [Float](), [Float]())
    for (_, movie) in stimuli {
      guard let values = plan.run(movie, layers: taps, threads: threads) else { throw .missing("a movie that fits") }
      inputs += layer > 0 ? values.tensors[0].values : []
      units += values.tensors[1].values
      full += (0..<movie.shape[0] - history + 1).map { values.tensors[2].values[$0 * model.cells + cell] }
    }
    windows.full = full

    // Conductance of every unit in every window, summed within groups. Where a model divides no path through it is straight pieces, and
    // switches of relu on the way would need many nodes: there the layer's own units go straight from grey.
    let method: RetinaProbe.Method = program.divides ? .layerIntegratedGradients : .conductance
    let request = Request(method, boundary: boundary, target: .cell(cell, of: program), steps: .automatic)
    let count = unitGroups.groups.count
    let plane = shape[1] * shape[2]
    var channelSums = [Double](repeating: 0, count: shape[0])
    var contributions = [[Double]](repeating: [], count: count)
    var residual: Float = 0
    for (_, movie) in stimuli {
      let pixels = model.inputShape[1] * model.inputShape[2]
      let tables = try Probe.run(
        program, [LayerQuestion(requests: [request], shape: shape)], reduction: .none,
        count: movie.shape[0] - history + 1,
        input: { Array(movie.values[$0 * pixels..<($0 + history) * pixels]) }, baselines: [greyMovie.values],
        threads: threads, progress: progress)
      residual = max(residual, tables[0].largestRelativeResidual ?? 0)
      let values = tables[0].values.values
      for window in 0..<values.count / groups.count {
        var sums = [Double](repeating: 0, count: count)
        for unit in groups.indices {
          let value = Double(values[window * groups.count + unit])
          sums[groups[unit]] += value
          channelSums[unit / plane] += value
        }
        for group in 0..<count { contributions[group].append(sums[group]) }
      }
    }
    let ranked = windows.ranking
    let importance = contributions.map { row in mean(ranked.map { row[$0].magnitude }) }
    let byConductance = (0..<count).sorted { (importance[$0], $1) > (importance[$1], $0) }

    let atGrey = HeldLayer(
      program, boundary: boundary, groups: groups, units: units, constants: grey.tensors[1].values, cell: cell)
    // No factor of the others can be a constant: units that are made up for stay at their means.
    let isRefitted = refits && count <= UnitRanking.mostGreedy
    let held = isRefitted ? atGrey.atMeans(ranked, channels: shape[0]) : atGrey
    let ranking = UnitRanking(layer: held, count: count, full: full, threads: threads)
    let (tried, heldOut) = (
      UnitRanking.spread(ranked, ReductionRequest.triedWindows),
      UnitRanking.spread(windows.heldOut, ReductionRequest.triedWindows)
    )
    let elimination = isRefitted ? RefittedElimination(ranking, windows: tried) : nil
    let order = elimination?.order ?? byConductance
    // What was fitted to the windows that rank is judged by others of them.
    let own =
      elimination == nil
      ? ranking.curve(order, windows: tried)
      : RefittedElimination.crossValidated(ranking, parts: windows.parts(of: tried))
    let kept = own.firstIndex { $0 >= 1 - tolerance } ?? count
    let factors = elimination?.factors[kept] ?? (0..<count).map { order.prefix(kept).contains($0) ? 1 : 0 }
    var fidelity = [FidelityCurve(order: "conductance", explained: ranking.curve(byConductance, windows: heldOut))]
    if let elimination {
      fidelity.insert(
        FidelityCurve(order: "refitted", explained: ranking.curve(elimination.factors, windows: heldOut)), at: 0)
    }
    if let greedy = ranking.greedy(windows: tried) {
      fidelity.append(FidelityCurve(order: "greedy ablation", explained: ranking.curve(greedy, windows: heldOut)))
    }
    fidelity.append(FidelityCurve(order: "random", explained: ranking.randomCurve(windows: heldOut)))

    let description = UnitDescription(
      model: model, program: program, layer: layer, windows: windows, groups: unitGroups, contributions: contributions,
      channelSums: channelSums, inputs: inputs, greyInput: layer > 0 ? grey.tensors[0].values : [])
    let describing = UnitRanking(layer: atGrey, count: count, full: full, threads: threads)
    let described = order.enumerated().map { place, group in
      // What the unit does is measured for those that are kept; the rest does next to nothing.
      description.unit(
        group, importance: importance[group], factor: Double(factors[group]),
        ranking: place < max(kept, 1) ? describing : nil)
    }
    let reduced = held.rates(factors, windows: Array(full.indices), threads: threads)
    let frame = history - 1 + model.facts.lag
    let traces = zip(stimuli.indices, windows.spans).map { place, span in
      ReducedTrace(
        stimulus: stimuli[place].name, isHeldOut: windows.isHeldOut(place), firstFrame: frame, full: Array(full[span]),
        reduced: Array(reduced[span]))
    }
    let name = cell < model.facts.cells.count ? model.facts.cells[cell].name : "cell \(cell)"
    let result = ReductionResult(
      model: model.name, cell: name, layer: model.layers[layer].name, units: described, kept: kept,
      fidelity: fidelity, mechanisms: [], traces: traces, residual: Double(residual))
    do throws(ModelError) {
      return Reduction(
        result: result.namingMechanisms(frameRate: model.facts.frameRate),
        model: try model.reduced(
          groups.map { factors[$0] }, ofLayer: layer, constants: held.constants, cell: cell))
    } catch {
      throw .missing("a model whose layer can be reduced: \(error)")
    }
  }
}

extension Program {
  /// Whether a unit is divided by another.
  fileprivate var divides: Bool {
    steps.contains { step in
      if case .divisiveNormalization = step.kind { true } else { false }
    }
  }
}

/// What a reduction gives: its numbers, and the reduced model, which runs like any other and has one cell.
public struct Reduction: Sendable {
  /// The numbers.
  public var result: ReductionResult
  /// The reduced model.
  public var model: Model
}

/// The windows of some stimuli one after another, and which of them are held out.
struct Windows: Sendable {
  /// Windows of each stimulus.
  let spans: [Range<Int>]
  /// Rates of the full model.
  var full: [Float] = []

  init(_ counts: [Int]) {
    var (spans, first) = ([Range<Int>](), 0)
    for count in counts {
      spans.append(first..<first + count)
      first += count
    }
    self.spans = spans
  }

  func isHeldOut(_ stimulus: Int) -> Bool { stimulus % 2 == 1 }

  /// Windows that rank.
  var ranking: [Int] {
    if spans.count == 1 { return Array(spans[0].prefix((spans[0].count + 1) / 2)) }
    return spans.indices.filter { !isHeldOut($0) }.flatMap { Array(spans[$0]) }
  }

  /// Two parts of the windows that rank: every other of the stimuli that rank, or the halves of the only one.
  func parts(of tried: [Int]) -> [[Int]] {
    let ranking = spans.indices.filter { spans.count == 1 || !isHeldOut($0) }
    guard ranking.count > 1 else {
      return [Array(tried.prefix(tried.count / 2)), Array(tried.dropFirst(tried.count / 2))]
    }
    return [0, 1].map { part in
      tried.filter { window in
        ranking.enumerated().contains { $0.offset % 2 == part && spans[$0.element].contains(window) }
      }
    }
  }

  /// Windows that judge.
  var heldOut: [Int] {
    if spans.count == 1 { return Array(spans[0].dropFirst((spans[0].count + 1) / 2)) }
    return spans.indices.filter { isHeldOut($0) }.flatMap { Array(spans[$0]) }
  }
}

extension UnitRanking {
  /// At most so many windows, spread evenly.
  static func spread(_ windows: [Int], _ most: Int) -> [Int] {
    guard windows.count > most else { return windows }
    return (0..<most).map { windows[$0 * windows.count / most] }
  }
}
