/// The affine map between two layers of relu units, as the exact path integration walks along it: a convolution, then
/// a factor per unit.
///
/// All numbers are float64; channels lie in groups of eight, `[group][row][column][8]`.
public struct SweepShape: @unchecked Sendable {
  /// The convolution.
  public var geometry: ConvolutionGeometry
  /// Kernels for spreading one input unit: `[(outputs + 7) / 8][input][kernel row][kernel column][8]`.
  public var forward: UnsafePointer<Double>
  /// Kernels for spreading one output unit: `[output][(inputs + 7) / 8][kernel row][kernel column][8]`.
  public var backward: UnsafePointer<Double>
  /// The factor of each output unit.
  public var scale: UnsafePointer<Double>

  /// Creates a shape from pointers that must outlive it.
  public init(
    geometry: ConvolutionGeometry, forward: UnsafePointer<Double>, backward: UnsafePointer<Double>,
    scale: UnsafePointer<Double>
  ) {
    self.geometry = geometry
    self.forward = forward
    self.backward = backward
    self.scale = scale
  }

  /// Numbers of the input layer, lanes that do not exist included.
  public var inputNumbers: Int {
    (geometry.inputs + 7) / 8 * 8 * geometry.inputHeight * geometry.inputWidth
  }
  /// Numbers of the output layer, lanes that do not exist included.
  public var outputNumbers: Int {
    (geometry.outputs + 7) / 8 * 8 * geometry.outputHeight * geometry.outputWidth
  }
}

/// A unit of a layer.
public struct SweepUnit: Sendable {
  /// Channel, row and column.
  public var channel, row, column: Int

  /// Creates a unit.
  public init(channel: Int, row: Int, column: Int) {
    self.channel = channel
    self.row = row
    self.column = column
  }

  /// The unit of a number, in the order of the model, of a layer with planes of a size.
  public init(_ number: Int, planeHeight: Int, planeWidth: Int) {
    let plane = planeHeight * planeWidth
    self.init(channel: number / plane, row: number % plane / planeWidth, column: number % planeWidth)
  }
}
