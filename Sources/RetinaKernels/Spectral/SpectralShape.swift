/// The numbers of a convolution done by Fourier transforms of whole images.
///
/// An image of height x width is placed at (`top`, `left`) in a field of zeros of `fieldHeight` x `fieldWidth`. Transformed, it
/// has `bins` complex numbers: `fieldHeight` rows of `fieldWidth / 2 + 1`, the rest being their mirror image.
public struct SpectralShape: Equatable, Sendable {
  /// Size of an image.
  public var imageHeight, imageWidth: Int
  /// Where the image lies in the field: the padding of the convolution.
  public var top, left: Int
  /// Size of the transformed field.
  public var fieldHeight, fieldWidth: Int
  /// Rows and columns of the result that are wanted, from 0 on, before taking every `stride`-th.
  public var resultHeight, resultWidth: Int
  /// Step between the rows and columns that are kept.
  public var strideVertical, strideHorizontal: Int

  /// Creates a shape.
  public init(
    imageHeight: Int, imageWidth: Int, top: Int, left: Int, fieldHeight: Int, fieldWidth: Int, resultHeight: Int,
    resultWidth: Int, strideVertical: Int, strideHorizontal: Int
  ) {
    self.imageHeight = imageHeight
    self.imageWidth = imageWidth
    self.top = top
    self.left = left
    self.fieldHeight = fieldHeight
    self.fieldWidth = fieldWidth
    self.resultHeight = resultHeight
    self.resultWidth = resultWidth
    self.strideVertical = strideVertical
    self.strideHorizontal = strideHorizontal
  }

  /// Complex columns of a transformed field.
  public var binColumns: Int { fieldWidth / 2 + 1 }
  /// Complex numbers of a transformed field.
  public var bins: Int { fieldHeight * binColumns }
  /// ``bins`` rounded up to whole groups of eight.
  public var paddedBins: Int { (bins + 7) / 8 * 8 }
  /// Rows of the result that are kept.
  public var outputHeight: Int { (resultHeight - 1) / strideVertical + 1 }
  /// Columns of the result that are kept.
  public var outputWidth: Int { (resultWidth - 1) / strideHorizontal + 1 }
  /// Floats of scratch that the transform of one image needs.
  public var imageScratch: Int {
    16 * (2 * fieldWidth + 2 * max(fieldWidth, fieldHeight) + 2 * fieldHeight * ((binColumns + 7) / 8))
  }
  /// Floats of scratch that the transforms of eight channels of features need, forwards or back.
  public var featureScratch: Int { 16 * (2 * fieldWidth + 2 * max(fieldWidth, fieldHeight) + bins) }
  /// Numbers of scratch that transforms in float64 need: of one image, or of eight channels back.
  public var exactScratch: Int {
    let (packedRows, rows) = (fieldHeight * ((binColumns + 7) / 8), 2 * fieldWidth + 2 * max(fieldWidth, fieldHeight))
    return max(16 * (rows + 2 * packedRows) + 2 * (paddedBins + 8), 16 * (rows + bins))
  }
}
