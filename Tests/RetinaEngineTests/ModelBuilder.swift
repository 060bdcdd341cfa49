import RetinaKernels
import RetinaModel

/// Puts layers with random parameters one after another.
///
/// Weights are scaled so that every layer's values are about as large as its input's.
struct ModelBuilder {
  var generator: SeededRandom
  let inputShape: Shape
  private(set) var layers: [Layer] = []
  private(set) var shape: Shape
  var facts = Facts()

  init(seed: UInt64, input: Shape) {
    generator = SeededRandom(seed: seed)
    inputShape = input
    shape = input
  }

  func model() throws -> Model {
    try Model(name: "built", inputShape: inputShape, layers: layers, facts: facts)
  }

  mutating func add(_ operation: Operation) throws {
    shape = try operation.outputShape(of: shape)
    layers.append(Layer("layer \(layers.count)", operation))
  }

  mutating func convolution(
    _ outputs: Int, _ height: Int, _ width: Int, stride: Spatial = Spatial(1, 1), padding: Spatial = Spatial(0, 0),
    dilation: Spatial = Spatial(1, 1), groups: Int = 1, bias: Bool = true
  ) throws {
    let weight = tensor([outputs, shape[0] / groups, height, width], fanIn: shape[0] / groups * height * width)
    try add(
      .convolution(
        Convolution(
          weight: weight, bias: bias ? generator.values(outputs, scale: 0.5) : nil, stride: stride, padding: padding,
          dilation: dilation, groups: groups)))
  }

  /// Square kernels, given as outputs and size.
  mutating func stack(_ parts: [(outputs: Int, size: Int)], bias: Bool = true) throws {
    var (weights, inputs) = ([Tensor](), shape[0])
    for part in parts {
      weights.append(tensor([part.outputs, inputs, part.size, part.size], fanIn: inputs * part.size * part.size))
      inputs = part.outputs
    }
    try add(
      .convolutionStack(
        ConvolutionStack(weights: weights, bias: bias ? generator.values(inputs, scale: 0.5) : nil)))
  }

  mutating func separable(_ outputs: Int, rank: Int, _ height: Int, _ width: Int) throws {
    let temporal = tensor([outputs, rank, shape[0]], fanIn: shape[0])
    let spatial = tensor([outputs, rank, height, width], fanIn: rank * height * width)
    let bias = generator.values(outputs, scale: 0.5)
    try add(.separableConvolution(SeparableConvolution(temporal: temporal, spatial: spatial, bias: bias)))
  }

  mutating func dense(_ outputs: Int, bias: Bool = true) throws {
    let weight = tensor([outputs, shape.count], fanIn: shape.count)
    try add(.dense(Dense(weight: weight, bias: bias ? generator.values(outputs, scale: 0.5) : nil)))
  }

  mutating func normalization(_ axis: BatchNormalization.Axis) throws {
    let count = axis == .unit ? shape.count : shape[0]
    let variance = generator.values(count).map { 0.6 + 0.5 * $0 }
    try add(
      .batchNormalization(
        BatchNormalization(
          axis: axis, scale: generator.values(count), shift: generator.values(count), mean: generator.values(count),
          variance: variance, epsilon: 1e-3)))
  }

  mutating func parametricSoftplus(alphaPerUnit: Bool, betaPerUnit: Bool) throws {
    let alpha = generator.values(alphaPerUnit ? shape.count : 1, scale: 2)
    let beta = generator.values(betaPerUnit ? shape.count : 1, scale: 2)
    try add(.activation(.parametricSoftplus(alpha: alpha, beta: beta)))
  }

  mutating func readout(_ cells: Int) throws {
    let positions = (0..<cells).map { _ in
      Readout.Position(
        channel: generator.integer(0...shape[0] - 1), row: generator.integer(0...shape[1] - 1),
        column: generator.integer(0...shape[2] - 1))
    }
    try add(.readout(Readout(positions: positions)))
  }

  /// Any layer that fits.
  mutating func random() throws {
    let kind = generator.integer(0...(shape.rank == 3 ? 11 : 5))
    switch kind {
    case 0: try dense(generator.integer(1...9), bias: !generator.once(in: 3))
    case 1: try normalization(generator.element([.unit, .channel]))
    case 2:
      try add(.activation(generator.element([.relu, .softplus, .sigmoid, .tanh, .elu(alpha: 0.7), .exp])))
      if case .activation(.exp) = layers[layers.count - 1].operation { try dense(generator.integer(1...9)) }
    case 3: try parametricSoftplus(alphaPerUnit: generator.once(in: 2), betaPerUnit: generator.once(in: 2))
    case 4: try add(generator.element([.flatten, .gaussianNoise(standardDeviation: 1), .activation(.relu)]))
    case 5:
      let factors = (1...shape.count).filter { shape.count % $0 == 0 }
      let first = generator.element(factors)
      let second = generator.element(factors.filter { shape.count / first % $0 == 0 })
      try add(.reshape(Shape(first, second, shape.count / first / second)))
    case 6: try readout(generator.integer(1...6))
    case 7: try randomPool()
    case 8:
      guard min(shape[1], shape[2]) >= 3, shape[0] <= 16 else { return try dense(5) }
      try stack([(generator.integer(1...5), 2), (generator.integer(1...9), 2)], bias: generator.once(in: 2))
    case 9:
      let (height, width) = (generator.integer(1...min(4, shape[1])), generator.integer(1...min(4, shape[2])))
      try separable(generator.integer(1...9), rank: generator.integer(1...2), height, width)
    default: try randomConvolution()
    }
  }

  private mutating func randomPool() throws {
    let kernel = Spatial(generator.integer(1...min(3, shape[1])), generator.integer(1...min(3, shape[2])))
    let pool = Pool(kernel: kernel, stride: Spatial(generator.integer(1...3), generator.integer(1...3)))
    try add(generator.once(in: 2) ? .maximumPool(pool) : .averagePool(pool))
  }

  private mutating func randomConvolution() throws {
    let groups = shape[0] % 2 == 0 && generator.once(in: 4) ? 2 : 1
    let (height, width) = (generator.integer(1...min(4, shape[1])), generator.integer(1...min(5, shape[2])))
    let padding = Spatial(generator.integer(0...2), generator.integer(0...2))
    let room = Spatial(shape[1] + 2 * padding.vertical, shape[2] + 2 * padding.horizontal)
    let dilation = Spatial(
      generator.once(in: 3) && 2 * (height - 1) < room.vertical ? 2 : 1,
      generator.once(in: 3) && 2 * (width - 1) < room.horizontal ? 2 : 1)
    let stride = generator.once(in: 3) ? Spatial(generator.integer(1...3), generator.integer(1...3)) : Spatial(1, 1)
    try convolution(
      groups * generator.integer(1...6), height, width, stride: stride, padding: padding, dilation: dilation,
      groups: groups, bias: !generator.once(in: 3))
  }

  private mutating func tensor(_ extents: [Int], fanIn: Int) -> Tensor {
    var tensor = Tensor(repeating: 0, shape: Shape(checking: extents) ?? Shape(1))
    tensor.values = generator.values(tensor.shape.count, scale: (3 / Float(fanIn)).squareRoot())
    return tensor
  }
}
