import RetinaModel

/// A model to be fitted: its layers with the parameters that training starts from.
public struct Architecture: Sendable {
  /// What the model will be called.
  public var name: String
  /// Shape of one window, `[history, height, width]`.
  public var inputShape: Shape
  /// The layers in order.
  public var layers: [TrainableLayer]

  /// Creates an architecture.
  public init(name: String, inputShape: Shape, layers: [TrainableLayer]) {
    self.name = name
    self.inputShape = inputShape
    self.layers = layers
  }

  /// The model that the layers are with their present parameters.
  ///
  /// - Throws: ``ModelError`` that lists every layer that does not fit.
  public func model(facts: Facts = Facts()) throws(ModelError) -> Model {
    let deployed = longestDelay > 0 ? try WrittenOutDelays(self).layers : layers.compactMap { $0.deployed }
    return try Model(name: name, inputShape: inputShape, layers: deployed, facts: facts)
  }
}

/// One layer of an ``Architecture``.
public struct TrainableLayer: Sendable {
  /// The name, unique in its architecture.
  public var name: String
  /// What the layer computes and what is learnt of it.
  public var kind: Kind
  /// How many pathways a convolution keeps apart: channel `o` sees the channels `i` with `i % pathways == o % pathways`, and its other
  /// weights are 0.
  ///
  /// Channels of different delays, and both halves of what a division divides, belong together by their remainders.
  public var pathways = 1

  /// What a layer computes and what is learnt of it.
  public enum Kind: Sendable {
    /// A layer of a model, whose parameters are learnt as they stand.
    case layer(Operation)
    /// The channels of these numbers of frames before, beside one another: the past, for a convolution that follows.
    case delays([Int])
    /// A dense layer whose weights are a Gaussian over positions times a weight per channel.
    case gaussianReadout(GaussianReadout)
    /// A dense layer whose weights are a free mask over positions times a weight per channel.
    case factorizedReadout(FactorizedReadout)
    /// Units that are left out at random in training, with this probability; nothing when a model runs.
    case dropout(probability: Float)

    /// Whether it is a convolution, of any form.
    var isConvolution: Bool {
      switch self {
      case .layer(.convolution), .layer(.convolutionStack), .layer(.separableConvolution): true
      default: false
      }
    }
  }

  /// Creates a layer.
  public init(_ name: String, _ kind: Kind) {
    self.name = name
    self.kind = kind
  }

  /// Creates a layer of a model.
  public init(_ name: String, _ operation: Operation) {
    self.init(name, .layer(operation))
  }

  /// The layer as a model has it; nothing for dropout and delays.
  var deployed: Layer? {
    switch kind {
    case .layer(let operation): return Layer(name, operation)
    case .gaussianReadout(let readout): return Layer(name, .dense(readout.dense))
    case .factorizedReadout(let readout): return Layer(name, .dense(readout.dense))
    case .delays, .dropout: return nil
    }
  }
}

/// A read-out with one receptive field per cell: `weight[cell, channel, y, x] = feature[cell, channel] * mask[cell, y, x]`, where
/// the mask is a normalised Gaussian.
///
/// A free dense layer of this size overfits minutes of spikes; this one has 5 + channels numbers per cell. Gaussian read-outs:
/// Lurz et al. 2021 (ICLR), here without sampling of positions.
public struct GaussianReadout: Equatable, Sendable {
  /// Channels and size of the feature map.
  public var channels, height, width: Int
  /// Centres of the cells, `[cell, (column, row)]`, in units of the feature map.
  public var centres: [Float]
  /// Logarithms of the standard deviations, `[cell, (column, row)]`.
  public var logSigmas: [Float]
  /// Weights `[cell, channel]`.
  public var features: [Float]
  /// One number per cell.
  public var bias: [Float]

  /// Creates a read-out.
  public init(
    channels: Int, height: Int, width: Int, centres: [Float], logSigmas: [Float], features: [Float], bias: [Float]
  ) {
    self.channels = channels
    self.height = height
    self.width = width
    self.centres = centres
    self.logSigmas = logSigmas
    self.features = features
    self.bias = bias
  }

  /// Number of cells.
  public var cells: Int { bias.count }

  /// The dense layer that the factors stand for.
  public var dense: Dense {
    let form = WeightForm.gaussian(cells: cells, channels: channels, height: height, width: width)
    return Dense(
      weight: Tensor(
        composing: centres + logSigmas + features, as: form, shape: Shape(cells, channels * height * width)),
      bias: bias)
  }
}

/// A read-out with a free mask per cell: `weight[cell, channel, y, x] = feature[cell, channel] * mask[cell, y, x]`.
///
/// Klindt, Ecker, Euler and Bethge 2017 (NeurIPS), "Neural system identification for large populations".
public struct FactorizedReadout: Equatable, Sendable {
  /// Channels and size of the feature map.
  public var channels, height, width: Int
  /// Masks `[cell, height, width]`.
  public var masks: [Float]
  /// Weights `[cell, channel]`.
  public var features: [Float]
  /// One number per cell.
  public var bias: [Float]

  /// Creates a read-out.
  public init(channels: Int, height: Int, width: Int, masks: [Float], features: [Float], bias: [Float]) {
    self.channels = channels
    self.height = height
    self.width = width
    self.masks = masks
    self.features = features
    self.bias = bias
  }

  /// Number of cells.
  public var cells: Int { bias.count }

  /// The dense layer that the factors stand for.
  public var dense: Dense {
    let form = WeightForm.factorized(cells: cells, channels: channels, height: height, width: width)
    return Dense(
      weight: Tensor(composing: masks + features, as: form, shape: Shape(cells, channels * height * width)), bias: bias)
  }
}

extension Tensor {
  /// The weights that learnt numbers stand for.
  init(composing parameters: [Float], as form: WeightForm, shape: Shape) {
    self.init(repeating: 0, shape: shape)
    form.compose(parameters, into: &values)
  }
}

extension Architecture {
  /// The layers of a model, to be trained on.
  public init(_ model: Model) {
    self.init(
      name: model.name, inputShape: model.inputShape,
      layers: model.layers.map { TrainableLayer($0.name, $0.operation) })
  }
}
