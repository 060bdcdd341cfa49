import RetinaKernels

/// The fast kernels of one processor level.
public struct KernelTable: ProcessorKernels {
  /// Numbers that a kernel reads.
  public typealias Floats = UnsafePointer<Float>
  /// Numbers that a kernel changes.
  public typealias MutableFloats = UnsafeMutablePointer<Float>
  /// Float64 numbers that a kernel changes.
  public typealias Doubles = UnsafeMutablePointer<Double>

  /// Spectra, see ``Kernels``.
  public let transformImage:
    @Sendable (SpectralShape, FourierLayout, FourierLayout, Floats, MutableFloats, MutableFloats, MutableFloats) -> Void
  /// Spectra, see ``Kernels``.
  public let transformFeatures:
    @Sendable (SpectralShape, FourierLayout, FourierLayout, Floats, MutableFloats, MutableFloats) -> Void
  /// Spectra, see ``Kernels``.
  public let restoreFeatures:
    @Sendable (
      SpectralShape, FourierLayout, FourierLayout, MutableFloats, Floats, Epilogue, MutableFloats, MutableFloats
    ) -> Void
  /// Spectra, see ``Kernels``.
  public let multiplyAddFour: @Sendable (Int, Floats, Int, Floats, Bool, MutableFloats, Int) -> Void
  /// Spectra, see ``Kernels``.
  public let multiplyAddOne: @Sendable (Int, Floats, Int, Floats, Bool, MutableFloats) -> Void
  /// Spectra, see ``Kernels``.
  public let multiplyFeatures: @Sendable (Int, Int, Floats, Floats, Int, MutableFloats) -> Void
  let convolveFeatures: @Sendable (ConvolutionGeometry, Floats, Floats, Floats, Epilogue, MutableFloats) -> Void
  let convolveFrame: @Sendable (ConvolutionGeometry, Floats, Floats, Floats, MutableFloats) -> Void
  let convolvePlanes: @Sendable (ConvolutionGeometry, Floats, Floats, Floats, MutableFloats) -> Void
  let keepMaps: @Sendable (TemporalFilterShape, Floats, Int, MutableFloats) -> Void
  let filterFour: @Sendable (TemporalFilterShape, Floats, Int, Int, Floats, Int, Int, Bool, MutableFloats) -> Void
  let filterNewest:
    @Sendable (TemporalFilterShape, Floats, Int, Int, Floats, Floats, Floats, Epilogue, MutableFloats) -> Void
  /// Relu in place, see ``Kernels``.
  public let rectify: @Sendable (Int, UnsafeMutablePointer<Float>) -> Void
  /// A function of each unit in place, see ``Kernels``.
  public let activate: @Sendable (ActivationKind, Int, UnsafeMutablePointer<Float>) -> Void
  let multiplyRows: @Sendable (Int, Int, Floats, Floats, Floats, MutableFloats) -> Void

  /// Kernels of the exact path integration, see ``Kernels``.
  public let sweepCrossings:
    @Sendable (
      SweepShape, SweepUnit, Double, Double, Double, Double, Doubles, Doubles, Doubles, UnsafeMutablePointer<Int>,
      Doubles, Doubles
    ) -> Int
  /// Kernels of the exact path integration, see ``Kernels``.
  public let sweepSwitch: @Sendable (SweepShape, SweepUnit, Double, Double, Doubles) -> Double
  /// Kernels of the replacement of units, see ``Kernels``.
  public let spreadChange: @Sendable (ReachShape, SweepUnit, Float, UnsafeMutablePointer<Float>) -> Void
  /// Kernels of the replacement of units, see ``Kernels``.
  public let reachedUnits:
    @Sendable (
      ReachShape, SweepUnit, Float, UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>,
      UnsafeMutablePointer<Float>
    ) -> Int
  /// Kernels of the replacement of units, see ``Kernels``.
  public let weightedChange: @Sendable (Int, UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>) -> Float

  /// Kernels of the streaming probe, see ``Kernels``.
  public let secantMove: @Sendable (Int, Float, Floats, Floats, MutableFloats, MutableFloats) -> Void
  /// Kernels of the streaming probe, see ``Kernels``.
  public let secantRectify:
    @Sendable (Int, Floats, Floats, Floats, Floats, MutableFloats, MutableFloats, MutableFloats) -> Void
  /// Kernels of the streaming probe, see ``Kernels``.
  public let secantSum: @Sendable (Int, Floats, Floats, MutableFloats) -> Void

  /// Kernels of training, see ``Kernels``.
  public let addGradientProducts: @Sendable (Int, Int, Floats, Int, Floats, Int, Int, MutableFloats) -> Void
  /// Kernels of training, see ``Kernels``.
  public let addMatrixProductTransposed: @Sendable (Int, Int, Int, Floats, Int, Floats, Int, MutableFloats, Int) -> Void
  /// Kernels of training, see ``Kernels``.
  public let addMatrixProduct: @Sendable (Int, Int, Int, Floats, Int, Int, Floats, Int, MutableFloats, Int) -> Void

