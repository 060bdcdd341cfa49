/// The affine map from one layer to the next as the replacement of units walks along it: a convolution, then a factor
/// per unit.
///
/// Channels of the next layer lie in groups of eight, `[group][row][column][8]`.
public struct ReachShape: @unchecked Sendable {
  /// The convolution.
  public var geometry: ConvolutionGeometry
  /// Its kernels, `[(outputs + 7) / 8][input][kernel row][kernel column][8]`.
  public var weights: UnsafePointer<Float>
  /// The factor of each output unit.
  public var scale: UnsafePointer<Float>

  /// Creates a shape from pointers that must outlive it.
  public init(geometry: ConvolutionGeometry, weights: UnsafePointer<Float>, scale: UnsafePointer<Float>) {
    self.geometry = geometry
    self.weights = weights
    self.scale = scale
  }

  /// Numbers of the output layer, lanes that do not exist included.
  public var outputNumbers: Int {
    (geometry.outputs + 7) / 8 * 8 * geometry.outputHeight * geometry.outputWidth
  }

  /// The most numbers that one unit reaches, lanes that do not exist included.
  public var largestReach: Int {
    (geometry.outputs + 7) / 8 * 8
      * min(geometry.kernelHeight * geometry.kernelWidth, geometry.outputHeight * geometry.outputWidth)
  }
}
