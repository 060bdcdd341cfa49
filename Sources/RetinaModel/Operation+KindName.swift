extension Operation {
  /// What the layer is called in tables.
  public var kindName: String {
    switch self {
    case .convolution: return "conv2d"
    case .convolutionStack(let stack): return "conv2d stack of \(stack.weights.count)"
    case .separableConvolution: return "separable conv"
    case .dense: return "dense"
    case .batchNormalization(let normalization):
      return normalization.axis == .unit ? "batch norm, unit" : "batch norm, channel"
    case .activation(let activation):
      switch activation {
      case .relu: return "relu"
      case .softplus: return "softplus"
      case .sigmoid: return "sigmoid"
      case .tanh: return "tanh"
      case .elu: return "elu"
      case .exp: return "exp"
      case .parametricSoftplus: return "parametric softplus"
      }
    case .divisiveNormalization: return "divisive normalization"
    case .maximumPool: return "max pool"
    case .averagePool: return "average pool"
    case .flatten: return "flatten"
    case .reshape: return "reshape"
    case .readout: return "readout"
    case .gaussianNoise: return "noise (training)"
    }
  }
}
