import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaEngine

@Suite struct FoldedModelTests {
  @Test(arguments: 1...30 as ClosedRange<UInt64>) func `a folded model gives the same numbers`(seed: UInt64) throws {
    var builder = ModelBuilder(seed: seed, input: Shape(3, 9, 8))
    for _ in 0..<5 { try builder.random() }
    let model = try builder.model()
    for composes in [true, false] {
      let folded = try FoldedModel(model, stacks: composes ? .composed : .kept)
      let (original, other) = (Program(model), Program(folded.model))
      let values = [original, other].map { Workspace(MemoryPlan($0) { _ in true }) }
      var generator = SeededRandom(seed: seed)
      let input = generator.values(original.inputCount)
      for (program, workspace) in zip([original, other], values) {
        workspace[0].update(from: input, count: input.count)
        program.run(workspace)
      }
      for (layer, names) in folded.names.enumerated() {
        for name in names {
          let place = try #require(model.index(of: name))
          let count = model.shapes[place].count
          #expect(count == folded.model.shapes[layer].count)
          let expected = values[0][original.layerBoundaries[place]]
          let found = values[1][other.layerBoundaries[layer]]
          let scale = (0..<count).reduce(Float(1e-3)) { max($0, expected[$1].magnitude) }
          let error = (0..<count).reduce(Float(0)) { max($0, (found[$1] - expected[$1]).magnitude) }
          #expect(error <= 2e-4 * scale, "seed \(seed), layer \(name)")
        }
      }
      #expect(folded.names.last?.last == model.layers.last?.name)
    }
  }

  @Test func `normalisations vanish into convolutions`() throws {
    let folded = try FoldedModel(try FixedPointExample(.deepRetina).model, stacks: .composed)
    #expect(folded.model.layers.count == 7)
    #expect(
      folded.names == [
        ["layer 1", "layer 2"], ["layer 3"], ["layer 4"], ["layer 5"], ["layer 6"], ["layer 8"], ["layer 9"],
      ])
  }
}

@Suite struct EqualizationTests {
  @Test(arguments: FixedPointExample.all) func `an equalised model gives the same rates`(_ example: FixedPointExample)
    throws
  {
    let folded = try FoldedModel(example.model, stacks: .kept)
    let equal = try folded.equalized()
    let programs = [Program(folded.model), Program(equal.model)]
    let values = programs.map { Workspace(MemoryPlan($0) { _ in true }) }
    let inputs = try example.inputs
    for index in 0..<inputs.count {
      for (program, workspace) in zip(programs, values) {
        inputs.withInput(index) { program.normalize($0, into: workspace[0]) }
        program.run(workspace)
      }
      for cell in 0..<programs[0].outputCount {
        let rates = values.map { $0[programs[0].outputBoundary][cell] }
        #expect((rates[0] - rates[1]).magnitude < 1e-4 * max(1, rates[0].magnitude))
      }
    }
    // What was rescaled cannot be found by name; the rates can.
    #expect(equal.names.last == folded.names.last && equal.names.count == folded.names.count)
  }

  @Test func `channels of very different size become alike`() throws {
    var builder = ModelBuilder(seed: 4, input: Shape(2, 6, 6))
    try builder.convolution(3, 3, 3)
    try builder.add(.activation(.relu))
    try builder.dense(2)
    let model = try builder.model()
    guard case .convolution(var first) = model.layers[0].operation else { return }
    // A channel a thousand times as large as the others.
    for index in 0..<18 { first.weight.values[index] *= 1000 }
    let uneven = try Model(
      name: "uneven", inputShape: model.inputShape,
      layers: [Layer(model.layers[0].name, .convolution(first))] + model.layers.dropFirst())
    func spread(_ folded: FoldedModel) -> Float {
      let weight = folded.model.layers[0].operation.parameters[0].values
      let largest = (0..<3).map { weight[$0 * 18..<($0 + 1) * 18].reduce(Float(0)) { max($0, $1.magnitude) } }
      return (largest.max() ?? 0) / (largest.min() ?? 1)
    }
    let folded = try FoldedModel(uneven)
    let equal = try folded.equalized()
    #expect(spread(folded) > 500 && spread(equal) < 60)
    #expect(equal.names[0].isEmpty && equal.names[1].isEmpty && !equal.names[2].isEmpty)
  }
}

