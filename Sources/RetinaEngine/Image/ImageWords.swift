import RetinaKernels

/// What the words of an image say, whatever its numbers are.
public protocol ImageWords: Sendable {
  /// The first byte, aligned to 64 bytes.
  var base: UnsafeRawPointer { get }
  /// Bytes of the image.
  var count: Int { get }
}

/// Where the words lie.
extension ImageWords {
  func word(_ place: Int) -> UInt32 { base.load(fromByteOffset: place, as: UInt32.self) }

  func header(_ index: Int) -> Int { Int(word(4 * index)) }

  /// Place and length of a section.
  func section(_ section: ImageLayout.Section) -> (start: Int, bytes: Int) {
    let entry = ImageLayout.Header.words + ImageLayout.Section.words * section.rawValue
    return (header(entry + 1), header(entry + 2))
  }

  func description(_ index: Int) -> UInt32 { word(section(.description).start + 4 * index) }

  func payload(_ place: UInt32) -> UnsafeRawPointer { base + section(.payload).start + Int(place) }

  func layerWord(_ layer: Int, _ index: Int) -> UInt32 {
    word(section(.layers).start + 4 * (layer * ImageLayout.Layer.words + index))
  }

  func layerNumber(_ layer: Int, _ index: Int) -> Int { Int(Int32(bitPattern: layerWord(layer, index))) }
}

/// What an image says of the whole model.
extension ImageWords {
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

  /// Means and deviations of the normalisation: none, one for all pixels, or one per value of a frame.
  var normalization: (count: Int, mean: UnsafePointer<Float>, deviation: UnsafePointer<Float>) {
    (
      Int(description(ImageLayout.Description.normalizationCount)),
      payload(description(ImageLayout.Description.mean)).assumingMemoryBound(to: Float.self),
      payload(description(ImageLayout.Description.deviation)).assumingMemoryBound(to: Float.self)
    )
  }

  /// One input as the first layer sees it, and the checksums of what must come out of every step.
  var golden: (input: UnsafeRawPointer, checksums: UnsafePointer<UInt32>) {
    let start = section(.golden).start
    return (
      base + start + ImageLayout.aligned(4 * layerCount), (base + start).assumingMemoryBound(to: UInt32.self)
    )
  }

  /// The bytes of the model's name, in UTF-8.
  public var nameBytes: UnsafeRawBufferPointer {
    text(description(ImageLayout.Description.name), description(ImageLayout.Description.nameBytes))
  }

  private func text(_ place: UInt32, _ bytes: UInt32) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base + section(.names).start + Int(place), count: Int(bytes))
  }
}

/// What an image says of a layer.
extension ImageWords {
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

  /// Channels of a layer; a layer without axes for space has as many as units.
  public func channels(_ layer: Int) -> Int { outputRank(layer) == 3 ? outputExtent(layer, 0) : outputCount(layer) }

  /// The names of the layers of the float model that a layer stands for, in UTF-8, with line feeds between them.
  public func layerNameBytes(_ layer: Int) -> UnsafeRawBufferPointer {
    text(layerWord(layer, ImageLayout.Layer.names), layerWord(layer, ImageLayout.Layer.nameBytes))
  }
}

/// The windows of convolutions and pools.
extension ImageWords {
  func window(_ layer: Int) -> FixedPointWindow {
    func number(_ index: Int) -> Int { layerNumber(layer, ImageLayout.Layer.window + index) }
    return FixedPointWindow(
      inputHeight: number(0), inputWidth: number(1), outputHeight: number(2), outputWidth: number(3),
      kernelHeight: number(4), kernelWidth: number(5), strideVertical: number(6), strideHorizontal: number(7),
      paddingTop: number(8), paddingLeft: number(9), dilationVertical: number(10), dilationHorizontal: number(11))
  }
}
