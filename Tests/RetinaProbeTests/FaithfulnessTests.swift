import RetinaEngine
import RetinaKernels
import RetinaModel
import RetinaProbe
import Testing

/// Measures of whether an attribution is true, on networks where they can be worked out by hand.
@Suite struct FaithfulnessTests {
  /// Units equal to the inputs, and a cell that is their weighted sum.
  private func sum(_ weights: [Float]) throws -> Network {
    let identity = weights.indices.map { row in weights.indices.map { $0 == row ? 1 : 0 as Float } }
    return try Network(weights.count, layers: [.dense(identity), .dense([weights])])
  }

  /// The measures of the first layer; conductance unless another method is given.
  private func check(
    _ network: Network, _ input: [Float], method: RetinaProbe.Method = .conductance,
    settings: FaithfulnessSettings = FaithfulnessSettings()
  ) throws -> Faithfulness {
    try Probe(network.program).faithfulness(
      of: Request(method, boundary: network.after(0), target: network.cell), shape: network.model.shapes[0],
      input: input, baseline: [Float](repeating: 0, count: input.count),
      cascade: try WeightCascade(network.model, downTo: 1), settings: settings)
  }

  private func expectClose(
    _ found: Double?, _ wanted: Double, within tolerance: Double = 1e-6,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let found = try #require(found, sourceLocation: sourceLocation)
    #expect((found - wanted).magnitude <= tolerance, "found \(found)", sourceLocation: sourceLocation)
  }

  /// Losing a unit of a sum costs what it was given, in any company.
  @Test func `all measures are perfect where the target is linear`() throws {
    var generator = SeededRandom(seed: 1)
    let found = try check(try sum(generator.floats(60, within: 1)), generator.floats(60, within: 1))
    #expect(found.unitAblation.count == 60 && found.units == 60)
    try expectClose(found.unitAblation.pearson, 1)
    try expectClose(found.unitAblation.spearman, 1, within: 1e-3)
    #expect(found.sensitivity.map { $0.size } == [1, 6, 18, 36])
    for subset in found.sensitivity { try expectClose(subset.correlation, 1) }
    #expect(found.infidelity.meanSquare < 1e-10)
    try expectClose(found.infidelity.unexplained, 0, within: 1e-9)
    try expectClose(found.relativeResidual.map { Double($0) }, 0)
  }

