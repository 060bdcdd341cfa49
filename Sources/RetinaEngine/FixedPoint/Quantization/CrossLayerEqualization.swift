import RetinaKernels
import RetinaModel

extension FoldedModel {
  /// The same function with weights of more equal size from channel to channel: a channel is divided by a factor before a relu and multiplied
  /// after it (Nagel, van Baalen, Blankevoort, Welling 2019, "Data-free quantization through weight equalization and bias correction",
  /// section 4.1).
  ///
  /// For the weights that make channel i (their largest magnitude r1) and those that read it (r2) the factor is sqrt(r1 / r2). Values in between
  /// are no longer those of the model: their layers lose their names, and cannot be read from an image.
  ///
  /// - Throws: ``ModelError`` when a weight overflows float32.
  public func equalized() throws(ModelError) -> FoldedModel {
    var (layers, names) = (model.layers, self.names)
    var writer: Int?
    for index in layers.indices {
      if let last = writer, let readers = layers[index].operation.readWeights(of: model.shapes[last][0]),
        let written = layers[last].operation.writtenWeights
      {
        let factors = zip(written, readers).map { r1, r2 in
          r1 > 0 && r2 > 0 ? (Double(r1) / Double(r2)).squareRoot() : 1
        }
        layers[last].operation.scaleWritten(factors.map { Float(1 / $0) })
        layers[index].operation.scaleRead(factors.map { Float($0) })
        for between in last..<index { names[between] = [] }
      }
      switch layers[index].operation {
      case .activation(.relu), .maximumPool, .averagePool, .flatten, .reshape, .gaussianNoise: break
      default: writer = layers[index].operation.writtenWeights == nil ? nil : index
      }
    }
    return FoldedModel(
      model: try Model(name: model.name, inputShape: model.inputShape, layers: layers, facts: model.facts), names: names
    )
  }
}

extension RetinaModel.Operation {
  /// The largest magnitude of the weights of every output channel; nothing for a layer without.
  fileprivate var writtenWeights: [Float]? {
    guard let (weight, _) = weightAndBias else { return nil }
    let run = weight.shape.count / weight.shape[0]
    return (0..<weight.shape[0]).map { channel in
      weight.values[channel * run..<(channel + 1) * run].reduce(0) { max($0, $1.magnitude) }
    }
  }

  /// The largest magnitude of the weights that read every one of so many channels; nothing where a layer does not read channels.
  fileprivate func readWeights(of channels: Int) -> [Float]? {
    guard let (weight, _) = weightAndBias, weight.shape[1] % channels == 0 else { return nil }
    let run = weight.shape.count / weight.shape[0] / channels
    var largest = [Float](repeating: 0, count: channels)
    for (index, value) in weight.values.enumerated() {
      let channel = index / run % channels
      largest[channel] = max(largest[channel], value.magnitude)
    }
    return largest
  }

  /// Multiplies the weights and the bias of every output channel.
  fileprivate mutating func scaleWritten(_ factors: [Float]) {
    guard var (weight, bias) = weightAndBias else { return }
    let run = weight.shape.count / factors.count
    for index in weight.values.indices { weight.values[index] *= factors[index / run] }
    bias = bias.map { zip($0, factors).map { $0 * $1 } }
    set(weight, bias)
  }

  /// Multiplies the weights that read every channel.
  fileprivate mutating func scaleRead(_ factors: [Float]) {
    guard case (var weight, let bias)? = weightAndBias else { return }
    let run = weight.shape.count / weight.shape[0] / factors.count
    for index in weight.values.indices { weight.values[index] *= factors[index / run % factors.count] }
    set(weight, bias)
  }

  /// The numbers of a convolution of one group or of a dense layer.
  private var weightAndBias: (Tensor, [Float]?)? {
    switch self {
    case .convolution(let layer) where layer.groups == 1: return (layer.weight, layer.bias)
    case .dense(let layer): return (layer.weight, layer.bias)
    default: return nil
    }
  }

  private mutating func set(_ weight: Tensor, _ bias: [Float]?) {
    switch self {
    case .convolution(var layer):
      (layer.weight, layer.bias) = (weight, bias)
      self = .convolution(layer)
    case .dense(var layer):
      (layer.weight, layer.bias) = (weight, bias)
      self = .dense(layer)
    default: break
    }
  }
}
