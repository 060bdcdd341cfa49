import RetinaModel

extension Attribution {
  /// The sums over space: one number per channel of a layer of shape `[channel, height, width]`, or the numbers themselves for
  /// other shapes.
  public func channelSums(_ shape: Shape) -> [Float] {
    guard shape.rank == 3 else { return values }
    let plane = shape[1] * shape[2]
    return (0..<shape[0]).map { channel in
      Float(values[channel * plane..<(channel + 1) * plane].reduce(0.0) { $0 + Double($1) })
    }
  }
}
