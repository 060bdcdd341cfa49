import RetinaEngine
import RetinaFit
import RetinaModel
import RetinaStimuli
import Testing

@testable import RetinaInterpretation

/// Reductions of models whose pathway is known because it was built by hand.
@Suite struct ReductionTests {
  static let history = 6

  /// Four channels of six frames, 3 x 3; all of them respond strongly, but the cell hears only some.
  ///
  /// Channel 0: OFF, 1 frame ago. 1: ON, 2 frames ago. 2: OFF, 4 frames ago. 3: ON, 5 frames ago, or as channel 1.
  static func model(hearing heard: [Int: Float], padding: Int = 0, repeats: Bool = false) throws -> Model {
    var first = Tensor(repeating: 0, shape: Shape(4, history, 3, 3))
    let filters: [(frame: Int, sign: Float)] = [(5, -1), (4, 1), (2, -1), repeats ? (4, 1) : (1, 1)]
    for (channel, (frame, sign)) in filters.enumerated() {
      for pixel in 0..<9 { first.values[(channel * history + frame) * 9 + pixel] = sign * (pixel == 4 ? 0.4 : 0.1) }
    }
    var second = Tensor(repeating: 0, shape: Shape(2, 4, 3, 3))
    for (channel, weight) in heard {
      for pixel in 0..<9 { second.values[channel * 9 + pixel] = weight * (pixel == 4 ? 2 : 0.5) }
    }
    let side = 6 + 2 * padding
    var dense = Tensor(repeating: 0, shape: Shape(2, 2 * side * side))
    // Cell 0 hears the first channel above, cell 1 the silent second.
    for place in 0..<side * side { (dense.values[place], dense.values[3 * side * side + place]) = (0.05, 0.05) }
    return try Model(
      name: "by hand", inputShape: Shape(history, 10, 10),
      layers: [
        Layer("conv1", .convolution(Convolution(weight: first, bias: [0.3, 0.2, 0.3, 0.2]))),
        Layer("relu1", .activation(.relu)),
        Layer("conv2", .convolution(Convolution(weight: second, bias: [0.5, 0], padding: Spatial(padding, padding)))),
        Layer("relu2", .activation(.relu)), Layer("dense", .dense(Dense(weight: dense, bias: [-0.5, -0.5]))),
        Layer("rate", .activation(.softplus)),
      ], facts: Facts(lag: 1, frameRate: 100, cells: [Cell(name: "a"), Cell(name: "b")]))
  }

  /// Four full-field flickers.
  static var flickers: [(name: String, movie: Tensor)] {
    (1...4).map { seed in
      var flicker = ContrastStep()
      (flicker.durationFrames, flicker.stepFrame, flicker.contrastAfter, flicker.seed) = (60, 0, 1, seed)
      return ("flicker \(seed)", flicker.movie(height: 10, width: 10))
    }
  }

  /// The largest difference of a model's first cell to some rates over the windows of a movie, relative to the largest rate.
  private func difference(_ model: Model, _ movie: Tensor, to rates: [Float]) throws -> Float {
    let plan = try #require(StreamPlan(model))
    let values = try #require(plan.run(movie, layers: [model.layers.count - 1], threads: 1)).tensors[0].values
    #expect(values.count == rates.count * model.cells)
    let largest = rates.reduce(1e-30) { max($0, $1.magnitude) }
    return rates.indices.reduce(0) { max($0, (rates[$1] - values[$1 * model.cells]).magnitude / largest) }
  }

