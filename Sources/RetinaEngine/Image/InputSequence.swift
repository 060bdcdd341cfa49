import RetinaModel

/// Inputs that lie in one array, each beginning one stride after the one before: the windows of a movie, or independent inputs.
public struct InputSequence: Sendable {
  /// The numbers, before normalisation.
  public var values: [Float]
  /// Number of inputs.
  public var count: Int
  /// Values from the beginning of one input to that of the next.
  public var stride: Int

  /// The windows of a movie `[time, height, width]`, or independent inputs `[n, input shape]`; nothing when a model of that input
  /// shape sees neither in it.
  public init?(_ tensor: Tensor, inputShape: Shape) {
    let shape = tensor.shape
    values = tensor.values
    if shape.rank > 0, shape.dimensions.dropFirst().elementsEqual(inputShape.dimensions) {
      (count, stride) = (shape[0], inputShape.count)
    } else if shape.rank == 3, inputShape.rank == 3, shape[0] >= inputShape[0], shape[1] == inputShape[1],
      shape[2] == inputShape[2]
    {
      (count, stride) = (shape[0] - inputShape[0] + 1, shape[1] * shape[2])
    } else {
      return nil
    }
  }

  /// The first value of an input, for the time of a call.
  public func withInput<Result>(_ index: Int, _ body: (UnsafePointer<Float>) -> Result) -> Result {
    values.withUnsafeBufferPointer { body($0.baseAddress! + index * stride) }
  }
}
