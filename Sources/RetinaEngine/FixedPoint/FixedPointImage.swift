import RetinaKernels
import RetinaModel

/// A model in integers, compiled for a board; whatever its bytes hold, no sum overflows.
public struct FixedPointImage: ModelImage, @unchecked Sendable {
  /// The image at work.
  public typealias Runner = FixedPointRunner

  /// The first byte, aligned to 64 bytes.
  public let base: UnsafeRawPointer
  /// Bytes of the image.
  public let count: Int

  /// Takes bytes that ``init(_:count:)`` has found to be right, and that have not changed since.
  public init(checked base: UnsafeRawPointer, count: Int) {
    self.base = base
    self.count = count
  }

  /// What the integers of the input stand for.
  public var input: FixedPointQuantization {
    FixedPointQuantization(
      type: FixedPointType(rawValue: Int(description(ImageLayout.Description.inputType))) ?? .int8,
      scale: Float(bitPattern: description(ImageLayout.Description.inputScale)),
      zeroPoint: Int32(bitPattern: description(ImageLayout.Description.inputZeroPoint)))
  }

  /// What the integers of a layer's output stand for.
  public func output(_ layer: Int) -> FixedPointQuantization {
    FixedPointQuantization(
      type: FixedPointType(rawValue: layerNumber(layer, ImageLayout.Layer.type)) ?? .int8,
      scale: Float(bitPattern: layerWord(layer, ImageLayout.Layer.scale)),
      zeroPoint: Int32(bitPattern: layerWord(layer, ImageLayout.Layer.zeroPoint)))
  }

  /// Bytes of a value of the input.
  public var inputValueBytes: Int { input.type.bytes }

  /// Bytes of a value of a layer's output.
  public func outputValueBytes(_ layer: Int) -> Int { output(layer).type.bytes }

  /// A layer of the image.
  public func layer(_ layer: Int) -> FixedPointLayer {
    FixedPointLayer(
      operation: operation(layer), inputCount: layer == 0 ? inputCount : outputCount(layer - 1),
      outputCount: outputCount(layer), input: layer == 0 ? input : output(layer - 1), output: output(layer),
      minimum: Int32(bitPattern: layerWord(layer, ImageLayout.Layer.minimum)),
      maximum: Int32(bitPattern: layerWord(layer, ImageLayout.Layer.maximum)), place: place(layer))
  }

  private func operation(_ layer: Int) -> FixedPointLayer.Operation {
    switch ImageLayout.Kind(rawValue: layerWord(layer, ImageLayout.Layer.kind)) {
    case .maximumPool: return .maximumPool(window(layer), channels: layerNumber(layer, ImageLayout.Layer.inputs))
    case .averagePool: return .averagePool(window(layer), channels: layerNumber(layer, ImageLayout.Layer.inputs))
    case .table:
      return .table(payload(layerWord(layer, ImageLayout.Layer.table)).assumingMemoryBound(to: Int16.self))
    case .gather:
      return .gather(payload(layerWord(layer, ImageLayout.Layer.table)).assumingMemoryBound(to: Int32.self))
    default: return .convolution(geometry(layer), parameters(layer))
    }
  }

  func geometry(_ layer: Int) -> FixedPointConvolutionGeometry {
    FixedPointConvolutionGeometry(
      window: window(layer), inputs: layerNumber(layer, ImageLayout.Layer.inputs),
      outputs: layerNumber(layer, ImageLayout.Layer.outputs), groups: layerNumber(layer, ImageLayout.Layer.groups))
  }

  func parameters(_ layer: Int) -> FixedPointConvolutionParameters {
    let type = FixedPointType(rawValue: layerNumber(layer, ImageLayout.Layer.weightType)) ?? .int8
    return FixedPointConvolutionParameters(
      weight: FixedPointValues(type, payload(layerWord(layer, ImageLayout.Layer.weights))),
      bias: payload(layerWord(layer, ImageLayout.Layer.bias)).assumingMemoryBound(to: Int64.self),
      multipliers: payload(layerWord(layer, ImageLayout.Layer.multipliers))
        .assumingMemoryBound(to: FixedPointMultiplier.self),
      rounding: FixedPointRounding(rawValue: layerNumber(layer, ImageLayout.Layer.rounding)) ?? .double)
  }

  /// Multiply-adds of one input.
  public var multiplyAdds: Int {
    var sum = 0
    for index in 0..<layerCount { sum += layer(index).multiplyAdds }
    return sum
  }
}
