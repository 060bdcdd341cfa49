import RetinaModel

/// How the units of a layer `[channel, height, width]` are put together before they are ranked.
public enum UnitPartition: String, Sendable, CaseIterable {
  /// A channel is one unit: for stimuli that are the same everywhere.
  case channel
  /// Channels that are the same but for a delay are one: a kind of cell, with its past (``ChannelKinds``).
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
      let kinds =
        ChannelKinds(model, layer: layer)?.groups
        ?? (0..<channels).map { UnitGroups.Group(channels: [$0], delays: [0]) }
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
