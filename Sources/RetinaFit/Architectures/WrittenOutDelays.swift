import RetinaModel

/// The layers of a model that equals layers with delays: what stands before a delay is there once for every frame that is needed of it.
///
/// What delays give is the past of a few kinds of cells, for a layer that has no memory of its own. Kernels, and everything else, are
/// learnt once for all delays, as in a convolution over time (a `conv3d` of which some frames are kept); a model file holds the ordinary
/// convolutions that it equals, so that everything that runs models knows them.
///
/// Channels stand copy by copy, `[copy, channel]`. A division before delays finds all numerators before all denominators: the convolution
/// before it writes its channels as `[half, copy, channel]`, with as many halves of halves as divisions follow before the next delays.
struct WrittenOutDelays {
  private(set) var layers: [Layer] = []
  private let history: Int
  /// The delays at which the layers before are there.
  private var copies: [Int] = []
  /// The delays that the next convolution sees of each of its own.
  private var seen: [Int]?
  /// Parts of the channels, each of which holds all copies: twice as many for every division to come before the next convolution.
  private var parts = 1

  /// Writes layers out for windows of so many frames.
  ///
  /// - Throws: ``ModelError`` that names the first layer that cannot stand before or behind delays.
  init(_ architecture: Architecture) throws(ModelError) {
    history = architecture.inputShape[0]
    var needed = [[Int]](repeating: [0], count: architecture.layers.count)
    for place in architecture.layers.indices.dropFirst().reversed() {
      needed[place - 1] = needed[place]
      guard case .delays(let delays) = architecture.layers[place].kind else { continue }
      needed[place - 1] = Set(needed[place].flatMap { own in delays.map { own + $0 } }).sorted()
    }
    for (place, layer) in architecture.layers.enumerated() {
      if case .layer(.convolution) = layer.kind { parts = 1 << architecture.divisions(behind: place).count }
      try add(layer, at: needed[place])
    }
  }

  private mutating func add(_ layer: TrainableLayer, at delays: [Int]) throws(ModelError) {
    switch layer.kind {
    case .delays(let list):
      guard seen == nil, !copies.isEmpty else { throw misplaced(layer) }
      seen = list
    case .layer(.convolution(let convolution)) where convolution.groups == 1 && convolution.weight.shape.rank == 4:
      let frames = copies.isEmpty ? history - (delays.max() ?? 0) : convolution.weight.shape[1]
      guard convolution.weight.shape[1] == frames, frames % (seen?.count ?? 1) == 0,
        convolution.weight.shape[0] % parts == 0
      else { throw misplaced(layer) }
      let whole = copies.isEmpty ? first(convolution, at: delays) : later(convolution, at: delays)
      layers.append(Layer(layer.name, .convolution(whole)))
      (copies, seen) = (delays, nil)
    case .layer(.batchNormalization(var normalization)) where seen == nil && normalization.axis == .channel:
      for part in [\BatchNormalization.scale, \.shift, \.mean, \.variance] {
        let values = normalization[keyPath: part]
        normalization[keyPath: part] = written(values.count, at: delays).map { values[$0.channel] }
      }
      layers.append(Layer(layer.name, .batchNormalization(normalization)))
    case .layer(.divisiveNormalization) where parts > 1:
      parts /= 2
      layers.append(Layer(layer.name, .divisiveNormalization))
    case .layer(.maximumPool), .layer(.averagePool), .layer(.gaussianNoise), .layer(.activation), .dropout:
      guard seen == nil else { throw misplaced(layer) }
      if let deployed = layer.deployed { layers.append(deployed) }
    default:
      // Whatever reads all channels may stand behind the last delays.
      guard delays == [0], seen == nil || seen == copies, let deployed = layer.deployed else { throw misplaced(layer) }
      layers.append(deployed)
      seen = nil
    }
  }

  /// The channels of a layer as they are written out, in order: which each is, and at which delay.
  private func written(_ channels: Int, at delays: [Int]) -> [(channel: Int, delay: Int)] {
    let size = channels / parts
    return (0..<parts).flatMap { part in
      delays.flatMap { delay in (part * size..<(part + 1) * size).map { (channel: $0, delay: delay) } }
    }
  }

  private func misplaced(_ layer: TrainableLayer) -> ModelError {
    ModelError(problems: [
      .init(
        place: "layer '\(layer.name)'",
        expected: seen == nil
          ? "before delays convolutions, the first of the frames that the delays leave, normalisation per channel, functions of single units, divisions, pools"
          : "behind delays a convolution of as many channels, or behind the last ones a read-out",
        found: "another layer")
    ])
  }

  /// A convolution of the movie: kernels over the frames that end so many before the newest.
  private func first(_ convolution: Convolution, at delays: [Int]) -> Convolution {
    let shape = convolution.weight.shape
    let frame = shape[2] * shape[3]
    let channels = written(shape[0], at: delays)
    var whole = convolution
    whole.weight = Tensor(repeating: 0, shape: Shape(channels.count, history, shape[2], shape[3]))
    for (row, (channel, delay)) in channels.enumerated() {
      whole.weight.copy(
        convolution.weight, from: channel * shape[1] * frame, count: shape[1] * frame,
        to: (row * history + history - shape[1] - delay) * frame)
    }
    whole.bias = convolution.bias.map { bias in channels.map { bias[$0.channel] } }
    return whole
  }

  /// A convolution of features: each copy sees the copies that stand its delays before it.
  private func later(_ convolution: Convolution, at delays: [Int]) -> Convolution {
    let shape = convolution.weight.shape
    let seen = seen ?? [0]
    let (kernel, inputs) = (shape[2] * shape[3], shape[1] / seen.count)
    let channels = written(shape[0], at: delays)
    var whole = convolution
    whole.weight = Tensor(repeating: 0, shape: Shape(channels.count, copies.count * inputs, shape[2], shape[3]))
    for (row, (channel, delay)) in channels.enumerated() {
      for (part, earlier) in seen.enumerated() {
        guard let place = copies.firstIndex(of: delay + earlier) else { continue }
        whole.weight.copy(
          convolution.weight, from: (channel * seen.count + part) * inputs * kernel, count: inputs * kernel,
          to: (row * copies.count + place) * inputs * kernel)
      }
    }
    whole.bias = convolution.bias.map { bias in channels.map { bias[$0.channel] } }
    return whole
  }
}

extension Tensor {
  /// Takes values of another tensor.
  fileprivate mutating func copy(_ other: Tensor, from source: Int, count: Int, to target: Int) {
    values.replaceSubrange(target..<target + count, with: other.values[source..<source + count])
  }
}

extension Architecture {
  /// How many divisions follow a convolution before the next one or the next delays, and whether it is delays.
  func divisions(behind place: Int) -> (count: Int, beforeDelays: Bool) {
    var count = 0
    for layer in layers[(place + 1)...] {
      if layer.kind.isConvolution { return (count, false) }
      switch layer.kind {
      case .layer(.divisiveNormalization): count += 1
      case .delays: return (count, true)
      default: break
      }
    }
    return (count, false)
  }

  /// How many frames the delays reach back together.
  public var longestDelay: Int {
    layers.reduce(0) { sum, layer in
      if case .delays(let delays) = layer.kind { return sum + (delays.max() ?? 0) }
      return sum
    }
  }
}
