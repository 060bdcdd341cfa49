import RetinaModel
import Testing

@Suite struct ShapeInferenceTests {
  /// An operation, what goes in, what must come out.
  struct Inference: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let operation: Operation
    let (input, output): (Shape, Shape)

    init(_ name: String, _ operation: Operation, _ input: Shape, _ output: Shape) {
      (testDescription, self.operation, self.input, self.output) = (name, operation, input, output)
    }
  }

  static let fits: [Inference] = [
    Inference("plain", .convolution(convolution(8, 4, 3, 5)), Shape(4, 9, 10), Shape(8, 7, 6)),
    Inference("1 x 1", .convolution(convolution(2, 4, 1, 1)), Shape(4, 9, 10), Shape(2, 9, 10)),
    Inference("as large as the image", .convolution(convolution(2, 4, 9, 10)), Shape(4, 9, 10), Shape(2, 1, 1)),
    Inference(
      "stride, padding, dilation",
      .convolution(
        Convolution(
          weight: ones(8, 4, 3, 3), bias: [Float](repeating: 0, count: 8), stride: Spatial(2, 3),
          padding: Spatial(1, 2), dilation: Spatial(2, 1))), Shape(4, 9, 10), Shape(8, 4, 4)),
    Inference(
      "groups", .convolution(Convolution(weight: ones(6, 2, 3, 3), groups: 2)), Shape(4, 9, 10), Shape(6, 7, 8)),
    Inference(
      "padded beyond the image", .convolution(Convolution(weight: ones(1, 1, 7, 7), padding: Spatial(3, 3))),
      Shape(1, 2, 1), Shape(1, 2, 1)),
    Inference(
      "stack",
      .convolutionStack(ConvolutionStack(weights: [ones(3, 4, 3, 3), ones(5, 3, 2, 4)], bias: [1, 2, 3, 4, 5])),
      Shape(4, 9, 10), Shape(5, 6, 5)),
    Inference(
      "separable", .separableConvolution(SeparableConvolution(temporal: ones(2, 3, 4), spatial: ones(2, 3, 5, 6))),
      Shape(4, 9, 10), Shape(2, 5, 5)),
    Inference("dense", .dense(Dense(weight: ones(7, 360), bias: [1, 2, 3, 4, 5, 6, 7])), Shape(4, 9, 10), Shape(7)),
    Inference(
      "channel normalisation", .batchNormalization(normalization(4, .channel)), Shape(4, 9, 10), Shape(4, 9, 10)),
    Inference("unit normalisation", .batchNormalization(normalization(360, .unit)), Shape(4, 9, 10), Shape(4, 9, 10)),
    Inference("normalisation of a vector", .batchNormalization(normalization(5, .channel)), Shape(5), Shape(5)),
    Inference("relu", .activation(.relu), Shape(4, 9, 10), Shape(4, 9, 10)),
    Inference(
      "parametric softplus, shared", .activation(.parametricSoftplus(alpha: [1], beta: [2])), Shape(3, 2), Shape(3, 2)),
    Inference(
      "parametric softplus, per unit", .activation(.parametricSoftplus(alpha: [1, 2, 3], beta: [2])), Shape(3), Shape(3)
    ),
    Inference("divisive normalisation", .divisiveNormalization, Shape(4, 9, 10), Shape(2, 9, 10)),
    Inference("divisive normalisation of units", .divisiveNormalization, Shape(6), Shape(3)),
    Inference("maximum pool", .maximumPool(Pool(kernel: Spatial(2, 3))), Shape(4, 9, 10), Shape(4, 4, 3)),
    Inference(
      "average pool with stride", .averagePool(Pool(kernel: Spatial(3, 3), stride: Spatial(1, 2))), Shape(4, 9, 10),
      Shape(4, 7, 4)),
    Inference("pool of an image", .maximumPool(Pool(kernel: Spatial(2, 2))), Shape(9, 10), Shape(4, 5)),
    Inference("pool of a vector", .averagePool(Pool(kernel: Spatial(1, 4))), Shape(10), Shape(2)),
    Inference("flatten", .flatten, Shape(4, 9, 10), Shape(360)),
    Inference("reshape", .reshape(Shape(6, 60)), Shape(4, 9, 10), Shape(6, 60)),
    Inference(
      "readout",
      .readout(Readout(positions: [.init(channel: 3, row: 8, column: 9), .init(channel: 0, row: 0, column: 0)])),
      Shape(4, 9, 10), Shape(2)),
    Inference("noise", .gaussianNoise(standardDeviation: 0.1), Shape(4, 9, 10), Shape(4, 9, 10)),
  ]

  @Test(arguments: fits)
  func `the shape that comes out is known`(inference: Inference) throws {
    #expect(try inference.operation.outputShape(of: inference.input) == inference.output)
    let model = try Model(
      name: "test", inputShape: inference.input, layers: [Layer("first", inference.operation), Layer("last", .flatten)])
    #expect(model.shapes == [inference.output, Shape(inference.output.count)])
    #expect(model.outputShape == Shape(inference.output.count) && model.cells == inference.output.count)
    #expect(model.inputShape(ofLayer: 0) == inference.input && model.inputShape(ofLayer: 1) == inference.output)
  }

  /// An operation that does not fit `[4, 9, 10]`, and what must be said to be needed and found.
  struct Misfit: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let operation: Operation
    let (expected, found): (String, String)

    init(_ name: String, _ operation: Operation, expected: String, found: String) {
      (testDescription, self.operation, self.expected, self.found) = (name, operation, expected, found)
    }
  }

  static let misfits: [Misfit] = [
    Misfit(
      "convolution of other channels", .convolution(convolution(8, 3, 3, 3)), expected: "weight [8, 3, 3, 3]",
      found: "[4, 9, 10]"),
    Misfit(
      "groups of other channels", .convolution(Convolution(weight: ones(8, 4, 3, 3), groups: 2)),
      expected: "[4 x 2 channels, height, width] for weight [8, 4, 3, 3]", found: "[4, 9, 10]"),
    Misfit(
      "groups that do not divide", .convolution(Convolution(weight: ones(8, 1, 3, 3), groups: 3)),
      expected: "groups that divide 8", found: "3 groups"),
    Misfit(
      "no groups", .convolution(Convolution(weight: ones(8, 4, 3, 3), groups: 0)), expected: "groups", found: "0 groups"
    ),
    Misfit(
      "kernel too high", .convolution(convolution(8, 4, 10, 3)), expected: "kernel 10 x 3", found: "[4, 9, 10]"),
    Misfit(
      "dilated kernel too wide",
      .convolution(Convolution(weight: ones(8, 4, 3, 3), dilation: Spatial(1, 5))), expected: "kernel 3 x 3",
      found: "[4, 9, 10]"),
    Misfit(
      "weight of another rank", .convolution(Convolution(weight: ones(8, 4, 3))), expected: "weight [out, in / groups",
      found: "weight [8, 4, 3]"),
    Misfit(
      "too few biases", .convolution(Convolution(weight: ones(8, 4, 3, 3), bias: [1, 2])), expected: "8 values of bias",
      found: "2"),
    Misfit(
      "stride 0", .convolution(Convolution(weight: ones(8, 4, 3, 3), stride: Spatial(1, 0))), expected: "stride from 1",
      found: "0"),
    Misfit(
      "huge padding", .convolution(Convolution(weight: ones(8, 4, 3, 3), padding: Spatial(.max, 0))),
      expected: "padding from 0", found: "\(Int.max)"),
    Misfit(
      "negative dilation", .convolution(Convolution(weight: ones(8, 4, 3, 3), dilation: Spatial(1, -1))),
      expected: "dilation from 1", found: "-1"),
    Misfit(
      "empty stack", .convolutionStack(ConvolutionStack(weights: [])), expected: "at least one convolution",
      found: "none"),
    Misfit(
      "stack whose parts do not fit",
      .convolutionStack(ConvolutionStack(weights: [ones(3, 4, 3, 3), ones(5, 2, 2, 4)])),
      expected: "weight [5, 2, 2, 4]", found: "[3, 7, 8]"),
    Misfit(
      "separable factors that do not fit",
      .separableConvolution(SeparableConvolution(temporal: ones(2, 3, 4), spatial: ones(2, 2, 5, 6))),
      expected: "temporal [out, rank, in]", found: "temporal [2, 3, 4] and spatial [2, 2, 5, 6]"),
    Misfit(
      "separable convolution of other channels",
      .separableConvolution(SeparableConvolution(temporal: ones(2, 3, 5), spatial: ones(2, 3, 5, 6))),
      expected: "features [5, height, width]", found: "[4, 9, 10]"),
    Misfit(
      "separable kernel too wide",
      .separableConvolution(SeparableConvolution(temporal: ones(2, 3, 4), spatial: ones(2, 3, 5, 11))),
      expected: "kernel 5 x 11", found: "[4, 9, 10]"),
    Misfit(
      "dense of other units", .dense(Dense(weight: ones(7, 361))), expected: "361 units for weight [7, 361]",
      found: "[4, 9, 10] (360 units)"),
    Misfit(
      "dense weight of another rank", .dense(Dense(weight: ones(360))), expected: "weight [out, in]",
      found: "weight [360]"),
    Misfit(
      "normalisation of other channels", .batchNormalization(normalization(5, .channel)),
      expected: "4 values of weight for the input [4, 9, 10]", found: "5"),
    Misfit(
      "normalisation of other units", .batchNormalization(normalization(4, .unit)),
      expected: "360 values of weight for the input [4, 9, 10]", found: "4"),
    Misfit(
      "negative variance",
      .batchNormalization(
        BatchNormalization(
          axis: .channel, scale: [1, 1, 1, 1], shift: [0, 0, 0, 0], mean: [0, 0, 0, 0], variance: [1, -1, 1, 1])),
      expected: "running_var + eps above 0", found: "-0.99999"),
    Misfit(
      "parametric softplus of other units", .activation(.parametricSoftplus(alpha: [1, 2], beta: [1])),
      expected: "1 or 360 values of alpha", found: "2"),
    Misfit(
      "pool larger than the image", .maximumPool(Pool(kernel: Spatial(10, 2))), expected: "window 10 x 2",
      found: "[4, 9, 10]"),
    Misfit(
      "pool without stride", .averagePool(Pool(kernel: Spatial(2, 2), stride: Spatial(0, 2))),
      expected: "kernel and stride of at least 1", found: "stride 0 x 2"),
    Misfit(
      "reshape to other units", .reshape(Shape(7, 5)), expected: "35 units for the shape [7, 5]", found: "[4, 9, 10]"),
    Misfit(
      "readout outside", .readout(Readout(positions: [.init(channel: 3, row: 9, column: 0)])),
      expected: "positions inside [4, 9, 10]", found: "[3, 9, 0]"),
    Misfit(
      "readout of nothing", .readout(Readout(positions: [])), expected: "at least one position", found: "[4, 9, 10]"),
  ]

  @Test(arguments: misfits)
  func `what does not fit is told with the layer, what is needed and what was found`(misfit: Misfit) throws {
    let layers = [
      Layer("fine", .activation(.relu)), Layer("wrong", misfit.operation), Layer("unjudged", .reshape(Shape(12_345))),
    ]
    let problems = try problems(layers)
    let problem = try #require(problems.first)
    #expect(problems.count == 1, "layers after one that does not fit are not judged")
    #expect(problem.place == "layer 'wrong'")
    #expect(problem.expected.contains(misfit.expected))
    #expect(problem.found.contains(misfit.found))
  }

  @Test(arguments: [Shape(3, 9, 10), Shape(7)])
  func `a division needs an even number of channels`(_ input: Shape) throws {
    let problems = try problems([Layer("gain", .divisiveNormalization)], input: input)
    #expect(problems.map(\.place) == ["layer 'gain'"])
    #expect(problems.first?.expected.contains("an even number of channels") == true)
    #expect(problems.first?.found == "\(input)")
  }

  @Test func `an output of more than 2^40 values is refused`() throws {
    let padded = Convolution(weight: ones(64, 1, 1, 1), padding: Spatial(65_536, 65_536))
    let problems = try problems([Layer("large", .convolution(padded))], input: Shape(1, 9, 10))
    #expect(problems.map(\.place) == ["layer 'large'"])
    #expect(problems.first?.expected == "an output of at most 2^40 values")
  }

  @Test(arguments: [
    Operation.batchNormalization(normalization(1, .channel)), .maximumPool(Pool(kernel: Spatial(1, 1))),
    .divisiveNormalization,
  ])
  func `operations over an axis refuse inputs without axes`(operation: Operation) {
    #expect(throws: ShapeMismatch.self) { try operation.outputShape(of: Shape()) }
  }
}

/// A batch normalisation of so many numbers.
private func normalization(_ count: Int, _ axis: BatchNormalization.Axis) -> BatchNormalization {
  let values = [Float](repeating: 1, count: count)
  return BatchNormalization(axis: axis, scale: values, shift: values, mean: values, variance: values)
}
