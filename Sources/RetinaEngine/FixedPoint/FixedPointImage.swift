import RetinaKernels
import RetinaModel

/// A model compiled for a board: a view of the bytes of a `.retina` file, used where they lie.
///
/// The bytes are checked when the view is made (``init(_:count:)``): whatever they hold, nothing that is read later lies outside them, no
/// sum overflows, and every number is in its range. The bytes must outlive the view and never change.
public struct FixedPointImage: @unchecked Sendable {
  /// The first byte, aligned to 64 bytes.
  let base: UnsafeRawPointer
  /// Bytes of the image.
  public let count: Int

  /// Takes bytes that ``init(_:count:)`` has found to be right, and that have not changed since.
  public init(checked base: UnsafeRawPointer, count: Int) {
    self.base = base
    self.count = count
  }

  // MARK: - Numbers

  func word(_ place: Int) -> UInt32 { base.load(fromByteOffset: place, as: UInt32.self) }

  private func header(_ index: Int) -> Int { Int(word(4 * index)) }

  /// Place and length of a section.
  func section(_ section: ImageLayout.Section) -> (start: Int, bytes: Int) {
    let entry = ImageLayout.Header.words + ImageLayout.Section.words * section.rawValue
    return (header(entry + 1), header(entry + 2))
  }

  private func description(_ index: Int) -> UInt32 { word(section(.description).start + 4 * index) }

  private func payload(_ place: UInt32) -> UnsafeRawPointer { base + section(.payload).start + Int(place) }

  // MARK: - What the image says

  /// Bytes that a runner works in; their contents mean nothing between inputs.
  public var arenaBytes: Int { header(ImageLayout.Header.arenaBytes) }
  /// Bytes that a stream carries from frame to frame; 0 for a model that does not look at movies.
  public var stateBytes: Int { header(ImageLayout.Header.stateBytes) }
  /// Number of steps.
  public var layerCount: Int { header(ImageLayout.Header.layers) }
  /// A number that tells images apart: the checksum over header and sections' checksums.
  public var checksum: UInt32 { word(4 * ImageLayout.Header.checksum) }

  /// Number of axes of an input.
  public var inputRank: Int { Int(description(ImageLayout.Description.rank)) }

  /// Extent of an input along an axis.
  public func inputExtent(_ axis: Int) -> Int { Int(description(ImageLayout.Description.extents + axis)) }

  /// Values of one input.
  public var inputCount: Int {
    var count = 1
    for axis in 0..<inputRank { count *= inputExtent(axis) }
    return count
  }

  /// Frames that a rate depends on; nothing for a model that does not look at movies.
  public var history: Int? { inputRank == 3 ? inputExtent(0) : nil }
  /// Values of one frame; of one input when the model does not look at movies.
  public var frameCount: Int { inputRank == 3 ? inputExtent(1) * inputExtent(2) : inputCount }

  /// Frames between the newest frame of a window and the rate it gives.
  public var lag: Int { Int(description(ImageLayout.Description.lag)) }

  /// Frames per second, if known.
  public var frameRate: Double? {
    let place = ImageLayout.Description.frameRate
    let rate = Double(bitPattern: UInt64(description(place)) | UInt64(description(place + 1)) << 32)
    return rate > 0 ? rate : nil
  }

  /// What the integers of the input stand for.
  public var input: FixedPointQuantization {
    FixedPointQuantization(
      type: FixedPointType(rawValue: Int(description(ImageLayout.Description.inputType))) ?? .int8,
      scale: Float(bitPattern: description(ImageLayout.Description.inputScale)),
      zeroPoint: Int32(bitPattern: description(ImageLayout.Description.inputZeroPoint)))
  }

  /// Means and deviations of the normalisation: none, one for all pixels, or one per value of a frame.
  var normalization: (count: Int, mean: UnsafePointer<Float>, deviation: UnsafePointer<Float>) {
    (
      Int(description(ImageLayout.Description.normalizationCount)),
      payload(description(ImageLayout.Description.mean)).assumingMemoryBound(to: Float.self),
      payload(description(ImageLayout.Description.deviation)).assumingMemoryBound(to: Float.self)
    )
  }

