import RetinaModel

/// Which channels of a layer are one kind of cell at several delays: they compute the same, some frames later.
///
/// The frames of a movie are one kind. Channels of a convolution are one where their kernels are the same on the same kinds, and all that they
/// see is equally much later; so are quotients of a division, and channels that a normalisation treats alike.
struct ChannelKinds {
  /// A channel of a layer: what it computes and by how many frames later.
  private struct Channel {
    var kind: Int
    var delay: Int
  }

  /// What makes a kind.
  private struct Definition: Equatable {
    /// The kinds of what is seen, how much later each is than the newest of them, and what it is multiplied by.
    var kinds: [Int] = []
    var delays: [Int] = []
    var weights: [ArraySlice<Float>] = []
    /// Numbers of the channel's own.
    var own: [Float] = []
  }

  private var channels: [Channel]

  /// Looks through the layers of a movie model up to one; nothing where a layer comes before that mixes places, or kinds in groups.
  init?(_ model: Model, layer: Int) {
    channels = (0..<model.inputShape[0]).reversed().map { Channel(kind: 0, delay: $0) }
    for layer in model.layers[...layer] {
      switch layer.operation {
      case .convolution(let convolution) where convolution.groups == 1: see(convolution.weight, convolution.bias)
      case .convolutionStack(let stack): see(stack.composed, stack.bias)
      case .batchNormalization(let normalization) where normalization.axis == .channel:
        define(
          channels.indices.map { channel in
            let numbers = [\BatchNormalization.scale, \.shift, \.mean, \.variance]
            return ([channel], Definition(own: numbers.map { normalization[keyPath: $0][channel] }))
          })
      case .divisiveNormalization:
        let half = channels.count / 2
        define((0..<half).map { ([$0, half + $0], Definition()) })
      case .batchNormalization, .activation, .gaussianNoise, .maximumPool, .averagePool: continue
      default: return nil
      }
    }
  }

  /// The channels of every kind with their delays, the least delayed first.
  var groups: [UnitGroups.Group] {
    var groups: [UnitGroups.Group] = []
    for channel in channels.indices.sorted(by: { (channels[$0].delay, $0) < (channels[$1].delay, $1) }) {
      while groups.count <= channels[channel].kind { groups.append(UnitGroups.Group(channels: [])) }
      groups[channels[channel].kind].channels.append(channel)
      groups[channels[channel].kind].delays.append(channels[channel].delay)
    }
    return groups
  }

  private mutating func see(_ kernels: Tensor, _ bias: [Float]?) {
    let (inputs, size) = (kernels.shape[1], kernels.shape[2] * kernels.shape[3])
    func kernel(_ output: Int, _ input: Int) -> ArraySlice<Float> {
      kernels.values[(output * inputs + input) * size..<(output * inputs + input + 1) * size]
    }
    define(
      (0..<kernels.shape[0]).map { output in
        let seen = (0..<inputs).filter { input in kernel(output, input).contains { $0 != 0 } }
          .sorted { (channels[$0].kind, channels[$0].delay) < (channels[$1].kind, channels[$1].delay) }
        return (seen, Definition(weights: seen.map { kernel(output, $0) }, own: bias.map { [$0[output]] } ?? []))
      })
  }

  /// The channels of the next layer: which channels each sees, and the rest of its definition.
  private mutating func define(_ next: [(seen: [Int], definition: Definition)]) {
    var known: [Definition] = []
    channels = next.map { seen, definition in
      var definition = definition
      let newest = seen.map { channels[$0].delay }.min() ?? 0
      definition.kinds = seen.map { channels[$0].kind }
      definition.delays = seen.map { channels[$0].delay - newest }
      // What sees nothing is like nothing else.
      if let kind = known.firstIndex(of: definition), !seen.isEmpty { return Channel(kind: kind, delay: newest) }
      known.append(definition)
      return Channel(kind: known.count - 1, delay: newest)
    }
  }
}
