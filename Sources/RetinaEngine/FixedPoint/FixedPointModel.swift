import RetinaKernels
import RetinaModel

/// A model in integers, as plain data: what an image is written from.
public struct FixedPointModel: Sendable {
  /// One step: the integers that it computes, and the layers of the float model whose values they stand for.
  public struct Layer: Sendable {
    /// Layers of the float model with these values, in order.
    public var names: [String]
    /// What is computed.
    public var operation: Operation
    /// Shape of the output.
    public var shape: Shape
    /// What the integers of the output stand for.
    public var output: FixedPointQuantization
    /// What the output is clamped to; a relu is a smallest value at the zero point.
    public var minimum, maximum: Int32
  }

  /// What a step computes; its input is the output of the step before it.
  public enum Operation: Sendable {
    /// See ``PlainFixedPointConvolution``.
    case convolution(Convolution)
    /// See ``PlainFixedPointPool``.
    case maximumPool(FixedPointWindow, channels: Int)
    /// See ``PlainFixedPointPool``.
    case averagePool(FixedPointWindow, channels: Int)
    /// See ``FixedPointTable``; the input has 16 bits.
    case table([Int16])
    /// `output[i] = input[indices[i]]`.
    case gather([Int32])
  }

  /// The numbers of a convolution.
  public struct Convolution: Sendable {
    /// Channels and window.
    public var geometry: FixedPointConvolutionGeometry
    /// `[out, in / groups, height, width]`; within 8 bits when that is the type.
    public var weight: [Int16]
    /// The width in which weights are kept.
    public var weightType: FixedPointType
    /// One number per output channel, at the scale of the sums.
    public var bias: [Int64]
    /// One factor per output channel.
    public var multipliers: [FixedPointMultiplier]
    /// How the factors are applied.
    public var rounding: FixedPointRounding
  }

  /// What the model is called.
  public var name: String
  /// Shape of one input.
  public var inputShape: Shape
  /// Frames between the newest frame of a window and the rate it gives.
  public var lag: Int
  /// Frames per second, if known.
  public var frameRate: Double?
  /// What is done to a stimulus before it becomes integers.
  public var normalization: Normalization
  /// What the integers of the input stand for.
  public var input: FixedPointQuantization
  /// The steps in order, at least one.
  public var layers: [Layer]
  /// One input in integers, kept to check the image on the board.
  public var golden: [Int32]
}
