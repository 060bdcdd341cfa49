/// The extent of an array along each axis, row-major: the last axis is contiguous.
///
/// A movie is `[time, height, width]`, a window `[history, height, width]`, features `[channel, height, width]`.
public struct Shape: Equatable, Hashable, Sendable {
  /// The extents, outermost first; each at least 1.
  public let dimensions: [Int]
  /// The number of elements: the product of the extents.
  public let count: Int

  /// The largest number of elements that a shape may have: 2^40, or what an `Int` holds on a processor of 32 bits.
  public static let maximumCount = Int(clamping: Int64(1) << 40)

  /// Creates a shape, or nothing when an extent is below 1 or the product is above ``maximumCount``.
  ///
  /// This is the way to make a shape from numbers that a file holds.
  public init?(checking dimensions: [Int]) {
    var count = 1
    for extent in dimensions {
      guard extent >= 1 else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= Shape.maximumCount else { return nil }
      count = product
    }
    self.dimensions = dimensions
    self.count = count
  }

  /// Creates a shape from extents known to be valid; traps when they are not.
  public init(_ dimensions: Int...) {
    guard let shape = Shape(checking: dimensions) else { fatalError("invalid shape") }
    self = shape
  }

  /// The number of axes.
  public var rank: Int { dimensions.count }

  /// The extent along one axis.
  public subscript(axis: Int) -> Int { dimensions[axis] }

  /// The shape seen as features `[channel, height, width]`: leading axes of extent 1 are added to shapes of rank 1
  /// and 2.
  ///
  /// Nothing for other ranks.
  public var asFeatures: (channels: Int, height: Int, width: Int)? {
    switch rank {
    case 1: return (1, 1, dimensions[0])
    case 2: return (1, dimensions[0], dimensions[1])
    case 3: return (dimensions[0], dimensions[1], dimensions[2])
    default: return nil
    }
  }
}

extension Shape: CustomStringConvertible {
  /// The extents as `[8, 36, 36]`.
  public var description: String {
    var text = "["
    for (axis, extent) in dimensions.enumerated() {
      if axis > 0 { text += ", " }
      text += "\(extent)"
    }
    return text + "]"
  }
}
