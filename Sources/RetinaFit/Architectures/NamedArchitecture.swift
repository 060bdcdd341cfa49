import RetinaModel

/// Architectures of the literature, by name.
public enum NamedArchitecture: String, CaseIterable, Sendable {
  /// One linear filter per cell over the whole window, then a softplus (Chichilnisky 2001).
  case ln
  /// Convolutional subunits with a relu, pooled by each cell: two stages of linear filter and nonlinearity (Maheswaranathan et
  /// al. 2018, PLoS Comput Biol; subunits shared over space as in Vintch et al. 2015, J Neurosci). The pool is a Gaussian, since a
  /// free one overfits minutes of spikes.
  case lnln = "ln-ln"
  /// Convolutions 16 of 15 x 15 and 8 of 9 x 9 with noise and relu, dense (McIntosh et al. 2016, NeurIPS).
  case deepRetina = "deep-retina"
  /// Convolutions 8 of 15 x 15 and 8 of 11 x 11, each with batch normalisation per unit, noise and relu, dense with batch
  /// normalisation (baccuslab/deep-retina, `bn_cnn`).
  case bnCNN = "bn-cnn"
  /// The same with each convolution a stack of linear 3 x 3 ones and batch normalisation per channel (Maheswaranathan et al. 2023,
  /// Neuron; baccuslab/torch-deep-retina, `LinearStackedBNCNN`).
  case stackedBNCNN = "stacked-bn-cnn"
  /// The same with the first convolution alone as a stack, no noise, and a Gaussian read-out: a single kernel learns faster than a stack
  /// does, where it has few enough weights.
  case halfStackedBNCNN = "half-stacked-bn-cnn"
  /// As stacked, with a third convolution of one channel per cell, read at the cell's receptive-field centre (`convgc` there).
  case convReadout = "conv-readout"
  /// Kernels that are products of space and time, batch normalisation, elu, and a Gaussian read-out (the core and read-out of
  /// open-retina, after Hoefling et al. 2024, eLife; here without its smoothness penalty unless one is asked for).
  case separableCore = "separable-core"

  /// What the architecture is, in one line.
  public var summary: String {
    switch self {
    case .ln: return "one linear filter per cell, softplus"
    case .lnln: return "convolutional subunits, relu, Gaussian read-out, softplus"
    case .deepRetina: return "two convolutions with noise and relu, dense, softplus (2016)"
    case .bnCNN: return "two convolutions with batch normalisation per unit, noise and relu, dense, softplus"
    case .stackedBNCNN: return "the same with stacks of linear 3 x 3 convolutions"
    case .halfStackedBNCNN: return "the same with a stack first and a plain convolution second, Gaussian read-out"
    case .convReadout: return "stacks, and a third convolution read at each cell's centre"
    case .separableCore: return "two separable convolutions, elu, Gaussian read-out"
    }
  }

  /// Where the architecture comes from.
  public var source: String {
    switch self {
    case .ln: return "Chichilnisky 2001, Network"
    case .lnln: return "Maheswaranathan et al. 2018, PLoS Comput Biol; Vintch et al. 2015, J Neurosci"
    case .deepRetina: return "McIntosh et al. 2016, NeurIPS"
    case .bnCNN: return "baccuslab/deep-retina, bn_cnn"
    case .stackedBNCNN: return "Maheswaranathan et al. 2023, Neuron; baccuslab/torch-deep-retina, LinearStackedBNCNN"
    case .halfStackedBNCNN: return "this program; as stacked-bn-cnn"
    case .convReadout: return "baccuslab/torch-deep-retina, convgc"
    case .separableCore: return "Hoefling et al. 2024, eLife; open-retina"
    }
  }

  /// Makes the architecture.
  ///
  /// - Throws: ``ModelError`` when the frames are smaller than the kernels.
  public func architecture(_ options: ArchitectureOptions) throws(ModelError) -> Architecture {
    var builder = ArchitectureBuilder(options, name: rawValue)
    switch self {
    case .ln:
      builder.readout(nil, bias: true)
    case .lnln:
      try builder.convolution(.plain, channels: 8, kernel: 15, normalization: nil, noise: 0, .relu)
      builder.readout(options.readout ?? .gaussian, bias: true)
    case .deepRetina:
      try builder.convolution(.plain, channels: 16, kernel: 15, normalization: nil, noise: 0.1, .relu)
      try builder.convolution(.plain, channels: 8, kernel: 9, normalization: nil, noise: 0.1, .relu)
      builder.readout(options.readout ?? .dense, bias: true)
    case .bnCNN:
      try builder.convolution(.plain, channels: 8, kernel: 15, normalization: .unit, noise: 0.05, .relu)
      try builder.convolution(.plain, channels: 8, kernel: 11, normalization: .unit, noise: 0.05, .relu)
      builder.readout(options.readout ?? .dense, bias: options.readout ?? .dense != .dense)
      if options.readout ?? .dense == .dense { builder.normalizeCells() }
    case .stackedBNCNN:
      try builder.convolution(.stack, channels: 8, kernel: 15, normalization: .channel, noise: 0.05, .relu)
      try builder.convolution(.stack, channels: 8, kernel: 11, normalization: .channel, noise: 0.05, .relu)
      builder.readout(options.readout ?? .dense, bias: options.readout ?? .dense != .dense)
      if options.readout ?? .dense == .dense { builder.normalizeCells() }
    case .halfStackedBNCNN:
      try builder.convolution(.stack, channels: 8, kernel: 15, normalization: .channel, noise: 0, .relu)
      try builder.convolution(.plain, channels: 8, kernel: 11, normalization: .channel, noise: 0, .relu)
      builder.readout(options.readout ?? .gaussian, bias: true)
    case .convReadout:
      try builder.convolution(.stack, channels: 8, kernel: 15, normalization: .channel, noise: 0.05, .relu)
      try builder.convolution(.stack, channels: 8, kernel: 11, normalization: .channel, noise: 0.05, .relu)
      try builder.cellConvolution(kernel: 11)
    case .separableCore:
      try builder.convolution(.separable, channels: 16, kernel: 15, normalization: .channel, noise: 0, .elu(alpha: 1))
      try builder.convolution(.separable, channels: 32, kernel: 11, normalization: .channel, noise: 0, .elu(alpha: 1))
      builder.readout(options.readout ?? .gaussian, bias: true)
    }
    builder.layers.append(TrainableLayer("rate", .activation(.softplus)))
    return Architecture(
      name: rawValue, inputShape: Shape(options.history, options.height, options.width), layers: builder.layers)
  }
}
