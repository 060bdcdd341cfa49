import RetinaModel

/// What the units of one layer contribute to one cell at every frame of one stimulus.
public struct LayerContributions: Sendable {
  /// A unit that contributes much.
  public struct Unit: Equatable, Sendable {
    /// The channel, row and column.
    public var channel, row, column: Int
    /// The contribution.
    public var value: Float
  }

  /// `[frame, channel]`: sums over space.
  public var sums: Tensor
  /// `[frame, channel, row, column]` where there is anything to see: the units of ``rows`` x ``columns``.
  public var map: Tensor
  /// The rows of the layer that ``map`` holds.
  public var rows: Range<Int>
  /// The columns of the layer that ``map`` holds.
  public var columns: Range<Int>
  /// For each frame the units that contribute most, largest magnitude first.
  public var largest: [[Unit]]

  /// Units that are named for each frame.
  static let unitCount = 3
  /// Rows and columns of a map where there is room: fewer say nothing of where they are.
  static let smallestSide = 8
  /// Positions that never reach this part of the largest position are not in the map.
  static let smallestPart = 0.005

  /// Sorts the contributions to a cell, `[frame] + layer`, out.
  ///
  /// - Parameters:
  ///   - values: gives the contribution of a unit at a frame.
  ///   - shape: `[channel, height, width]` of the layer.
  init(frames: Int, shape: Shape, values: (_ frame: Int, _ unit: Int) -> Float) {
    let (channels, height, width) = (shape[0], shape[1], shape[2])
    let plane = height * width
    var sums: [Float] = []
    var largest: [[Unit]] = []
    var peaks = [Double](repeating: 0, count: plane)
    for frame in 0..<frames {
      var positions = [Double](repeating: 0, count: plane)
      var best: [(unit: Int, value: Float)] = []
      for channel in 0..<channels {
        var sum = 0.0
        for position in 0..<plane {
          let unit = channel * plane + position
          let value = values(frame, unit)
          sum += Double(value)
          positions[position] += Double(value.magnitude)
          guard value != 0,
            best.count < LayerContributions.unitCount || value.magnitude > best[best.count - 1].value.magnitude
          else { continue }
          let place = best.firstIndex { $0.value.magnitude < value.magnitude } ?? best.count
          best.insert((unit, value), at: place)
          if best.count > LayerContributions.unitCount { best.removeLast() }
        }
        sums.append(Float(sum))
      }
      largest.append(
        best.map {
          Unit(channel: $0.unit / plane, row: $0.unit % plane / width, column: $0.unit % width, value: $0.value)
        })
      for position in 0..<plane { peaks[position] = max(peaks[position], positions[position]) }
    }
    let bound = (peaks.max() ?? 0) * LayerContributions.smallestPart
    let seen = peaks.indices.filter { peaks[$0] > bound }
    let rows = LayerContributions.span(seen.map { $0 / width })
    let columns = LayerContributions.span(seen.map { $0 % width })
    let side = max(rows.count, columns.count, LayerContributions.smallestSide)
    self.rows = LayerContributions.widened(rows, to: side, within: height)
    self.columns = LayerContributions.widened(columns, to: side, within: width)
    var map = Tensor(repeating: 0, shape: Shape(max(frames, 1), channels, self.rows.count, self.columns.count))
    var place = 0
    for frame in 0..<frames {
      for channel in 0..<channels {
        for row in self.rows {
          for column in self.columns {
            map.values[place] = values(frame, channel * plane + row * width + column)
            place += 1
          }
        }
      }
    }
    self.sums =
      Tensor(shape: Shape(max(frames, 1), channels), values: sums) ?? Tensor(repeating: 0, shape: Shape(1, channels))
    (self.map, self.largest) = (map, largest)
  }

  /// From the smallest to the largest number; one place when there is none.
  private static func span(_ places: [Int]) -> Range<Int> {
    guard let first = places.min(), let last = places.max() else { return 0..<1 }
    return first..<last + 1
  }

  /// The range grown on both sides to a length, as far as there is room.
  private static func widened(_ range: Range<Int>, to length: Int, within extent: Int) -> Range<Int> {
    let length = min(length, extent)
    let start = min(max(0, range.lowerBound - (length - range.count) / 2), extent - length)
    return start..<start + length
  }
}
