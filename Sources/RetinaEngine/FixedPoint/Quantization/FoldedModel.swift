import RetinaModel

/// A model with as few layers as give the same numbers: normalisations go into the convolution before them, linear convolutions in a row
/// become one.
///
/// This is the float model that a fixed-point model is made from, layer by layer.
public struct FoldedModel: Sendable {
  /// The model.
  public let model: Model
  /// For every layer of it, the layers of the original whose values it gives; none where it gives those of no layer.
  public let names: [[String]]

  init(model: Model, names: [[String]]) { (self.model, self.names) = (model, names) }

  /// What becomes of linear convolutions in a row.
  public enum Stacks: Sendable {
    /// They stay as they are: a rounding after each.
    case kept
    /// They become one, with a kernel as large as what they see together.
    case composed
    /// Whichever takes fewer multiply-adds.
    case cheaper
  }

  /// Folds a model.
  ///
  /// - Throws: ``ModelError`` when folded parameters overflow float32.
  public init(_ model: Model, stacks: Stacks = .cheaper) throws(ModelError) {
    var folder = ModelFolder()
    for (index, layer) in model.layers.enumerated() {
      folder.add(layer, input: model.inputShape(ofLayer: index), stacks: stacks)
    }
    var facts = model.facts
    facts.golden = nil
    self.model = try Model(name: model.name, inputShape: model.inputShape, layers: folder.layers, facts: facts)
    names = folder.names
  }
}

/// Collects the layers of a folded model.
private struct ModelFolder {
  var layers: [Layer] = []
  var names: [[String]] = []

  mutating func add(_ layer: Layer, input: Shape, stacks: FoldedModel.Stacks) {
    switch layer.operation {
    case .convolutionStack(let stack):
      if stacks == .composed || (stacks == .cheaper && !stack.isCheaperThanComposed(input)) {
        append(.convolution(Convolution(weight: stack.composed, bias: stack.bias)), layer.name)
      } else {
        for (index, weight) in stack.weights.enumerated() {
          let isLast = index == stack.weights.count - 1
          append(
            .convolution(Convolution(weight: weight, bias: isLast ? stack.bias : nil)), isLast ? layer.name : nil)
        }
      }
    case .separableConvolution(let convolution):
      append(.convolution(Convolution(weight: convolution.composed, bias: convolution.bias)), layer.name)
    case .batchNormalization(let normalization): fold(normalization, layer.name)
    case .activation(.parametricSoftplus(let alpha, let beta)):
      fold(factors(beta, input), nil)
      append(.activation(.softplus), nil)
      fold(factors(alpha, input), layer.name)
    case .gaussianNoise where !layers.isEmpty: names[names.count - 1].append(layer.name)
    default: append(layer.operation, layer.name)
    }
  }

  private mutating func append(_ operation: RetinaModel.Operation, _ name: String?) {
    layers.append(Layer(name ?? "folded \(layers.count)", operation))
    names.append(name.map { [$0] } ?? [])
  }

  /// A factor per unit as a normalisation.
  private func factors(_ values: [Float], _ input: Shape) -> BatchNormalization {
    let count = input.count
    let scale = values.count == 1 ? [Float](repeating: values[0], count: count) : values
    let zeros = [Float](repeating: 0, count: count)
    return BatchNormalization(
      axis: .unit, scale: scale, shift: zeros, mean: zeros, variance: [Float](repeating: 1, count: count), epsilon: 0)
  }

  /// Puts a normalisation into the layer before it, or behind it where that layer cannot take it up.
  private mutating func fold(_ normalization: BatchNormalization, _ name: String?) {
    let (scale, shift) = normalization.folded
    func scaled(_ weight: Tensor) -> Tensor {
      var weight = weight
      let run = weight.shape.count / scale.count
      for index in weight.values.indices { weight.values[index] *= scale[index / run] }
      return weight
    }
    func shifted(_ bias: [Float]?) -> [Float] {
      shift.indices.map { Float(Double(bias?[$0] ?? 0) * Double(scale[$0]) + Double(shift[$0])) }
    }
    switch layers.last?.operation {
    case .convolution(var convolution)
    where normalization.axis == .channel && convolution.weight.shape[0] == scale.count:
      convolution.weight = scaled(convolution.weight)
      convolution.bias = shifted(convolution.bias)
      replaceLast(.convolution(convolution), name)
    case .dense(var dense) where dense.weight.shape[0] == scale.count:
      dense.weight = scaled(dense.weight)
      dense.bias = shifted(dense.bias)
      replaceLast(.dense(dense), name)
    default: append(.batchNormalization(normalization), name)
    }
  }

  /// What the last layer gave is no longer there.
  private mutating func replaceLast(_ operation: RetinaModel.Operation, _ name: String?) {
    layers.removeLast()
    names.removeLast()
    append(operation, name)
  }
}

extension ConvolutionStack {
  /// Whether the convolutions one by one take fewer multiply-adds than the one that they make together.
  fileprivate func isCheaperThanComposed(_ input: Shape) -> Bool {
    var (height, width, sum) = (input[1], input[2], 0)
    func cost(_ weight: Tensor) -> Int { weight.shape.count * height * width }
    for weight in weights {
      height -= weight.shape[2] - 1
      width -= weight.shape[3] - 1
      sum += cost(weight)
    }
    return sum < cost(composed)
  }
}
