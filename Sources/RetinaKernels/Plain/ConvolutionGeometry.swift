/// The numbers that say how a two-dimensional convolution reads its input.
public struct ConvolutionGeometry: Equatable, Sendable {
  /// Channels in and out.
  public var inputs, outputs: Int
  /// Size of an input channel.
  public var inputHeight, inputWidth: Int
  /// Size of a kernel.
  public var kernelHeight, kernelWidth: Int
  /// Step between output positions.
  public var strideVertical, strideHorizontal: Int
  /// Zeros on each side.
  public var paddingVertical, paddingHorizontal: Int
  /// Step between kernel taps.
  public var dilationVertical, dilationHorizontal: Int
  /// Groups of channels that do not see one another.
  public var groups: Int

  /// Creates a geometry; a stride, dilation and groups of 1 and no padding when not given.
  public init(
    inputs: Int, outputs: Int, inputHeight: Int, inputWidth: Int, kernelHeight: Int, kernelWidth: Int,
    strideVertical: Int = 1, strideHorizontal: Int = 1, paddingVertical: Int = 0, paddingHorizontal: Int = 0,
    dilationVertical: Int = 1, dilationHorizontal: Int = 1, groups: Int = 1
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.inputHeight = inputHeight
    self.inputWidth = inputWidth
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.strideVertical = strideVertical
    self.strideHorizontal = strideHorizontal
    self.paddingVertical = paddingVertical
    self.paddingHorizontal = paddingHorizontal
    self.dilationVertical = dilationVertical
    self.dilationHorizontal = dilationHorizontal
    self.groups = groups
  }

  /// Height of an output channel.
  public var outputHeight: Int {
    (inputHeight + 2 * paddingVertical - dilationVertical * (kernelHeight - 1) - 1) / strideVertical + 1
  }

  /// Width of an output channel.
  public var outputWidth: Int {
    (inputWidth + 2 * paddingHorizontal - dilationHorizontal * (kernelWidth - 1) - 1) / strideHorizontal + 1
  }

  /// Values that go in.
  public var inputCount: Int { inputs * inputHeight * inputWidth }

  /// Values that come out.
  public var outputCount: Int { outputs * outputHeight * outputWidth }

  /// Kernel values: out x (in / groups) x height x width.
  public var weightCount: Int { outputs * (inputs / groups) * kernelHeight * kernelWidth }

  /// Multiply-adds of one application.
  public var multiplyAdds: Int { weightCount * outputHeight * outputWidth }

  /// Whether there is no stride, padding or dilation.
  public var isPlain: Bool {
    strideVertical == 1 && strideHorizontal == 1 && paddingVertical == 0 && paddingHorizontal == 0
      && dilationVertical == 1 && dilationHorizontal == 1
  }

  /// The output columns whose tap at `kernelColumn` lies inside the input, and the input column that the first one reads.
  @inline(__always)
  func columns(tap kernelColumn: Int) -> (range: Range<Int>, firstInput: Int) {
    let shift = kernelColumn * dilationHorizontal - paddingHorizontal
    let first = shift >= 0 ? 0 : (-shift + strideHorizontal - 1) / strideHorizontal
    let last = inputWidth - 1 - shift
    let end = last < 0 ? 0 : min(outputWidth, last / strideHorizontal + 1)
    return (first..<max(first, end), first * strideHorizontal + shift)
  }

  /// The input row that a tap reads for an output row, if it lies inside the input.
  @inline(__always)
  func inputRow(output row: Int, tap kernelRow: Int) -> Int? {
    let inputRow = row * strideVertical + kernelRow * dilationVertical - paddingVertical
    return inputRow >= 0 && inputRow < inputHeight ? inputRow : nil
  }
}
