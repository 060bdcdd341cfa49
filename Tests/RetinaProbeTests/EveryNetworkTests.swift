import RetinaEngine
import RetinaKernels
import RetinaModel
import RetinaProbe
import Testing

/// What the methods promise, each on more than five hundred networks: smooth ones with nodes, others with exact integrals.
///
/// A failure names its seed; `EveryNetworkTests.network(seed)` makes the same network again.
@Suite struct EveryNetworkTests {
  private static let seeds = UInt64(50_000)..<50_510

  private func network(_ seed: UInt64) throws -> RandomNetwork {
    try RandomNetwork(seed: seed, seed % 2 == 0 ? .smooth : .straight)
  }

  /// Enough nodes for the smooth networks; the others need none.
  private func steps(_ seed: UInt64) -> Request.Steps { seed % 2 == 0 ? .count(24) : .exact }

  @Test(arguments: seeds)
  func `attributions add up at every layer, to the same sum`(seed: UInt64) throws {
    let random = try network(seed)
    let (target, steps) = (random.network.cell, steps(seed))
    let gradients = try random.answer(Request(.integratedGradients, target: target, steps: steps))
    let change = Double(gradients.valueAtInput) - Double(try #require(gradients.valueAtBaseline))
    for boundary in 0...random.program.outputBoundary {
      for method in [RetinaProbe.Method.conductance, .layerIntegratedGradients] {
        let found = try random.answer(Request(method, boundary: boundary, target: target, steps: steps))
        let tolerance = 1e-5 * (found.values.magnitudes + Double(found.valueAtInput.magnitude))
        let residual = Double(try #require(found.residual))
        #expect(residual.magnitude <= tolerance, "\(method) at boundary \(boundary)")
        #expect((found.values.total - change - residual).magnitude <= 1e-6 * found.values.magnitudes)
        #expect(
          (found.values.total - gradients.values.total).magnitude <= tolerance + 1e-5 * gradients.values.magnitudes,
          "\(method) at boundary \(boundary)")
      }
    }
  }

  @Test(arguments: seeds)
  func `conductance is the same before and after a function of each unit`(seed: UInt64) throws {
    let random = try network(seed)
    for (index, step) in random.program.steps.enumerated() where !step.isAffine && step.isElementwise {
      let (before, after) = try (
        random.answer(Request(.conductance, boundary: index, target: random.network.cell, steps: steps(seed))),
        random.answer(Request(.conductance, boundary: index + 1, target: random.network.cell, steps: steps(seed)))
      )
      let tolerance = 1e-5 * after.values.magnitudes + 1e-6 * Double(after.valueAtInput.magnitude)
      expect(before.values, near: after.values, within: tolerance, "boundary \(index)")
    }
  }

  /// The first value of the stimulus (or its first channel) enters with a weight of zero, and hidden unit 0 before the last matrix is
  /// read with a weight of zero.
  @Test(arguments: seeds)
  func `a unit that nobody reads gets zero`(seed: UInt64) throws {
    let random = try network(seed)
    var layers = random.model.layers
    let last = try #require(
      layers.lastIndex {
        if case .dense = $0.operation { return true }
        return false
      })
    var ignored = 0
    for place in [0, last] {
      switch layers[place].operation {
      case .dense(var dense):
        let inputs = dense.weight.shape[1]
        for row in 0..<dense.weight.shape[0] { dense.weight.values[row * inputs] = 0 }
        layers[place].operation = .dense(dense)
        if place == 0 { ignored = 1 }
      case .convolution(var convolution):
        let shape = convolution.weight.shape
        let (taps, all) = (shape[2] * shape[3], shape[1] * shape[2] * shape[3])
        for output in 0..<shape[0] { for tap in 0..<taps { convolution.weight.values[output * all + tap] = 0 } }
        layers[place].operation = .convolution(convolution)
        ignored = random.model.inputShape[1] * random.model.inputShape[2]
      default: break
      }
    }
    let network = Network(try Model(name: "dummies", inputShape: random.model.inputShape, layers: layers))
    let boundary = network.program.boundary(layer: last, side: .input)
    for method in [
      RetinaProbe.Method.conductance, .layerIntegratedGradients, .internalInfluence, .layerDeepLIFT,
      .layerGradientTimesActivation, .layerFeatureAblation, .layerRelevance, .attributionPatching,
    ] {
      var request = network.completeRequest(method, boundary: boundary)
      if method != .layerDeepLIFT { request.steps = steps(seed) }
      #expect(try network.answer(request, random.input, from: random.baseline).values[0] == 0, "\(method)")
    }
    for method in [
      RetinaProbe.Method.integratedGradients, .deepLIFT, .inputTimesGradient, .featureAblation, .relevance,
    ] {
      var request = network.completeRequest(method, boundary: 0)
      request.steps = steps(seed)
      let values = try network.answer(request, random.input, from: random.baseline).values
      #expect(ignored > 0 && values[..<ignored].allSatisfy { $0 == 0 }, "\(method)")
    }
  }

