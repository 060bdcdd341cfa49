import RetinaModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Architectures of the literature, by name.
public enum NamedArchitecture: String, CaseIterable, Sendable {
  /// One linear filter per cell over the whole window, then a softplus (Chichilnisky 2001).
  case ln
  /// Convolutional subunits with a relu, pooled by each cell: two stages of linear filter and nonlinearity (Maheswaranathan et
  /// al. 2018, PLoS Comput Biol; subunits shared over space as in Vintch et al. 2015, J Neurosci).
  case lnln = "ln-ln"
  /// Convolutions 16 of 15 x 15 and 8 of 9 x 9 with noise and relu, dense (McIntosh et al. 2016, NeurIPS).
  case deepRetina = "deep-retina"
  /// Convolutions 8 of 15 x 15 and 8 of 11 x 11, each with batch normalisation per unit, noise and relu, dense with batch
  /// normalisation (baccuslab/deep-retina, `bn_cnn`).
  case bnCNN = "bn-cnn"
  /// The same with each convolution a stack of linear 3 x 3 ones and batch normalisation per channel (Maheswaranathan et al. 2023,
  /// Neuron; baccuslab/torch-deep-retina, `LinearStackedBNCNN`).
  case stackedBNCNN = "stacked-bn-cnn"
  /// The same with a third convolution of one channel per cell, read at the cell's receptive-field centre (`convgc` there).
  case convReadout = "conv-readout"
  /// Kernels that are products of space and time, batch normalisation, elu, and a Gaussian read-out (the core and read-out of
  /// open-retina, after Hoefling et al. 2024, eLife; here without its smoothness penalty unless one is asked for).
  case separableCore = "separable-core"

  /// What the architecture is, in one line.
  public var summary: String {
    switch self {
    case .ln: return "one linear filter per cell, softplus"
    case .lnln: return "convolutional subunits, relu, dense, softplus"
    case .deepRetina: return "two convolutions with noise and relu, dense, softplus (2016)"
    case .bnCNN: return "two convolutions with batch normalisation per unit, noise and relu, dense, softplus"
    case .stackedBNCNN: return "the same with stacks of linear 3 x 3 convolutions"
    case .convReadout: return "stacks, and a third convolution read at each cell's centre"
    case .separableCore: return "two separable convolutions, elu, Gaussian read-out"
    }
  }

