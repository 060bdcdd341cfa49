import RetinaEngine
import RetinaFiles
import RetinaFit
import RetinaModel
import RetinaStimuli

/// A comparison of recorded interneurons with every unit inside a model.
///
/// The published recipe takes the largest correlation over units and shifts and stops there (baccuslab/torch-deep-retina,
/// `get_intr_cors`; Maheswaranathan et al. 2023, Neuron). Here the selection is answered for: see ``MatchResults``.
public struct MatchRequest: Sendable {
  /// The model.
  public var model: Model
  /// What errors call the model.
  public var modelName: String
  /// The recording with interior traces.
  public var recording: Recording
  /// Layers that are searched, by their place in the model.
  public var layers: [Int]
  /// The model's units may run ahead of or behind the recorded traces by so many frames.
  public var lags = 3
  /// At most so many first frames are used: all units over all frames must fit into memory.
  public var frames = 3000
  /// At most so many traces of each array, spread evenly.
  public var tracesPerGroup = 12
  /// The stimulus is also moved by so many pixels in every direction; 0: it is not.
  public var shift = 0
  /// Permuted traces with which the test itself is tested.
  public var permutations = 0
  /// The false-discovery rate at which a trace counts as matched, and the probability for permuted traces.
  public var rate = 0.05
  /// What permutations depend on.
  public var seed: UInt64 = 0
  /// Threads.
  public var threads = 1

  /// Creates a request for the nonlinear layers inside a model.
  public init(model: Model, modelName: String, recording: Recording, layers: [Int]) {
    self.model = model
    self.modelName = modelName
    self.recording = recording
    self.layers = layers
  }

  /// Values of all units that a run may hold at a time.
  private static let largestTable = 1 << 29

  /// Compares.
  ///
  /// - Throws: ``FileError`` when the recording does not fit the model, has no interior traces or is too short.
  public func run(progress: (String) -> Void = { _ in }) throws(FileError) -> MatchResults {
    let recorded = try recording.traces(limit: tracesPerGroup)
    let plan = try plan()
    let used = min(frames, recording.frameCount)
    let movie = try recording.stimulus.movie().prefix(used)
    let windows = used - plan.history + 1
    let guardBand = plan.history + 2 * lags
    guard windows >= 4 * guardBand, windows >= 32 else {
      throw FileError(
        file: recording.file, place: "stimulus",
        expected: "at least \(plan.history - 1 + max(32, 4 * guardBand)) frames, for a null beside the lags",
        found: "\(used)")
    }
    let traces = recorded.map { Array($0.values[(plan.history - 1)..<used]) }
    let permuted = permutedTraces(traces)
    let searched = searchedLayers(plan)
    let units = searched.reduce(0) { $0 + $1.units }
    guard searched.allSatisfy({ $0.units <= MatchRequest.largestTable / windows }) else {
      throw FileError(
        file: recording.file, place: "stimulus",
        expected:
          "at most \(MatchRequest.largestTable / (searched.map { $0.units }.max() ?? 1)) frames for so many units; "
          + "take fewer with --frames", found: "\(windows)")
    }
    var search = UnitSearch(traces + permuted, layers: searched, lags: lags)
    let shifts = StimulusShift.grid(step: shift)
    var subspaces: [SharedSubspace] = []
    for (place, shift) in shifts.enumerated() {
      for (layer, index) in zip(searched, layers) {
        progress(layer.name)
        guard let values = plan.run(shift.moved(movie), layers: [index], threads: threads)?.tensors[0],
          let table = Tensor(shape: Shape(windows, layer.units), values: values.values), table.firstNonFinite == nil
        else {
          throw FileError(
            file: recording.file, place: "stimulus", expected: "finite values in layer '\(layer.name)'", found: "others"
          )
        }
        search.add(table, layer: layer, shift: place, threads: threads)
        if place == 0 {
          subspaces.append(SharedSubspace(layer: layer.name, values: table, traces: traces, gap: guardBand))
        }
      }
    }
    progress("linear-nonlinear")
    let linear = linearNonlinear(movie, recorded.map { Array($0.values[..<used]) }, history: plan.history)
    var results = results(search, recorded, shifts, linear: linear)
    (results.subspaces, results.units) = (subspaces, units * shifts.count)
    if permutations > 0 {
      let null = permuted.indices.map { ShiftNull(search.found[traces.count + $0].atShift, lags: lags) }
      results.permuted = PermutedMatches(
        traces: permutations, found: null.count { $0.probability <= rate }, alpha: rate)
    }
    return results
  }

