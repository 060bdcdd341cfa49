import RetinaModel
import RetinaStimuli
import RetinaTheory
import Testing

@Suite struct ScheduleTests {
  @Test(arguments: [(0.1, 5e-3, 0.9), (0.2, 0.01, 0.0), (0.05, 0.02, 0.5)])
  func `a growing rate does what weight decay does`(_ rate: Double, _ decay: Double, _ momentum: Double) throws {
    let schedule = try ExponentialRate(rate: rate, decay: decay, momentum: momentum)
    let network = NormalizedNetwork(inputs: 6, hidden: 4, samples: 20, seed: 3)
    let found = schedule.measureEquivalence(of: network, steps: 200)
    #expect(found.difference < 1e-9, "\(found)")
    #expect(found.losses.0 < 0.9 * network.lossAndGradient().loss)
    if momentum > 0 {
      #expect(schedule.measureEquivalence(of: network, steps: 200, correctsBuffer: false).difference > 1e-4)
    }
  }

  @Test func `the loss does not change when weights are scaled, and its gradient stands upright on them`() {
    var network = NormalizedNetwork(inputs: 5, hidden: 3, samples: 12, seed: 4)
    let (loss, gradient) = network.lossAndGradient()
    let product = zip(gradient.values, network.weights.values).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(product.magnitude < 1e-12)
    // A step without gradient and with decay alone halves the weights.
    network.setBuffer(0.5)
    network.descend(rate: 0, decay: 0, momentum: 0)
    #expect(network.lossAndGradient().loss == loss)
  }

  @Test func `without momentum any rates have an equivalent`() throws {
    let rates = (0..<60).map { 0.3 / (1 + 0.05 * Double($0 % 17)) }
    let grown = try ExponentialRate.equivalent(to: rates, decay: 0.02)
    var (first, second) = (
      NormalizedNetwork(inputs: 6, hidden: 4, samples: 20, seed: 5),
      NormalizedNetwork(inputs: 6, hidden: 4, samples: 20, seed: 5)
    )
    for (rate, other) in zip(rates, grown) {
      first.descend(rate: rate, decay: 0.02, momentum: 0)
      second.descend(rate: other, decay: 0, momentum: 0)
      for (left, right) in zip(first.directions.values, second.directions.values) {
        #expect((left - right).magnitude < 1e-10)
      }
    }
    // With a constant rate it is the exponential one.
    let constant = try ExponentialRate.equivalent(to: [0.1, 0.1, 0.1], decay: 0.05)
    let schedule = try ExponentialRate(rate: 0.1, decay: 0.05, momentum: 0)
    for step in 0..<3 { #expect((constant[step] / schedule.rate(at: step) - 1).magnitude < 1e-12) }
    #expect(throws: TheoryError.self) { try ExponentialRate.equivalent(to: [2], decay: 0.5) }
  }

  @Test func `a schedule without equivalent is refused`() throws {
    #expect(throws: TheoryError.self) { try ExponentialRate(rate: 1, decay: 0.01, momentum: 0.9) }
    #expect(throws: TheoryError.self) { try ExponentialRate(rate: -1, decay: 0, momentum: 0) }
    let schedule = try ExponentialRate(rate: 0.1, decay: 5e-4, momentum: 0.9)
    #expect((90_000.0...91_500).contains(schedule.stepsToOverflow))
    #expect((try ExponentialRate(rate: 0.1, decay: 0, momentum: 0.9).growth - 1).magnitude < 1e-14)
  }

  @Test func `tensors before a normalisation are invariant, others are not`() throws {
    var generator = SeededGenerator(seed: 61)
    func tensor(_ shape: Shape, _ deviation: Double) -> Tensor {
      var tensor = Tensor(repeating: 0, shape: shape)
      for place in tensor.values.indices { tensor.values[place] = Float(deviation * generator.normal()) }
      return tensor
    }
    let model = try Model(
      name: "bn", inputShape: Shape(2, 6, 6),
      layers: [
        Layer("conv", .convolution(Convolution(weight: tensor(Shape(3, 2, 3, 3), 0.4), bias: [0.1, 0.2, 0.3]))),
        Layer(
          "bn",
          .batchNormalization(
            BatchNormalization(
              axis: .channel, scale: [1, 1, 1], shift: [0.1, 0, 0], mean: [9, 9, 9], variance: [9, 9, 9], epsilon: 1e-3)
          )),
        Layer("relu", .activation(.relu)),
        Layer("dense", .dense(Dense(weight: tensor(Shape(2, 48), 0.3)))),
      ])
    let found = try ScaleInvariance(model, inputs: tensor(Shape(12, 2, 6, 6), 1))
    #expect(found.tensors.map(\.name) == ["conv.weight", "conv.bias", "bn.weight", "bn.bias", "dense.weight"])
    #expect(found.tensors.map(\.isInvariant) == [true, true, false, false, false])
    #expect(found.tensors[0].change > 1e-5 && found.tensors[0].changeWithoutEpsilon < 1e-5)
    #expect((found.tensors[4].change - 1).magnitude < 1e-5)
    #expect(throws: TheoryError.self) { try ScaleInvariance(model, inputs: tensor(Shape(7, 2, 6, 6), 1)) }
    #expect(throws: TheoryError.self) {
      try ScaleInvariance(model, inputs: Tensor(repeating: 0, shape: Shape(9, 2, 6, 6)))
    }
  }
}
