import RetinaModel

/// How the units of a layer `[channel, height, width]` are put together before they are ranked.
public enum UnitPartition: String, Sendable, CaseIterable {
  /// A channel is one unit: for stimuli that are the same everywhere.
  case channel
  /// Channels whose kernels are the same but for a delay are one: a kind of cell, with its past.
  case kind
  /// Each column of a channel is one: for bars that move sideways.
  case column
  /// Each row of a channel is one: for bars that move up or down.
  case row

  /// The groups of the units of a layer.
  func groups(_ model: Model, layer: Int) -> UnitGroups {
    let shape = model.shapes[layer]
    let (channels, height, width) = (shape[0], shape[1], shape[2])
    func groups(_ sides: Int, _ side: (Int) -> Int) -> UnitGroups {
      UnitGroups(
        ofUnits: (0..<channels * height * width).map { $0 / (height * width) * sides + side($0) },
        groups: (0..<channels * sides).map {
          UnitGroups.Group(channels: [$0 / sides], place: self == .channel ? nil : $0 % sides)
        })
    }
    switch self {
    case .channel: return groups(1) { _ in 0 }
    case .column: return groups(width) { $0 % width }
    case .row: return groups(height) { $0 / width % height }
    case .kind:
      let kinds = model.kinds(ofLayer: layer)
      var kindOf = [Int](repeating: 0, count: channels)
      for (place, kind) in kinds.enumerated() { for channel in kind.channels { kindOf[channel] = place } }
      return UnitGroups(ofUnits: (0..<channels * height * width).map { kindOf[$0 / (height * width)] }, groups: kinds)
    }
  }
}

/// Groups of units that are ranked as one.
struct UnitGroups: Sendable {
  /// The group of every unit of the layer, row-major.
  let ofUnits: [Int]
  let groups: [Group]

  struct Group: Sendable {
    /// Its channels, the least delayed first.
    var channels: [Int]
    /// Frames by which the kernel of each channel is delayed; empty where channels are not put together.
    var delays: [Int] = []
    /// The column or row of the channel.
    var place: Int?
  }
}

extension Model {
  /// The channels of a layer that have one kernel, some frames later; each its own kind where no convolution of the stimulus comes
  /// before the layer with nothing but functions of single units in between.
  fileprivate func kinds(ofLayer layer: Int) -> [UnitGroups.Group] {
    let channels = shapes[layer][0]
    guard let kernels = kernels(ofLayer: layer) else {
      return (0..<channels).map { UnitGroups.Group(channels: [$0], delays: [0]) }
    }
    var kinds: [(kernel: ArraySlice<Float>, group: UnitGroups.Group)] = []
    let frame = kernels.shape[2] * kernels.shape[3]
    for channel in 0..<channels {
      let whole = kernels.values[channel * kernels.shape[1] * frame..<(channel + 1) * kernels.shape[1] * frame]
      // Frames of zeros at the newer end are the delay; those at the older end are what it pushed out.
      let late = whole.reversed().prefix { $0 == 0 }.count / frame
      let kernel = whole.dropLast(late * frame).drop { $0 == 0 }
      let known = kinds.firstIndex { !kernel.isEmpty && $0.kernel.elementsEqual(kernel) }
      if let known {
        kinds[known].group.channels.append(channel)
        kinds[known].group.delays.append(late)
      } else {
        kinds.append((kernel, UnitGroups.Group(channels: [channel], delays: [late])))
      }
    }
    return kinds.map { _, group in
      let order = group.channels.indices.sorted { group.delays[$0] < group.delays[$1] }
      return UnitGroups.Group(channels: order.map { group.channels[$0] }, delays: order.map { group.delays[$0] })
    }
  }

  /// The kernels `[channel, frame, height, width]` of the stimulus that a layer's channels are functions of.
  private func kernels(ofLayer layer: Int) -> Tensor? {
    for place in stride(from: layer, through: 0, by: -1) {
      switch layers[place].operation {
      case .convolution(let convolution) where place == 0 && convolution.groups == 1: return convolution.weight
      case .convolutionStack(let stack) where place == 0: return stack.composed
      case .batchNormalization, .activation, .gaussianNoise, .maximumPool, .averagePool: continue
      default: return nil
      }
    }
    return nil
  }
}
