/// One step of a model: a name and what it does.
public struct Layer: Sendable {
  /// The name, unique in its model; tensors in files are called `<name>.<parameter>`.
  public var name: String
  /// What the layer computes.
  public var operation: Operation

  /// Creates a layer.
  public init(_ name: String, _ operation: Operation) {
    self.name = name
    self.operation = operation
  }
}

/// What a layer computes, with its parameters.
///
/// Features are `[channel, height, width]`; convolution means cross-correlation, as in every deep-learning framework.
public enum Operation: Sendable {
  /// Cross-correlation of features with a bank of kernels.
  case convolution(Convolution)
  /// Linear convolutions one after another, equal to a single one with a larger kernel.
  case convolutionStack(ConvolutionStack)
  /// A convolution whose kernels are sums of (temporal x spatial) products.
  case separableConvolution(SeparableConvolution)
  /// A matrix product with every unit of the input; accepts any input shape, flattened.
  case dense(Dense)
  /// An affine map per channel or per unit, from training statistics.
  case batchNormalization(BatchNormalization)
  /// A function of each unit alone.
  case activation(Activation)
  /// A first half of channels, each divided by what its partner in the second half says: `y[c] = x[c] / (1 + max(0, x[C + c]))`, from
  /// 2 C channels to C (Carandini and Heeger, "Normalization as a canonical neural computation", Nature Reviews Neuroscience 2012).
  ///
  /// The layer has no numbers of its own: the layer before says what divides.
  case divisiveNormalization
  /// The maximum over windows.
  case maximumPool(Pool)
  /// The mean over windows.
  case averagePool(Pool)
  /// All axes into one.
  case flatten
  /// The same values under another shape.
  case reshape(Shape)
  /// One unit per cell, picked by position ("grab units at the receptive-field centre").
  case readout(Readout)
  /// Noise added in training; the identity when a model runs.
  case gaussianNoise(standardDeviation: Float)
}

/// A number per spatial direction.
public struct Spatial: Equatable, Sendable {
  /// Along the height.
  public var vertical: Int
  /// Along the width.
  public var horizontal: Int

  /// Creates a pair.
  public init(_ vertical: Int, _ horizontal: Int) {
    self.vertical = vertical
    self.horizontal = horizontal
  }
}

/// A two-dimensional convolution (`torch.nn.Conv2d`): `y[o] = bias[o] + sum over i of weight[o, i] * x[i]`.
///
/// Output height = (height + 2 padding - dilation (kernel - 1) - 1) / stride + 1, and likewise the width.
public struct Convolution: Equatable, Sendable {
  /// Kernels `[out, in / groups, height, width]`.
  public var weight: Tensor
  /// One number per output channel, or none.
  public var bias: [Float]?
  /// Step between output positions.
  public var stride: Spatial
  /// Zeros added on each side.
  public var padding: Spatial
  /// Step between kernel taps.
  public var dilation: Spatial
  /// Number of groups of channels that do not see one another.
  public var groups: Int

  /// Creates a convolution.
  public init(
    weight: Tensor, bias: [Float]? = nil, stride: Spatial = Spatial(1, 1), padding: Spatial = Spatial(0, 0),
    dilation: Spatial = Spatial(1, 1), groups: Int = 1
  ) {
    self.weight = weight
    self.bias = bias
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
  }
}

/// Linear convolutions in a row, without padding, stride or nonlinearity between them: the form that
/// torch-deep-retina trains (`LinearStackedConv2d`).
///
/// Equal to one convolution of kernel size 1 + sum of (kernel - 1).
public struct ConvolutionStack: Equatable, Sendable {
  /// The kernels in order, each `[out, in, height, width]`; the outputs of one are the inputs of the next.
  public var weights: [Tensor]
  /// One number per channel of the last convolution, or none.
  public var bias: [Float]?

  /// Creates a stack.
  public init(weights: [Tensor], bias: [Float]? = nil) {
    self.weights = weights
    self.bias = bias
  }
}