  private func plan() throws(FileError) -> StreamPlan {
    guard let plan = StreamPlan(model), plan.frameCount == recording.stimulus.height * recording.stimulus.width,
      model.inputShape[1] == recording.stimulus.height
    else {
      throw FileError(
        file: recording.file, place: "stimulus", expected: "frames for the input \(model.inputShape) of '\(modelName)'",
        found: "\(recording.stimulus.height) x \(recording.stimulus.width)")
    }
    if let rate = model.facts.frameRate, abs(rate / recording.frameRate - 1) > 0.01 {
      throw FileError(
        file: recording.file, place: "frame_rate", expected: "\(rate) frames/s, the rate of '\(modelName)'",
        found: "\(recording.frameRate)")
    }
    return plan
  }

  private func searchedLayers(_ plan: StreamPlan) -> [UnitSearch.Layer] {
    var first = 0
    return layers.map { index in
      let shape = model.shapes[index].asFeatures ?? (1, 1, model.shapes[index].count)
      defer { first += model.shapes[index].count }
      // A vector has one channel per unit.
      return shape.0 == 1 && shape.1 == 1
        ? UnitSearch.Layer(name: model.layers[index].name, channels: shape.2, height: 1, width: 1, firstUnit: first)
        : UnitSearch.Layer(
          name: model.layers[index].name, channels: shape.0, height: shape.1, width: shape.2, firstUnit: first)
    }
  }

  // MARK: - Permuted traces

  /// Traces in turn, closed to a ring, cut at random into pieces of two seconds on average that are put in random order.
  ///
  /// Pieces of equal length would keep step with whatever repeats in the stimulus, as the cycles of a chirp do.
  private func permutedTraces(_ traces: [[Float]]) -> [[Float]] {
    var generator = SeededGenerator(seed: seed)
    let cut = min(1, 1 / (2 * recording.frameRate))
    return (0..<permutations).map { index in
      let trace = traces[index % traces.count]
      let first = Int(generator.uniform() * Double(trace.count))
      var pieces: [[Float]] = [[]]
      for frame in trace.indices {
        if frame > 0, generator.uniform() < cut { pieces.append([]) }
        pieces[pieces.count - 1].append(trace[(first + frame) % trace.count])
      }
      return pieces.shuffled(by: &generator).flatMap { $0 }
    }
  }

  // MARK: - The linear-nonlinear model

  private func linearNonlinear(_ movie: Tensor, _ traces: [[Float]], history: Int) -> [Double] {
    let mean = movie.values.reduce(0.0) { $0 + Double($1) } / Double(movie.values.count)
    let centred = TraceRegression.Movie(
      values: movie.values.map { $0 - Float(mean) }, height: movie.shape[1], width: movie.shape[2])
    let (first, frames) = (history - 1, movie.shape[0])
    let middle = first + (frames - first) / 2
    let halves = [first..<middle, middle + history..<frames]
    return Parallel.map(traces.count, threads: threads) { trace in
      let scores = [(0, 1), (1, 0)].map { fit, test in
        TraceRegression(centred, traces[trace], frames: halves[fit], history: history)
          .correlation(centred, traces[trace], frames: halves[test])
      }
      return (scores[0] + scores[1]) / 2
    }
  }

  // MARK: - Results

