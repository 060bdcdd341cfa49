import RetinaModel

/// What each channel adds to the separability of a layer's classes: its capacity with and without the channel.
public struct ChannelContribution: Sendable {
  /// The channel that was left out.
  public var channel: Int
  /// Capacity of the layer without the channel; nothing when what is left cannot be measured, with the reason.
  public var capacity: Result<Interval, TheoryError>

  /// Measures a layer of shape `[channel, height, width]` without each of its channels in turn.
  ///
  /// - Throws: ``TheoryError`` for a layer of another shape or of one channel.
  public static func measure(
    _ responses: LabelledResponses, shape: Shape, options: LayerGeometry.Options, progress: (Int) -> Void = { _ in }
  ) throws(TheoryError) -> [ChannelContribution] {
    guard shape.rank == 3, shape[0] > 1, shape.count == responses.units else {
      throw TheoryError("layer", expected: "[channel, height, width] with at least 2 channels", found: "\(shape)")
    }
    let run = shape.count / shape[0]
    return (0..<shape[0]).map { channel in
      let kept = (0..<shape.count).filter { $0 / run != channel }
      defer { progress(1) }
      return ChannelContribution(
        channel: channel,
        capacity: Result { () throws(TheoryError) in
          try LayerGeometry(responses.selecting(kept), options: options).capacity
        })
    }
  }
}