  /// Kernels of training, see ``Kernels``.
  public let addNoise: @Sendable (Int, UInt64, Float, MutableFloats) -> Void
  /// Kernels of training, see ``Kernels``.
  public let dropOut: @Sendable (Int, UInt64, Float, MutableFloats) -> Void

  /// The kernels that were compiled for a level.
  public init<Level: VectorKernels>(_ kernels: Level.Type) {
    transformImage = { Level.transformImage($0, rows: $1, columns: $2, image: $3, scratch: $4, re: $5, im: $6) }
    transformFeatures = { Level.transformFeatures($0, rows: $1, columns: $2, features: $3, scratch: $4, spectrum: $5) }
    restoreFeatures = {
      Level.restoreFeatures($0, rows: $1, columns: $2, spectrum: $3, bias: $4, epilogue: $5, scratch: $6, features: $7)
    }
    multiplyAddFour = {
      Level.multiplyAddFour(
        terms: $0, kernels: $1, kernelStride: $2, images: $3, isFirst: $4, results: $5, resultStride: $6)
    }
    multiplyAddOne = {
      Level.multiplyAddOne(terms: $0, kernels: $1, kernelStride: $2, images: $3, isFirst: $4, results: $5)
    }
    multiplyFeatures = {
      Level.multiplyFeatures(bins: $0, channels: $1, kernels: $2, images: $3, imageStride: $4, results: $5)
    }
    convolveFeatures = { Level.convolveFeatures($0, input: $1, weights: $2, bias: $3, epilogue: $4, output: $5) }
    convolveFrame = { Level.convolveFrame($0, input: $1, weights: $2, bias: $3, output: $4) }
    convolvePlanes = { Level.convolvePlanes($0, input: $1, weights: $2, bias: $3, output: $4) }
    keepMaps = { Level.keepMaps($0, maps: $1, slot: $2, ring: $3) }
    filterFour = {
      Level.filterFour(
        $0, ring: $1, slot: $2, terms: $3, filter: $4, first: $5, quads: $6, isFirst: $7, results: $8)
    }
    filterNewest = {
      Level.filterNewest(
        $0, ring: $1, slot: $2, terms: $3, filter: $4, sums: $5, bias: $6, epilogue: $7, output: $8)
    }
    rectify = { Level.rectify(count: $0, values: $1) }
    activate = { Level.activate($0, count: $1, values: $2) }
    multiplyRows = { Level.multiplyRows(columns: $0, rows: $1, weights: $2, bias: $3, input: $4, output: $5) }
    sweepCrossings = {
      Level.sweepCrossings(
        $0, unit: $1, at: $2, changeOfConstant: $3, changeOfSlope: $4, tiny: $5, constants: $6, slopes: $7, signs: $8,
        found: $9, roots: $10, rates: $11)
    }
    sweepSwitch = { Level.sweepSwitch($0, unit: $1, clock: $2, changeOfGradient: $3, units: $4) }
    secantMove = { Level.secantMove(vectors: $0, a: $1, origin: $2, direction: $3, units: $4, changes: $5) }
    secantRectify = {
      Level.secantRectify(
        vectors: $0, map: $1, scale: $2, constant: $3, weights: $4, lines: $5, gradients: $6, gains: $7)
    }
    secantSum = { Level.secantSum(vectors: $0, first: $1, second: $2, sums: $3) }
    spreadChange = { Level.spreadChange($0, unit: $1, change: $2, changes: $3) }
    reachedUnits = {
      Level.reachedUnits($0, unit: $1, change: $2, values: $3, outcomes: $4, readout: $5, reached: $6)
    }
    addGradientProducts = {
      Level.addGradientProducts(
        samples: $0, terms: $1, gradients: $2, gradientStride: $3, images: $4, sampleStride: $5, termStride: $6,
        results: $7)
    }
    addMatrixProductTransposed = {
      Level.addMatrixProductTransposed(
        rows: $0, columns: $1, terms: $2, a: $3, aStride: $4, b: $5, bStride: $6, c: $7, cStride: $8)
    }
    addMatrixProduct = {
      Level.addMatrixProduct(
        rows: $0, columns: $1, terms: $2, a: $3, aRowStride: $4, aTermStride: $5, b: $6, bStride: $7, c: $8,
        cStride: $9)
    }
    addNoise = { Level.addNoise(count: $0, key: $1, deviation: $2, values: $3) }
    dropOut = { Level.dropOut(count: $0, key: $1, probability: $2, values: $3) }
    weightedChange = { Level.weightedChange(count: $0, weights: $1, from: $2, to: $3) }
  }
}