  private func results(
    _ search: UnitSearch, _ recorded: [RecordedTrace], _ shifts: [StimulusShift], linear: [Double]
  ) -> MatchResults {
    let channels = search.layers.flatMap { layer in
      (0..<layer.channels).map {
        InteriorChannel(layer: layer.name, channel: $0, height: layer.height, width: layer.width)
      }
    }
    let nulls = recorded.indices.map { ShiftNull(search.found[$0].atShift, lags: lags) }
    let rates = falseDiscoveryRates(nulls.map { $0.probability })
    let units = search.layers.reduce(0) { $0 + $1.units }
    let assigned =
      recorded.count <= units
      ? OneToOne(rows: recorded.count, columns: units) { Double(search.found[$0].best[$1]) }.columns : nil
    let matches = recorded.indices.map { trace in
      let found = search.found[trace]
      let best = found.best.indices.max { found.best[$0] < found.best[$1] } ?? 0
      let place = assigned?[trace] ?? best
      let unit = search.unit(best, of: trace, shifts)
      return InteriorMatch(
        name: recorded[trace].name, unit: unit, correlation: Double(found.best[best]),
        heldOut: Double(found.halves[0].other + found.halves[1].other) / 2, linearNonlinear: linear[trace],
        nullMedian: nulls[trace].sorted[nulls[trace].sorted.count / 2],
        nullHigh: nulls[trace].sorted[nulls[trace].sorted.count * 95 / 100], probability: nulls[trace].probability,
        falseDiscovery: rates[trace], assigned: search.unit(place, of: trace, shifts),
        assignedCorrelation: Double(found.best[place]), channels: search.channelMaxima(found.best),
        map: Array(found.best[search.map(of: unit)]))
    }
    return MatchResults(
      matches: matches, channels: channels, groups: groups(matches, recorded, channels.count), subspaces: [],
      frames: search.frames, lags: lags, shifts: shifts, units: 0, rate: rate)
  }

  private func groups(_ matches: [InteriorMatch], _ recorded: [RecordedTrace], _ channels: Int) -> [InteriorGroup] {
    var groups: [InteriorGroup] = []
    for (name, _) in recording.interior {
      let own = recorded.indices.filter { recorded[$0].group == name }.map { matches[$0].channels }
      guard !own.isEmpty else { continue }
      groups.append(
        InteriorGroup(
          name: name, traces: own.count,
          channels: (0..<channels).map { channel in own.reduce(0) { $0 + $1[channel] } / Double(own.count) }))
    }
    if groups.count <= channels {
      let columns = OneToOne(rows: groups.count, columns: channels) { groups[$0].channels[$1] }.columns
      for index in groups.indices { groups[index].assigned = columns[index] }
    }
    return groups
  }
}

extension UnitSearch {
  /// A unit in the list of all, as it was best for a trace.
  fileprivate func unit(_ index: Int, of trace: Int, _ shifts: [StimulusShift]) -> InteriorUnit {
    let layer = layers.last { $0.firstUnit <= index } ?? layers[0]
    let (place, plane) = (index - layer.firstUnit, layer.height * layer.width)
    return InteriorUnit(
      layer: layer.name, channel: place / plane, row: place % plane / layer.width, column: place % layer.width,
      lag: found[trace].lags[index], shift: shifts[found[trace].shifts[index]])
  }

  /// Where the map of a unit's channel lies among all units.
  fileprivate func map(of unit: InteriorUnit) -> Range<Int> {
    let layer = layers.first { $0.name == unit.layer } ?? layers[0]
    let first = layer.firstUnit + unit.channel * layer.height * layer.width
    return first..<first + layer.height * layer.width
  }

  /// The largest value within each channel.
  fileprivate func channelMaxima(_ values: [Float]) -> [Double] {
    layers.flatMap { layer in
      (0..<layer.channels).map { channel in
        let plane = layer.height * layer.width
        return values[layer.firstUnit + channel * plane..<layer.firstUnit + (channel + 1) * plane].reduce(-1) {
          max($0, Double($1))
        }
      }
    }
  }
}

extension Tensor {
  /// The first frames of a movie `[time, height, width]`.
  fileprivate func prefix(_ frames: Int) -> Tensor {
    guard frames < shape[0], let part = Shape(checking: [frames, shape[1], shape[2]]) else { return self }
    return Tensor(shape: part, values: Array(values[..<part.count])) ?? self
  }
}
