/// How sums of products of a block of output channels read their input, see ``Kernels``.
///
/// Neighbouring positions of the output read neighbouring positions of the input. Input channels come in packs of ``Kernels/fixedPointDepth``
/// whose values at a position lie side by side.
public struct FixedPointProductShape: Sendable {
  /// Positions of the output.
  public var positions: Int
  /// The first kernel row that is read, and how many; rows are counted through all packs.
  public var firstRow, rows: Int
  /// Taps of a kernel in a pack.
  public var kernelHeight, kernelWidth: Int
  /// Positions from one pack to the next.
  public var packStride: Int
  /// Positions from one tap to the next below and to the right.
  public var tapRowStride, tapColumnStride: Int
  /// Sums from one output channel to the next.
  public var sumStride: Int

  /// Creates a shape.
  public init(
    positions: Int, firstRow: Int, rows: Int, kernelHeight: Int, kernelWidth: Int, packStride: Int, tapRowStride: Int,
    tapColumnStride: Int, sumStride: Int
  ) {
    self.positions = positions
    self.firstRow = firstRow
    self.rows = rows
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.packStride = packStride
    self.tapRowStride = tapRowStride
    self.tapColumnStride = tapColumnStride
    self.sumStride = sumStride
  }

  /// The number that positions are rounded up to: at every processor level a multiple of those that are summed at a time.
  public static let block = 32
  /// The most output channels in a block of any level.
  public static let maximumOutputs = 8
  /// The largest depth of any level.
  public static let maximumDepth = 2
}
