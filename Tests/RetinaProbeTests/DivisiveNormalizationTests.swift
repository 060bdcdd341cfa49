import RetinaEngine
import RetinaKernels
import RetinaModel
import RetinaProbe
import Testing

/// What methods say of a layer in which one unit divides another: y = n / (1 + max(0, d)).
@Suite struct DivisiveNormalizationTests {
  /// The layer alone: values are the one divided, then the one that divides.
  private func single() throws -> Network { try Network(2, layers: [.divisiveNormalization]) }

  /// Two divisions behind random weights, to two cells.
  private func network(_ seed: UInt64) throws -> (Network, input: [Float], baseline: [Float]) {
    var generator = SeededRandom(seed: seed)
    func tensor(_ extents: [Int]) -> Tensor { Tensor(extents, generator.floats(extents.reduce(1, *), within: 0.8)) }
    let network = try Network(
      3, 5, 4,
      layers: [
        .convolution(Convolution(weight: tensor([4, 3, 2, 2]), bias: generator.floats(4, within: 0.5))),
        .divisiveNormalization, .activation(.softplus), .flatten,
        .dense(Dense(weight: tensor([4, 24]), bias: generator.floats(4, within: 0.5))), .divisiveNormalization,
      ])
    return (network, generator.floats(60, within: 1.5), generator.floats(60, within: 0.5))
  }

  @Test(
    arguments: [
      ([6, 2], [2, -1 / 1.5]), ([6, -2], [6, 0]), ([-3, 0], [-3, 0]),
    ] as [([Float], [Float])])
  func gradient(_ input: [Float], _ wanted: [Float]) throws {
    let network = try single()
    let found = try network.answer(Request(.gradient, target: network.cell), input)
    let divisor = 1 + max(0, input[1])
    #expect(found.valueAtInput == input[0] / divisor)
    #expect(found.values == [1 / divisor, input[1] > 0 ? -input[0] / (divisor * divisor) : 0])
    _ = wanted
  }

  /// From (0, 0) to (6, 2): along the path 6 a / (1 + 2 a), so that the divided one gives the integral of 6 / (1 + 2 a), 3 ln 3, and the
  /// other the rest of the change, 2 - 3 ln 3.
  @Test func `integrated gradients follow the curve`() throws {
    let network = try single()
    let request = Request(.integratedGradients, target: network.cell, steps: .automatic)
    expect(try network.answer(request, [6, 2]).values, near: [3.2958369, -1.2958369], within: 1e-5)
  }

  @Test func `a division is made of no straight pieces`() throws {
    let network = try single()
    #expect(throws: ProbeError.self) {
      try network.answer(Request(.integratedGradients, target: network.cell, steps: .exact), [6, 2])
    }
  }

  /// From (1, 1) to (6, 2), gains 1/2 and 1/3: (6 - 1) (1/2 + 1/3) / 2 and (1/3 - 1/2) (6 + 1) / 2.
  @Test func `deeplift shares the change of a product`() throws {
    let network = try single()
    let found = try network.answer(Request(.deepLIFT, target: network.cell), [6, 2], from: [1, 1])
    expect(found.values, near: [25.0 / 12, -7.0 / 12], within: 1e-6)
  }

  @Test func `relevance goes to what is divided`() throws {
    let network = try single()
    expect(try network.answer(Request(.relevance, target: network.cell), [6, 2]).values, near: [2, 0], within: 1e-6)
  }

  @Test func `a unit sees what the one that is divided sees`() throws {
    let network = try Network(2, layers: [.dense([[1, 2], [3, 4]]), .divisiveNormalization])
    #expect(Probe(network.program).effectiveWeights(ofUnit: 0, boundary: 2) == [1, 2])
  }

  @Test(arguments: UInt64(61_000)..<61_020) func `attributions add up at every layer`(seed: UInt64) throws {
    let (network, input, baseline) = try network(seed)
    for boundary in 0...network.program.outputBoundary {
      for method in [RetinaProbe.Method.conductance, .layerIntegratedGradients, .layerDeepLIFT] {
        var request = network.completeRequest(method, boundary: boundary, steps: 4000)
        if method == .layerDeepLIFT { request.steps = .automatic }
        let found = try network.answer(request, input, from: baseline)
        let (residual, size) = (try #require(found.residual), found.values.magnitudes + 1)
        #expect(
          Double(residual.magnitude) <= (method == .layerDeepLIFT ? 1e-5 : 1e-3) * size,
          "\(method) at boundary \(boundary)")
      }
    }
  }
}
