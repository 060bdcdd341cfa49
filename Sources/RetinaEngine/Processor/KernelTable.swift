import RetinaKernels

#if canImport(RetinaKernelsAVX2)
  import RetinaKernelsAVX2
  import RetinaKernelsAVX512
#endif

/// The fast kernels of one processor level; chosen once, when a plan is made.
public struct KernelTable: Sendable {
  /// Numbers that a kernel reads.
  public typealias Floats = UnsafePointer<Float>
  /// Numbers that a kernel changes.
  public typealias MutableFloats = UnsafeMutablePointer<Float>
  /// Float64 numbers that a kernel changes.
  public typealias Doubles = UnsafeMutablePointer<Double>

  let transformImage:
    @Sendable (SpectralShape, FourierLayout, FourierLayout, Floats, MutableFloats, MutableFloats, MutableFloats) -> Void
  let transformFeatures:
    @Sendable (SpectralShape, FourierLayout, FourierLayout, Floats, MutableFloats, MutableFloats) -> Void
  let restoreFeatures:
    @Sendable (SpectralShape, FourierLayout, FourierLayout, MutableFloats, Floats, MutableFloats, MutableFloats) -> Void
  let multiplyAddFour: @Sendable (Int, Floats, Int, Floats, MutableFloats, Int) -> Void
  let multiplyAddOne: @Sendable (Int, Floats, Int, Floats, MutableFloats) -> Void
  let multiplyFeatures: @Sendable (Int, Int, Floats, Floats, Int, MutableFloats) -> Void
  let convolveFeatures: @Sendable (ConvolutionGeometry, Floats, Floats, Floats, MutableFloats) -> Void
  let convolvePlanes: @Sendable (ConvolutionGeometry, Floats, Floats, Floats, MutableFloats) -> Void
  /// Relu in place, see ``Kernels``.
  public let rectify: @Sendable (Int, UnsafeMutablePointer<Float>) -> Void
  let multiplyRows: @Sendable (Int, Int, Floats, Floats, Floats, MutableFloats) -> Void

  /// The kernels of a level; those of the plainest one where a level was not compiled in.
  init(_ level: ProcessorLevel) {
    #if canImport(RetinaKernelsAVX2)
      switch level {
      case .avx512: self.init(RetinaKernelsAVX512.Kernels.self)
      case .avx2: self.init(RetinaKernelsAVX2.Kernels.self)
      case .baseline: self.init(RetinaKernels.Kernels.self)
      }
    #else
      self.init(RetinaKernels.Kernels.self)
    #endif
  }

  /// Kernels of the exact path integration, see ``Kernels``.
  public let sweepCrossings:
    @Sendable (
      SweepShape, SweepUnit, Double, Double, Double, Double, Doubles, Doubles, Doubles, UnsafeMutablePointer<Int>,
      Doubles, Doubles
    ) -> Int
  /// Kernels of the exact path integration, see ``Kernels``.
  public let sweepCarried: @Sendable (SweepShape, SweepUnit, Double, Doubles, Doubles) -> Double
  /// Kernels of the exact path integration, see ``Kernels``.
  public let sweepBack: @Sendable (SweepShape, SweepUnit, Double, Double, Doubles, Doubles) -> Void
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

  private init<Level: VectorKernels>(_ kernels: Level.Type) {
    transformImage = { Level.transformImage($0, rows: $1, columns: $2, image: $3, scratch: $4, re: $5, im: $6) }
    transformFeatures = { Level.transformFeatures($0, rows: $1, columns: $2, features: $3, scratch: $4, spectrum: $5) }
    restoreFeatures = {
      Level.restoreFeatures($0, rows: $1, columns: $2, spectrum: $3, bias: $4, scratch: $5, features: $6)
    }
    multiplyAddFour = {
      Level.multiplyAddFour(terms: $0, kernels: $1, kernelStride: $2, images: $3, results: $4, resultStride: $5)
    }
    multiplyAddOne = { Level.multiplyAddOne(terms: $0, kernels: $1, kernelStride: $2, images: $3, results: $4) }
    multiplyFeatures = {
      Level.multiplyFeatures(bins: $0, channels: $1, kernels: $2, images: $3, imageStride: $4, results: $5)
    }
    convolveFeatures = { Level.convolveFeatures($0, input: $1, weights: $2, bias: $3, output: $4) }
    convolvePlanes = { Level.convolvePlanes($0, input: $1, weights: $2, bias: $3, output: $4) }
    rectify = { Level.rectify(count: $0, values: $1) }
    multiplyRows = { Level.multiplyRows(columns: $0, rows: $1, weights: $2, bias: $3, input: $4, output: $5) }
    sweepCrossings = {
      Level.sweepCrossings(
        $0, unit: $1, at: $2, changeOfConstant: $3, changeOfSlope: $4, tiny: $5, constants: $6, slopes: $7, signs: $8,
        found: $9, roots: $10, rates: $11)
    }
    sweepCarried = { Level.sweepCarried($0, unit: $1, clock: $2, constants: $3, slopes: $4) }
    sweepBack = {
      Level.sweepBack($0, unit: $1, clock: $2, changeOfGradient: $3, gradients: $4, moments: $5)
    }
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
    weightedChange = { Level.weightedChange(count: $0, weights: $1, from: $2, to: $3) }
  }
}
