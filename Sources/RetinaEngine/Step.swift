import RetinaKernels

/// One operation of a compiled model, with the places of its parameters in the program's parameter block.
public struct Step: Sendable {
  /// What is computed.
  ///
  /// All payloads are plain numbers, so that running a step touches no reference count.
  public enum Kind: Sendable {
    /// A convolution; `bias` is nil where there is none.
    case convolution(ConvolutionGeometry, weight: Int, bias: Int?)
    /// A matrix product.
    case dense(inputs: Int, outputs: Int, weight: Int, bias: Int?)
    /// `y = x * scale + shift`, with one scale and shift for every `run` consecutive values.
    case affine(count: Int, run: Int, scale: Int, shift: Int)
    /// A function of each unit.
    case activation(ActivationKind, count: Int)
    /// `alpha log(1 + e^(beta x))`; `perUnit` says whether alpha and beta are one number or one per unit.
    case parametricSoftplus(count: Int, alpha: Int, alphaPerUnit: Bool, beta: Int, betaPerUnit: Bool)
    /// `y[i] = x[i] / (1 + max(0, x[count + i]))`.
    case divisiveNormalization(count: Int)
    /// The maximum over windows.
    case maximumPool(PoolGeometry)
    /// The mean over windows.
    case averagePool(PoolGeometry)
    /// `y[i] = x[indices[i]]`; `indices` is a place in the program's index block.
    case gather(inputs: Int, count: Int, indices: Int)
    /// The same values.
    case identity(count: Int)
  }

  /// What is computed.
  public var kind: Kind
  /// The layer of the model that the step belongs to.
  public var layer: Int

  /// Multiply-adds of one application.
  public var multiplyAdds: Int {
    switch kind {
    case .convolution(let geometry, _, _): return geometry.multiplyAdds
    case .dense(let inputs, let outputs, _, _): return inputs * outputs
    case .affine(let count, _, _, _), .activation(_, let count), .parametricSoftplus(let count, _, _, _, _),
      .divisiveNormalization(let count):
      return count
    case .maximumPool(let geometry), .averagePool(let geometry):
      return geometry.outputCount * geometry.kernelHeight * geometry.kernelWidth
    case .gather, .identity: return 0
    }
  }

  /// Whether the output is a linear function of the input plus a constant.
  public var isAffine: Bool {
    switch kind {
    case .convolution, .dense, .affine, .averagePool, .gather, .identity: return true
    case .activation, .parametricSoftplus, .divisiveNormalization, .maximumPool: return false
    }
  }

  /// Whether the values do not change.
  public var isIdentity: Bool {
    if case .identity = kind { return true }
    return false
  }

  /// Whether each unit of the output is a linear function of one unit of the input, the one at the same place.
  public var isUnitwise: Bool {
    if case .affine = kind { return true }
    return isIdentity
  }

  /// Whether each unit of the output is a function of one unit of the input, the one at the same place.
  public var isElementwise: Bool {
    switch kind {
    case .activation, .parametricSoftplus: return true
    default: return isUnitwise
    }
  }

  /// Whether the output is a linear function of the input on each of finitely many pieces of any straight path.
  public var isPiecewiseLinear: Bool {
    switch kind {
    case .activation(.relu, _), .maximumPool: return true
    default: return isAffine
    }
  }
}
