import RetinaKernels
import RetinaModel

/// Fourier transforms of convolution kernels, computed once in float64.
struct SpectralKernels {
  let shape: SpectralShape
  /// Real and imaginary part of each bin, for kernel after kernel `[out, in]`; conjugated, as a cross-correlation needs, and
  /// divided by the size of the field.
  private(set) var re: [Double] = []
  private(set) var im: [Double] = []

  /// The shape of the transforms for a convolution, or nothing when an image is too large for them.
  static func shape(for geometry: ConvolutionGeometry) -> SpectralShape? {
    guard
      let height = fieldLength(atLeast: geometry.inputHeight + 2 * geometry.paddingVertical),
      let width = fieldLength(atLeast: geometry.inputWidth + 2 * geometry.paddingHorizontal)
    else { return nil }
    return SpectralShape(
      imageHeight: geometry.inputHeight, imageWidth: geometry.inputWidth, top: geometry.paddingVertical,
      left: geometry.paddingHorizontal, fieldHeight: height, fieldWidth: width,
      resultHeight: (geometry.outputHeight - 1) * geometry.strideVertical + 1,
      resultWidth: (geometry.outputWidth - 1) * geometry.strideHorizontal + 1,
      strideVertical: geometry.strideVertical, strideHorizontal: geometry.strideHorizontal)
  }

  /// A window of the image never wraps round for the results that are wanted, so the field need not be larger than the image.
  private static func fieldLength(atLeast length: Int) -> Int? {
    FourierTable.supportedLength(atLeast: length)
  }

  /// Transforms all kernels of a convolution without groups: rows first, then columns, by the definition.
  init(_ weight: Tensor, geometry: ConvolutionGeometry, shape: SpectralShape) {
    self.shape = shape
    let (rows, columns) = (geometry.kernelHeight, geometry.kernelWidth)
    let (height, width, binColumns) = (shape.fieldHeight, shape.fieldWidth, shape.binColumns)
    let kernels = weight.shape[0] * weight.shape[1]
    let alongWidth = (0..<binColumns * columns).map {
      UnitCircle.point($0 / columns * ($0 % columns) * geometry.dilationHorizontal, of: width)
    }
    let alongHeight = (0..<height * rows).map {
      UnitCircle.point($0 / rows * ($0 % rows) * geometry.dilationVertical, of: height)
    }
    let scale = 1 / Double(height * width)
    re = [Double](repeating: 0, count: kernels * shape.bins)
    im = re
    var halfRe = [Double](repeating: 0, count: rows * binColumns)
    var halfIm = halfRe
    for kernel in 0..<kernels {
      for row in 0..<rows {
        for bin in 0..<binColumns {
          var (sumRe, sumIm) = (0.0, 0.0)
          for column in 0..<columns {
            let value = Double(weight.values[(kernel * rows + row) * columns + column])
            let (cosine, sine) = alongWidth[bin * columns + column]
            sumRe += value * cosine
            sumIm += value * sine
          }
          halfRe[row * binColumns + bin] = sumRe
          halfIm[row * binColumns + bin] = sumIm
        }
      }
      for y in 0..<height {
        for row in 0..<rows {
          let (cosine, sine) = alongHeight[y * rows + row]
          let (c, s) = (cosine * scale, sine * scale)
          let target = kernel * shape.bins + y * binColumns
          for bin in 0..<binColumns {
            let (x, z) = (halfRe[row * binColumns + bin], halfIm[row * binColumns + bin])
            re[target + bin] += x * c - z * s
            im[target + bin] += x * s + z * c
          }
        }
      }
    }
  }

  /// The layout that the product kernels read: `[group of 8 outputs][bin, filled up to whole eights][in][re 8, im 8]`, inputs
  /// filled up to `inputs`.
  func packed(outputs: Int, inputs: Int, inputsInMemory: Int) -> [Float] {
    let groups = (outputs + 7) / 8
    var packs = [Float](repeating: 0, count: groups * shape.paddedBins * inputsInMemory * 16)
    for output in 0..<outputs {
      for input in 0..<inputs {
        let source = (output * inputs + input) * shape.bins
        for bin in 0..<shape.bins {
          let place =
            (((output / 8) * shape.paddedBins + bin) * inputsInMemory + input) * 16 + output % 8
          packs[place] = Float(re[source + bin])
          packs[place + 8] = Float(im[source + bin])
        }
      }
    }
    return packs
  }

  /// The layout of ``packed(outputs:inputs:inputsInMemory:)`` for the adjoint: inputs and outputs exchanged, and the conjugate.
  func packedAdjoint(outputs: Int, inputs: Int) -> [Float] {
    let (groups, outputsInMemory) = ((inputs + 7) / 8, (outputs + 7) / 8 * 8)
    var packs = [Float](repeating: 0, count: groups * shape.paddedBins * outputsInMemory * 16)
    for output in 0..<outputs {
      for input in 0..<inputs {
        let source = (output * inputs + input) * shape.bins
        for bin in 0..<shape.bins {
          let place = (((input / 8) * shape.paddedBins + bin) * outputsInMemory + output) * 16 + input % 8
          packs[place] = Float(re[source + bin])
          packs[place + 8] = Float(-im[source + bin])
        }
      }
    }
    return packs
  }
}
