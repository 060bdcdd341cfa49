import RetinaEngine
import RetinaKernels
import RetinaModel
import RetinaProbe
import Testing

/// A small network with two cells, an input and a baseline, all from a seed.
struct RandomNetwork {
  /// What the nonlinear layers are.
  enum Flavour: Sendable {
    /// Functions with all derivatives: Gauss-Legendre converges at once.
    case smooth
    /// Relu, elu and maximum pools among them.
    case kinked
    /// Relu and maximum pools only, and a smooth function at the end.
    case straight
  }

  let network: Network
  let input, baseline: [Float]

  var program: Program { network.program }
  var model: Model { network.model }
  var inputs: [Double] { input.map { Double($0) } }
  var baselines: [Double] { baseline.map { Double($0) } }

  init(seed: UInt64, _ flavour: Flavour) throws {
    var builder = Builder(generator: SeededRandom(seed: seed), flavour: flavour)
    let model = try builder.model()
    network = Network(model)
    input = builder.generator.floats(model.inputShape.count, within: 1.5)
    baseline = builder.generator.floats(model.inputShape.count, within: 0.5)
  }

  /// Answers a request for the input and the baseline.
  func answer(_ request: Request) throws -> Attribution { try network.answer(request, input, from: baseline) }

  /// The values at a boundary for the input less those for the baseline.
  func difference(_ boundary: Int) throws -> [Float] {
    let request = Request(.layerActivation, boundary: boundary, target: network.cell)
    let origin = try network.answer(request, baseline).values
    return zip(try network.answer(request, input).values, origin).map { $0 - $1 }
  }

  /// The bits of every boundary for the input.
  func bits() -> [[UInt32]] {
    let workspace = Workspace(MemoryPlan(program) { _ in true })
    workspace[0].update(from: input, count: input.count)
    program.run(workspace)
    return program.boundaryCounts.enumerated().map { boundary, count in
      (0..<count).map { workspace[boundary][$0].bitPattern }
    }
  }

  /// The number of affine steps at the start.
  var affineSteps: Int { program.steps.prefix { $0.isAffine }.count }

  private struct Builder {
    var generator: SeededRandom
    let flavour: Flavour
    var layers: [Layer] = []
    var shape = Shape(1)

    mutating func model() throws -> Model {
      shape = Shape(Int.random(in: 3...6, using: &generator))
      if Bool.random(using: &generator) {
        shape = Shape(
          pick([1, 2, 3]), Int.random(in: 5...7, using: &generator), Int.random(in: 5...7, using: &generator))
      }
      let inputShape = shape
      if shape.rank == 3 {
        for _ in 0..<pick([1, 2]) { try appendConvolution() }
        if Bool.random(using: &generator) { try append(.flatten) }
      }
      try appendDense(Int.random(in: 2...6, using: &generator))
      if pick([true, false, false]) { try append(.batchNormalization(normalization(.unit, shape.count))) }
      try append(.activation(activation()))
      try appendDense(2)
      switch pick([0, 1, 2, 3]) {
      case 0: try append(.activation(.softplus))
      case 1: try append(.activation(.exp))
      default: break
      }
      return try Model(name: "random", inputShape: inputShape, layers: layers)
    }

    private mutating func appendConvolution() throws {
      let size = min(shape[1], shape[2]) >= 4 ? pick([1, 2, 3]) : 1
      let dilation = size == 2 ? pick([1, 2]) : 1
      let extents = [pick([1, 2, 3]), shape[0], size, size]
      let count = extents.reduce(1, *)
      let weight = Tensor(extents, generator.floats(count, within: (6 / Float(count / extents[0])).squareRoot()))
      let bias = Bool.random(using: &generator) ? generator.floats(extents[0], within: 0.5) : nil
      let (stride, padding) = (pick([1, 1, 2]), pick([0, 1]))
      try append(
        .convolution(
          Convolution(
            weight: weight, bias: bias, stride: Spatial(stride, 1), padding: Spatial(0, padding),
            dilation: Spatial(dilation, 1))))
      if pick([true, false, false]) { try append(.batchNormalization(normalization(.channel, shape[0]))) }
      try append(.activation(activation()))
      guard min(shape[1], shape[2]) >= 3, pick([true, false, false]) else { return }
      let pool = Pool(kernel: Spatial(2, 2), stride: Spatial(pick([1, 2]), 1))
      try append(flavour != .smooth && Bool.random(using: &generator) ? .maximumPool(pool) : .averagePool(pool))
    }

    private mutating func appendDense(_ outputs: Int) throws {
      let weight = generator.floats(outputs * shape.count, within: (4 / Float(shape.count)).squareRoot())
      let bias = Bool.random(using: &generator) ? generator.floats(outputs, within: 0.5) : nil
      try append(.dense(Dense(weight: Tensor([outputs, shape.count], weight), bias: bias)))
    }

    private mutating func append(_ operation: RetinaModel.Operation) throws {
      shape = try operation.outputShape(of: shape)
      layers.append(Layer("\(layers.count)", operation))
    }

    private mutating func normalization(_ axis: BatchNormalization.Axis, _ count: Int) -> BatchNormalization {
      BatchNormalization(
        axis: axis, scale: generator.floats(count, within: 1.5), shift: generator.floats(count, within: 0.5),
        mean: generator.floats(count, within: 0.5), variance: generator.floats(count, within: 0.5).map { 1 + $0 })
    }

    private mutating func activation() -> Activation {
      switch flavour {
      case .smooth: return pick([.softplus, .sigmoid, .tanh, .parametricSoftplus(alpha: [0.75], beta: [1.25])])
      case .kinked: return pick([.relu, .relu, .elu(alpha: 0.75), .softplus])
      case .straight: return .relu
      }
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
      elements[Int.random(in: 0..<elements.count, using: &generator)]
    }
  }
}
