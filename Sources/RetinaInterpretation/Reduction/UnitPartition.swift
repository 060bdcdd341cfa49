import RetinaModel

/// How the units of a layer `[channel, height, width]` are put together before they are ranked.
public enum UnitPartition: String, Sendable, CaseIterable {
  /// A channel is one unit: for stimuli that are the same everywhere.
  case channel
  /// Each column of a channel is one: for bars that move sideways.
  case column
  /// Each row of a channel is one: for bars that move up or down.
  case row

  /// The group of every unit of a layer, row-major.
  func groups(_ shape: Shape) -> [Int] {
    let (channels, height, width) = (shape[0], shape[1], shape[2])
    return (0..<channels * height * width).map { unit in
      let (channel, row, column) = (unit / (height * width), unit / width % height, unit % width)
      switch self {
      case .channel: return channel
      case .column: return channel * width + column
      case .row: return channel * height + row
      }
    }
  }

  /// The channel of a group, and its column or row.
  func place(of group: Int, _ shape: Shape) -> (channel: Int, place: Int?) {
    switch self {
    case .channel: (group, nil)
    case .column: (group / shape[2], group % shape[2])
    case .row: (group / shape[1], group % shape[1])
    }
  }
}
