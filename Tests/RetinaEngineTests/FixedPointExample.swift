import RetinaModel
import Testing

@testable import RetinaEngine

/// A small movie model, and what is needed to put it into integers.
struct FixedPointExample: Sendable, CustomTestStringConvertible {
  enum Kind: CaseIterable, Sendable {
    /// Stack, normalisations, relu, dense, softplus: the kind that is shipped.
    case deepRetina
    /// A first layer that reads the window in order, strides, padding, groups, a pool, a readout and a sigmoid.
    case pooled
    /// One dense layer over the whole window, and a parametric softplus.
    case linearNonlinear
    /// Smooth functions between layers, a factor per unit, a dilation, an average pool.
    case smooth
    /// Divisions of maps and of units, which integers do not have.
    case divisive

    /// Those that can be put into integers.
    static let inIntegers = allCases.filter { $0 != .divisive }
  }

  let kind: Kind
  let model: Model
  let frames = 11

  var testDescription: String { "\(kind)" }

  static let all: [FixedPointExample] = Kind.inIntegers.compactMap { try? FixedPointExample($0) }

  /// With those that only an image in float32 can hold.
  static let inFloats: [FixedPointExample] = Kind.allCases.compactMap { try? FixedPointExample($0) }

  init(_ kind: Kind) throws {
    self.kind = kind
    var builder = ModelBuilder(seed: 31, input: Shape(4, 10, 11))
    builder.facts.normalization = .scalar(mean: 0.1, standardDeviation: 0.6)
    builder.facts.lag = 1
    builder.facts.frameRate = 30
    switch kind {
    case .deepRetina:
      try builder.stack([(3, 3), (4, 2)])
      try builder.normalization(.channel)
      try builder.add(.gaussianNoise(standardDeviation: 0.1))
      try builder.add(.activation(.relu))
      try builder.convolution(3, 3, 3)
      try builder.add(.activation(.relu))
      try builder.add(.flatten)
      try builder.dense(4)
      try builder.normalization(.unit)
      try builder.add(.activation(.softplus))
    case .pooled:
      try builder.add(.maximumPool(Pool(kernel: Spatial(2, 2), stride: Spatial(1, 1))))
      try builder.convolution(4, 3, 2, stride: Spatial(2, 1), padding: Spatial(1, 1), groups: 2)
      try builder.add(.activation(.relu))
      try builder.convolution(5, 2, 2)
      try builder.readout(6)
      try builder.add(.activation(.sigmoid))
    case .linearNonlinear:
      try builder.add(.flatten)
      try builder.dense(5)
      try builder.parametricSoftplus(alphaPerUnit: true, betaPerUnit: false)
    case .smooth:
      try builder.convolution(3, 3, 3, dilation: Spatial(2, 1), bias: false)
      try builder.add(.activation(.tanh))
      try builder.normalization(.unit)
      try builder.add(.averagePool(Pool(kernel: Spatial(2, 2))))
      try builder.add(.activation(.relu))
      try builder.dense(4)
      try builder.add(.activation(.elu(alpha: 0.5)))
    case .divisive:
      try builder.convolution(6, 3, 3)
      try builder.add(.divisiveNormalization)
      try builder.add(.activation(.relu))
      try builder.dense(6)
      try builder.add(.divisiveNormalization)
    }
    model = try builder.model()
  }

  /// Frames for the model, in one tensor.
  var movie: Tensor {
    let movie = Movie(.random, model, frames: frames)
    var tensor = Tensor(repeating: 0, shape: Shape(frames, model.inputShape[1], model.inputShape[2]))
    tensor.values = movie.values
    return tensor
  }

  var inputs: InputSequence {
    get throws { try #require(InputSequence(movie, inputShape: model.inputShape)) }
  }

  func plan(_ options: QuantizationOptions, composesStacks: Bool = true) throws -> FixedPointModel {
    let folded = try FoldedModel(model, stacks: composesStacks ? .composed : .kept)
    let inputs = try self.inputs
    let quantizer = FixedPointQuantizer(folded, Calibration(folded.model, inputs), options)
    return try inputs.withInput(0) { golden in
      Result { () throws(QuantizationError) in try quantizer.model(golden: golden) }
    }.get()
  }

  func program(_ options: QuantizationOptions, composesStacks: Bool = true) throws -> FixedPointProgram {
    try FixedPointProgram(try plan(options, composesStacks: composesStacks))
  }
}

extension QuantizationOptions {
  static let all = [
    QuantizationOptions(precision: .int16), QuantizationOptions(precision: .int8),
    QuantizationOptions(precision: .int8, method: .meanSquaredError, correctsBias: false, firstWeights: .int16),
  ]
}
