import FoundationEssentials
import RetinaEngine
import RetinaFit
import RetinaKernels
import RetinaModel
import RetinaStimuli
import Testing

/// Gradients against central differences of a float64 reference.
@Suite struct GradientTests {
  /// A network to check, made from random numbers.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var input = Shape(4, 9, 8)
    var loss = Loss.poisson
    var layers: @Sendable (inout Draw) -> [TrainableLayer]

    var testDescription: String { name }
  }

  /// Random parameters.
  struct Draw {
    var generator: SeededGenerator

    mutating func values(_ count: Int, scale: Double = 1, offset: Double = 0) -> [Float] {
      var values: [Float] = []
      for _ in 0..<count { values.append(Float(offset + scale * generator.normal())) }
      return values
    }

    mutating func tensor(_ dimensions: Int...) -> Tensor {
      let shape = Shape(checking: dimensions)!
      let fanIn = Double(shape.count / dimensions[0])
      return Tensor(shape: shape, values: values(shape.count, scale: 1 / fanIn.squareRoot()))!
    }

    mutating func convolution(_ outputs: Int, _ inputs: Int, _ size: Int) -> RetinaModel.Operation {
      .convolution(Convolution(weight: tensor(outputs, inputs, size, size), bias: values(outputs, scale: 0.3)))
    }

    mutating func dense(_ outputs: Int, _ inputs: Int) -> RetinaModel.Operation {
      .dense(Dense(weight: tensor(outputs, inputs), bias: values(outputs, scale: 0.3)))
    }

    mutating func normalization(_ axis: BatchNormalization.Axis, _ count: Int) -> RetinaModel.Operation {
      .batchNormalization(
        BatchNormalization(
          axis: axis, scale: values(count, scale: 0.3, offset: 1), shift: values(count, scale: 0.3),
          mean: [Float](repeating: 0, count: count), variance: [Float](repeating: 1, count: count), epsilon: 1e-3))
    }
  }

  static let cases: [Case] = [
    Case(name: "dense, softplus") { draw in
      [.init("dense", draw.dense(3, 4 * 72)), .init("rate", .activation(.softplus))]
    },
    Case(name: "one convolution, ten channels") { draw in
      [
        .init("conv", draw.convolution(10, 4, 3)), .init("tanh", .activation(.tanh)),
        .init("dense", draw.dense(2, 10 * 42)), .init("rate", .activation(.softplus)),
      ]
    },
    Case(name: "two convolutions, relu") { draw in
      [
        .init("conv1", draw.convolution(3, 4, 4)), .init("relu1", .activation(.relu)),
        .init("conv2", draw.convolution(9, 3, 3)), .init("relu2", .activation(.relu)), .init("flatten", .flatten),
        .init("dense", draw.dense(2, 9 * 12)), .init("rate", .activation(.softplus)),
      ]
    },
    Case(name: "batch normalisation per channel and per unit") { draw in
      [
        .init("conv1", draw.convolution(3, 4, 3)), .init("bn1", draw.normalization(.channel, 3)),
        .init("s1", .activation(.sigmoid)), .init("conv2", draw.convolution(2, 3, 3)),
        .init("bn2", draw.normalization(.unit, 2 * 20)), .init("s2", .activation(.softplus)),
        .init("flatten", .flatten), .init("dense", draw.dense(3, 40)), .init("bn3", draw.normalization(.channel, 3)),
        .init("rate", .activation(.softplus)),
      ]
    },
    Case(name: "stacks of small kernels") { draw in
      [
        .init(
          "conv1",
          .convolutionStack(
            ConvolutionStack(
              weights: [draw.tensor(3, 4, 3, 3), draw.tensor(3, 3, 3, 2), draw.tensor(2, 3, 2, 3)],
              bias: draw.values(2, scale: 0.2)))),
        .init("elu", .activation(.elu(alpha: 0.7))), .init("dense", draw.dense(2, 2 * 4 * 3)),
        .init("rate", .activation(.exp)),
      ]
    },
    Case(name: "separable kernels, mean square", loss: .meanSquare) { draw in
      [
        .init(
          "conv1",
          .separableConvolution(
            SeparableConvolution(
              temporal: draw.tensor(3, 2, 4), spatial: draw.tensor(3, 2, 3, 3), bias: draw.values(3)))),
        .init("tanh", .activation(.tanh)), .init("dense", draw.dense(2, 3 * 42)),
      ]
    },
    Case(name: "delays of maps, twice", input: Shape(7, 9, 8)) { draw in
      [
        .init(
          "conv1", draw.convolution(3, 2, 3)), .init("bn1", draw.normalization(.channel, 3)),
        .init("s1", .activation(.softplus)), .init("past1", .delays([0, 1, 3])),
        .init("conv2", draw.convolution(9, 9, 3)),
        .init("tanh", .activation(.tanh)), .init("past2", .delays([0, 2])), .init("conv3", draw.convolution(2, 18, 2)),
        .init("dense", draw.dense(2, 2 * 12)), .init("rate", .activation(.softplus)),
      ]
    },
    Case(name: "divided before delays", input: Shape(6, 6, 7)) { draw in
      [
        .init("conv0", draw.convolution(4, 3, 1)), .init("adaptation", .divisiveNormalization),
        .init("past0", .delays([0, 1, 3])), .init("conv1", draw.convolution(3, 6, 3)),
        .init("s1", .activation(.softplus)), .init("dense", draw.dense(2, 3 * 20)),
        .init("rate", .activation(.softplus)),
      ]
    },
    Case(name: "pathways behind delays and before a division", input: Shape(4, 9, 8)) { draw in
      var second = TrainableLayer("conv2", draw.convolution(4, 4, 3))
      var third = TrainableLayer("conv3", draw.convolution(4, 8, 2))
      (second.pathways, third.pathways) = (2, 2)
      return [
        .init("conv1", draw.convolution(2, 2, 3)), .init("tanh1", .activation(.tanh)),
        .init("past1", .delays([0, 1])), second, .init("s2", .activation(.softplus)), .init("past2", .delays([0, 1])),
        third, .init("divide", .divisiveNormalization), .init("dense", draw.dense(2, 2 * 12)),
        .init("rate", .activation(.softplus)),
      ]
    },
    Case(name: "Gaussian read-out") { draw in
      [
        .init("conv1", draw.convolution(3, 4, 3)), .init("s1", .activation(.softplus)),
        .init(
          "dense",
          .gaussianReadout(
            GaussianReadout(
              channels: 3, height: 7, width: 6, centres: draw.values(4, scale: 1, offset: 3),
              logSigmas: draw.values(4, scale: 0.3, offset: 0.5), features: draw.values(6), bias: draw.values(2)))),
        .init("rate", .activation(.softplus)),
      ]
    },
    Case(name: "factorised read-out") { draw in
      [
        .init("conv1", draw.convolution(3, 4, 3)), .init("s1", .activation(.softplus)),
        .init(
          "dense",
          .factorizedReadout(
            FactorizedReadout(
              channels: 3, height: 7, width: 6, masks: draw.values(84, scale: 0.2), features: draw.values(6),
              bias: draw.values(2)))),
        .init("rate", .activation(.softplus)),
      ]
    },
    Case(name: "stride, padding, dilation, groups") { draw in
      [
        .init(
          "conv1",
          .convolution(
            Convolution(
              weight: draw.tensor(4, 4, 3, 3), bias: draw.values(4), stride: Spatial(2, 1), padding: Spatial(1, 1)))),
        .init("tanh", .activation(.tanh)),
        .init(
          "conv2",
          .convolution(
            Convolution(weight: draw.tensor(4, 2, 2, 2), dilation: Spatial(1, 2), groups: 2))),
        .init("s2", .activation(.softplus)), .init("dense", draw.dense(2, 4 * 4 * 6)),
        .init("rate", .activation(.softplus)),
      ]
    },
    Case(name: "pools and picked units") { draw in
      [
        .init("conv1", draw.convolution(2, 4, 2)), .init("tanh", .activation(.tanh)),
        .init("average", .averagePool(Pool(kernel: Spatial(2, 2), stride: Spatial(1, 1)))),
        .init("maximum", .maximumPool(Pool(kernel: Spatial(2, 2)))), .init("conv2", draw.convolution(3, 2, 2)),
        .init(
          "cells",
          .readout(
            Readout(positions: [
              .init(channel: 0, row: 1, column: 1), .init(channel: 2, row: 0, column: 0),
              .init(channel: 2, row: 0, column: 0),
            ]))),
        .init("rate", .activation(.softplus)),
      ]
    },
    Case(name: "divisive normalisation, of maps and of units") { draw in
      [
        .init("conv1", draw.convolution(6, 4, 3)), .init("divide1", .divisiveNormalization),
        .init("conv2", draw.convolution(10, 3, 2)), .init("divide2", .divisiveNormalization),
        .init("s2", .activation(.softplus)),
        .init("dense", draw.dense(4, 5 * 30)), .init("divide3", .divisiveNormalization),
        .init("rate", .activation(.softplus)),
      ]
    },
    Case(name: "parametric softplus, one and per unit") { draw in
      [
        .init("conv1", draw.convolution(3, 4, 3)),
        .init("s1", .activation(.parametricSoftplus(alpha: [0.7], beta: [-1.4]))), .init("flatten", .flatten),
        .init("dense", draw.dense(2, 3 * 42)),
        .init("rate", .activation(.parametricSoftplus(alpha: [0.8, 1.5], beta: [1.3, 0.6]))),
      ]
    },
    Case(name: "a first layer that is a reshaped dense one") { draw in
      [
        .init("dense1", draw.dense(24, 4 * 72)), .init("shape", .reshape(Shape(2, 4, 3))),
        .init("tanh", .activation(.tanh)), .init("conv", draw.convolution(3, 2, 2)),
        .init("s", .activation(.softplus)), .init("dense2", draw.dense(2, 18)), .init("rate", .activation(.softplus)),
      ]
    },
  ]

  /// Errors are relative to the largest derivative of the network.
  @Test(arguments: cases, [(1, 9, 1), (3, 4, 2)])
  func equalsCentralDifferences(_ item: Case, _ batch: (clips: Int, length: Int, threads: Int)) throws {
    let seed: UInt64 = 20 + UInt64(batch.clips)
    var draw = Draw(generator: SeededGenerator(seed: seed))
    let architecture = Architecture(name: "test", inputShape: item.input, layers: item.layers(&draw))
    let network = try Network(
      architecture, clips: batch.clips, clipLength: batch.length, threads: batch.threads)
    let pixels = item.input[1] * item.input[2]
    let movie = draw.values(30 * pixels)
    let first = (0..<batch.clips).map { 7 * $0 }
    var responses = draw.values(batch.clips * batch.length * network.cells).map { ($0 * $0 * 2).rounded() }
    responses[1] = .nan
    let activity = 0.05
    let loss = network.loss(
      movie: movie, firstFrames: first, responses: responses, loss: item.loss, activity: activity)

    let longest = architecture.longestDelay
    let windows = first.flatMap { frame in
      (0..<batch.length + longest).map { step in
        (0..<item.input.count - longest * pixels).map { Double(movie[(frame + step) * pixels + $0]) }
      }
    }
    let reference = ReferenceNetwork(architecture: architecture, groups: network.groups, clips: batch.clips)
    let parameters = network.parameters.map(Double.init)
    func referenceLoss(_ parameters: [Double]) -> Double {
      reference.loss(parameters, windows: windows, responses: responses, loss: item.loss, activity: activity)
    }
    let expected = referenceLoss(parameters)
    #expect(abs(loss - expected) <= 2e-6 * max(1, abs(expected)), "seed \(seed): \(loss), \(expected)")

    var (largest, errors) = (0.0, [(String, Double)]())
    for group in network.groups {
      // Of a large group, some parameters in regular steps.
      for index in stride(from: group.range.lowerBound, to: group.range.upperBound, by: max(1, group.range.count / 6)) {
        let step = 1e-5
        var (above, below) = (parameters, parameters)
        above[index] += step
        below[index] -= step
        let difference = (referenceLoss(above) - referenceLoss(below)) / (2 * step)
        largest = max(largest, abs(difference))
        errors.append((group.name, abs(difference - Double(network.gradient[index]))))
      }
    }
    for (name, error) in errors { #expect(error <= 1e-6 * largest, "\(name), seed \(seed): \(error) of \(largest)") }
  }
  /// Layers with delays between them, of histories of 8 frames of 9 x 8 pixels.
  struct Delayed: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let layers: @Sendable (inout Draw) -> [TrainableLayer]
  }

  static let delayed = [
    Delayed(testDescription: "three convolutions") { draw in
      [
        .init("conv1", draw.convolution(3, 3, 3)), .init("relu1", .activation(.relu)),
        .init("every", .averagePool(Pool(kernel: Spatial(1, 1), stride: Spatial(2, 2)))),
        .init("past1", .delays([0, 1, 3])),
        .init("conv2", draw.convolution(4, 9, 2)), .init("tanh", .activation(.tanh)),
        .init("mixed", draw.convolution(4, 4, 1)),
        .init("past2", .delays([0, 2])), .init("conv3", draw.convolution(2, 8, 1)), .init("flatten", .flatten),
      ]
    },
    // Numerators and denominators of all copies apart.
    Delayed(testDescription: "divisions before and behind delays") { draw in
      [
        .init("conv1", draw.convolution(4, 3, 1)), .init("bn1", draw.normalization(.channel, 4)),
        .init("tanh", .activation(.tanh)), .init("divide1", .divisiveNormalization),
        .init("past1", .delays([0, 1, 3])),
        .init("conv2", draw.convolution(6, 6, 3)), .init("divide2", .divisiveNormalization),
        .init("mixed", draw.convolution(2, 3, 1)), .init("past2", .delays([0, 2])),
        .init("conv3", draw.convolution(4, 4, 2)), .init("divide3", .divisiveNormalization), .init("flatten", .flatten),
      ]
    },
    Delayed(testDescription: "a quotient that is divided") { draw in
      [
        .init("conv1", draw.convolution(8, 5, 2)), .init("divide1", .divisiveNormalization),
        .init("divide2", .divisiveNormalization), .init("past1", .delays([0, 1, 3])),
        .init("conv2", draw.convolution(2, 6, 2)), .init("flatten", .flatten),
      ]
    },
  ]

  /// Windows of the model that layers with delays are written out as have the rates of the clips.
  @Test(arguments: delayed) func delaysAreWrittenOut(_ net: Delayed) throws {
    let seed: UInt64 = 27
    var draw = Draw(generator: SeededGenerator(seed: seed))
    let (input, pixels, windows) = (Shape(8, 9, 8), 72, 5)
    let layers = net.layers(&draw)
    let network = try Network(
      Architecture(name: "test", inputShape: input, layers: layers), clips: 2, clipLength: windows, threads: 2)
    let movie = draw.values(20 * pixels)
    _ = network.loss(
      movie: movie, firstFrames: [0, 4], responses: draw.values(2 * windows * network.cells), loss: .meanSquare,
      keepsStatistics: true)
    let model = try network.model()
    #expect(model.layers.map(\.name) == layers.filter { !$0.name.hasPrefix("past") }.map(\.name))
    let frames = [0, 4].flatMap { Array($0..<$0 + windows) }
    let inputs = frames.flatMap { frame -> [Float] in Array(movie[frame * pixels..<(frame + 8) * pixels]) }
    let batch = try #require(Tensor(shape: Shape(2 * windows, 8, 9, 8), values: inputs))
    let found = Program(model).run(batch, of: model, layers: [model.layers.count - 1], threads: 1).tensors[0].values
    let rates = network.rates
    #expect(found.count == rates.count && rates.contains { $0.magnitude > 0.1 })
    for (a, b) in zip(found, rates) { #expect(abs(a - b) < 1e-5, "seed \(seed)") }
  }

  /// Of kernels of a usual size, first in the network and behind another layer, against the plain definition.
  @Test(arguments: [false, true])
  func weightGradientsOfSpectraAreThoseOfTheDefinition(_ isFirst: Bool) throws {
    var draw = Draw(generator: SeededGenerator(seed: 31))
    let input = Shape(12, 24, 22)
    let convolution = Convolution(weight: draw.tensor(9, 12, 11, 13), bias: draw.values(9))
    let geometry = ConvolutionGeometry(convolution, input: input)
    let layers: [TrainableLayer] = [
      .init("conv", .convolution(convolution)), .init("flatten", .flatten),
    ]
    let network = try Network(
      Architecture(
        name: "test", inputShape: input,
        layers: isFirst ? layers : [.init("same", .reshape(input))] + layers),
      clips: 2, clipLength: 5, threads: 2)
    let movie = draw.values(30 * 24 * 22)
    let responses = draw.values(10 * network.cells)
    _ = network.loss(movie: movie, firstFrames: [0, 11], responses: responses, loss: .meanSquare)

    var expected = [Float](repeating: 0, count: convolution.weight.values.count)
    for (sample, frame) in ([Int](0..<5) + [Int](11..<16)).enumerated() {
      let window = Array(movie[frame * 24 * 22..<(frame + 12) * 24 * 22])
      var output = [Float](repeating: 0, count: network.cells)
      PlainConvolution.forward(
        geometry, input: window, weight: convolution.weight.values, bias: convolution.bias, output: &output)
      let slopes = output.enumerated().map { 2 * ($1 - responses[sample * output.count + $0]) / Float(responses.count) }
      PlainConvolution.accumulateWeightGradient(
        geometry, input: window, outputGradient: slopes, weightGradient: &expected)
    }
    let largest = expected.map { abs($0) }.max()!
    for (index, value) in expected.enumerated() {
      #expect(abs(network.gradient[index] - value) <= 1e-5 * largest, "weight \(index)")
    }
  }
}
