import RetinaModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How the kernels of a convolution are made.
enum KernelForm {
  /// Freely.
  case plain
  /// As linear 3 x 3 convolutions one after another.
  case stack
  /// As sums of two products of a time course and a map.
  case separable
}

extension WeightDraw {
  /// A convolution with square kernels and biases of 0.
  mutating func convolution(_ form: KernelForm, outputs: Int, inputs: Int, kernel: Int) -> Operation {
    let bias = [Float](repeating: 0, count: outputs)
    switch form {
    case .plain:
      return .convolution(Convolution(weight: weights(Shape(outputs, inputs, kernel, kernel)), bias: bias))
    case .stack:
      // 3 x 3 each, and one smaller where the size is even; nothing between them, so that the variance is kept by a gain of 1.
      let sizes = [Int](repeating: 3, count: (kernel - 1) / 2) + (kernel % 2 == 0 ? [2] : [])
      var parts: [Tensor] = []
      for (index, size) in (sizes.isEmpty ? [1] : sizes).enumerated() {
        parts.append(weights(Shape(outputs, index == 0 ? inputs : outputs, size, size), gain: 1))
      }
      return .convolutionStack(ConvolutionStack(weights: parts, bias: bias))
    case .separable:
      let rank = 2
      return .separableConvolution(
        SeparableConvolution(
          temporal: normal(Shape(outputs, rank, inputs), deviation: (2 / Double(rank * inputs)).squareRoot()),
          spatial: normal(Shape(outputs, rank, kernel, kernel), deviation: 1 / Double(kernel)), bias: bias))
    }
  }

  /// The read-out of every cell from features of a shape; a factored one always has a bias.
  mutating func readout(
    _ form: ArchitectureOptions.ReadoutForm, of shape: (channels: Int, height: Int, width: Int), bias hasBias: Bool,
    _ options: ArchitectureOptions
  ) -> TrainableLayer.Kind {
    let (cells, (channels, height, width)) = (options.cells, shape)
    func features() -> [Float] {
      normal(Shape(cells, channels), deviation: 0.1 / Double(channels).squareRoot()).values.map {
        $0 + 1 / Float(channels)
      }
    }
    switch form {
    case .gaussian:
      return .gaussianReadout(
        GaussianReadout(
          channels: channels, height: height, width: width, centres: options.centres(height: height, width: width),
          logSigmas: options.logSigmas, features: features(),
          bias: options.startingBias))
    case .factorized:
      return .factorizedReadout(
        FactorizedReadout(
          channels: channels, height: height, width: width,
          masks: [Float](repeating: 1 / Float(height * width), count: cells * height * width), features: features(),
          bias: options.startingBias))
    case .dense:
      return .layer(
        .dense(
          Dense(
            weight: weights(Shape(cells, channels * height * width), gain: 0.1),
            bias: hasBias ? options.startingBias : nil)))
    }
  }
}

extension ArchitectureOptions {
  /// The cells' centres `(column, row)` in units of a feature map.
  func centres(height: Int, width: Int) -> [Float] {
    guard let centres else { return (0..<cells).flatMap { _ in [Float(width - 1) / 2, Float(height - 1) / 2] } }
    let (rows, columns) =
      grid ?? (MapGrid(units: height, pixels: self.height), MapGrid(units: width, pixels: self.width))
    return centres.flatMap { [Float(columns.place(of: $0.column)), Float(rows.place(of: $0.row))] }
  }

  /// Logarithms of two pixels of the frame `(column, row)` for each cell, in units of a feature map.
  var logSigmas: [Float] {
    let deviations = [grid?.columns.step ?? 1, grid?.rows.step ?? 1].map { Float(log(2 / $0)) }
    return (0..<cells).flatMap { _ in deviations }
  }

  /// Each cell reads a channel of its own at its centre.
  func centreReadout(height: Int, width: Int) -> Readout {
    let places = centres(height: height, width: width)
    return Readout(
      positions: (0..<cells).map { cell in
        Readout.Position(
          channel: cell, row: min(height - 1, max(0, Int(places[2 * cell + 1].rounded()))),
          column: min(width - 1, max(0, Int(places[2 * cell].rounded()))))
      })
  }

  /// The biases with which a softplus of nothing gives the mean responses.
  var startingBias: [Float] {
    let means = meanResponses ?? [Float](repeating: 0.1, count: cells)
    return means.map { Float(log(expm1(Double(max($0, 1e-4))))) }
  }
}