/// A convolution of kernel `weight[o, i, y, x] = sum over r of temporal[o, r, i] * spatial[o, r, y, x]`.
public struct SeparableConvolution: Equatable, Sendable {
  /// Temporal factors `[out, rank, in]`.
  public var temporal: Tensor
  /// Spatial factors `[out, rank, height, width]`.
  public var spatial: Tensor
  /// One number per output channel, or none.
  public var bias: [Float]?

  /// Creates a separable convolution.
  public init(temporal: Tensor, spatial: Tensor, bias: [Float]? = nil) {
    self.temporal = temporal
    self.spatial = spatial
    self.bias = bias
  }
}

/// A fully connected layer: `y[o] = bias[o] + sum over i of weight[o, i] * x[i]`.
public struct Dense: Equatable, Sendable {
  /// The matrix `[out, in]`.
  public var weight: Tensor
  /// One number per output, or none.
  public var bias: [Float]?

  /// Creates a dense layer.
  public init(weight: Tensor, bias: [Float]? = nil) {
    self.weight = weight
    self.bias = bias
  }
}

/// Batch normalisation with the statistics of training: `(x - mean) / sqrt(variance + epsilon) * scale + shift`.
public struct BatchNormalization: Equatable, Sendable {
  /// What shares one set of numbers.
  public enum Axis: Equatable, Sendable {
    /// All units of a channel.
    case channel
    /// Nothing: every unit has its own.
    case unit
  }

  /// What the parameters are per.
  public var axis: Axis
  /// Multiplies the normalised value (`weight` in PyTorch, gamma).
  public var scale: [Float]
  /// Added at the end (`bias` in PyTorch, beta).
  public var shift: [Float]
  /// Mean seen in training.
  public var mean: [Float]
  /// Variance seen in training.
  public var variance: [Float]
  /// Added to the variance.
  public var epsilon: Float

  /// Creates a batch normalisation.
  public init(axis: Axis, scale: [Float], shift: [Float], mean: [Float], variance: [Float], epsilon: Float = 1e-5) {
    self.axis = axis
    self.scale = scale
    self.shift = shift
    self.mean = mean
    self.variance = variance
    self.epsilon = epsilon
  }
}

/// A function of one unit.
public enum Activation: Equatable, Sendable {
  /// max(x, 0); derivative 0 at 0.
  case relu
  /// log(1 + exp x).
  case softplus
  /// 1 / (1 + exp(-x)).
  case sigmoid
  /// Hyperbolic tangent.
  case tanh
  /// x above 0, alpha (exp x - 1) below.
  case elu(alpha: Float)
  /// exp x.
  case exp
  /// alpha log(1 + exp(beta x)), with one alpha and beta, or one of each per unit.
  case parametricSoftplus(alpha: [Float], beta: [Float])
}

/// Windows over the last two axes (or, with a vertical size of 1, over the last).
public struct Pool: Equatable, Sendable {
  /// Window size.
  public var kernel: Spatial
  /// Step between windows.
  public var stride: Spatial

  /// Creates a pooling window; the stride is the kernel when not given.
  public init(kernel: Spatial, stride: Spatial? = nil) {
    self.kernel = kernel
    self.stride = stride ?? kernel
  }
}

/// One unit per cell.
public struct Readout: Equatable, Sendable {
  /// A unit of a feature map.
  public struct Position: Equatable, Sendable {
    /// Channel of the unit.
    public var channel: Int
    /// Row of the unit.
    public var row: Int
    /// Column of the unit.
    public var column: Int

    /// Creates a position.
    public init(channel: Int, row: Int, column: Int) {
      self.channel = channel
      self.row = row
      self.column = column
    }
  }

  /// The unit that each cell reads.
  public var positions: [Position]

  /// Creates a read-out.
  public init(positions: [Position]) {
    self.positions = positions
  }
}
