/// How one output row of a convolution reads its input, see ``Kernels``.
public struct FixedPointRowShape: Sendable {
  /// Columns of the output.
  public var columns: Int
  /// Input channels, and values from one to the next.
  public var planes, planeStride: Int
  /// Taps.
  public var kernelHeight, kernelWidth: Int
  /// Values from one tap to the next below and to the right.
  public var tapRowStride, tapColumnStride: Int
  /// What the magnitudes of weights may add up to in a sum of 32 bits: 2^31 - 1 divided by the largest magnitude of an input.
  public var limit: Int32

  /// Creates a shape.
  public init(
    columns: Int, planes: Int, planeStride: Int, kernelHeight: Int, kernelWidth: Int, tapRowStride: Int,
    tapColumnStride: Int, limit: Int32
  ) {
    self.columns = columns
    self.planes = planes
    self.planeStride = planeStride
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.tapRowStride = tapRowStride
    self.tapColumnStride = tapColumnStride
    self.limit = limit
  }
}