  /// Makes the architecture.
  ///
  /// - Throws: ``ModelError`` when the frames are smaller than the kernels.
  public func architecture(_ options: ArchitectureOptions) throws(ModelError) -> Architecture {
    var builder = Builder(options, name: rawValue)
    switch self {
    case .ln:
      builder.readout(nil, bias: true)
    case .lnln:
      try builder.convolution(.plain, channels: 8, kernel: 15, normalization: nil, noise: 0, .relu)
      builder.readout(options.readout ?? .dense, bias: true)
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

/// Builds an architecture from the bottom up.
private struct Builder {
  var layers: [TrainableLayer] = []
  private let options: ArchitectureOptions
  private let name: String
  private var draw: WeightDraw
  private var channels, height, width, depth: Int

  /// How the kernels of a convolution are made.
  enum Kernels {
    case plain, stack, separable
  }

  init(_ options: ArchitectureOptions, name: String) {
    self.options = options
    self.name = name
    draw = WeightDraw(options.start, seed: options.seed)
    (channels, height, width, depth) = (options.history, options.height, options.width, 0)
  }

  /// Adds a convolution with what follows it.
  mutating func convolution(
    _ kernels: Kernels, channels standard: Int, kernel standardKernel: Int, normalization: BatchNormalization.Axis?,
    noise: Float, _ activation: Activation
  ) throws(ModelError) {
    let outputs = choice(options.channels, standard)
    let kernel = choice(options.kernels, standardKernel)
    depth += 1
    try check(kernel)
    layers.append(TrainableLayer("conv\(depth)", operation(kernels, outputs, kernel)))
    (channels, height, width) = (outputs, height - kernel + 1, width - kernel + 1)
    if let normalization {
      let count = normalization == .channel ? channels : channels * height * width
      layers.append(TrainableLayer("bn\(depth)", .batchNormalization(.start(normalization, count: count))))
    }
    let deviation = options.noise ?? noise
    if deviation > 0 { layers.append(TrainableLayer("noise\(depth)", .gaussianNoise(standardDeviation: deviation))) }
    layers.append(TrainableLayer(Builder.name(of: activation) + "\(depth)", .activation(activation)))
    if options.dropout > 0 {
      layers.append(TrainableLayer("dropout\(depth)", .dropout(probability: options.dropout)))
    }
  }

  private func choice(_ values: [Int]?, _ standard: Int) -> Int {
    values.flatMap { depth < $0.count ? $0[depth] : nil } ?? standard
  }

  private func check(_ kernel: Int) throws(ModelError) {
    guard height >= kernel, width >= kernel else {
      throw ModelError(problems: [
        .init(
          place: "architecture \(name), convolution \(depth)",
          expected: "a kernel of at most \(min(height, width)) x \(min(height, width)); choose smaller kernels",
          found: "\(kernel) x \(kernel)")
      ])
    }
  }

  private mutating func operation(_ kernels: Kernels, _ outputs: Int, _ kernel: Int) -> Operation {
    let bias = [Float](repeating: 0, count: outputs)
    switch kernels {
    case .plain:
      return .convolution(Convolution(weight: draw.weights(Shape(outputs, channels, kernel, kernel)), bias: bias))
    case .stack:
      // 3 x 3 each, and one smaller where the size is even; nothing between them, so that the variance is kept by a gain of 1.
      let sizes = [Int](repeating: 3, count: (kernel - 1) / 2) + (kernel % 2 == 0 ? [2] : [])
      var weights: [Tensor] = []
      for (index, size) in (sizes.isEmpty ? [1] : sizes).enumerated() {
        weights.append(draw.weights(Shape(outputs, index == 0 ? channels : outputs, size, size), gain: 1))
      }
      return .convolutionStack(ConvolutionStack(weights: weights, bias: bias))
    case .separable:
      let rank = 2
      return .separableConvolution(
        SeparableConvolution(
          temporal: draw.normal(Shape(outputs, rank, channels), deviation: (2 / Double(rank * channels)).squareRoot()),
          spatial: draw.normal(Shape(outputs, rank, kernel, kernel), deviation: 1 / Double(kernel)), bias: bias))
    }
  }

  private static func name(of activation: Activation) -> String {
    if case .elu = activation { return "elu" }
    return "relu"
  }

  /// Adds the read-out of every cell.
  mutating func readout(_ form: ArchitectureOptions.ReadoutForm?, bias hasBias: Bool) {
    let cells = options.cells
    let bias = hasBias ? startingBias : nil
    switch form {
    case .gaussian:
      let features = draw.normal(Shape(cells, channels), deviation: 0.1 / Double(channels).squareRoot()).values
      layers.append(
        TrainableLayer(
          "dense",
          .gaussianReadout(
            GaussianReadout(
              channels: channels, height: height, width: width, centres: centres,
              logSigmas: [Float](repeating: log(Float(2)), count: 2 * cells),
              features: features.map { $0 + 1 / Float(channels) }, bias: startingBias))))
    case .factorized:
      let features = draw.normal(Shape(cells, channels), deviation: 0.1 / Double(channels).squareRoot()).values
      let mask = [Float](repeating: 1 / Float(height * width), count: cells * height * width)
      layers.append(
        TrainableLayer(
          "dense",
          .factorizedReadout(
            FactorizedReadout(
              channels: channels, height: height, width: width, masks: mask,
              features: features.map { $0 + 1 / Float(channels) }, bias: startingBias))))
    case .dense, nil:
      if depth > 0 { layers.append(TrainableLayer("flatten", .flatten)) }
      layers.append(
        TrainableLayer(
          "dense", .dense(Dense(weight: draw.weights(Shape(cells, channels * height * width), gain: 0.1), bias: bias))))
    }
  }

  /// Adds batch normalisation of the cells' drives, whose shift starts from the mean responses.
  mutating func normalizeCells() {
    var normalization = BatchNormalization.start(.unit, count: options.cells)
    normalization.shift = startingBias
    layers.append(TrainableLayer("bn\(depth + 1)", .batchNormalization(normalization)))
  }

  /// Adds a convolution of one channel per cell, read at the cells' centres.
  mutating func cellConvolution(kernel standard: Int) throws(ModelError) {
    let kernel = choice(options.kernels, standard)
    depth += 1
    try check(kernel)
    let weight = draw.weights(Shape(options.cells, channels, kernel, kernel), gain: 0.1)
    layers.append(TrainableLayer("conv\(depth)", .convolution(Convolution(weight: weight, bias: startingBias))))
    (channels, height, width) = (options.cells, height - kernel + 1, width - kernel + 1)
    let places = centres
    let positions = (0..<options.cells).map { cell in
      Readout.Position(
        channel: cell, row: min(height - 1, max(0, Int(places[2 * cell + 1].rounded()))),
        column: min(width - 1, max(0, Int(places[2 * cell].rounded()))))
    }
    layers.append(TrainableLayer("cells", .readout(Readout(positions: positions))))
  }

  /// The cells' centres in units of the feature map.
  private var centres: [Float] {
    let (top, left) = (Double(options.height - height) / 2, Double(options.width - width) / 2)
    guard let centres = options.centres else {
      return (0..<options.cells).flatMap { _ in [Float(width - 1) / 2, Float(height - 1) / 2] }
    }
    return centres.flatMap { [Float($0.column - left), Float($0.row - top)] }
  }

  /// The biases with which a softplus of nothing gives the mean responses.
  private var startingBias: [Float] {
    let means = options.meanResponses ?? [Float](repeating: 0.1, count: options.cells)
    return means.map { Float(log(expm1(Double(max($0, 1e-4))))) }
  }
}

extension BatchNormalization {
  /// One that changes nothing yet.
  fileprivate static func start(_ axis: Axis, count: Int) -> BatchNormalization {
    BatchNormalization(
      axis: axis, scale: [Float](repeating: 1, count: count), shift: [Float](repeating: 0, count: count),
      mean: [Float](repeating: 0, count: count), variance: [Float](repeating: 1, count: count), epsilon: 1e-3)
  }
}