  @Test(arguments: seeds)
  func `the attribution of a weighted sum of cells is the weighted sum of attributions`(seed: UInt64) throws {
    let random = try network(seed)
    var mixture = Target.sum([0, 1], of: random.program)
    (mixture.terms[0].weight, mixture.terms[1].weight) = (0.75, -1.5)
    for method in [
      RetinaProbe.Method.conductance, .integratedGradients, .layerIntegratedGradients, .internalInfluence,
      .layerDeepLIFT, .layerFeatureAblation,
    ] {
      func ask(_ target: Target) throws -> [Float] {
        try random.answer(
          Request(method, boundary: random.affineSteps + 1, target: target, steps: steps(seed))
        ).values
      }
      let (first, second) = try (
        ask(.cell(0, of: random.program)), ask(.cell(1, of: random.program))
      )
      let tolerance = 2e-6 * (first.magnitudes + 2 * second.magnitudes + 1)
      expect(
        try ask(mixture), near: zip(first, second).map { 0.75 * $0 - 1.5 * $1 }, within: tolerance, "\(method)")
    }
  }

  @Test(arguments: seeds)
  func `a batch is answered as one by one`(seed: UInt64) throws {
    let random = try network(seed)
    var generator = SeededRandom(seed: seed)
    let inputs = (0..<3).map { _ in generator.floats(random.input.count, within: 1.5) }
    let layer = Int(seed) % random.model.layers.count
    let requests = (0..<2).map { cell in
      Request(
        .conductance, boundary: random.network.after(layer), target: .cell(cell, of: random.program), steps: steps(seed)
      )
    }
    let question = LayerQuestion(requests: requests, shape: random.model.shapes[layer])
    let tables = try Probe.run(
      random.program, [question], reduction: .none, count: inputs.count, input: { inputs[$0] },
      baselines: [random.baseline], threads: Int(seed) % 3 + 1)
    let wanted = try inputs.flatMap { input in
      try requests.flatMap { try random.network.answer($0, input, from: random.baseline).values }
    }
    #expect(tables[0].values.values == wanted)
  }

  @Test(arguments: seeds)
  func `a probe does not change a bit of any layer`(seed: UInt64) throws {
    let random = try network(seed)
    let before = random.bits()
    let probe = Probe(random.program)
    for method in [RetinaProbe.Method.conductance, .layerDeepLIFT, .layerFeatureAblation] {
      let request = Request(
        method, boundary: random.affineSteps + 1, target: random.network.cell, steps: steps(seed))
      let answer = try probe.attribute(request, input: random.input, baseline: random.baseline)
      #expect(answer.valueAtInput.bitPattern == before[random.program.outputBoundary][0], "\(method)")
    }
    #expect(random.bits() == before)
  }
}
