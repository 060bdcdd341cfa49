import RetinaEngine
import RetinaModel

/// Which tensors of a model have a size without meaning: those whose scale batch normalisation takes out again.
///
/// Per-tensor comparisons of such sizes ("importance by magnitude"), and weight decay as regularisation, say nothing.
/// The model is run as in training, every normalisation with the statistics of the batch, with each tensor at once and
/// twice its size.
public struct ScaleInvariance: Sendable {
  /// One tensor.
  public struct Tensor: Sendable {
    /// Layer and parameter, `conv1.weight`.
    public var name: String
    /// How far the outputs move when the tensor is doubled, relative to their root mean square.
    public var change: Double
    /// The same with the epsilon of all normalisations at zero.
    public var changeWithoutEpsilon: Double

    /// Whether the scale has no meaning but for epsilon.
    public var isInvariant: Bool { changeWithoutEpsilon < 1e-3 }
  }

  /// The weights and biases, layer by layer.
  public let tensors: [Tensor]

  /// Checks a model on a batch of stimuli, `[n, input shape]` before normalisation.
  ///
  /// - Throws: ``TheoryError`` for fewer than 8 stimuli, a model without output, or a channel that is silent for all.
  public init(_ model: Model, inputs: RetinaModel.Tensor, threads: Int = 1) throws(TheoryError) {
    guard inputs.shape.rank > 0, inputs.shape[0] >= 8 else {
      throw TheoryError("invariance", expected: "at least 8 stimuli", found: "\(inputs.shape)")
    }
    let trial = InvarianceTrial(inputs: inputs, threads: threads)
    let normal = try trial.outputs(model.layers, of: model)
    let exact = try trial.outputs(model.layers.map { $0.withoutEpsilon }, of: model)
    var tensors: [Tensor] = []
    for (place, layer) in model.layers.enumerated() {
      for (parameter, scaled) in layer.doubled {
        var layers = model.layers
        layers[place] = scaled
        let change = try trial.outputs(layers, of: model)
        let changeExact = try trial.outputs(layers.map { $0.withoutEpsilon }, of: model)
        tensors.append(
          Tensor(
            name: "\(layer.name).\(parameter)", change: relativeDistance(change, normal),
            changeWithoutEpsilon: relativeDistance(changeExact, exact)))
      }
    }
    self.tensors = tensors
  }
}

/// Runs layers as in training, with the statistics of one batch.
private struct InvarianceTrial {
  let inputs: RetinaModel.Tensor
  let threads: Int

  /// The outputs of the last layer.
  func outputs(_ layers: [Layer], of model: Model) throws(TheoryError) -> [Float] {
    var layers = layers
    for place in layers.indices {
      guard case .batchNormalization(var normalization) = layers[place].operation else { continue }
      let channels = normalization.mean.count
      let values = try place == 0 ? inputs.values : run(Array(layers[..<place]), of: model)
      let run = values.count / inputs.shape[0] / channels
      var (means, squares) = ([Double](repeating: 0, count: channels), [Double](repeating: 0, count: channels))
      for (index, value) in values.enumerated() {
        let channel = index / run % channels
        means[channel] += Double(value)
        squares[channel] += Double(value) * Double(value)
      }
      let count = Double(inputs.shape[0] * run)
      for channel in 0..<channels {
        let mean = means[channel] / count
        let variance = squares[channel] / count - mean * mean
        guard variance > 1e-9 * squares[channel] / count, variance > 0 else {
          throw TheoryError(
            "layer '\(layers[place].name)', channel \(channel)", expected: "inputs that vary over the batch",
            found: "the same value for all")
        }
        normalization.mean[channel] = Float(mean)
        normalization.variance[channel] = Float(variance)
      }
      layers[place].operation = .batchNormalization(normalization)
    }
    return try run(layers, of: model)
  }

  private func run(_ layers: [Layer], of model: Model) throws(TheoryError) -> [Float] {
    var facts = Facts()
    facts.normalization = model.facts.normalization
    let part: Model
    do throws(ModelError) {
      part = try Model(name: "part", inputShape: model.inputShape, layers: layers, facts: facts)
    } catch {
      throw TheoryError("model", expected: "layers that fit", found: "\(error)")
    }
    return Program(part).run(inputs, of: part, layers: [layers.count - 1], threads: threads).tensors[0].values
  }
}

/// The distance of two lists, relative to the length of the second.
private func relativeDistance(_ values: [Float], _ reference: [Float]) -> Double {
  var (difference, size) = (0.0, 0.0)
  for (value, wanted) in zip(values, reference) {
    difference += (Double(value) - Double(wanted)) * (Double(value) - Double(wanted))
    size += Double(wanted) * Double(wanted)
  }
  return size > 0 ? (difference / size).squareRoot() : 0
}

extension Layer {
  /// The layer without the constant that normalisation adds to variances.
  fileprivate var withoutEpsilon: Layer {
    guard case .batchNormalization(var normalization) = operation else { return self }
    normalization.epsilon = 0
    return Layer(name, .batchNormalization(normalization))
  }

  /// The layer with each of its trained tensors twice as large, one at a time.
  fileprivate var doubled: [(parameter: String, layer: Layer)] {
    switch operation {
    case .convolution(let part):
      return variants(
        of: part, as: Operation.convolution, [("weight", { $0.weight.double() })], bias: part.bias, \.bias)
    case .convolutionStack(let part):
      return variants(
        of: part, as: Operation.convolutionStack,
        part.weights.indices.map { place in ("\(place).weight", { $0.weights[place].double() }) }, bias: part.bias,
        \.bias)
    case .separableConvolution(let part):
      return variants(
        of: part, as: Operation.separableConvolution,
        [("temporal", { $0.temporal.double() }), ("spatial", { $0.spatial.double() })], bias: part.bias, \.bias)
    case .dense(let part):
      return variants(of: part, as: Operation.dense, [("weight", { $0.weight.double() })], bias: part.bias, \.bias)
    case .batchNormalization(let part):
      return variants(
        of: part, as: Operation.batchNormalization,
        [("weight", { $0.scale = $0.scale.doubled }), ("bias", { $0.shift = $0.shift.doubled })])
    default: return []
    }
  }

  /// The layer with each of some changes made to its part, and with its bias doubled where it has one.
  private func variants<Part>(
    of part: Part, as operation: (Part) -> RetinaModel.Operation, _ changes: [(String, (inout Part) -> Void)],
    bias: [Float]? = nil, _ place: WritableKeyPath<Part, [Float]?>? = nil
  ) -> [(parameter: String, layer: Layer)] {
    var changes = changes
    if let bias, let place { changes.append(("bias", { $0[keyPath: place] = bias.doubled })) }
    return changes.map { parameter, change in
      var changed = part
      change(&changed)
      return (parameter, Layer(name, operation(changed)))
    }
  }
}

extension RetinaModel.Tensor {
  fileprivate mutating func double() { values = values.doubled }
}

extension [Float] {
  fileprivate var doubled: [Float] { map { 2 * $0 } }
}