@Suite struct CalibrationTests {
  /// Many values near zero, fewer the farther away, and one very far away.
  private var outlier: CalibrationRange {
    let values =
      (0..<100_000).map { (index: Int) -> Float in
        let part = Float(index) / 100_000
        return part * part * part
      } + [20]
    var range = CalibrationRange(count: values.count)
    range.addExtremes(values)
    range.addHistogram(values)
    return range
  }

  @Test func `methods differ in what they do with an outlier`() {
    let range = outlier
    #expect(range.range(.minimumMaximum, .int8) == 0...20)
    // Rounding the many coarsely costs about as much as clamping the one.
    #expect((2...18).contains(range.range(.meanSquaredError, .int8).upperBound))
    #expect(range.range(.meanSquaredError, .int16) == 0...20)
    #expect(range.range(.entropy, .int8).upperBound < 10)
    #expect(range.range(.entropy, .int16) == 0...20)
  }

  @Test func `a percentile leaves the rarest values out`() {
    let values = (0..<500_000).map { Float($0 % 1000) / 1000 } + [50]
    var range = CalibrationRange(count: values.count)
    range.addExtremes(values)
    range.addHistogram(values)
    let found = range.range(.percentile, .int8)
    #expect(found.lowerBound == 0 && found.upperBound > 0.99 && found.upperBound < 1.1)
    #expect(range.range(.minimumMaximum, .int8) == 0...50)
  }

  @Test(arguments: CalibrationMethod.allCases) func `a range holds zero, and may be nothing else`(
    _ method: CalibrationMethod
  ) {
    for values in [[Float(3), 4, 5], [-3, -4, -5], [0, 0, 0]] {
      var range = CalibrationRange(count: 3)
      range.addExtremes(values)
      range.addHistogram(values)
      let found = range.range(method, .int8)
      #expect(found.contains(0))
      let quantization = FixedPointQuantization(type: .int8, covering: found)
      #expect(quantization.scale > 0 && quantization.value(of: 0) == quantization.zeroPoint)
      #expect(quantization.number(quantization.zeroPoint) == 0)
    }
  }

  @Test(arguments: [Float.infinity, -.infinity, .nan]) func `values that overflowed are noticed`(_ value: Float) {
    var range = CalibrationRange(count: 2)
    range.addExtremes([1, 2])
    #expect(range.isFinite)
    range.addExtremes([1, value])
    range.addHistogram([1, value])
    #expect(!range.isFinite && range.maximum == 2)
  }

  @Test func `means are those of each unit`() throws {
    let example = try FixedPointExample(.linearNonlinear)
    let calibration = Calibration(example.model, try example.inputs)
    let movie = example.movie
    let first = (0..<8).reduce(0.0) { $0 + (Double(movie.values[$1 * 110]) - 0.1) / 0.6 } / 8
    #expect((calibration.ranges[0].means[0] - first).magnitude < 1e-5)
  }
}

@Suite struct QuantizationTests {
  @Test(arguments: [(Float(-1), Float(3)), (0, 3), (-2, 0), (0.5, 3)]) func `a quantisation covers its range`(
    low: Float, high: Float
  ) {
    for type in [FixedPointType.int8, .int16] {
      let quantization = FixedPointQuantization(type: type, covering: low...high)
      for number in [min(low, 0), 0, high] {
        #expect((quantization.number(quantization.value(of: number)) - number).magnitude <= 0.51 * quantization.scale)
      }
      #expect(type == .int8 || quantization.zeroPoint == 0)
    }
  }