  /// One input in integers, and what must come out of every step.
  var golden: (input: UnsafeRawPointer, checksums: UnsafePointer<UInt32>) {
    let start = section(.golden).start
    return (
      base + start + ImageLayout.aligned(4 * layerCount), (base + start).assumingMemoryBound(to: UInt32.self)
    )
  }

  // MARK: - Layers

  private func layerWord(_ layer: Int, _ index: Int) -> UInt32 {
    word(section(.layers).start + 4 * (layer * ImageLayout.Layer.words + index))
  }

  private func layerNumber(_ layer: Int, _ index: Int) -> Int { Int(Int32(bitPattern: layerWord(layer, index))) }

  /// What the integers of a layer's output stand for.
  public func output(_ layer: Int) -> FixedPointQuantization {
    FixedPointQuantization(
      type: FixedPointType(rawValue: layerNumber(layer, ImageLayout.Layer.type)) ?? .int8,
      scale: Float(bitPattern: layerWord(layer, ImageLayout.Layer.scale)),
      zeroPoint: Int32(bitPattern: layerWord(layer, ImageLayout.Layer.zeroPoint)))
  }

  /// Number of axes of a layer's output.
  public func outputRank(_ layer: Int) -> Int { layerNumber(layer, ImageLayout.Layer.rank) }

  /// Extent of a layer's output along an axis.
  public func outputExtent(_ layer: Int, _ axis: Int) -> Int {
    layerNumber(layer, ImageLayout.Layer.extents + axis)
  }

  /// Values of a layer's output.
  public func outputCount(_ layer: Int) -> Int {
    var count = 1
    for axis in 0..<outputRank(layer) { count *= outputExtent(layer, axis) }
    return count
  }

  /// Place of a layer's output in the arena, in bytes; of the working memory for the layer after the last.
  ///
  /// The outputs of all layers have places of their own, so that any of them can be read after a run.
  func place(_ layer: Int) -> Int {
    var place = windowBytes
    for earlier in 0..<layer {
      place += ImageLayout.aligned(outputCount(earlier) * output(earlier).type.bytes)
    }
    return place
  }

  /// Bytes for the frames of a window in order, at the start of the arena; 0 when the first layer can read them out of order,
  /// because it is a convolution with a channel per frame.
  var windowBytes: Int {
    guard let history else { return 0 }
    let readsRing =
      layerNumber(0, ImageLayout.Layer.kind) == Int(ImageLayout.Kind.convolution.rawValue)
      && layerNumber(0, ImageLayout.Layer.inputs) == history
    return readsRing ? 0 : ImageLayout.aligned(inputCount * input.type.bytes)
  }

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
    case .convolution, nil: return .convolution(geometry(layer), parameters(layer))
    }
  }

  func window(_ layer: Int) -> FixedPointWindow {
    func number(_ index: Int) -> Int { layerNumber(layer, ImageLayout.Layer.window + index) }
    return FixedPointWindow(
      inputHeight: number(0), inputWidth: number(1), outputHeight: number(2), outputWidth: number(3),
      kernelHeight: number(4), kernelWidth: number(5), strideVertical: number(6), strideHorizontal: number(7),
      paddingTop: number(8), paddingLeft: number(9), dilationVertical: number(10), dilationHorizontal: number(11))
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

  // MARK: - Names

  /// The bytes of the model's name, in UTF-8.
  public var nameBytes: UnsafeRawBufferPointer {
    text(description(ImageLayout.Description.name), description(ImageLayout.Description.nameBytes))
  }

  /// The names of the layers of the float model that a layer stands for, in UTF-8, with line feeds between them.
  public func layerNameBytes(_ layer: Int) -> UnsafeRawBufferPointer {
    text(layerWord(layer, ImageLayout.Layer.names), layerWord(layer, ImageLayout.Layer.nameBytes))
  }

  private func text(_ place: UInt32, _ bytes: UInt32) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base + section(.names).start + Int(place), count: Int(bytes))
  }
}
