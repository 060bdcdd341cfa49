import RetinaKernels

/// A model in float32, compiled for a board: the steps of a ``Program`` and their numbers, used where they lie.
///
/// Steps run by their definition, so that the results are the same to the bit on every processor.
public struct FloatImage: ModelImage, @unchecked Sendable {
  /// The image at work.
  public typealias Runner = FloatRunner

  /// The first byte, aligned to 64 bytes.
  public let base: UnsafeRawPointer
  /// Bytes of the image.
  public let count: Int

  /// Takes bytes that ``init(_:count:)`` has found to be right, and that have not changed since.
  public init(checked base: UnsafeRawPointer, count: Int) {
    self.base = base
    self.count = count
  }

  /// Whether bytes that begin as an image does are one in float32.
  public static func describes(_ base: UnsafeRawPointer, count: Int) -> Bool {
    let place = 4 * ImageLayout.Header.precision
    return count >= place + 4
      && base.loadUnaligned(fromByteOffset: place, as: UInt32.self) == UInt32(FloatImage.precision)
  }

  /// The precision that the header names.
  static let precision = 32

  /// Bytes of a value of the input.
  public var inputValueBytes: Int { MemoryLayout<Float>.size }

  /// Bytes of a value of a layer's output.
  public func outputValueBytes(_ layer: Int) -> Int { MemoryLayout<Float>.size }

  /// What the steps point into.
  public var parameters: StepParameters {
    let start = payload(0)
    return StepParameters(
      floats: start.assumingMemoryBound(to: Float.self), indices: start.assumingMemoryBound(to: Int32.self))
  }

  /// Values of a layer's input.
  public func layerInputCount(_ layer: Int) -> Int { layer == 0 ? inputCount : outputCount(layer - 1) }

  /// A layer of the image.
  public func step(_ layer: Int) -> Step {
    func number(_ index: Int) -> Int { layerNumber(layer, index) }
    /// A place in bytes as a place in words of 32 bits.
    func place(_ index: Int) -> Int { number(index) / 4 }
    let count = outputCount(layer)
    let kind: Step.Kind
    switch ImageLayout.Kind(rawValue: layerWord(layer, ImageLayout.Layer.kind)) {
    case .convolution:
      kind = .convolution(
        convolutionGeometry(layer), weight: place(ImageLayout.Layer.weights), bias: place(ImageLayout.Layer.bias))
    case .dense:
      kind = .dense(
        inputs: number(ImageLayout.Layer.inputs), outputs: count, weight: place(ImageLayout.Layer.weights),
        bias: place(ImageLayout.Layer.bias))
    case .affine:
      kind = .affine(
        count: count, run: count / number(ImageLayout.Layer.inputs), scale: place(ImageLayout.Layer.weights),
        shift: place(ImageLayout.Layer.bias))
    case .maximumPool: kind = .maximumPool(poolGeometry(layer))
    case .averagePool: kind = .averagePool(poolGeometry(layer))
    case .gather:
      kind = .gather(inputs: layerInputCount(layer), count: count, indices: place(ImageLayout.Layer.table))
    case .parametricSoftplus:
      kind = .parametricSoftplus(
        count: count, alpha: place(ImageLayout.Layer.weights), alphaPerUnit: number(ImageLayout.Layer.inputs) > 1,
        beta: place(ImageLayout.Layer.bias), betaPerUnit: number(ImageLayout.Layer.outputs) > 1)
    case .divisiveNormalization: kind = .divisiveNormalization(count: count)
    case .function, .table, nil:
      kind = .activation(activation(layer), count: count)
    }
    return Step(kind: kind, layer: layer)
  }

  private func activation(_ layer: Int) -> ActivationKind {
    switch ImageLayout.Function(rawValue: layerWord(layer, ImageLayout.Layer.function)) {
    case .relu, nil: return .relu
    case .softplus: return .softplus
    case .sigmoid: return .sigmoid
    case .tanh: return .tanh
    case .elu: return .elu(alpha: Float(bitPattern: layerWord(layer, ImageLayout.Layer.scale)))
    case .exponential: return .exponential
    }
  }

  func convolutionGeometry(_ layer: Int) -> ConvolutionGeometry {
    let window = window(layer)
    return ConvolutionGeometry(
      inputs: layerNumber(layer, ImageLayout.Layer.inputs), outputs: layerNumber(layer, ImageLayout.Layer.outputs),
      inputHeight: window.inputHeight, inputWidth: window.inputWidth, kernelHeight: window.kernelHeight,
      kernelWidth: window.kernelWidth, strideVertical: window.strideVertical,
      strideHorizontal: window.strideHorizontal, paddingVertical: window.paddingTop,
      paddingHorizontal: window.paddingLeft, dilationVertical: window.dilationVertical,
      dilationHorizontal: window.dilationHorizontal, groups: layerNumber(layer, ImageLayout.Layer.groups))
  }

  private func poolGeometry(_ layer: Int) -> PoolGeometry {
    let window = window(layer)
    return PoolGeometry(
      channels: layerNumber(layer, ImageLayout.Layer.inputs), inputHeight: window.inputHeight,
      inputWidth: window.inputWidth, kernelHeight: window.kernelHeight, kernelWidth: window.kernelWidth,
      strideVertical: window.strideVertical, strideHorizontal: window.strideHorizontal)
  }

  /// Multiply-adds of one input.
  public var multiplyAdds: Int {
    var sum = 0
    for layer in 0..<layerCount { sum += step(layer).multiplyAdds }
    return sum
  }

  /// How many of the first layers are affine: along a straight path of stimuli their outputs lie on straight lines.
  public var straightLayers: Int {
    var count = 0
    while count < layerCount, step(count).isAffine { count += 1 }
    return count
  }

  /// What the last of the straight layers gives for a stimulus of zeros; nothing when there is no straight layer.
  public var resting: UnsafePointer<Float>? {
    straightLayers == 0
      ? nil : payload(UInt32(header(ImageLayout.Header.rest))).assumingMemoryBound(to: Float.self)
  }
}