  @Test(arguments: [[1: 1.0, 3: -0.6], [0: 1.0], [0: 0.4, 2: 0.3, 3: -0.2]] as [[Int: Float]])
  func `the channels that the cell hears are found, and only those`(heard: [Int: Float]) throws {
    let model = try ReductionTests.model(hearing: heard)
    var request = ReductionRequest(model, layer: 1)
    request.tolerance = 1e-6
    let reduction = try request.run(ReductionTests.flickers)
    let result = reduction.result
    #expect(result.kept == heard.count)
    #expect(Set(result.units.prefix(result.kept).map { $0.channel }) == Set(heard.keys))
    for unit in result.units.dropFirst(result.kept) { #expect(unit.importance < 1e-6) }
    #expect(result.residual < 1e-4)
    for unit in result.units.prefix(result.kept) {
      // Grey is no drive: what a channel adds has the sign of its weight.
      let weight = try #require(heard[unit.channel])
      #expect(weight > 0 ? unit.excitation > -unit.inhibition : -unit.inhibition > unit.excitation)
      #expect(unit.polarity == [-1, 1, -1, 1][unit.channel])
      // Lag 1 at 100 frames/s.
      #expect(abs(unit.latency - [10, 20, 40, 50][unit.channel]) < 1e-9)
      // Weights 1, 1, 1, 1, 16, 1, 1, 1, 1 in squares: 6 units of area on either axis, of 24.
      #expect(abs(unit.radius - 0.5) < 1e-6)
    }
    for curve in result.fidelity {
      #expect(curve.explained.count == 5)
      #expect(abs(curve.explained[4] - 1) < 1e-6)
    }
    let own = result.fidelity[0].explained
    #expect(own[heard.count] > 1 - 1e-6 && own[heard.count - 1] < 0.999)
    let names = result.fidelity.map { $0.order }
    #expect(names == ["conductance", "greedy ablation", "random"])
    // A random order of as many channels does worse.
    #expect(result.fidelity[2].explained[heard.count] < own[heard.count] - 0.01)
  }

  @Test func `the reduced model runs, is smaller and has one cell`() throws {
    let model = try ReductionTests.model(hearing: [1: 1, 3: -0.6])
    var request = ReductionRequest(model, layer: 1)
    request.tolerance = 1e-6
    let reduction = try request.run(ReductionTests.flickers)
    #expect(reduction.model.cells == 1 && reduction.model.facts.cells.map { $0.name } == ["a"])
    #expect(reduction.model.shapes[0] == Shape(2, 8, 8))
    #expect(reduction.model.parameterCount < model.parameterCount)
    for (trace, stimulus) in zip(reduction.result.traces, ReductionTests.flickers) {
      #expect(try difference(reduction.model, stimulus.movie, to: trace.full) < 1e-4)
      #expect(try difference(reduction.model, stimulus.movie, to: trace.reduced) < 1e-4)
      #expect(trace.firstFrame == 6)
    }
    #expect(reduction.result.traces.map { $0.isHeldOut } == [false, true, false, true])
  }

  @Test func `what is left out stays at its value for grey`() throws {
    // With everything lost but channel 1, the rest must count as for grey: in the rates and in the model.
    let model = try ReductionTests.model(hearing: [0: 0.3, 1: 1, 2: 0.2, 3: -0.6])
    var request = ReductionRequest(model, layer: 1)
    request.tolerance = 0.9
    let reduction = try request.run(ReductionTests.flickers)
    #expect(reduction.result.kept < 4)
    let trace = reduction.result.traces[0]
    #expect(try difference(reduction.model, ReductionTests.flickers[0].movie, to: trace.reduced) < 1e-4)
    #expect(try difference(reduction.model, ReductionTests.flickers[0].movie, to: trace.full) > 0.01)
    let grey = Tensor(repeating: 0, shape: Shape(6, 10, 10))
    let plan = try #require(StreamPlan(model))
    let rate = try #require(plan.run(grey, layers: [5], threads: 1)).tensors[0].values[0]
    #expect(try difference(reduction.model, grey, to: [rate]) < 1e-5)
  }

  @Test(arguments: [0, 1])
  func `channels that cancel go, and what is left of them stays`(padding: Int) throws {
    // Channel 3 sees what channel 1 sees: together they give -0.2 of it, or nothing.
    for (other, left) in [(0.8, 0.2), (1, 0)] as [(Float, Double)] {
      let model = try ReductionTests.model(hearing: [0: 1, 1: other, 3: -1], padding: padding, repeats: true)
      var request = ReductionRequest(model, layer: 1)
      (request.tolerance, request.refits) = (1e-6, true)
      let reduction = try request.run(ReductionTests.flickers)
      let kept = reduction.result.units.prefix(reduction.result.kept)
      #expect(reduction.result.fidelity.map { $0.order }.first == "refitted")
      let factors = Dictionary(uniqueKeysWithValues: kept.map { ($0.channel, $0.factor) })
      #expect(Set(factors.keys) == (left > 0 ? [0, 3] : [0]), "\(factors)")
      #expect(abs(try #require(factors[0]) - 1) < 1e-3)
      // The one that holds back more keeps its sign.
      if left > 0 { #expect(abs(try #require(factors[3]) - left) < 1e-3) }
      for (trace, stimulus) in zip(reduction.result.traces, ReductionTests.flickers) {
        #expect(try difference(reduction.model, stimulus.movie, to: trace.full) < 2e-3)
        #expect(try difference(reduction.model, stimulus.movie, to: trace.reduced) < 1e-4)
      }
      #expect(reduction.model.layers.contains { $0.name == "kept" } == (padding > 0))
      // As they are, both are needed where they do not cancel altogether.
      request.refits = false
      let plain = try request.run(ReductionTests.flickers).result
      #expect(plain.kept == (left > 0 ? 3 : 1) && plain.units.prefix(plain.kept).allSatisfy { $0.factor == 1 })
    }
  }

  @Test func `where channels cannot be taken out a normalisation holds them`() throws {
    let model = try ReductionTests.model(hearing: [1: 1, 3: -0.6], padding: 1)
    var request = ReductionRequest(model, layer: 1)
    request.tolerance = 1e-6
    let reduction = try request.run(ReductionTests.flickers)
    #expect(reduction.model.layers.map { $0.name }.contains("kept") && reduction.result.kept == 2)
    #expect(
      try difference(reduction.model, ReductionTests.flickers[1].movie, to: reduction.result.traces[1].full) < 1e-4)
  }

  @Test func `columns of a channel are ranked apart for a bar`() throws {
    let model = try ReductionTests.model(hearing: [0: 1])
    var request = ReductionRequest(model, layer: 1)
    (request.partition, request.tolerance) = (.column, 0.02)
    var bar = MovingBar()
    (bar.durationFrames, bar.barWidth, bar.start, bar.velocity) = (40, 2, -3, 0.05)
    let reduction = try request.run([("bar", bar.movie(height: 10, width: 10))])
    let kept = reduction.result.units.prefix(reduction.result.kept)
    #expect(reduction.result.units.count == 4 * 8 && kept.count < 6)
    // The bar goes from column 2 to 4; a unit's column is one less than its middle.
    #expect(kept.allSatisfy { $0.channel == 0 && (0...4).contains($0.place ?? -1) })
    #expect(!reduction.result.fidelity.contains { $0.order == "greedy ablation" })
    let trace = reduction.result.traces[0]
    #expect(try difference(reduction.model, bar.movie(height: 10, width: 10), to: trace.reduced) < 1e-4)
  }

  @Test func `channels of one kernel are a kind of cell with its past`() throws {
    // Channels 0 and 2 are one kernel three frames apart, and so are 1 and 3.
    let model = try ReductionTests.model(hearing: [1: 1, 3: -0.6])
    var request = ReductionRequest(model, layer: 1)
    (request.partition, request.tolerance) = (.kind, 1e-6)
    let reduction = try request.run(ReductionTests.flickers)
    let (units, kept) = (reduction.result.units, reduction.result.kept)
    #expect(units.count == 2 && kept == 1)
    #expect(units.map { $0.delays.map { $0.channel } } == [[1, 3], [0, 2]])
    #expect(units.map { $0.delays.map { $0.frames } } == [[1, 4], [0, 3]])
    let sums = units[0].delays.map { $0.conductance }
    #expect(sums[0] > 0 && sums[1] < 0)
    #expect(abs(sums[0] + sums[1] - units[0].excitation - units[0].inhibition) < 1e-3 * sums[0])
    #expect(reduction.model.shapes[0] == Shape(2, 8, 8))
    #expect(
      try difference(reduction.model, ReductionTests.flickers[1].movie, to: reduction.result.traces[1].full) < 1e-4)
    // The second convolution has other weights for each, and behind a dense layer there are no kinds.
    #expect(UnitPartition.kind.groups(model, layer: 3).groups.map { $0.channels } == [[0], [1]])
  }

