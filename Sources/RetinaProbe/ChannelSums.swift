import RetinaModel

/// Which values a sum counts.
public enum SignSelection: Sendable {
  /// All values.
  case all
  /// Values above zero: what excites the target.
  case excitatory
  /// Values below zero: what inhibits the target.
  case inhibitory
}

extension Attribution {
  /// The sums over space: one number per channel of a layer of shape `[channel, height, width]`, or the numbers themselves for
  /// other shapes.
  ///
  /// - Parameters:
  ///   - groups: the groups of units that were replaced together; every unit of a group has the value of the group, and it counts once,
  ///     shared among the units.
  ///   - selection: which values count; others count as zero.
  public func channelSums(
    _ shape: Shape, groups: [Int]? = nil, counting selection: SignSelection = .all
  ) -> [Float] {
    let plane = shape.rank == 3 ? shape[1] * shape[2] : 1
    var shares: [Double]?
    if let groups, plane > 1 {
      var sizes = [Double](repeating: 0, count: (groups.max() ?? -1) + 1)
      for group in groups { sizes[group] += 1 }
      shares = groups.map { 1 / sizes[$0] }
    }
    return stride(from: 0, to: values.count, by: plane).map { first in
      var sum = 0.0
      for unit in first..<first + plane {
        switch selection {
        case .excitatory where values[unit] < 0, .inhibitory where values[unit] > 0: continue
        default: sum += Double(values[unit]) * (shares?[unit] ?? 1)
        }
      }
      return Float(sum)
    }
  }
}

extension Method {
  /// The shape of an attribution over a layer.
  public func attributionShape(ofLayer shape: Shape) -> Shape {
    switch subject {
    case .channels: return Shape(shape[0])
    case .positions: return shape.rank == 3 ? Shape(1, shape[1], shape[2]) : Shape(1)
    default: return shape
    }
  }
}
