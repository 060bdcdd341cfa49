import RetinaKernels

/// The work of a stage per frame, as counted.
///
/// Operations are those that are executed: channels are filled up to groups of eight, additions and multiplications count one
/// each.
public struct StageWork: Sendable, Equatable {
  /// Operations of convolutions by their definition, and of filters in time.
  public var direct = 0.0
  /// Operations of products of a matrix and a vector.
  public var matrix = 0.0
  /// Operations of products of spectra.
  public var product = 0.0
  /// Operations of Fourier transforms.
  public var transform = 0.0
  /// Operations on single values.
  public var elementwise = 0.0
  /// Bytes of parameters and of state read and written: each once per frame or per block, so that they come from as far away as the
  /// whole stream is large.
  public var traffic = 0.0
  /// Bytes that the stage keeps coming back to from frame to frame.
  public var resident = 0.0

  /// Operations of all kinds.
  public var operations: Double { direct + matrix + product + transform + elementwise }

  static func + (a: StageWork, b: StageWork) -> StageWork {
    StageWork(
      direct: a.direct + b.direct, matrix: a.matrix + b.matrix, product: a.product + b.product,
      transform: a.transform + b.transform, elementwise: a.elementwise + b.elementwise, traffic: a.traffic + b.traffic,
      resident: a.resident + b.resident)
  }
}

extension StageWork {
  /// A convolution by its definition.
  static func direct(_ geometry: ConvolutionGeometry) -> StageWork {
    // Groups become zeros: every output channel reads every input channel.
    let lanes = Double((geometry.outputs + 7) / 8 * 8)
    let taps = Double(geometry.inputs * geometry.kernelHeight * geometry.kernelWidth)
    let positions = Double(geometry.outputHeight * geometry.outputWidth)
    let (weights, values) = (4 * taps * lanes, 4 * (Double(geometry.inputCount) + positions * lanes))
    return StageWork(direct: 2 * taps * lanes * positions, traffic: weights + values, resident: weights + values)
  }

  /// A matrix times a vector.
  static func matrix(rows: Int, columns: Int) -> StageWork {
    let weights = Double(rows) * Double(columns)
    return StageWork(matrix: 2 * weights, traffic: 4 * weights, resident: 4 * weights)
  }

  /// A function of each value that is no part of another stage.
  static func elementwise(_ count: Int, operations: Int) -> StageWork {
    StageWork(elementwise: Double(count * operations))
  }

  /// A convolution of features in the frequency domain.
  static func spectral(_ convolution: SpectralConvolution) -> StageWork {
    let shape = convolution.shape
    let (inputs, outputs) = (convolution.inputGroups, convolution.outputGroups)
    let pack = 64 * Double(shape.bins)
    let kernels = pack * Double(convolution.inputs * outputs)
    let spectra = pack * Double(inputs + outputs)
    return StageWork(
      product: 64 * Double(shape.bins * convolution.inputs * outputs),
      transform: 8 * transform(shape) * Double(inputs + outputs), traffic: kernels + 2 * spectra,
      resident: kernels + spectra)
  }

  /// A convolution over the history in the frequency domain.
  static func spectral(_ convolution: TemporalSpectral) -> StageWork {
    let shape = convolution.shape
    // Kernels that a frame reads: those of the past once per block, those of its own block as they come.
    let terms = convolution.pastTerms / Double(convolution.block) + convolution.presentTerms
    let pack = 64 * Double(shape.paddedBins)
    let groups = Double(convolution.groups)
    let products = Double(convolution.history - 1) + convolution.presentProducts
    let spectrum = 8 * Double(convolution.planeFloats)
    return StageWork(
      product: 64 * Double(shape.paddedBins) * groups * products, transform: transform(shape) * (1 + 8 * groups),
      // Kernels, sums (written once per block, read and written by the frame, read by the transform), spectra of past frames.
      traffic: pack * groups * (terms + 4) + spectrum * (terms + 1),
      resident: 4
        * Double(
          convolution.groups * shape.paddedBins * 16 * (convolution.history + convolution.recent)
            + convolution.ringFloats + convolution.sumFloats))
  }

  /// A convolution over the history in low-rank form.
  static func lowRank(_ convolution: TemporalLowRank) -> StageWork {
    let shape = convolution.filters
    let result = 4 * Double(shape.resultFloats)
    let frame = result * Double(shape.ranks)
    let frames = Double(convolution.history - 1) / Double(convolution.block) + convolution.presentFrames
    let products = Double(convolution.history - 1) + convolution.presentProducts
    let spatial = StageWork.direct(convolution.spatial)
    return StageWork(
      direct: spatial.direct + products * frame / 2,
      traffic: frame * (frames + 1) + 4 * result,
      resident: 4 * Double(convolution.ringFloats + convolution.sumFloats))
  }

  /// A real two-dimensional transform of n numbers counts 2.5 n log2 n.
  static func transform(_ shape: SpectralShape) -> Double {
    let field = shape.fieldHeight * shape.fieldWidth
    return 2.5 * Double(field) * logarithm(Double(field))
  }

  /// Base-2 logarithm, to the nearest hundredth or so: enough for a count.
  static func logarithm(_ value: Double) -> Double {
    let fraction = value.significand - 1
    return Double(value.exponent) + fraction * (1.34 - 0.34 * fraction)
  }
}
