/// How a window moves over an image in fixed point.
///
/// Unlike the float geometries it states the size of the output, so that the padding may differ from side to side: what lies below or to
/// the right of the input is reached only if the output is large enough.
public struct FixedPointWindow: Equatable, Sendable {
  /// Size of an input channel.
  public var inputHeight, inputWidth: Int
  /// Size of an output channel.
  public var outputHeight, outputWidth: Int
  /// Taps of the window.
  public var kernelHeight, kernelWidth: Int
  /// Step between windows.
  public var strideVertical, strideHorizontal: Int
  /// Rows above and columns to the left of the input that the first window covers.
  public var paddingTop, paddingLeft: Int
  /// Step between taps.
  public var dilationVertical, dilationHorizontal: Int

  /// Creates a window; a stride and dilation of 1 and no padding when not given.
  public init(
    inputHeight: Int, inputWidth: Int, outputHeight: Int, outputWidth: Int, kernelHeight: Int, kernelWidth: Int,
    strideVertical: Int = 1, strideHorizontal: Int = 1, paddingTop: Int = 0, paddingLeft: Int = 0,
    dilationVertical: Int = 1, dilationHorizontal: Int = 1
  ) {
    self.inputHeight = inputHeight
    self.inputWidth = inputWidth
    self.outputHeight = outputHeight
    self.outputWidth = outputWidth
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.strideVertical = strideVertical
    self.strideHorizontal = strideHorizontal
    self.paddingTop = paddingTop
    self.paddingLeft = paddingLeft
    self.dilationVertical = dilationVertical
    self.dilationHorizontal = dilationHorizontal
  }

  /// Values of an input channel.
  public var inputPlane: Int { inputHeight * inputWidth }
  /// Values of an output channel.
  public var outputPlane: Int { outputHeight * outputWidth }
  /// Taps of a window.
  public var taps: Int { kernelHeight * kernelWidth }

  /// Visits the taps of one window that lie inside the input: number of the tap, and its place in an input channel.
  @inline(__always)
  public func forEachTap(row: Int, column: Int, _ body: (_ tap: Int, _ place: Int) -> Void) {
    for kernelRow in 0..<kernelHeight {
      let y = row * strideVertical + kernelRow * dilationVertical - paddingTop
      guard y >= 0, y < inputHeight else { continue }
      for kernelColumn in 0..<kernelWidth {
        let x = column * strideHorizontal + kernelColumn * dilationHorizontal - paddingLeft
        guard x >= 0, x < inputWidth else { continue }
        body(kernelRow * kernelWidth + kernelColumn, y * inputWidth + x)
      }
    }
  }

  /// Visits every position of the window over every channel: where the input channel begins, row and column of the output, and its place.
  @inline(__always)
  public func forEachPosition(
    channels: Int, _ body: (_ plane: Int, _ row: Int, _ column: Int, _ place: Int) -> Void
  ) {
    for channel in 0..<channels {
      for row in 0..<outputHeight {
        for column in 0..<outputWidth {
          body(channel * inputPlane, row, column, (channel * outputHeight + row) * outputWidth + column)
        }
      }
    }
  }
}
