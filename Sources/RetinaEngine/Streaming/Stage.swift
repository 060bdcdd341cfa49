import RetinaKernels

/// One thing that a stream does per frame.
///
/// Numbers are places, in floats: of parameters in the plan's parameter block, of values and scratch in the arena, of
/// what is carried from frame to frame in the state.
struct Stage: Sendable {
  enum Kind: Sendable {
    /// Keeps normalised frames twice, one history apart, so that the last `history` frames always lie in one piece.
    case window(frame: Int, history: Int)
    /// A convolution over the history, frame by frame, in the frequency domain.
    case temporalSpectral(TemporalSpectral)
    /// A convolution of features in the frequency domain.
    case spectral(SpectralConvolution)
    /// A convolution of features, directly.
    case features(ConvolutionGeometry, weights: Int, bias: Int)
    /// A matrix product.
    case rows(columns: Int, rows: Int, weights: Int, bias: Int)
    /// A matrix product with the window itself, whose size need not be a multiple of eight.
    case dense(inputs: Int, outputs: Int, weights: Int, bias: Int)
    /// A factor and a constant per lane, shared by `vectors` consecutive vectors of eight.
    case affine(vectors: Int, scale: Int, shift: Int)
    /// A function of each value.
    case activation(ActivationKind)
    /// A step of the plain program on values in the order of the model.
    case plain(step: Int)
    /// Values picked by place; `indices` is a place in the plan's index block.
    case gather(count: Int, indices: Int)
    /// Into the order of the model.
    case unpack(FeatureLayout)
    /// Into groups of eight channels.
    case pack(FeatureLayout)
    /// Nothing: the values are the same.
    case identity
  }

  var kind: Kind
  /// The layer of the model that the stage belongs to; nil for what comes before the first.
  var layer: Int?
  /// Where the input and the output lie in the arena; equal when the stage works in place.
  var input, output: Int
  /// How the output lies in memory.
  var layout: FeatureLayout
  /// Floating-point operations per frame, as counted.
  var operations: Double
  /// The name of the algorithm, for people.
  var algorithm: String
  /// Parameters in floats.
  var parameterFloats: Int
}

/// Numbers of a convolution over the history in the frequency domain.
///
/// The spectrum of a frame is kept for `history` steps. Results are accumulated `block` frames at a time: when a block begins,
/// everything that past frames contribute to its results is added in one go, so that a kernel is read once per block; then each
/// new frame adds its own part. Every result is a sum from the oldest frame to the newest whatever the block, so that the bits
/// do not depend on it.
struct TemporalSpectral: Sendable {
  var shape: SpectralShape
  var history, outputs, block: Int
  /// Places of kernels and bias among the parameters.
  var kernels, bias: Int
  /// Place of a second copy of the kernels of the newest ``recent`` frames, close together: every frame reads only these.
  var recentKernels: Int
  /// Places of the kept spectra and of the sums in the state.
  var ring, sums: Int
  /// Place of the scratch in the arena.
  var scratch: Int
  /// Tables of the two transforms.
  var rowTable, columnTable: Int

  /// Frames that a result may take from its own block.
  var recent: Int { min(block, history) }
  /// Spectra kept: the history before a block, and the block.
  var slots: Int { history - 1 + block }
  /// Floats of one plane of a spectrum; a store may write eight too many.
  var planeFloats: Int { shape.paddedBins + 8 }
  var groups: Int { (outputs + 7) / 8 }
  var ringFloats: Int { slots * 2 * planeFloats }
  var sumFloats: Int { block * groups * shape.paddedBins * 16 }
  /// Room for the images of one group of eight bins: the past and three results more.
  var gatherFloats: Int { (history + block + 4) * 16 }
  var scratchFloats: Int { max(shape.imageScratch, shape.featureScratch) + gatherFloats }
}

/// Numbers of a convolution of features in the frequency domain.
struct SpectralConvolution: Sendable {
  var shape: SpectralShape
  var inputs, outputs: Int
  /// Places of kernels and bias among the parameters.
  var kernels, bias: Int
  /// Place of the scratch in the arena.
  var scratch: Int
  /// Tables of the two transforms.
  var rowTable, columnTable: Int

  var inputGroups: Int { (inputs + 7) / 8 }
  var outputGroups: Int { (outputs + 7) / 8 }
  var spectrumFloats: Int { shape.bins * 16 }
  var scratchFloats: Int { shape.featureScratch + (inputGroups + 1) * spectrumFloats }
}
