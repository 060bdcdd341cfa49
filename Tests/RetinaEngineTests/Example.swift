import RetinaKernels
import RetinaModel
import Testing

/// A model to run, under a name.
struct Example: Sendable, CustomTestStringConvertible {
  let testDescription: String
  private let seed: UInt64
  private let input: Shape
  private let build: @Sendable (inout ModelBuilder) throws -> Void

  private init(
    _ name: String, _ input: Shape, seed: UInt64 = 11, _ build: @escaping @Sendable (inout ModelBuilder) throws -> Void
  ) {
    (testDescription, self.input, self.seed, self.build) = (name, input, seed, build)
  }

  func model(facts: Facts = Facts()) throws -> Model {
    var builder = ModelBuilder(seed: seed, input: input)
    builder.facts = facts
    try build(&builder)
    return try builder.model()
  }

  /// A movie model of one to five layers of any kind.
  static func random(_ seed: Int) -> Example {
    var generator = SeededRandom(seed: UInt64(seed))
    let input = Shape(generator.element([1, 2, 3, 5, 9]), generator.integer(1...11), generator.integer(1...13))
    let layers = generator.integer(1...5)
    return Example("random model, seed \(seed)", input, seed: UInt64(seed) &+ 1000) { builder in
      for _ in 0..<layers { try builder.random() }
    }
  }