  /// A second relu after the first changes nothing, but hides what single units reach: each loss takes a run of the model.
  @Test(arguments: UInt64(0)..<10) func `losses from what units reach are those of running again`(seed: UInt64) throws {
    var generator = SeededRandom(seed: seed)
    let (weight, bias) = (Tensor([3, 2, 3, 3], generator.floats(54, within: 0.5)), generator.floats(3, within: 0.2))
    let readout = Tensor([1, 48], generator.floats(48, within: 0.5))
    let input = generator.floats(72, within: 1)
    func measures(_ bends: Int) throws -> Faithfulness {
      let network = try Network(
        2, 6, 6,
        layers: [
          .convolution(Convolution(weight: Tensor([2, 2, 1, 1], [1, -0.5, 0.25, 1]))), .activation(.relu),
          .convolution(Convolution(weight: weight, bias: bias)),
        ] + [Operation](repeating: .activation(.relu), count: bends) + [.flatten, .dense(Dense(weight: readout))])
      return try Probe(network.program).faithfulness(
        of: Request(.conductance, boundary: network.after(1), target: network.cell, steps: .exact),
        shape: network.model.shapes[1], input: input, baseline: [Float](repeating: 0, count: input.count),
        cascade: try WeightCascade(network.model, downTo: network.model.layers.count))
    }
    let (fast, slow) = (try measures(1), try measures(2))
    try expectClose(fast.unitAblation.pearson, try #require(slow.unitAblation.pearson), within: 1e-4)
    try expectClose(fast.channelAblation?.pearson, try #require(slow.channelAblation?.pearson), within: 1e-4)
    for (one, other) in zip(fast.sensitivity, slow.sensitivity) {
      try expectClose(one.correlation, try #require(other.correlation), within: 1e-4)
    }
    try expectClose(fast.infidelity.meanSquare, slow.infidelity.meanSquare, within: 1e-5)
    for (one, other) in zip(fast.deletion.values, slow.deletion.values) { try expectClose(one, other, within: 1e-5) }
  }

  /// The units' values say nothing about weights of either sign.
  @Test func `an attribution that ignores the weights agrees with nothing`() throws {
    var generator = SeededRandom(seed: 2)
    let weights: [Float] = (0..<400).map { _ in Bool.random(using: &generator) ? 1 : -1 }
    let input = generator.floats(400, within: 0.5).map { 1 + $0 }
    var settings = FaithfulnessSettings()
    settings.ablatedUnits = 400
    let found = try check(try sum(weights), input, method: .layerActivation, settings: settings)
    try expectClose(found.unitAblation.pearson, 0, within: 0.15)
    try expectClose(found.unitAblation.spearman, 0, within: 0.15)
    for subset in found.sensitivity { try expectClose(subset.correlation, 0, within: 0.35) }
    #expect(found.residual == nil && found.relativeResidual == nil)
  }

  /// Deletion 10, 6, 3, 1, 0 and insertion 0, 4, 7, 9, 10.
  @Test func `curves and their areas are those of a sum`() throws {
    for sign in [1, -1] as [Float] {
      let found = try check(try sum([2, 4, 1, 3].map { sign * $0 }), [1, 1, 1, 1])
      #expect(found.deletion.counts == [0, 1, 2, 3, 4])
      #expect(found.deletion.values == [10, 6, 3, 1, 0].map { Double(sign) * $0 })
      #expect(found.insertion.values == [0, 4, 7, 9, 10].map { Double(sign) * $0 })
      try expectClose(found.deletion.area, 0.375)
      try expectClose(found.insertion.area, 0.625)
      #expect(found.unitsNeeded == 3)
      #expect(found.value == Double(10 * sign) && found.valueWithoutUnits == 0)
    }
  }

  /// Taking away the 3 leaves -1 of 2, and giving it back alone makes 3 of 2.
  @Test func `units that hold the target back come last`() throws {
    let found = try check(try sum([-1, 3]), [1, 1])
    #expect(found.deletion.values == [2, -1, 0] && found.insertion.values == [0, 3, 2])
    try expectClose(found.deletion.area, 0)
    try expectClose(found.insertion.area, 1)
    #expect(found.unitsNeeded == 1)
  }

  @Test func `curves of equal units are straight, and nine tenths of them keep nine tenths`() throws {
    let ones = [Float](repeating: 1, count: 1000)
    let found = try check(try Network(1, layers: [.dense(ones.map { [$0] }), .dense([ones])]), [1])
    try expectClose(found.deletion.area, 0.5)
    try expectClose(found.insertion.area, 0.5)
    #expect(found.deletion.counts == (0...20).map { $0 * 50 })
    #expect(found.unitsNeeded == 900)
    #expect(found.unitAblation.count == 256 && found.unitAblation.pearson == nil)
  }

  /// Units x + 1 for a stimulus of 1, weights 1 and 2: 6, of which the baseline's units give 3 and none give 0.
  @Test func `units are replaced with the baseline's or with zero`() throws {
    let network = try Network(2, layers: [.dense([[1, 0], [0, 1]], [1, 1]), .dense([[1, 2]])])
    #expect(try check(network, [1, 1]).valueWithoutUnits == 3)
    var settings = FaithfulnessSettings()
    settings.replacement = .zero
    let found = try check(network, [1, 1], settings: settings)
    #expect(found.value == 6 && found.valueWithoutUnits == 0)
    #expect(found.insertion.values == [0, 4, 6])
  }

  /// Channels x, 2x and -x of four places, all read with weight 1: 4, 8 and -4 of 8.
  @Test func `channels are ablated whole`() throws {
    let network = try Network(
      1, 2, 2,
      layers: [
        .convolution(Convolution(weight: Tensor([3, 1, 1, 1], [1, 2, -1]))), .flatten,
        .dense([[Float](repeating: 1, count: 12)]),
      ])
    let found = try check(network, [1, 1, 1, 1])
    let channels = try #require(found.channelAblation)
    #expect(channels.count == 3)
    try expectClose(channels.pearson, 1)
    try expectClose(channels.spearman, 1)
    #expect(found.channelsNeeded == 1 && found.unitsNeeded == 4)
    #expect(try check(sum([1, 2]), [1, 1]).channelAblation == nil)
  }

  /// a = 3 where the unit's loss is 6: every sample has an error of 0 or 9, and twice the attribution explains all.
  @Test func `infidelity is a mean square, and a factor explains it`() throws {
    let found = try check(try sum([2]), [3], method: .layerActivation).infidelity
    let hits = found.meanSquare / 9 * 100
    #expect(hits > 0 && hits < 100 && (hits - hits.rounded()).magnitude < 1e-9)
    try expectClose(found.unexplained, 0)
  }

  /// a = w x moves by as much as x, at most 0.02 of it.
  @Test func `noise of a fiftieth moves a linear attribution by no more`() throws {
    let found = try check(try sum([5]), [3]).maxSensitivity
    #expect(found.radius == 0.02 * 3)
    let largest = try #require(found.largest)
    #expect(largest > 0.01 && largest <= 0.020001)
  }

  // MARK: - Randomised weights

  @Test func `randomised weights change the ranks, equal weights do not`() throws {
    var generator = SeededRandom(seed: 3)
    let input = generator.floats(300, within: 1)
    let random = try check(try sum(generator.floats(300, within: 1)), input).randomization
    #expect(random.map { $0.lowest } == ["1"])
    try expectClose(random[0].spearman, 0, within: 0.2)
    let equal = try check(try sum([Float](repeating: 2, count: 300)), input).randomization
    try expectClose(equal[0].spearman, 1)
    try expectClose(equal[0].spearmanOfMagnitudes, 1)
  }

  @Test func `the last layer is randomised first`() throws {
    let network = try Network(
      2, layers: [.dense([[1, 2], [3, 4]]), .activation(.relu), .dense([[1, 2], [3, 5]]), .dense([[1, -2]])])
    #expect(try check(network, [1, 2]).randomization.map { $0.lowest } == ["3", "2"])
  }

  // MARK: - Split halves

  /// Two blocks of two inputs: importances 1, 2, 5 and 3, 4, 1.
  @Test func `halves are compared over channels`() throws {
    let found = SplitHalf([[1, -1, 3, 3], [2, 2, -4, 4], [5, 5, 1, -1]], block: 2)
    #expect(found.blocks == 2)
    try expectClose(found.pearson, -48 / (78.0 * 42).squareRoot())
    try expectClose(found.spearman, -0.5)
  }

  @Test func `importance that lasts is stable, chance is not`() throws {
    var generator = SeededRandom(seed: 4)
    let lasting = (0..<12).map { channel in
      (0..<40).map { _ in Float(channel) * (1 + Float.random(in: -0.1...0.1, using: &generator)) }
    }
    try expectClose(SplitHalf(lasting, block: 1).pearson, 1, within: 0.01)
    let chance = (0..<200).map { _ in generator.floats(40, within: 1) }
    try expectClose(SplitHalf(chance, block: 1).pearson, 0, within: 0.15)
  }

  @Test func `halves that cannot be compared have no correlation`() {
    for (channels, block) in [
      ([], 1), ([[]], 1), ([[1, 2, 3]], 1), ([[1, 2], [2, 3]], 2), ([[1, 1], [1, 1]], 1), ([[1], [2]], 0),
    ] as [([[Float]], Int)] {
      let found = SplitHalf(channels, block: block)
      #expect(found.pearson == nil && found.spearman == nil)
    }
  }

  // MARK: - Agreement

  @Test func `equal values share their rank`() throws {
    let found = Agreement([1, 2, 2, 3], [1, 2, 3, 4])
    try expectClose(found.spearman, 4.5 / (4.5 * 5).squareRoot())
    try expectClose(Agreement([1, 2, 3], [10, 100, 1000]).spearman, 1)
    try expectClose(Agreement([1, 2, 3], [3, 2, 1]).pearson, -1)
    try expectClose(Agreement([1e300, 2e300], [1e-300, 2e-300]).spearman, 1)
  }

  @Test func `a constant agrees with nothing`() {
    for (a, b) in [([], []), ([1], [2]), ([1, 1], [1, 2]), ([0.1, 0.1, 0.1], [1, 2, 3])] as [([Double], [Double])] {
      #expect(Agreement(a, b).pearson == nil && Agreement(a, b).spearman == nil)
    }
  }

  // MARK: - Degenerate

  @Test func `a constant target leaves nothing to measure`() throws {
    let found = try check(try sum([0, 0, 0]), [1, 2, 3])
    #expect(found.value == 0 && found.residual == 0)
    #expect(found.deletion.area == nil && found.insertion.area == nil && found.unitsNeeded == nil)
    #expect(found.unitAblation.pearson == nil && found.sensitivity.allSatisfy { $0.correlation == nil })
    #expect(found.infidelity.meanSquare == 0 && found.infidelity.unexplained == nil)
    #expect(found.maxSensitivity.largest == nil)
    #expect(found.randomization.allSatisfy { $0.spearman == nil })
  }

  @Test func `a stimulus equal to the baseline leaves nothing to measure`() throws {
    let found = try check(try sum([1, 2]), [0, 0])
    #expect(found.deletion.area == nil && found.unitsNeeded == nil && found.maxSensitivity.radius == 0)
  }

  @Test func `a single unit has curves and no correlations`() throws {
    let found = try check(try sum([2]), [1])
    #expect(found.deletion.values == [2, 0] && found.unitsNeeded == 1)
    try expectClose(found.deletion.area, 0.5)
    #expect(found.unitAblation.pearson == nil && found.sensitivity.map { $0.size } == [1])
    #expect(found.sensitivity[0].correlation == nil)
  }

  @Test func `what is not finite or not of the layer is refused`() throws {
    let network = try sum([1, 2])
    #expect(throws: ProbeError.notFinite) { try check(network, [1, .nan]) }
    #expect(throws: ProbeError.self) {
      let wide = try Network(3, layers: [.dense([[1, 2, 3], [1, 2, 3]]), .dense([[1, 2]])])
      _ = try check(wide, [1, 2, 3], method: .integratedGradients)
    }
  }

  @Test func `the same seed gives the same measures`() throws {
    let network = try RandomNetwork(seed: 5, .kinked)
    let layer = network.network.model.layers.count - 2
    let request = Request(
      .conductance, boundary: network.network.after(layer), target: network.network.cell)
    let found = try (0..<2).map { _ in
      try Probe(network.program).faithfulness(
        of: request, shape: network.network.model.shapes[layer], input: network.input, baseline: network.baseline,
        cascade: try WeightCascade(network.network.model, downTo: layer + 1))
    }
    #expect(found[0].sensitivity == found[1].sensitivity && found[0].infidelity == found[1].infidelity)
    #expect(found[0].maxSensitivity == found[1].maxSensitivity)
    #expect(found[0].randomization == found[1].randomization)
    #expect(found[0].unitAblation == found[1].unitAblation)
  }
}
