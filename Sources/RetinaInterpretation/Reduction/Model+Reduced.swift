import RetinaEngine
import RetinaModel

extension Model {
  /// The model with the distance of each unit of a layer from a constant multiplied by a factor, and with one cell only.
  ///
  /// Channels whose factor is 0 are constants. They are taken out of the weights where the layer lies between two convolutions (or stacks)
  /// without padding, with functions of single units and normalisation per channel around it; otherwise, and for columns and rows, a
  /// normalisation `kept` behind the layer multiplies the units or sets them to their constants: as exact, but no smaller.
  ///
  /// - Parameters:
  ///   - factors: one for each unit of the layer; 1 as it is.
  ///   - constants: what each unit is with a factor of 0.
  /// - Throws: ``ModelError`` when the parts do not fit, which they do for every model that runs.
  func reduced(_ factors: [Float], ofLayer place: Int, constants: [Float], cell: Int) throws(ModelError) -> Model {
    var layers = layers
    let shape = shapes[place]
    let plane = shape.rank == 3 ? shape[1] * shape[2] : 1
    let channels = (0..<shape[0]).map { ReducedChannel(factor: factors[$0 * plane], constant: constants[$0 * plane]) }
    let areWhole = channels.enumerated().allSatisfy { channel, part in
      (channel * plane..<(channel + 1) * plane).allSatisfy {
        factors[$0] == part.factor && constants[$0] == part.constant
      }
    }
    if !(areWhole && channels.contains { $0.factor > 0 } && Model.prune(&layers, around: place, to: channels)) {
      let ones = [Float](repeating: 1, count: factors.count)
      let normalization = BatchNormalization(
        axis: .unit, scale: factors, shift: zip(factors, constants).map { (1 - $0) * $1 },
        mean: ones.map { _ in 0 }, variance: ones, epsilon: 0)
      var name = "kept"
      while index(of: name) != nil { name += "_" }
      layers.insert(Layer(name, .batchNormalization(normalization)), at: place + 1)
    }
    var facts = facts
    facts.golden = nil
    if Model.select(cell, &layers, outputs: cells) { facts.cells = facts.cells.isEmpty ? [] : [facts.cells[cell]] }
    return try Model(name: "\(name), reduced", inputShape: inputShape, layers: layers, facts: facts)
  }

  /// Takes all but some channels out of the weights before and after a layer; false, and nothing changed, where it cannot be done.
  private static func prune(_ layers: inout [Layer], around place: Int, to reduced: [ReducedChannel]) -> Bool {
    let channels = reduced.indices.filter { reduced[$0].factor > 0 }
    var pruned = layers
    var before = place
    while true {
      switch pruned[before].operation {
      case .convolution(var convolution) where convolution.groups == 1:
        convolution.weight = rows(convolution.weight, channels)
        convolution.bias = convolution.bias.map { bias in channels.map { bias[$0] } }
        pruned[before].operation = .convolution(convolution)
      case .convolutionStack(var stack):
        stack.weights[stack.weights.count - 1] = rows(stack.weights[stack.weights.count - 1], channels)
        stack.bias = stack.bias.map { bias in channels.map { bias[$0] } }
        pruned[before].operation = .convolutionStack(stack)
      case .batchNormalization(var normalization) where normalization.axis == .channel:
        for part in [\BatchNormalization.scale, \.shift, \.mean, \.variance] {
          normalization[keyPath: part] = channels.map { normalization[keyPath: part][$0] }
        }
        pruned[before].operation = .batchNormalization(normalization)
        before -= 1
        guard before >= 0 else { return false }
        continue
      case .activation(let function):
        if case .parametricSoftplus = function { return false }
        before -= 1
        guard before >= 0 else { return false }
        continue
      case .gaussianNoise, .maximumPool, .averagePool:
        before -= 1
        guard before >= 0 else { return false }
        continue
      default: return false
      }
      break
    }
    var after = place + 1
    while after < pruned.count, case .gaussianNoise = pruned[after].operation { after += 1 }
    guard after < pruned.count else { return false }
    func added(_ whole: Tensor, _ bias: [Float]?) -> [Float] {
      let (inputs, kernel) = (whole.shape[1], whole.shape[2] * whole.shape[3])
      return (0..<whole.shape[0]).map { output in
        var sum = Double(bias?[output] ?? 0)
        for (channel, part) in reduced.enumerated() where part.factor != 1 {
          let first = (output * inputs + channel) * kernel
          let constant = Double(1 - part.factor) * Double(part.constant)
          for index in first..<first + kernel { sum += Double(whole.values[index]) * constant }
        }
        return Float(sum)
      }
    }
    switch pruned[after].operation {
    case .convolution(var convolution) where convolution.groups == 1 && convolution.padding == Spatial(0, 0):
      convolution.bias = added(convolution.weight, convolution.bias)
      convolution.weight = columns(convolution.weight, reduced)
      pruned[after].operation = .convolution(convolution)
    case .convolutionStack(var stack):
      stack.bias = added(stack.composed, stack.bias)
      stack.weights[0] = columns(stack.weights[0], reduced)
      pruned[after].operation = .convolutionStack(stack)
    default: return false
    }
    layers = pruned
    return true
  }

  /// Leaves one output of a last dense layer or readout, behind which come functions of single units; false where it cannot be done.
  private static func select(_ cell: Int, _ layers: inout [Layer], outputs: Int) -> Bool {
    var place = layers.count - 1
    while place >= 0 {
      switch layers[place].operation {
      case .dense(var dense):
        dense.weight = rows(dense.weight, [cell])
        dense.bias = dense.bias.map { [$0[cell]] }
        layers[place].operation = .dense(dense)
        return true
      case .readout(let readout):
        layers[place].operation = .readout(Readout(positions: [readout.positions[cell]]))
        return true
      case .activation(.parametricSoftplus): return false
      case .activation, .gaussianNoise, .flatten: place -= 1
      default: return false
      }
    }
    return false
  }

  /// Some entries of the first axis.
  private static func rows(_ tensor: Tensor, _ kept: [Int]) -> Tensor {
    let size = tensor.shape.count / tensor.shape[0]
    return tensor.with(0, kept.count, kept.flatMap { tensor.values[$0 * size..<($0 + 1) * size] })
  }

  /// The entries of the second axis whose channels are kept, times their factors.
  private static func columns(_ tensor: Tensor, _ channels: [ReducedChannel]) -> Tensor {
    let size = tensor.shape.count / (tensor.shape[0] * tensor.shape[1])
    let kept = channels.enumerated().filter { $0.element.factor > 0 }
    return tensor.with(
      1, kept.count,
      (0..<tensor.shape[0]).flatMap { row in
        kept.flatMap { column, channel -> [Float] in
          let first = (row * tensor.shape[1] + column) * size
          return tensor.values[first..<first + size].map { channel.factor * $0 }
        }
      })
  }
}

/// What becomes of a channel in a reduced model.
private struct ReducedChannel {
  /// By what its distance from the constant is multiplied.
  var factor: Float
  /// What it is with a factor of 0, everywhere.
  var constant: Float
}

extension Tensor {
  /// Other values, with another extent of one axis.
  fileprivate func with(_ axis: Int, _ extent: Int, _ values: [Float]) -> Tensor {
    var dimensions = shape.dimensions
    dimensions[axis] = extent
    guard let shape = Shape(checking: dimensions), let tensor = Tensor(shape: shape, values: values) else {
      fatalError("as many values as the axes say")
    }
    return tensor
  }
}
