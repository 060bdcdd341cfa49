import RetinaKernels
import RetinaModel

extension FixedPointModel {
  /// The bytes of the model's image; the same model always gives the same bytes.
  ///
  /// The golden input is run once, and what came out of every layer is kept beside it as checksums.
  ///
  /// - Throws: ``ImageError`` when the numbers of the model do not fit an image, see ``FixedPointImage``.
  public func image() throws(ImageError) -> [UInt8] {
    var writer = FixedPointImageWriter(self)
    return try writer.image()
  }
}

/// Turns the layers of a model in integers into the words of an image.
private struct FixedPointImageWriter {
  private let model: FixedPointModel
  private var assembler = ImageAssembler<FixedPointImage>()

  init(_ model: FixedPointModel) { self.model = model }

  mutating func image() throws(ImageError) -> [UInt8] {
    let description = describe()
    var layers: [[UInt32]] = []
    for layer in model.layers { layers.append(words(of: layer)) }
    return try assembler.image(
      description: description, layers: layers, golden: values(model.golden, model.input.type)
    ) { image in
      var scratch = 0
      for layer in 0..<image.layerCount { scratch = max(scratch, image.layer(layer).scratchBytes) }
      return image.place(image.layerCount) + scratch
    }
  }

  private mutating func describe() -> [UInt32] {
    typealias Place = ImageLayout.Description
    var words = assembler.description(
      name: model.name, inputShape: model.inputShape, lag: model.lag, frameRate: model.frameRate,
      normalization: model.normalization)
    words[Place.inputType] = UInt32(model.input.type.rawValue)
    words[Place.inputScale] = model.input.scale.bitPattern
    words[Place.inputZeroPoint] = UInt32(bitPattern: model.input.zeroPoint)
    return words
  }

  private mutating func words(of layer: FixedPointModel.Layer) -> [UInt32] {
    typealias Place = ImageLayout.Layer
    var words = assembler.layer(shape: layer.shape, names: layer.names)
    words[Place.type] = UInt32(layer.output.type.rawValue)
    words[Place.scale] = layer.output.scale.bitPattern
    words[Place.zeroPoint] = UInt32(bitPattern: layer.output.zeroPoint)
    words[Place.minimum] = UInt32(bitPattern: layer.minimum)
    words[Place.maximum] = UInt32(bitPattern: layer.maximum)
    let kind: ImageLayout.Kind
    switch layer.operation {
    case .convolution(let convolution):
      kind = .convolution
      words[Place.inputs] = UInt32(convolution.geometry.inputs)
      words[Place.outputs] = UInt32(convolution.geometry.outputs)
      words[Place.groups] = UInt32(convolution.geometry.groups)
      assembler.set(convolution.geometry.window, &words)
      words[Place.weightType] = UInt32(convolution.weightType.rawValue)
      words[Place.rounding] = UInt32(convolution.rounding.rawValue)
      words[Place.weights] = assembler.store(values(convolution.weight.map { Int32($0) }, convolution.weightType))
      let halves = convolution.bias.flatMap { [UInt32(truncatingIfNeeded: $0), UInt32(truncatingIfNeeded: $0 >> 32)] }
      words[Place.bias] = assembler.store(words: halves)
      let factors = convolution.multipliers.flatMap {
        [UInt32(bitPattern: $0.multiplier), UInt32(bitPattern: $0.shift)]
      }
      words[Place.multipliers] = assembler.store(words: factors)
    case .maximumPool(let window, let channels):
      kind = .maximumPool
      words[Place.inputs] = UInt32(channels)
      assembler.set(window, &words)
    case .averagePool(let window, let channels):
      kind = .averagePool
      words[Place.inputs] = UInt32(channels)
      assembler.set(window, &words)
    case .table(let table):
      kind = .table
      words[Place.table] = assembler.store(values(table.map { Int32($0) }, .int16))
    case .gather(let indices):
      kind = .gather
      words[Place.table] = assembler.store(words: indices.map { UInt32(bitPattern: $0) })
    }
    words[Place.kind] = kind.rawValue
    return words
  }

  private func values(_ values: [Int32], _ type: FixedPointType) -> [UInt8] {
    var bytes: [UInt8] = []
    for value in values {
      bytes.append(UInt8(truncatingIfNeeded: value))
      if type == .int16 { bytes.append(UInt8(truncatingIfNeeded: value >> 8)) }
    }
    return bytes
  }
}