  /// Photoreceptors, two kinds of bipolar cells and two that see their past: as layers with delays are written out, so they are found.
  @Test func `kinds are seen through divisions and later convolutions`() throws {
    var generator = SeededGenerator(seed: 12)
    func convolution(_ extents: Int...) -> RetinaModel.Operation {
      let shape = Shape(checking: extents)!
      return .convolution(
        Convolution(
          weight: Tensor(shape: shape, values: (0..<shape.count).map { _ in Float(generator.normal()) })!,
          bias: (0..<extents[0]).map { _ in Float(generator.normal()) }))
    }
    let architecture = Architecture(
      name: "past", inputShape: Shape(10, 8, 8),
      layers: [
        .init("conv0", convolution(2, 3, 1, 1)), .init("adaptation", .divisiveNormalization),
        .init("past0", .delays([0, 1, 3])), .init("conv1", convolution(2, 3, 3, 3)), .init("relu1", .activation(.relu)),
        .init("past1", .delays([0, 2])), .init("conv2", convolution(2, 4, 3, 3)), .init("past2", .delays([0, 2])),
        .init("conv3", convolution(1, 4, 1, 1)),
      ])
    var model = try architecture.model()
    func delays(_ layer: Int) -> [[Int]] { UnitPartition.kind.groups(model, layer: layer).groups.map { $0.delays } }
    func channels(_ layer: Int) -> [[Int]] { UnitPartition.kind.groups(model, layer: layer).groups.map { $0.channels } }
    // Layers: conv0, adaptation, conv1, relu1, conv2, conv3; all delays 0, 2 and 4 behind the first, and those before it.
    #expect(delays(0) == [[0, 1, 2, 3, 4, 5, 7], [0, 1, 2, 3, 4, 5, 7]])
    #expect(channels(0) == [Array(0..<7), Array(7..<14)])
    #expect(delays(1) == [[0, 1, 2, 3, 4, 5, 7]])
    #expect(delays(3) == [[0, 2, 4], [0, 2, 4]] && channels(3) == [[0, 2, 4], [1, 3, 5]])
    #expect(delays(4) == [[0, 2], [0, 2]] && channels(4) == [[0, 2], [1, 3]])
    // Of a copy with another threshold nothing else is a copy.
    guard case .convolution(var first) = model.layers[2].operation else { return #expect(Bool(false), "another layer") }
    first.bias?[2] += 1
    model = try Model(
      name: "other", inputShape: model.inputShape,
      layers: model.layers[..<2] + [Layer("conv1", .convolution(first))] + model.layers[3...])
    #expect(channels(3) == [[0, 4], [1, 3, 5], [2]])
  }

  @Test func `a channel that only divides is kept, and what channels do adds up`() throws {
    let model = try ReductionTests.model(hearing: [1: 1])
    guard case .convolution(var second) = model.layers[2].operation else {
      return #expect(Bool(false), "another layer")
    }
    // The second channel, which channel 3 drives, divides the first.
    for pixel in 0..<9 { second.weight.values[(4 + 3) * 9 + pixel] = 1 }
    let dense = Dense(weight: Tensor(repeating: 0.05, shape: Shape(1, 36)), bias: [-0.5])
    let dividing = try Model(
      name: "divides", inputShape: model.inputShape,
      layers: Array(model.layers[..<2]) + [
        Layer("conv2", .convolution(second)), Layer("gain", .divisiveNormalization), Layer("dense", .dense(dense)),
        Layer("rate", .activation(.softplus)),
      ], facts: Facts(lag: 1, frameRate: 100, cells: [Cell(name: "a")]))
    var request = ReductionRequest(dividing, layer: 1)
    request.tolerance = 1e-6
    let result = try request.run(ReductionTests.flickers).result
    #expect(result.residual < 1e-4)
    #expect(result.units.prefix(result.kept).map { $0.channel } == [1, 3])
    #expect(result.units[0].excitation > 0 && result.units[1].inhibition < 0)
  }

  @Test func `late inhibition that moves the peak is named`() throws {
    // ON excitation 2 frames and ON inhibition 5 frames ago: a step is answered until the inhibition comes.
    let model = try ReductionTests.model(hearing: [1: 1, 3: -0.9])
    var request = ReductionRequest(model, layer: 1)
    request.tolerance = 1e-6
    let stimuli = [0.5, 0.6, 0.8, 1].map { contrast in
      var flash = Flash()
      (flash.preFrames, flash.onFrames, flash.offFrames, flash.flashes, flash.contrast) = (8, 12, 10, 1, contrast)
      return (name: "flash \(contrast)", movie: flash.movie(height: 10, width: 10))
    }
    let result = try request.run(stimuli).result
    let text = result.mechanisms.joined(separator: "\n")
    #expect(text.contains("channel 3 (ON, 50 ms) inhibits"), "\(text)")
    #expect(text.contains("channel 1 (ON, 20 ms) excites"), "\(text)")
    #expect(text.contains("late by"), "\(text)")
  }

  @Test func `requests that do not fit are errors`() throws {
    let model = try ReductionTests.model(hearing: [0: 1])
    var request = ReductionRequest(model, layer: 1)
    request.cell = 2
    #expect(throws: (any Error).self) { try request.run(ReductionTests.flickers) }
    request.cell = 0
    #expect(throws: (any Error).self) {
      try request.run([("short", Tensor(repeating: 0, shape: Shape(3, 10, 10)))])
    }
    request.layer = 4
    #expect(throws: (any Error).self) { try request.run(ReductionTests.flickers) }
  }
}
