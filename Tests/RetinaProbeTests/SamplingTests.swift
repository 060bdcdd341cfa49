import RetinaEngine
import RetinaModel
import RetinaProbe
import Testing

/// Methods that draw random samples: right in the mean, and as certain as they say.
@Suite struct SamplingTests {
  private func shapley(_ random: RandomNetwork, samples: Int?, seed: UInt64 = 0) throws -> Attribution {
    let groups = random.input.indices.map { $0 % 6 }
    return try random.answer(
      Request(.shapleyValues, target: random.network.cell, groups: groups, samples: samples, seed: seed))
  }

  @Test(arguments: UInt64(25_000)..<25_020)
  func `sampled shapley values are those over all subsets, and add up in every order`(seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, .kinked)
    let (exact, sampled) = try (shapley(random, samples: nil), shapley(random, samples: 400, seed: seed))
    let error = Double(try #require(sampled.standardError))
    let scale = Double(max(exact.valueAtInput.magnitude, exact.valueAtBaseline?.magnitude ?? 0))
    expect(sampled.values, near: exact.values, within: 5 * error + 2e-6 * scale)
    #expect(exact.standardError == nil)
    #expect(sampled.valueAtInput == exact.valueAtInput && sampled.valueAtBaseline == exact.valueAtBaseline)
    let one = try shapley(random, samples: 2, seed: seed)
    for found in [sampled, one] {
      let groups = Set(random.input.indices.map { $0 % 6 })
      let sum = groups.reduce(0) { $0 + Double(found.values[$1]) }
      let change = Double(found.valueAtInput) - Double(try #require(found.valueAtBaseline))
      #expect((sum - change).magnitude <= 3e-6 * scale)
    }
  }

  /// relu is linear where all inputs are above zero, and a product of pairs is not there: both orders of a pair of orders together are
  /// exact for effects of single inputs.
  @Test func `more than sixteen groups are sampled`() throws {
    let weights = (0..<40).map { Float($0) / 8 }
    let network = try Network(40, layers: [.dense([weights])])
    let ones = [Float](repeating: 1, count: 40)
    for method in [RetinaProbe.Method.shapleyValues, .layerShapleyValues] {
      let found = try network.answer(Request(method, target: network.cell), ones)
      expect(found.values, near: weights, within: 1e-4)
      #expect(try #require(found.standardError) < 1e-4)
    }
    let grouped = Request(.shapleyValues, target: network.cell, groups: (0..<40).map { min($0, 15) })
    #expect(try network.answer(grouped, ones).standardError == nil)
  }

  /// max(x0, x1) at (1, 1) from 0 depends on two inputs: an order and its reverse give the exact 1/2 each.
  @Test func `a pair of orders has no error for effects of pairs`() throws {
    let network = try Network(2, layers: [.maximumPool(Pool(kernel: Spatial(1, 2)))])
    let found = try network.answer(Request(.shapleyValues, target: network.cell, samples: 1), [1, 1])
    #expect(found.values == [0.5, 0.5] && found.standardError == nil)
  }

  @Test func `the seed decides, and more samples are more certain`() throws {
    let random = try RandomNetwork(seed: 25_500, .kinked)
    #expect(try shapley(random, samples: 20, seed: 4).values == (try shapley(random, samples: 20, seed: 4).values))
    let baselines = [random.baseline, random.input.map { -$0 }]
    func shap(_ samples: Int, seed: UInt64) throws -> Attribution {
      try random.network.answer(
        Request(.gradientShap, target: random.network.cell, samples: samples, seed: seed), random.input,
        baselines: baselines)
    }
    #expect(try shap(20, seed: 4).values == (try shap(20, seed: 4).values))
    #expect(try shap(20, seed: 4).values != (try shap(20, seed: 5).values))
    #expect(try shap(1, seed: 4).standardError == nil)
    let (few, many) = try (#require(shap(100, seed: 1).standardError), #require(shap(10_000, seed: 1).standardError))
    #expect(many < few / 4)
  }

  @Test(arguments: [RandomNetwork.Flavour.smooth, .kinked], UInt64(26_000)..<26_010)
  func `sampled expected gradients are those over all baselines`(
    flavour: RandomNetwork.Flavour, seed: UInt64
  ) throws {
    let random = try RandomNetwork(seed: seed, flavour)
    let baselines = [random.baseline, random.input.map { 0.5 - $0 }, random.input.map { _ in 0 }]
    func ask(_ method: RetinaProbe.Method, _ baselines: [[Float]], multiplies: Bool = true) throws -> Attribution {
      let request = Request(
        method, target: random.network.cell, steps: .count(200), rule: .riemannMiddle, multipliesByInputs: multiplies,
        samples: 2000, seed: seed)
      return try random.network.answer(request, random.input, from: baselines[0], baselines: baselines)
    }
    for multiplies in [true, false] {
      let whole = try ask(.expectedGradients, baselines, multiplies: multiplies)
      let single = try baselines.map { try ask(.integratedGradients, [$0], multiplies: multiplies) }
      let mean = random.input.indices.map { index in single.reduce(0) { $0 + Double($1.values[index]) } / 3 }
      expect(whole.values, near: mean, within: 1e-6 * (1 + whole.values.magnitudes))
      #expect((whole.residual == nil) == !multiplies)
      let sampled = try ask(.gradientShap, baselines, multiplies: multiplies)
      let error = Double(try #require(sampled.standardError))
      expect(sampled.values, near: whole.values, within: 5 * error + 0.01 * whole.values.magnitudes)
      #expect(sampled.valueAtInput == whole.valueAtInput)
      #expect((Double(sampled.valueAtBaseline ?? 0) - Double(whole.valueAtBaseline ?? 0)).magnitude < 1e-5)
    }
  }

  /// The gradient of a linear model is the same everywhere: with one baseline every sample is exact.
  @Test func `a linear model needs no samples`() throws {
    let network = try Network(3, layers: [.dense([[1, -2, 4]], [8])])
    let request = Request(.gradientShap, target: network.cell, samples: 7)
    let found = try network.answer(request, [1, 1, 1], from: [0, 0.5, 2])
    expect(found.values, near: [1, -1, -4.0], within: 1e-6)
    #expect(try #require(found.standardError) < 1e-6 && #require(found.residual).magnitude < 1e-6)
  }
}
