import RetinaModel

/// Builds an architecture from the bottom up.
struct ArchitectureBuilder {
  var layers: [TrainableLayer] = []
  private let options: ArchitectureOptions
  private let name: String
  private var draw: WeightDraw
  private var channels, height, width, depth: Int

  init(_ options: ArchitectureOptions, name: String) {
    self.options = options
    self.name = name
    draw = WeightDraw(options.start, seed: options.seed)
    (channels, height, width, depth) = (options.history, options.height, options.width, 0)
  }

  /// Adds a convolution with what follows it.
  mutating func convolution(
    _ kernels: KernelForm, channels standard: Int, kernel standardKernel: Int, normalization: BatchNormalization.Axis?,
    noise: Float, _ activation: Activation
  ) throws(ModelError) {
    let outputs = choice(options.channels, standard)
    let kernel = choice(options.kernels, standardKernel)
    depth += 1
    try check(kernel)
    layers.append(
      TrainableLayer("conv\(depth)", draw.convolution(kernels, outputs: outputs, inputs: channels, kernel: kernel)))
    (channels, height, width) = (outputs, height - kernel + 1, width - kernel + 1)
    if let normalization {
      let count = normalization == .channel ? channels : channels * height * width
      layers.append(TrainableLayer("bn\(depth)", .batchNormalization(.start(normalization, count: count))))
    }
    let deviation = options.noise ?? noise
    if deviation > 0 { layers.append(TrainableLayer("noise\(depth)", .gaussianNoise(standardDeviation: deviation))) }
    layers.append(TrainableLayer(ArchitectureBuilder.name(of: activation) + "\(depth)", .activation(activation)))
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

  private static func name(of activation: Activation) -> String {
    if case .elu = activation { return "elu" }
    return "relu"
  }

  /// Adds the read-out of every cell.
  mutating func readout(_ form: ArchitectureOptions.ReadoutForm?, bias hasBias: Bool) {
    let form = form ?? .dense
    if form == .dense, depth > 0 { layers.append(TrainableLayer("flatten", .flatten)) }
    let shape = (channels, height, width)
    layers.append(TrainableLayer("dense", draw.readout(form, of: shape, bias: hasBias, options)))
  }

  /// Adds batch normalisation of the cells' drives, whose shift starts from the mean responses.
  mutating func normalizeCells() {
    var normalization = BatchNormalization.start(.unit, count: options.cells)
    normalization.shift = options.startingBias
    layers.append(TrainableLayer("bn\(depth + 1)", .batchNormalization(normalization)))
  }

  /// Adds a convolution of one channel per cell, read at the cells' centres.
  mutating func cellConvolution(kernel standard: Int) throws(ModelError) {
    let kernel = choice(options.kernels, standard)
    depth += 1
    try check(kernel)
    let weight = draw.weights(Shape(options.cells, channels, kernel, kernel), gain: 0.1)
    layers.append(TrainableLayer("conv\(depth)", .convolution(Convolution(weight: weight, bias: options.startingBias))))
    (channels, height, width) = (options.cells, height - kernel + 1, width - kernel + 1)
    layers.append(TrainableLayer("cells", .readout(options.centreReadout(height: height, width: width))))
  }
}

extension BatchNormalization {
  /// One that changes nothing yet.
  static func start(_ axis: Axis, count: Int) -> BatchNormalization {
    BatchNormalization(
      axis: axis, scale: [Float](repeating: 1, count: count), shift: [Float](repeating: 0, count: count),
      mean: [Float](repeating: 0, count: count), variance: [Float](repeating: 1, count: count), epsilon: 1e-3)
  }
}
