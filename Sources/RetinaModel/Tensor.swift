/// An array of float32 values with its shape, row-major.
public struct Tensor: Equatable, Sendable {
  /// The extents.
  public let shape: Shape
  /// The values, `shape.count` of them.
  public var values: [Float]

  /// Creates a tensor, or nothing when the number of values is not that of the shape.
  public init?(shape: Shape, values: [Float]) {
    guard values.count == shape.count else { return nil }
    self.shape = shape
    self.values = values
  }

  /// Creates a tensor filled with one value.
  public init(repeating value: Float, shape: Shape) {
    self.shape = shape
    self.values = [Float](repeating: value, count: shape.count)
  }

  /// The place of the first value that is not finite, if there is one.
  public var firstNonFinite: Int? {
    values.withUnsafeBufferPointer { buffer in
      for index in 0..<buffer.count where !buffer[index].isFinite { return index }
      return nil
    }
  }
}
