import RetinaModel

/// A first convolution whose channels are also there some frames later: the past of a few kinds of cells, for a layer that has no
/// memory of its own.
///
/// Output `delay place * channels + c` in a window is the response of kernel c to the `reach` frames that end `delays[place]` frames
/// before the newest. One kernel is learnt for all its delays, as in a convolution over time (a `conv3d` of which some frames are
/// kept); a model file holds the ordinary convolution that it equals. Every output has a bias of its own.
public struct DelayedConvolution: Equatable, Sendable {
  /// Kernels `[channel, reach, height, width]`, oldest frame first.
  public var kernel: Tensor
  /// Frames, none below 0 and no two alike.
  public var delays: [Int]
  /// One number per output, `[delay, channel]`.
  public var bias: [Float]

  /// Creates a convolution.
  public init(kernel: Tensor, delays: [Int], bias: [Float]) {
    self.kernel = kernel
    self.delays = delays
    self.bias = bias
  }

  /// Number of kernels.
  public var channels: Int { kernel.shape[0] }
  /// Frames of a window: as many as the kernels reach over, and the longest delay.
  public var history: Int { kernel.shape[1] + (delays.max() ?? 0) }

  /// How the kernels of ``convolution`` are made from those that are learnt.
  var form: WeightForm {
    .delayed(
      channels: channels, reach: kernel.shape[1], positions: kernel.shape[2] * kernel.shape[3], delays: delays)
  }

  /// The convolution that it equals, with kernels `[delay and channel, history, height, width]`.
  public var convolution: Convolution {
    let shape = Shape(delays.count * channels, history, kernel.shape[2], kernel.shape[3])
    return Convolution(weight: Tensor(composing: kernel.values, as: form, shape: shape), bias: bias)
  }
}
