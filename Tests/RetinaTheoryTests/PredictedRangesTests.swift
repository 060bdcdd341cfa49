import RetinaEngine
import RetinaModel
import RetinaStimuli
import RetinaTheory
import Testing

@Suite struct PredictedRangesTests {
  /// Three linear convolutions, the last with a bias, a relu, and a dense layer with a softplus, with normal weights.
  private func model(seed: UInt64) throws -> Model {
    var random = SeededGenerator(seed: seed)
    func weights(_ shape: Shape) -> Tensor {
      var tensor = Tensor(repeating: 0, shape: shape)
      let gain = 1 / Double(shape.count / shape[0]).squareRoot()
      for index in tensor.values.indices { tensor.values[index] = Float(random.normal() * gain) }
      return tensor
    }
    return try Model(
      name: "normal", inputShape: Shape(6, 14, 14),
      layers: [
        Layer("first", .convolution(Convolution(weight: weights(Shape(8, 6, 3, 3))))),
        Layer("second", .convolution(Convolution(weight: weights(Shape(8, 8, 3, 3))))),
        Layer(
          "third",
          .convolution(Convolution(weight: weights(Shape(8, 8, 3, 3)), bias: [Float](repeating: 0.5, count: 8)))),
        Layer("relu", .activation(.relu)), Layer("flatten", .flatten),
        Layer("dense", .dense(Dense(weight: weights(Shape(3, 512)), bias: [0.1, 0, -0.1]))),
        Layer("rate", .activation(.softplus)),
      ])
  }

  @Test(arguments: 1...5 as ClosedRange<UInt64>) func `white noise stays inside, and uses the range`(seed: UInt64)
    throws
  {
    let model = try model(seed: seed)
    let predicted = try LayerRanges.predicted(model)
    #expect(predicted.count == model.layers.count + 1)
    #expect(predicted[4].lowerBound == 0 && predicted[7].lowerBound == 0 && predicted[3].lowerBound < 0)
    var random = SeededGenerator(seed: seed + 100)
    var inputs = Tensor(repeating: 0, shape: Shape(20, 6, 14, 14))
    for index in inputs.values.indices { inputs.values[index] = Float(random.normal()) }
    let measured = Calibration(model, try #require(InputSequence(inputs, inputShape: model.inputShape)))
    for (place, (range, found)) in zip(predicted, measured.ranges).enumerated() {
      #expect(found.maximum < 1.2 * range.upperBound, "seed \(seed), place \(place)")
      // Many values come near the end of a range of 5 deviations; the three rates need not.
      if place <= 4 { #expect(found.maximum > 0.4 * range.upperBound, "seed \(seed), place \(place)") }
    }
  }

  @Test func `what the theory cannot follow is named`() throws {
    let model = try Model(
      name: "pooled", inputShape: Shape(2, 4, 4),
      layers: [Layer("pool", .maximumPool(Pool(kernel: Spatial(2, 2))))])
    #expect(throws: TheoryError.self) { try LayerRanges.predicted(model) }
  }
}
