import RetinaEngine
import RetinaKernels
import RetinaModel
import RetinaProbe
import Testing

/// What must hold for every network beside what ``EveryNetworkTests`` ask: sums, equalities between methods, and agreement with plain
/// definitions in float64.
///
/// A failure names its seed; `RandomNetwork(seed:_:)` makes the same network again.
@Suite struct PropertyTests {
  // MARK: - Sums

  @Test(arguments: UInt64(1000)..<1040)
  func `conductance adds up roughly with many nodes where slopes jump`(seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, .kinked)
    for boundary in 0...random.program.outputBoundary {
      let request = Request(
        .conductance, boundary: boundary, target: random.network.cell, steps: .count(400), rule: .riemannMiddle)
      let found = try random.answer(request)
      let scale = found.values.magnitudes + Double(found.valueAtInput.magnitude)
      #expect(Double(try #require(found.residual).magnitude) <= 0.01 * scale, "boundary \(boundary)")
    }
  }

  @Test(arguments: [RandomNetwork.Flavour.smooth, .kinked], UInt64(2000)..<2060)
  func `deeplift adds up at every layer`(flavour: RandomNetwork.Flavour, seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, flavour)
    for boundary in 0...random.program.outputBoundary {
      let found = try random.answer(Request(.layerDeepLIFT, boundary: boundary, target: random.network.cell))
      let scale = found.values.magnitudes + Double(found.valueAtInput.magnitude)
      #expect(Double(try #require(found.residual).magnitude) <= 1e-5 * scale, "boundary \(boundary)")
    }
  }

  @Test(arguments: UInt64(3000)..<3030)
  func `what a unit conducts is split over the stimulus without loss`(seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, .smooth)
    let boundary = random.affineSteps + 1
    let whole = try random.answer(
      Request(.conductance, boundary: boundary, target: random.network.cell, steps: .count(12)))
    for unit in whole.values.indices.prefix(3) {
      let split = try random.answer(
        Request(
          .neuronConductance, target: random.network.cell, neuron: .unit(unit, boundary: boundary), steps: .count(12)))
      let tolerance = 1e-5 * (split.values.magnitudes + 1e-3)
      #expect((split.values.total - Double(whole.values[unit])).magnitude <= tolerance, "unit \(unit)")
      let single = try random.answer(
        Request(
          .neuronIntegratedGradients, target: random.network.cell, neuron: .unit(unit, boundary: boundary),
          steps: .count(24)))
      let change = try random.difference(boundary)[unit]
      #expect((single.values.total - Double(change)).magnitude <= 1e-5 * (single.values.magnitudes + 1), "unit \(unit)")
    }
  }

  // MARK: - Equal answers

  @Test(arguments: [RandomNetwork.Flavour.smooth, .kinked], UInt64(5000)..<5030)
  func `up to the first nonlinearity three methods are one`(flavour: RandomNetwork.Flavour, seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, flavour)
    for boundary in 0...random.affineSteps {
      func ask(_ method: RetinaProbe.Method) throws -> [Float] {
        let request = Request(
          method, boundary: boundary, target: random.network.cell, steps: .count(5), rule: .riemannLeft)
        return try random.answer(request).values
      }
      let conductance = try ask(.conductance)
      let tolerance = 1e-5 * conductance.magnitudes
      expect(try ask(.layerIntegratedGradients), near: conductance, within: tolerance, "boundary \(boundary)")
      let product = zip(try random.difference(boundary), try ask(.internalInfluence)).map { $0 * $1 }
      expect(product, near: conductance, within: tolerance, "boundary \(boundary)")
    }
  }

  @Test(
    arguments: RetinaProbe.Method.allCases.filter {
      $0.needsTarget && ![.saliency, .guidedBackprop, .deconvolution].contains($0)
    }, UInt64(6000)..<6010)
  func `the attribution of a sum of cells is the sum of attributions`(
    method: RetinaProbe.Method, seed: UInt64
  ) throws {
    let random = try RandomNetwork(seed: seed, .kinked)
    let boundary = random.affineSteps + 1
    func ask(_ cells: [Int]) throws -> [Float] {
      let target = Target.sum(cells, of: random.program)
      return try random.answer(random.network.completeRequest(method, boundary: boundary, target: target)).values
    }
    let (first, second, both) = try (ask([0]), ask([1]), ask([0, 1]))
    let tolerance = 2e-6 * (first.magnitudes + second.magnitudes + 10)
    expect(both, near: zip(first, second).map { $0 + $1 }, within: tolerance)
  }

  @Test(arguments: UInt64(7000)..<7020)
  func `many inputs are answered as one by one, on any number of threads`(seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, .kinked)
    var model = random.model
    model.facts.normalization = .scalar(mean: 0.25, standardDeviation: 2)
    let network = Network(model)
    var generator = SeededRandom(seed: seed)
    let inputs = (0..<5).map { _ in generator.floats(model.inputShape.count, within: 2) }
    let baselines = (0..<2).map { _ in generator.floats(model.inputShape.count, within: 1) }
    let method = RetinaProbe.Method.allCases[Int(seed) % RetinaProbe.Method.allCases.count]
    let questions = model.layers.indices.prefix(3).map { layer in
      LayerQuestion(
        requests: (0..<2).map { cell in
          network.completeRequest(method, boundary: network.after(layer), target: .cell(cell, of: network.program))
        }, shape: network.shape(method, layer: layer))
    }
    let normalized = baselines.map { network.program.normalized($0) }
    #expect(normalized[0][0] == baselines[0][0] * 0.5 - 0.125)
    for reduction in [Reduction.none, .channel] {
      for threads in [1, 2, 7] {
        let tables = try Probe.run(
          network.program, questions, reduction: reduction, count: inputs.count, input: { inputs[$0] },
          baselines: baselines, threads: threads)
        for (question, table) in zip(questions, tables) {
          let wanted = try inputs.flatMap { input in
            try question.requests.map {
              try network.answer($0, network.program.normalized(input), from: normalized[0], baselines: normalized)
            }
          }
          let shape = question.shape
          let isSummed = reduction == .channel && shape.rank == 3
          #expect(table.values.shape.dimensions == [5, 2] + (isSummed ? [shape[0]] : shape.dimensions))
          let groups = question.requests[0].groups
          let values = wanted.flatMap { isSummed ? $0.channelSums(shape, groups: groups) : $0.values }
          #expect(table.values.values == values, "\(method) on \(threads) threads")
          for (found, single) in zip(table.sums.joined(), wanted) {
            #expect(found.valueAtInput == single.valueAtInput && found.residual == single.residual)
          }
          #expect(table.largestRelativeResidual == wanted.compactMap(\.relativeResidual).max())
        }
        #expect(tables.count == questions.count)
      }
    }
  }

  @Test(arguments: RetinaProbe.Method.allCases)
  func `probing does not change a bit of any layer, nor of the next answer`(method: RetinaProbe.Method) throws {
    for seed in UInt64(8000)..<8010 {
      let random = try RandomNetwork(seed: seed, .kinked)
      let before = random.bits()
      let probe = Probe(random.program)
      let request = random.network.completeRequest(method, boundary: random.affineSteps)
      let first = try probe.attribute(request, input: random.input, baseline: random.baseline)
      _ = try probe.attribute(
        random.network.completeRequest(.deepLIFT, boundary: 0), input: random.baseline, baseline: random.input)
      let second = try probe.attribute(request, input: random.input, baseline: random.baseline)
      #expect(random.bits() == before, "seed \(seed)")
      #expect(first.values == second.values && first.valueAtInput == second.valueAtInput, "seed \(seed)")
    }
  }

  // MARK: - Plain definitions in float64

  @Test(arguments: [RandomNetwork.Flavour.smooth, .kinked], UInt64(9000)..<9030)
  func `a gradient is the limit of differences`(flavour: RandomNetwork.Flavour, seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, flavour)
    let reference = Reference(model: random.model)
    for layer in random.model.layers.indices.prefix(2) {
      let start = layer == 0 ? 0 : random.network.after(layer - 1)
      let found = try random.answer(Request(.gradient, boundary: start, target: random.network.cell)).values
      let values = try reference.run(random.inputs, to: layer)
      let (step, middle) = (1e-6, try reference.run(values, from: layer)[0])
      let slopes = try values.indices.map { unit in
        var (up, down) = (values, values)
        up[unit] += step
        down[unit] -= step
        return (
          left: (middle - (try reference.run(down, from: layer)[0])) / step,
          right: (try reference.run(up, from: layer)[0] - middle) / step
        )
      }
      let largest = slopes.reduce(0) { max($0, $1.left.magnitude, $1.right.magnitude) }
      for (unit, slope) in slopes.enumerated() {
        // A relu exactly at zero (over padding, without bias) has two slopes and no limit.
        guard (slope.left - slope.right).magnitude <= 1e-4 * largest else { continue }
        let wanted = (slope.left + slope.right) / 2
        #expect(
          (Double(found[unit]) - wanted).magnitude <= 1e-5 * largest + 1e-8, "layer \(layer), unit \(unit)")
      }
    }
  }

  @Test(arguments: UInt64(10_000)..<10_040)
  func `ablating a unit is running the rest without it`(seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, .kinked)
    let reference = Reference(model: random.model)
    let layer = Int(seed) % (random.model.layers.count - 1)
    let units = try reference.run(random.inputs, to: layer + 1)
    var generator = SeededRandom(seed: seed)
    let replacement = generator.floats(units.count, within: 1)
    let whole = try reference.run(units, from: layer + 1)[0]
    let wanted = try units.indices.map { unit in
      var values = units
      values[unit] = Double(replacement[unit])
      return whole - (try reference.run(values, from: layer + 1)[0])
    }
    let request = Request(
      .layerFeatureAblation, boundary: random.network.after(layer), target: random.network.cell,
      replacement: replacement)
    expect(try random.answer(request).values, near: wanted, within: 2e-6 * (1 + whole.magnitude), "layer \(layer)")
  }

  @Test(arguments: UInt64(11_000)..<11_030)
  func `occlusion is the mean over the windows that cover a unit`(seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, .kinked)
    let reference = Reference(model: random.model)
    var generator = SeededRandom(seed: seed)
    let shape = random.model.inputShape.dimensions
    let window = shape.map { Int.random(in: 1...$0, using: &generator) }
    let strides = window.map { Int.random(in: max(1, $0 - 1)...$0, using: &generator) }
    let whole = try reference.run(random.inputs)[0]
    var starts: [[Int]] = [[]]
    for axis in shape.indices {
      var places = [0]
      while places[places.count - 1] + window[axis] < shape[axis] {
        places.append(places[places.count - 1] + strides[axis])
      }
      starts = starts.flatMap { start in places.map { start + [$0] } }
    }
    var (sums, counts) = (
      [Double](repeating: 0, count: random.input.count), [Int](repeating: 0, count: random.input.count)
    )
    for start in starts {
      let covered = random.input.indices.filter { unit in
        var rest = unit
        return shape.indices.reversed().allSatisfy { axis in
          let place = rest % shape[axis]
          rest /= shape[axis]
          return (start[axis]..<start[axis] + window[axis]).contains(place)
        }
      }
      var values = random.inputs
      for unit in covered { values[unit] = random.baselines[unit] }
      let effect = whole - (try reference.run(values)[0])
      for unit in covered {
        sums[unit] += effect
        counts[unit] += 1
      }
    }
    let request = Request(.occlusion, target: random.network.cell, shape: shape, window: window, strides: strides)
    let wanted = zip(sums, counts).map { $0 / Double($1) }
    expect(
      try random.answer(request).values, near: wanted, within: 2e-6 * (1 + whole.magnitude),
      "shape \(shape) window \(window) strides \(strides)")
  }

  @Test(arguments: UInt64(12_000)..<12_030)
  func `shapley values are means over all orders and add up`(seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, .kinked)
    let reference = Reference(model: random.model)
    let groups = random.input.indices.map { $0 % 4 }
    var wanted = [Double](repeating: 0, count: 4)
    let orders = permutations([0, 1, 2, 3])
    for order in orders {
      var values = random.baselines
      var previous = try reference.run(values)[0]
      for group in order {
        for unit in values.indices where groups[unit] == group { values[unit] = random.inputs[unit] }
        let current = try reference.run(values)[0]
        wanted[group] += (current - previous) / Double(orders.count)
        previous = current
      }
    }
    let found = try random.answer(Request(.shapleyValues, target: random.network.cell, groups: groups))
    let scale = 1 + Double(found.valueAtInput.magnitude)
    expect(found.values, near: groups.map { wanted[$0] }, within: 2e-6 * scale)
    let present = Set(groups).map { Double(found.values[$0]) }
    let change = Double(found.valueAtInput) - Double(try #require(found.valueAtBaseline))
    #expect((present.reduce(0, +) - change).magnitude <= 2e-6 * scale)
  }

  private func permutations(_ elements: [Int]) -> [[Int]] {
    guard elements.count > 1 else { return [elements] }
    return elements.flatMap { first in permutations(elements.filter { $0 != first }).map { [first] + $0 } }
  }

  // MARK: - Dummies and twins

  /// Two inputs that enter alike and have the same values get the same; a hidden unit that nobody reads gets nothing.
  @Test(arguments: UInt64(13_000)..<13_040)
  func `twins get the same and a dummy gets nothing`(seed: UInt64) throws {
    var generator = SeededRandom(seed: seed)
    var first = generator.floats(5 * 4, within: 1)
    var second = generator.floats(3 * 5, within: 1)
    for row in 0..<5 { first[row * 4 + 1] = first[row * 4] }
    let dummy = Int.random(in: 0..<5, using: &generator)
    for row in 0..<3 { second[row * 5 + dummy] = 0 }
    let activation: Activation = Bool.random(using: &generator) ? .relu : .softplus
    let network = try Network(
      4,
      layers: [
        .dense(Dense(weight: Tensor([5, 4], first), bias: generator.floats(5, within: 0.5))), .activation(activation),
        .dense(Dense(weight: Tensor([3, 5], second))), .activation(activation),
        .dense(Dense(weight: Tensor([1, 3], generator.floats(3, within: 1)))),
      ])
    var (input, baseline) = (generator.floats(4, within: 2), generator.floats(4, within: 1))
    (input[1], baseline[1]) = (input[0], baseline[0])
    for method in RetinaProbe.Method.allCases {
      var request = network.completeRequest(method, boundary: network.after(1))
      if method == .shapleyValues || method == .layerShapleyValues { request.groups = nil }
      request.window = [1]
      let found = try network.answer(request, input, from: baseline).values
      switch method.subject {
      case .stimulus:
        #expect((found[0] - found[1]).magnitude <= 1e-6 * (1 + found[0].magnitude), "\(method)")
      case .layer, .layerOrStimulus, .channels:
        #expect(method == .layerActivation || found[dummy] == 0, "\(method)")
      case .positions, .output: break
      }
    }
  }
}