  @Test func `weights use their range, and biases are at the scale of the sums`() throws {
    let example = try FixedPointExample(.deepRetina)
    let model = try example.plan(QuantizationOptions(precision: .int8, correctsBias: false))
    let folded = try FoldedModel(example.model, stacks: .composed)
    var input = model.input
    for (layer, place) in zip(model.layers, [0, 2, 5]) {
      guard case .convolution(let convolution) = layer.operation else { continue }
      let exact = folded.model.layers[place].operation.parameters
      let perOutput = convolution.geometry.weightsPerOutput
      for channel in 0..<convolution.geometry.outputs {
        let weights = convolution.weight[channel * perOutput..<(channel + 1) * perOutput]
        #expect(weights.map { $0.magnitude }.max() == 127)
        let scale = convolution.multipliers[channel].value * Double(layer.output.scale) / Double(input.scale)
        for (index, weight) in weights.enumerated() {
          let error = Double(weight) * scale - Double(exact[0].values[channel * perOutput + index])
          #expect(error.magnitude < 0.501 * scale)
        }
        let bias = Double(convolution.bias[channel]) * scale * Double(input.scale)
        #expect((bias - Double(exact[1].values[channel])).magnitude < 0.501 * scale * Double(input.scale))
      }
      input = layer.output
    }
  }

  @Test func `bias correction takes the mean error away`() throws {
    // A dense layer whose inputs are never negative: rounded weights shift the mean.
    var builder = ModelBuilder(seed: 3, input: Shape(1, 20, 20))
    try builder.dense(12)
    let model = try builder.model()
    var inputs = Tensor(repeating: 0, shape: Shape(6, 1, 20, 20))
    var generator = SeededRandom(seed: 9)
    inputs.values = generator.values(inputs.values.count).map { $0.magnitude }
    let sequence = try #require(InputSequence(inputs, inputShape: model.inputShape))
    let folded = try FoldedModel(model, stacks: .composed)
    let calibration = Calibration(folded.model, sequence)
    let float = Program(model)
    let values = Workspace(MemoryPlan(float) { _ in true })
    func meanErrors(corrects: Bool) throws -> Double {
      let options = QuantizationOptions(precision: .int8, correctsBias: corrects)
      let plan = try FixedPointQuantizer(folded, calibration, options).model(golden: inputs.values)
      let stream = FixedPointStream(try FixedPointProgram(plan))
      var errors = [Double](repeating: 0, count: 12)
      for index in 0..<sequence.count {
        sequence.withInput(index) { input in
          values[0].update(from: input, count: 400)
          stream.run(input)
        }
        float.run(values)
        for (cell, rate) in stream.rates.enumerated() {
          errors[cell] += Double(rate - values[float.outputBoundary][cell])
        }
      }
      return errors.reduce(0) { $0 + ($1 / 6).magnitude } / 12
    }
    #expect(try meanErrors(corrects: true) < 0.4 * meanErrors(corrects: false))
  }

  @Test func `a model that computes nothing is refused`() throws {
    let model = try Model(name: "nothing", inputShape: Shape(2, 2, 2), layers: [Layer("flatten", .flatten)])
    let folded = try FoldedModel(model, stacks: .composed)
    let inputs = try #require(
      InputSequence(Tensor(repeating: 1, shape: Shape(3, 2, 2)), inputShape: model.inputShape))
    let quantizer = FixedPointQuantizer(
      folded, Calibration(folded.model, inputs), QuantizationOptions(precision: .int8))
    #expect(throws: QuantizationError.self) { try quantizer.model(golden: inputs.values) }
  }

  @Test func `a division is refused with its name`() throws {
    let error = #expect(throws: QuantizationError.self) {
      try FixedPointExample(.divisive).plan(QuantizationOptions(precision: .int16))
    }
    #expect(error?.layer == "layer 1" && error?.found == "divisive normalization")
  }

  @Test func `inputs of other shapes are none`() {
    let shape = Shape(4, 3, 3)
    #expect(InputSequence(Tensor(repeating: 0, shape: Shape(3, 3, 3)), inputShape: shape) == nil)
    #expect(InputSequence(Tensor(repeating: 0, shape: Shape(5, 3, 2)), inputShape: shape) == nil)
    #expect(InputSequence(Tensor(repeating: 0, shape: Shape(5, 3, 3)), inputShape: shape)?.count == 2)
    #expect(InputSequence(Tensor(repeating: 0, shape: Shape(5, 4, 3, 3)), inputShape: shape)?.stride == 36)
  }
}