  /// The shapes of published models, small, and layers in places where they are rarely put.
  static let all: [Example] = [
    Example("deep retina", Shape(9, 14, 15)) {
      try $0.convolution(8, 7, 7)
      try $0.add(.gaussianNoise(standardDeviation: 0.05))
      try $0.add(.activation(.relu))
      try $0.convolution(12, 4, 4)
      try $0.add(.activation(.relu))
      try $0.dense(5)
      try $0.add(.activation(.softplus))
    },
    Example("stacks", Shape(5, 13, 12)) {
      try $0.stack([(3, 3), (4, 3), (8, 3)])
      try $0.add(.flatten)
      try $0.normalization(.unit)
      try $0.add(.activation(.relu))
      try $0.add(.reshape(Shape(8, 7, 6)))
      try $0.stack([(2, 3), (3, 2)], bias: false)
      try $0.normalization(.channel)
      try $0.add(.activation(.relu))
      try $0.dense(3, bias: false)
      try $0.add(.activation(.softplus))
    },
    Example("wide stack", Shape(2, 12, 12)) {
      try $0.stack([(12, 2), (12, 2), (1, 2)])
      try $0.add(.activation(.tanh))
      try $0.stack([(12, 2), (1, 3)])
    },
    Example("separable", Shape(9, 10, 11)) {
      try $0.separable(3, rank: 2, 5, 4)
      try $0.normalization(.channel)
      try $0.add(.activation(.tanh))
      try $0.separable(8, rank: 1, 2, 3)
      try $0.add(.activation(.exp))
      try $0.dense(4)
    },
    Example("padding, stride and dilation first", Shape(5, 11, 13)) {
      try $0.convolution(
        3, 3, 4, stride: Spatial(2, 3), padding: Spatial(2, 1), dilation: Spatial(2, 3), bias: false)
      try $0.add(.activation(.sigmoid))
    },
    Example("padding, stride and dilation later", Shape(2, 13, 15)) {
      try $0.convolution(12, 3, 3, padding: Spatial(1, 1))
      try $0.add(.activation(.elu(alpha: 0.5)))
      try $0.convolution(3, 3, 5, stride: Spatial(3, 2), padding: Spatial(3, 2), dilation: Spatial(3, 2))
      try $0.add(.activation(.relu))
      try $0.convolution(1, 2, 2, padding: Spatial(2, 2), bias: false)
    },
    Example("groups", Shape(2, 9, 10)) {
      try $0.convolution(8, 3, 3, groups: 2)
      try $0.add(.activation(.relu))
      try $0.convolution(12, 3, 3, groups: 4)
      try $0.add(.activation(.softplus))
    },
    Example("pools", Shape(5, 12, 14)) {
      try $0.convolution(3, 2, 2)
      try $0.add(.maximumPool(Pool(kernel: Spatial(2, 3), stride: Spatial(1, 2))))
      try $0.add(.averagePool(Pool(kernel: Spatial(2, 2))))
      try $0.convolution(8, 2, 2)
      try $0.add(.maximumPool(Pool(kernel: Spatial(2, 1))))
    },
    Example("divisive normalisation", Shape(5, 9, 8)) {
      try $0.convolution(14, 3, 4)
      try $0.add(.divisiveNormalization)
      try $0.add(.activation(.relu))
      try $0.convolution(16, 2, 1)
      try $0.add(.divisiveNormalization)
      try $0.normalization(.channel)
      try $0.dense(6)
      try $0.add(.divisiveNormalization)
    },
    Example("division of the movie", Shape(6, 5, 7)) {
      try $0.add(.divisiveNormalization)
      try $0.convolution(3, 2, 2)
    },
    Example("read-out", Shape(9, 12, 9)) {
      try $0.convolution(12, 5, 5)
      try $0.add(.activation(.relu))
      try $0.readout(7)
      try $0.parametricSoftplus(alphaPerUnit: true, betaPerUnit: true)
    },
    Example("linear-nonlinear", Shape(9, 6, 7)) {
      try $0.dense(5)
      try $0.parametricSoftplus(alphaPerUnit: false, betaPerUnit: true)
    },
    Example("exponentials between matrices", Shape(2, 5, 5)) {
      try $0.dense(5)
      try $0.add(.activation(.exp))
      try $0.normalization(.unit)
      try $0.add(.activation(.tanh))
      try $0.dense(3)
      try $0.add(.activation(.exp))
    },
    Example("normalisation and pool before everything", Shape(5, 8, 8)) {
      try $0.normalization(.unit)
      try $0.add(.averagePool(Pool(kernel: Spatial(2, 2))))
      try $0.normalization(.channel)
      try $0.convolution(3, 2, 2)
      try $0.dense(2)
    },
    Example("nonlinearity of the movie", Shape(3, 7, 5)) {
      try $0.add(.activation(.sigmoid))
      try $0.convolution(8, 3, 3)
      try $0.parametricSoftplus(alphaPerUnit: true, betaPerUnit: false)
      try $0.readout(3)
    },
    Example("read-out of the movie", Shape(5, 7, 5)) {
      try $0.readout(11)
      try $0.dense(3)
    },
    Example("flattened movie", Shape(2, 3, 5)) {
      try $0.add(.flatten)
      try $0.dense(3)
      try $0.add(.activation(.tanh))
    },
    Example("one frame, one channel", Shape(1, 9, 8)) {
      try $0.convolution(1, 3, 3)
      try $0.add(.activation(.relu))
      try $0.convolution(1, 7, 6)
    },
    Example("kernels as large as the image", Shape(5, 6, 9)) {
      try $0.convolution(12, 6, 9)
      try $0.add(.activation(.softplus))
      try $0.convolution(3, 1, 1)
    },
    Example("lines of pixels", Shape(9, 1, 11)) {
      try $0.convolution(8, 1, 3)
      try $0.add(.activation(.relu))
      try $0.convolution(3, 1, 2)
      try $0.add(.maximumPool(Pool(kernel: Spatial(1, 2))))
    },
    Example("a single pixel", Shape(5, 1, 1)) {
      try $0.convolution(3, 1, 1)
      try $0.add(.activation(.softplus))
    },
    Example("reshaped channels", Shape(2, 6, 7)) {
      try $0.convolution(8, 3, 4)
      try $0.add(.reshape(Shape(2, 8, 8)))
      try $0.normalization(.channel)
      try $0.convolution(9, 2, 3)
      try $0.add(.reshape(Shape(9, 42)))
      try $0.normalization(.channel)
      try $0.add(.flatten)
      try $0.dense(2)
    },
  ]
}
