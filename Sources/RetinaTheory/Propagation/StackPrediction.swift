import RetinaEngine
import RetinaModel

/// What a deep stack of layers like one of a model's would do: the weights and biases of the layer as those of a random network.
public struct StackPrediction: Sendable {
  /// The layer with the weights.
  public let layer: String
  /// Its statistics, with the function that follows it.
  public let field: MeanField
  /// Where such a stack settles; an error when it does not.
  public let fixedPoint: Result<MeanField.FixedPoint, TheoryError>

  /// Every layer with weights, and the next function of a unit behind it that the theory knows; linear where there is none
  /// before the next weights.
  public static func all(of model: Model) -> [StackPrediction] {
    model.layers.indices.compactMap { place in
      guard let (weight, bias) = model.layers[place].operation.weights else { return nil }
      let inputs = weight.shape.count / weight.shape[0]
      let field = MeanField(
        model.nonlinearity(after: place), weightVariance: Double(inputs) * meanSquare(weight.values),
        biasVariance: meanSquare(bias ?? []))
      return StackPrediction(
        layer: model.layers[place].name, field: field,
        fixedPoint: Result { () throws(TheoryError) in try field.fixedPoint() })
    }
  }
}

/// The mean of the squares; 0 of none.
private func meanSquare(_ values: [Float]) -> Double {
  values.reduce(0) { $0 + Double($1) * Double($1) } / Double(max(1, values.count))
}

extension RetinaModel.Operation {
  /// Weights `[out, ...]` and biases.
  fileprivate var weights: (Tensor, [Float]?)? {
    switch self {
    case .convolution(let part): return (part.weight, part.bias)
    case .convolutionStack(let part): return (part.composed, part.bias)
    case .separableConvolution(let part): return (part.composed, part.bias)
    case .dense(let part): return (part.weight, part.bias)
    default: return nil
    }
  }
}

extension Model {
  /// The function between a layer and the next weights.
  fileprivate func nonlinearity(after place: Int) -> Nonlinearity {
    for layer in layers[(place + 1)...] {
      switch layer.operation {
      case .activation(.relu): return .relu
      case .activation(.softplus), .activation(.parametricSoftplus): return .softplus
      case .activation(.sigmoid): return .sigmoid
      case .activation(.tanh): return .tanh
      case .activation(.exp): return .exp
      case _ where layer.operation.weights != nil: return .linear
      default: continue
      }
    }
    return .linear
  }
}
