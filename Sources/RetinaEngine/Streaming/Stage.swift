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
    /// A convolution over the history, frame by frame, in low-rank form.
    case temporalLowRank(TemporalLowRank)
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
  /// What is to be done per frame, as counted.
  var work: StageWork
  /// The name of the algorithm, for people.
  var algorithm: String
  /// Parameters in floats.
  var parameterFloats: Int
  /// The part of the kernels that was left out because a tolerance was given.
  var leftOut = 0.0
  /// What follows and can be done along with the stage: as many stages, and places of what they need.
  var following = Following()

  /// Stages after a convolution that its epilogue does, when nobody reads what lies in between.
  struct Following: Sendable {
    var count = 0
    /// Places of a factor and a constant per lane, shared by `vectors` consecutive vectors of eight.
    var affine: (vectors: Int, scale: Int, shift: Int)?
    var rectifies = false
  }
}

/// Numbers of a convolution over the history in the frequency domain; the spectrum of a frame is kept for `history` steps.
struct TemporalSpectral: QuadBlocks, Sendable {
  var shape: SpectralShape
  var history, outputs, block: Int
  /// Places of kernels and bias among the parameters.
  var kernels = 0
  var bias = 0
  /// Place of a second copy of the kernels of the newest ``recent`` frames, close together: most frames read only these.
  var recentKernels = 0
  /// Places of the kept spectra, `[eight bins][slot][re 8, im 8]`, and of the sums in the state.
  var ring = 0
  var sums = 0
  /// Place of the scratch in the arena.
  var scratch = 0
  /// Tables of the two transforms.
  var rowTable = 0
  var columnTable = 0

  /// Floats of one plane of a spectrum; a store may write eight too many.
  var planeFloats: Int { shape.paddedBins + 8 }
  var groups: Int { (outputs + 7) / 8 }
  var ringFloats: Int { slots * 2 * shape.paddedBins }
  var sumFloats: Int { results * groups * shape.paddedBins * 16 }
  /// Room for the images of one group of eight bins, with three frames of zeros before and after.
  var gatherFloats: Int { (max(history, results) + 6) * 16 }
  /// Room for transforms; behind it lie the two planes of a spectrum, then the images.
  var transformScratch: Int { max(shape.imageScratch, shape.featureScratch) }
  var scratchFloats: Int { transformScratch + 2 * planeFloats + gatherFloats }
}

/// Numbers of a convolution over the history whose kernels are sums of a few products of a course in time and a kernel in space.
///
/// A frame is convolved in space once, rank by rank; the maps are kept for `history` steps and filtered in time.
struct TemporalLowRank: QuadBlocks, Sendable {
  /// From one channel, the frame, to the maps: rank after rank, each filled up to whole groups of eight channels.
  var spatial: ConvolutionGeometry
  var history, outputs, ranks, block: Int
  /// Places of the kernels in space, of as many zeros as they have results, of the courses in time `[frame][rank][group][8]`, and of
  /// the bias among the parameters.
  var kernels = 0
  var zeros = 0
  var courses = 0
  var bias = 0
  /// Places of the kept maps and of the sums in the state.
  var ring = 0
  var sums = 0
  /// Place of a frame's maps in the arena.
  var maps = 0

  init(_ geometry: ConvolutionGeometry, ranks: Int, block: Int) {
    spatial = geometry
    (history, outputs) = (geometry.inputs, geometry.outputs)
    (self.ranks, self.block) = (ranks, block)
    spatial.inputs = 1
    spatial.outputs = ranks * ((geometry.outputs + 7) / 8 * 8)
  }

  var filters: TemporalFilterShape {
    TemporalFilterShape(
      slots: slots, block: block, ranks: ranks, groups: (outputs + 7) / 8,
      positions: spatial.outputHeight * spatial.outputWidth)
  }
  var ringFloats: Int { filters.ringFloats }
  var sumFloats: Int { results * filters.resultFloats }
}

/// Numbers of a convolution of features in the frequency domain.
struct SpectralConvolution: Sendable {
  var shape: SpectralShape
  var inputs, outputs: Int
  /// Places of kernels and bias among the parameters.
  var kernels = 0
  var bias = 0
  /// Place of the scratch in the arena.
  var scratch = 0
  /// Tables of the two transforms.
  var rowTable = 0
  var columnTable = 0

  var inputGroups: Int { (inputs + 7) / 8 }
  var outputGroups: Int { (outputs + 7) / 8 }
  var spectrumFloats: Int { shape.bins * 16 }
  var scratchFloats: Int { shape.featureScratch + (inputGroups + 1) * spectrumFloats }
}
