import RetinaEngine
import RetinaModel
import RetinaStimuli
import RetinaTheory
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct PropagationTests {
  @Test(arguments: [0.1, 1, 7]) func `erf is critical where its closed form says`(_ q: Double) throws {
    let found = try MeanField.critical(.erf, variance: q)
    let wanted = Double.pi / 4 * (1 + 4 * q).squareRoot()
    #expect((found.weightVariance - wanted).magnitude < 1e-12 * wanted)
    #expect((found.gradientGain(variance: q) - 1).magnitude < 1e-12)
    #expect(try found.fixedPoint().phase == .critical)
  }

  @Test func `the fixed points of relu are those of a line`() throws {
    let field = MeanField(.relu, weightVariance: 1.9, biasVariance: 0.2)
    #expect((try field.fixedVariance() - 4).magnitude < 1e-12)
    #expect(throws: TheoryError.self) {
      try MeanField(.relu, weightVariance: 2.1, biasVariance: 0.1).fixedPoint()
    }
    #expect(try MeanField(.relu, weightVariance: 2, biasVariance: 0).fixedPoint().correlationDepth == .infinity)
    #expect(try MeanField(.tanh, weightVariance: 0.9, biasVariance: 0).fixedVariance() == 0)
  }

  @Test(arguments: [(Nonlinearity.tanh, 1.3), (.tanh, 2.5), (.erf, 3.0), (.softplus, 0.5)])
  func `the fixed point is where both maps stand still`(_ function: Nonlinearity, _ weights: Double) throws {
    let field = MeanField(function, weightVariance: weights, biasVariance: 0.05)
    let found = try field.fixedPoint()
    #expect((field.nextVariance(found.variance) - found.variance).magnitude < 1e-12)
    let next = field.nextCorrelation(found.correlation, variance: found.variance)
    #expect((next - found.correlation).magnitude < 1e-9)
    #expect((found.phase == .chaotic) == (found.gradientGain > 1))
  }

  @Test func `inputs of a chaotic network without bias end up uncorrelated`() throws {
    let found = try MeanField(.tanh, weightVariance: 1.5, biasVariance: 0).fixedPoint()
    #expect(found.phase == .chaotic && found.correlation == 0)
    #expect(found.correlationDepth > 1 && found.correlationDepth < 100)
  }

  @Test func `a wide random layer does what the means say`() throws {
    var generator = SeededGenerator(seed: 31)
    let (width, field) = (600, MeanField(.tanh, weightVariance: 1.7, biasVariance: 0.1))
    func normal(_ rows: Int, _ columns: Int, _ deviation: Double) -> Matrix {
      Matrix(rows: rows, columns: columns, values: (0..<rows * columns).map { _ in deviation * generator.normal() })
    }
    let network = DenseNetwork(
      layers: (0..<3).map { place in
        DenseNetwork.Layer(
          weight: normal(width, width, (field.weightVariance / Double(width)).squareRoot()),
          bias: normal(1, width, field.biasVariance.squareRoot()).values, nonlinearity: .tanh)
      })
    let trace = network.run(normal(2, width, 1))
    var q = trace.drives[0].squaredNorm / Double(2 * width)
    for layer in 1..<3 {
      q = field.nextVariance(q)
      let measured = trace.drives[layer].squaredNorm / Double(2 * width)
      #expect((measured - q).magnitude < 0.1 * q, "seed 31, layer \(layer)")
    }
  }

  @Test func `spatial modes fade as their gains say`() {
    let taps = [0.25, 0.5, 0.25]
    let gains = MeanField.spatialGains(tapVariances: taps, size: 4)
    for (gain, wanted) in zip(gains, [1, 0.5, 0]) { #expect((gain - wanted).magnitude < 1e-15) }
    let depths = MeanField.spatialDepths(tapVariances: taps, size: 4, gain: 0.8)
    #expect((depths[0] + 1 / log(0.8)).magnitude < 1e-12 && (depths[1] + 1 / log(0.4)).magnitude < 1e-12)
    #expect(depths[2] < 0.03)
    #expect(MeanField.spatialDepths(tapVariances: [0, 1, 0], size: 4, gain: 1) == [.infinity, .infinity, .infinity])
  }

  @Test func `a stack of a model's layers is predicted from their weights`() throws {
    let plus = try #require(Tensor(shape: Shape(2, 2, 1, 2), values: [1, -1, 1, 1, -1, 1, 1, -1]))
    let dense = try #require(Tensor(shape: Shape(1, 4), values: [0.25, -0.25, 0.25, 0.25]))
    let model = try Model(
      name: "small", inputShape: Shape(2, 2, 2),
      layers: [
        Layer("conv", .convolution(Convolution(weight: plus, bias: [3, -1]))), Layer("relu", .activation(.relu)),
        Layer("dense", .dense(Dense(weight: dense))), Layer("rate", .activation(.tanh)),
      ])
    let found = StackPrediction.all(of: model)
    // Four inputs of weight variance 1, biases of mean square 5; four inputs of variance 1/16.
    #expect(
      found.map(\.field) == [
        MeanField(.relu, weightVariance: 4, biasVariance: 5), MeanField(.tanh, weightVariance: 0.25, biasVariance: 0),
      ])
    #expect(throws: TheoryError.self) { try found[0].fixedPoint.get() }
    #expect(try found[1].fixedPoint.get().phase == .ordered)
  }

  @Test func `the likeness of responses is the mean cosine of pairs`() throws {
    let inputs = try #require(Tensor(shape: Shape(3, 1, 1, 2), values: [1, 0, 0, 2, 3, 3]))
    let weight = try #require(Tensor(shape: Shape(1, 1, 1, 1), values: [2]))
    let model = try Model(
      name: "line", inputShape: Shape(1, 1, 2),
      layers: [
        Layer("double", .convolution(Convolution(weight: weight))),
        Layer("shift", .convolution(Convolution(weight: weight, bias: [-3]))), Layer("relu", .activation(.relu)),
      ])
    let found = try LayerRanges(model, inputs: inputs).layers
    // Cosines 0, and twice 1 / sqrt 2.
    #expect((try #require(found[0].similarity) - 2.0.squareRoot() / 3).magnitude < 1e-7)
    // (1, -3), (-3, 5) and (9, 9); after relu (1, 0), (0, 5) and (9, 9).
    #expect((try #require(found[2].similarity) - 2.0.squareRoot() / 3).magnitude < 1e-7)
    let dark = try LayerRanges(model, inputs: Tensor(repeating: 0, shape: Shape(2, 1, 1, 2))).layers
    #expect(dark[0].similarity == nil && dark[0].deadUnits == 2)
    #expect((try #require(dark[1].similarity) - 1).magnitude < 1e-12)
  }

  @Test func `delta-orthogonal kernels keep the length of every input`() throws {
    let (channels, size) = (5, 6)
    let kernel = try CriticalStart.deltaOrthogonal(outputs: 8, inputs: channels, size: 3, gain: 1.5, seed: 2)
    let model = try Model(
      name: "delta", inputShape: Shape(channels, size, size),
      layers: [Layer("conv", .convolution(Convolution(weight: kernel, padding: Spatial(1, 1))))])
    var generator = SeededGenerator(seed: 3)
    var inputs = Tensor(repeating: 0, shape: Shape(3, channels, size, size))
    for place in inputs.values.indices { inputs.values[place] = Float(generator.normal()) }
    let outputs = Program(model).run(inputs, of: model, layers: [0], threads: 1).tensors[0]
    for row in 0..<3 {
      func length(_ tensor: Tensor) -> Double {
        let count = tensor.values.count / 3
        return tensor.values[row * count..<(row + 1) * count].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      }
      #expect((length(outputs) - 1.5 * length(inputs)).magnitude < 1e-5 * length(inputs))
    }
    #expect(throws: TheoryError.self) {
      try CriticalStart.deltaOrthogonal(outputs: 4, inputs: 5, size: 3, gain: 1, seed: 1)
    }
  }

  @Test func `ten thousand layers are trained at the edge of chaos and nowhere else`() {
    func field(_ weights: Double) -> MeanField { MeanField(.linear, weightVariance: weights, biasVariance: 0) }
    var linear = DeepStack(field(1), depth: 10_000, width: 6, size: 1, seed: 1)
    let kept = linear.train(steps: 4, rate: 1e-5)
    #expect((kept.variances.last!.value / kept.variances[0].value - 1).magnitude < 1e-9)
    #expect((kept.gradients[0].value - 1).magnitude < 1e-9)
    #expect(kept.losses.last! < 0.9 * kept.losses[0] && kept.firstLayerChange > 0, "\(kept.losses)")

    var faint = DeepStack(field(0.9), depth: 10_000, width: 6, size: 1, seed: 1)
    let lost = faint.train(steps: 1, rate: 1e-5)
    #expect(lost.variances.last!.value < 1e-300 && lost.firstLayerChange < 1e-12)

    var loud = DeepStack(field(1.2), depth: 10_000, width: 6, size: 1, seed: 1)
    #expect(loud.train(steps: 1, rate: 1e-5).losses.last!.isFinite == false)
  }

  @Test func `ten thousand layers of tanh are trained on the critical line and not beside it`() throws {
    let critical = try MeanField.critical(.tanh, variance: 1e-4)
    var stack = DeepStack(critical, depth: 10_000, width: 8, size: 0.01, seed: 2)
    let kept = stack.train(steps: 4, rate: 1e-5)
    #expect(kept.gradients[0].value > 0.1 && kept.gradients[0].value < 10, "\(kept.gradients[0])")
    #expect(kept.separation > 0.1 && kept.losses.last! < kept.losses[0], "\(kept.separation) \(kept.losses)")

    var ordered = critical
    ordered.weightVariance *= 0.9
    var beside = DeepStack(ordered, depth: 10_000, width: 8, size: 0.01, seed: 2)
    let lost = beside.train(steps: 1, rate: 1e-5)
    #expect(lost.gradients[0].value < 1e-100 && lost.separation < 1e-10)
  }

  @Test func `ranges of a random model are as predicted`() throws {
    var generator = SeededGenerator(seed: 5)
    func tensor(_ shape: Shape, _ deviation: Double) -> Tensor {
      var tensor = Tensor(repeating: 0, shape: shape)
      for place in tensor.values.indices { tensor.values[place] = Float(deviation * generator.normal()) }
      return tensor
    }
    let model = try Model(
      name: "random", inputShape: Shape(6, 12, 12),
      layers: [
        Layer("conv", .convolution(Convolution(weight: tensor(Shape(16, 6, 3, 3), 0.2)))),
        Layer("relu", .activation(.relu)), Layer("flatten", .flatten),
        Layer("dense", .dense(Dense(weight: tensor(Shape(40, 1600), 0.05)))),
        Layer("dead", .dense(Dense(weight: Tensor(repeating: 0, shape: Shape(3, 40)), bias: [1, 2, 3]))),
      ])
    let found = try LayerRanges(model, inputs: tensor(Shape(20, 6, 12, 12), 1)).layers
    for layer in found.prefix(4) {
      #expect((layer.predicted / layer.measured - 1).magnitude < 0.15, "\(layer.name), seed 5")
      #expect(layer.predictedPeak > 0.8 * layer.peak)
    }
    #expect(found[1].gradientGain > 0.4 && found[1].gradientGain < 0.6)
    #expect(found[4].deadUnits == 3 && found[0].deadUnits == 0)
    #expect(throws: TheoryError.self) { try LayerRanges(model, inputs: tensor(Shape(1, 6, 12, 12), 1)) }
  }

  /// Ranges that follow from the weights in the head.
  @Test func `ranges are predicted without data`() throws {
    let weight = try #require(Tensor(shape: Shape(2, 1, 1, 2), values: [3, 4, -1, 0]))
    let grouped = try #require(Tensor(shape: Shape(2, 1, 1, 1), values: [2, 1]))
    let model = try Model(
      name: "small", inputShape: Shape(1, 2, 3),
      layers: [
        Layer("conv", .convolution(Convolution(weight: weight, bias: [1, 0]))),
        Layer("each", .convolution(Convolution(weight: grouped, groups: 2))),
        Layer("relu", .activation(.relu)), Layer("pool", .maximumPool(Pool(kernel: Spatial(1, 2)))),
        Layer("cells", .readout(Readout(positions: [.init(channel: 1, row: 1, column: 0)]))),
        Layer("rate", .activation(.parametricSoftplus(alpha: [0.5], beta: [-2]))),
      ])
    let found = PredictedRanges(model)
    #expect(found.input.range == -5...5 && found.input.rootMeanSquare == 1)
    // Deviations 5 and 1 about means 1 and 0, then doubled in the first channel alone.
    #expect(found.layers[0].range == -24...26 && found.layers[0].means == [1, 0])
    #expect(found.layers[1].range == -48...52 && found.layers[1].means == [2, 0])
    #expect(found.layers[2].range == 0...52 && found.layers[3].range == 0...52)
    // A rectified normal number of deviation 1 has the mean 1 / sqrt(2 pi) and the mean square 1/2.
    #expect((found.layers[4].means[0] - 0.3989422804014327).magnitude < 1e-12)
    #expect((found.layers[4].rootMeanSquare - 0.5.squareRoot()).magnitude < 1e-12)
    #expect(found.layers[4].range == 0...5)
    #expect((found.layers[5].range.upperBound - 0.34657359027997264).magnitude < 1e-12)
    #expect((found.layers[5].range.lowerBound - 2.2699489e-5).magnitude < 1e-9)
    let shifted = PredictedRanges(model, inputMean: 1, inputVariance: 0)
    #expect(shifted.layers[0].means == [8, -1] && shifted.layers[0].range == -1...8)
  }

  /// Means of 2 and variances of 1 over divisors that are constant, or normal with mean 1 and deviation 2.
  @Test func `a division is predicted from its halves`() throws {
    let weight = try #require(Tensor(shape: Shape(2, 2, 1, 1), values: [1, 0, 0, 2]))
    func ranges(divisor: Float, deviation: Float) throws -> PredictedRanges.Values {
      var part = Convolution(weight: weight, bias: [2, divisor])
      part.weight.values[3] = deviation
      let model = try Model(
        name: "gain", inputShape: Shape(2, 2, 2),
        layers: [Layer("conv", .convolution(part)), Layer("gain", .divisiveNormalization)])
      return PredictedRanges(model).layers[1]
    }
    let constant = try ranges(divisor: 3, deviation: 0)
    #expect(constant.means == [0.5] && constant.range == -0.75...1.75)
    #expect((constant.rootMeanSquare - (0.25 + 1.0 / 16).squareRoot()).magnitude < 1e-12)
    // Sums over a fine grid of the normal density; the kink costs the quadrature its accuracy.
    var (first, second, mass) = (0.0, 0.0, 0.0)
    for step in -80_000...80_000 {
      let x = Double(step) / 10_000
      let (density, gain) = (exp(-x * x / 2), 1 / (1 + max(0, 1 + 2 * x)))
      (first, second, mass) = (first + density * gain, second + density * gain * gain, mass + density)
    }
    let found = try ranges(divisor: 1, deviation: 2)
    #expect((found.means[0] - 2 * first / mass).magnitude < 0.01)
    #expect((found.rootMeanSquare - (5 * second / mass).squareRoot()).magnitude < 0.01)
  }

  /// Two channels that are the same cancel in the next convolution, where independent ones would not.
  @Test func `convolutions in a row are predicted as the one that they make`() throws {
    func weight(_ shape: Shape, _ values: [Float]) throws -> Tensor {
      try #require(Tensor(shape: shape, values: values))
    }
    let (split, joined) = (try weight(Shape(2, 1, 1, 1), [1, 1]), try weight(Shape(1, 2, 1, 1), [1, -1]))
    func model(_ bias: [Float]?) throws -> Model {
      try Model(
        name: "row", inputShape: Shape(1, 2, 2),
        layers: [
          Layer("split", .convolution(Convolution(weight: split, bias: bias))),
          Layer("joined", .convolution(Convolution(weight: joined))),
        ])
    }
    #expect(PredictedRanges(try model(nil)).layers[1].range == 0...0)
    // With a bias between them they are two.
    #expect(PredictedRanges(try model([0, 0])).layers[1].rootMeanSquare == 2.0.squareRoot())
  }

  @Test func `the normalisations of a model say what its folded weights do not`() throws {
    let weight = try #require(Tensor(shape: Shape(1, 1, 1, 1), values: [3]))
    let model = try Model(
      name: "bn", inputShape: Shape(1, 2, 2),
      layers: [
        Layer("conv", .convolution(Convolution(weight: weight))),
        // Trained on inputs that went together: the variance was 100, not 9.
        Layer(
          "bn",
          .batchNormalization(
            BatchNormalization(axis: .channel, scale: [2], shift: [1], mean: [0], variance: [100], epsilon: 0))),
        Layer("relu", .activation(.relu)),
      ])
    let folded = try FoldedModel(model)
    let found = PredictedRanges(folded, of: model)
    #expect(found.ranges == [-5...5, -9...11, 0...11])
    #expect(PredictedRanges(folded.model).layers[0].range.upperBound < 5)
  }

  @Test(arguments: [(0.3, 0), (0.5, 1), (0.9, 1), (1.0, 2), (1.5, 2), (7.99, 4), (8, 5)])
  func `bits before the point hold a peak`(_ peak: Double, _ bits: Int) {
    #expect(LayerRanges.integerBits(peak) == bits)
  }
}
