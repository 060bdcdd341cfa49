/// The fast kernels that exist once per processor level.
///
/// What each computes is said at ``Kernels``.
public protocol VectorKernels: SendableMetatype {
  /// Transforms one image.
  static func transformImage(
    _ shape: SpectralShape, rows: FourierLayout, columns: FourierLayout, image: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, re: UnsafeMutablePointer<Float>, im: UnsafeMutablePointer<Float>)
  /// Transforms eight channels of features.
  static func transformFeatures(
    _ shape: SpectralShape, rows: FourierLayout, columns: FourierLayout, features: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, spectrum: UnsafeMutablePointer<Float>)
  /// Transforms spectra back into eight channels of features.
  static func restoreFeatures(
    _ shape: SpectralShape, rows: FourierLayout, columns: FourierLayout, spectrum: UnsafeMutablePointer<Float>,
    bias: UnsafePointer<Float>, epilogue: Epilogue, scratch: UnsafeMutablePointer<Float>,
    features: UnsafeMutablePointer<Float>)
  /// Adds kernel times image spectra to four consecutive results, for eight bins.
  static func multiplyAddFour(
    terms: Int, kernels: UnsafePointer<Float>, kernelStride: Int, images: UnsafePointer<Float>, isFirst: Bool,
    results: UnsafeMutablePointer<Float>, resultStride: Int)
  /// Adds kernel times image spectra to one result, for eight bins.
  static func multiplyAddOne(
    terms: Int, kernels: UnsafePointer<Float>, kernelStride: Int, images: UnsafePointer<Float>, isFirst: Bool,
    results: UnsafeMutablePointer<Float>)
  /// Multiplies the spectra of features with those of kernels.
  static func multiplyFeatures(
    bins: Int, channels: Int, kernels: UnsafePointer<Float>, images: UnsafePointer<Float>, imageStride: Int,
    results: UnsafeMutablePointer<Float>)
  /// Convolves features directly.
  static func convolveFeatures(
    _ geometry: ConvolutionGeometry, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, epilogue: Epilogue, output: UnsafeMutablePointer<Float>)
  /// Convolves a single channel directly.
  static func convolveFrame(
    _ geometry: ConvolutionGeometry, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>)
  /// Convolves values in the order of the model directly.
  static func convolvePlanes(
    _ geometry: ConvolutionGeometry, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>)
  /// Keeps the maps of a frame.
  static func keepMaps(
    _ shape: TemporalFilterShape, maps: UnsafePointer<Float>, slot: Int, ring: UnsafeMutablePointer<Float>)
  /// Filters maps of past frames in time, for four results and more.
  static func filterFour(
    _ shape: TemporalFilterShape, ring: UnsafePointer<Float>, slot: Int, terms: Int, filter: UnsafePointer<Float>,
    first: Int, quads: Int, isFirst: Bool, results: UnsafeMutablePointer<Float>)
  /// Completes one result with the maps of the newest frames.
  static func filterNewest(
    _ shape: TemporalFilterShape, ring: UnsafePointer<Float>, slot: Int, terms: Int, filter: UnsafePointer<Float>,
    sums: UnsafePointer<Float>, bias: UnsafePointer<Float>, epilogue: Epilogue, output: UnsafeMutablePointer<Float>)
  /// Sets what is not above zero to zero.
  static func rectify(count: Int, values: UnsafeMutablePointer<Float>)
  /// Applies a function of each unit.
  static func activate(_ kind: ActivationKind, count: Int, values: UnsafeMutablePointer<Float>)
  /// Multiplies a matrix with a vector.
  static func multiplyRows(
    columns: Int, rows: Int, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>)
  /// A unit of the first of two layers switches: crossings in the second.
  static func sweepCrossings(
    _ shape: SweepShape, unit: SweepUnit, at a: Double, changeOfConstant: Double, changeOfSlope: Double, tiny: Double,
    constants: UnsafeMutablePointer<Double>, slopes: UnsafeMutablePointer<Double>,
    signs: UnsafeMutablePointer<Double>, found: UnsafeMutablePointer<Int>, roots: UnsafeMutablePointer<Double>,
    rates: UnsafeMutablePointer<Double>
  ) -> Int
  /// A unit of the second of two layers switches: changes of the first, and what has been carried.
  static func sweepSwitch(
    _ shape: SweepShape, unit: SweepUnit, clock: Double, changeOfGradient: Double,
    units: UnsafeMutablePointer<Double>
  ) -> Double
  /// Moves a layer of relu along its path.
  static func secantMove(
    vectors: Int, a: Float, origin: UnsafePointer<Float>, direction: UnsafePointer<Float>,
    units: UnsafeMutablePointer<Float>, changes: UnsafeMutablePointer<Float>)
  /// The second layer of relu, after its linear map has moved.
  static func secantRectify(
    vectors: Int, map: UnsafePointer<Float>, scale: UnsafePointer<Float>, constant: UnsafePointer<Float>,
    weights: UnsafePointer<Float>, lines: UnsafeMutablePointer<Float>, gradients: UnsafeMutablePointer<Float>,
    gains: UnsafeMutablePointer<Float>)
  /// Adds products lane by lane.
  static func secantSum(
    vectors: Int, first: UnsafePointer<Float>, second: UnsafePointer<Float>, sums: UnsafeMutablePointer<Float>)
  /// A unit changes: changes of the units that it reaches.
  static func spreadChange(
    _ shape: ReachShape, unit: SweepUnit, change: Float, changes: UnsafeMutablePointer<Float>)
  /// A unit changes: the units that it reaches, side by side.
  static func reachedUnits(
    _ shape: ReachShape, unit: SweepUnit, change: Float, values: UnsafePointer<Float>,
    outcomes: UnsafePointer<Float>, readout: UnsafePointer<Float>, reached: UnsafeMutablePointer<Float>
  ) -> Int
  /// A weighted sum of differences.
  static func weightedChange(
    count: Int, weights: UnsafePointer<Float>, from: UnsafePointer<Float>, to: UnsafePointer<Float>
  ) -> Float
  /// Adds what spectra of gradients and images say about spectra of kernels, for one bin.
  static func addGradientProducts(
    samples: Int, terms: Int, gradients: UnsafePointer<Float>, gradientStride: Int, images: UnsafePointer<Float>,
    sampleStride: Int, termStride: Int, results: UnsafeMutablePointer<Float>)
  /// Adds a matrix times the transpose of another.
  static func addMatrixProductTransposed(
    rows: Int, columns: Int, terms: Int, a: UnsafePointer<Float>, aStride: Int, b: UnsafePointer<Float>, bStride: Int,
    c: UnsafeMutablePointer<Float>, cStride: Int)
  /// Adds a matrix product.
  static func addMatrixProduct(
    rows: Int, columns: Int, terms: Int, a: UnsafePointer<Float>, aRowStride: Int, aTermStride: Int,
    b: UnsafePointer<Float>, bStride: Int, c: UnsafeMutablePointer<Float>, cStride: Int)
  /// Adds normal deviates.
  static func addNoise(count: Int, key: UInt64, deviation: Float, values: UnsafeMutablePointer<Float>)
  /// Sets values to zero at random.
  static func dropOut(count: Int, key: UInt64, probability: Float, values: UnsafeMutablePointer<Float>)
  /// Input channels side by side in fixed point.
  static var fixedPointDepth: Int { get }
  /// Output channels summed at a time in fixed point.
  static var fixedPointOutputs: Int { get }
  /// Lays channels out side by side.
  static func fixedPointPack(
    _ count: Int, _ type: FixedPointType, first: UnsafeRawPointer, second: UnsafeRawPointer?, offset: Int16,
    into target: UnsafeMutablePointer<Int16>)
  /// Normalises numbers and turns them into integers.
  static func fixedPointQuantize(
    _ count: Int, numbers: UnsafePointer<Float>, mean: UnsafePointer<Float>, deviation: UnsafePointer<Float>,
    step: Int, scale: Float, zeroPoint: Int32, _ type: FixedPointType, into target: UnsafeMutableRawPointer)
  /// Sums of products of a block of output channels.
  static func fixedPointProducts(
    _ shape: FixedPointProductShape, input: UnsafePointer<Int16>, weights: UnsafePointer<Int16>,
    sums: UnsafeMutablePointer<Int32>)
  #if arch(x86_64)
    /// Input channels of 8 bits side by side, or 0.
    static var fixedPointByteDepth: Int { get }
    /// Sums of products of 8 bits of a block of output channels.
    static func fixedPointByteProducts(
      _ shape: FixedPointProductShape, input: UnsafeRawPointer, weights: UnsafeRawPointer,
      sums: UnsafeMutablePointer<Int32>)
    /// Lays channels of 8 bits out side by side.
    static func fixedPointPackBytes(
      _ count: Int, _ first: UnsafePointer<Int8>, _ second: UnsafePointer<Int8>?, _ third: UnsafePointer<Int8>?,
      _ fourth: UnsafePointer<Int8>?, into target: UnsafeMutablePointer<UInt8>)
  #endif
  /// Adds sums of 32 bits to sums of 64.
  static func fixedPointWiden(
    _ count: Int, _ sums: UnsafePointer<Int32>, shift: Int64, into target: UnsafeMutablePointer<Int64>)
  /// Brings sums of 32 bits to the scale of the output.
  static func fixedPointRound(
    _ count: Int, bias: Int64, _ multiplier: FixedPointMultiplier, _ rounding: FixedPointRounding,
    sums: UnsafeMutablePointer<Int32>)
  /// Brings sums of 64 bits to the scale of the output.
  static func fixedPointRoundWide(
    _ count: Int, bias: Int64, _ multiplier: FixedPointMultiplier, _ sums: UnsafePointer<Int64>,
    into target: UnsafeMutablePointer<Int32>)
  /// Stores results in their width.
  static func fixedPointStore(
    _ count: Int, _ results: UnsafePointer<Int32>, _ output: FixedPointOutput, at place: Int)
  /// The sum of products of integers.
  static func fixedPointDot(
    count: Int, interval: Int, _ a: UnsafePointer<Int16>, _ b: UnsafeRawPointer, _ type: FixedPointType
  ) -> Int64
  /// Transforms a frame of integers in float64.
  static func exactTransform(
    _ shape: SpectralShape, rows: FourierMatrixLayout, columns: FourierMatrixLayout, frame: FixedPointValues,
    slot: Int, slots: Int, scratch: UnsafeMutablePointer<Double>, ring: UnsafeMutablePointer<Double>)
  /// Sums products of spectra for four results.
  static func exactMultiplyFour(
    terms: Int, kernels: UnsafePointer<Double>, kernelStride: Int, images: UnsafePointer<Double>,
    results: UnsafeMutablePointer<Double>, resultStride: Int)
  /// Adds products of spectra to one result.
  static func exactAddOne(
    terms: Int, kernels: UnsafePointer<Double>, kernelStride: Int, images: UnsafePointer<Double>,
    results: UnsafeMutablePointer<Double>)
  /// Transforms spectra of eight channels back into integers.
  static func exactRestore(
    _ shape: SpectralShape, rows: FourierMatrixLayout, columns: FourierMatrixLayout,
    spectrum: UnsafeMutablePointer<Double>, scratch: UnsafeMutablePointer<Double>, sums: UnsafeMutablePointer<Int64>)
}
