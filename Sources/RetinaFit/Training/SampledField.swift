import RetinaKernels

/// The frequency domain of a convolution whose results are computed at every `spacing`-th position alone.
///
/// Frequencies that so coarse a grid of positions cannot tell apart are left out (spectral pooling: Rippel, Snoek and Adams 2015,
/// NeurIPS): the results are samples of what the convolution gives with all others. At a spacing of 1 nothing is left out.
struct SampledField: Sendable {
  /// Positions from one result to the next.
  let spacing: Int
  /// The transforms at all positions.
  let whole: SpectralShape
  /// The transforms of images and results at every `spacing`-th position.
  let sampled: SpectralShape
  /// For every bin of the sampled field, the same frequency in the whole one; nothing where the mirror image of a frequency is left out.
  let wholeBins: [Int?]

  /// The field of a convolution without stride, padding and dilation; nothing when an image is too large for the transforms.
  init?(_ geometry: ConvolutionGeometry, spacing: Int) {
    func sampledCount(_ count: Int) -> Int { (count + spacing - 1) / spacing }
    guard geometry.isPlain, geometry.groups == 1,
      let height = FourierTable.supportedLength(atLeast: sampledCount(geometry.inputHeight)),
      let width = FourierTable.supportedLength(atLeast: sampledCount(geometry.inputWidth)),
      FourierTable.isSupported(height * spacing), FourierTable.isSupported(width * spacing)
    else { return nil }
    self.spacing = spacing
    whole = SpectralShape(
      imageHeight: geometry.inputHeight, imageWidth: geometry.inputWidth, fieldHeight: height * spacing,
      fieldWidth: width * spacing, resultHeight: geometry.outputHeight, resultWidth: geometry.outputWidth)
    let sampled = SpectralShape(
      imageHeight: sampledCount(geometry.inputHeight), imageWidth: sampledCount(geometry.inputWidth),
      fieldHeight: height, fieldWidth: width, resultHeight: sampledCount(geometry.outputHeight),
      resultWidth: sampledCount(geometry.outputWidth))
    self.sampled = sampled
    let wholeColumns = whole.binColumns
    wholeBins = (0..<sampled.bins).map { bin in
      let (row, column) = (bin / sampled.binColumns, bin % sampled.binColumns)
      guard spacing > 1 else { return bin }
      if 2 * row == height || 2 * column == width { return nil }
      return (2 * row < height ? row : row + height * (spacing - 1)) * wholeColumns + column
    }
  }
}

extension SpectralShape {
  /// The numbers of images at the corner of a field, with results at all positions.
  init(
    imageHeight: Int, imageWidth: Int, fieldHeight: Int, fieldWidth: Int, resultHeight: Int, resultWidth: Int
  ) {
    self.init(
      imageHeight: imageHeight, imageWidth: imageWidth, top: 0, left: 0, fieldHeight: fieldHeight,
      fieldWidth: fieldWidth, resultHeight: resultHeight, resultWidth: resultWidth, strideVertical: 1,
      strideHorizontal: 1)
  }
}
