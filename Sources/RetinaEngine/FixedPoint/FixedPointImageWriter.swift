import RetinaKernels
import RetinaModel

extension FixedPointModel {
  /// The bytes of the model's image; the same model always gives the same bytes.
  ///
  /// The golden input is run once, and what came out of every layer is kept beside it as checksums.
  ///
  /// - Throws: ``FixedPointImageError`` when the numbers of the model do not fit an image, see ``FixedPointImage``.
  public func image() throws(FixedPointImageError) -> [UInt8] {
    var writer = FixedPointImageWriter(self)
    return try writer.image()
  }
}

/// Lays out an image section by section.
private struct FixedPointImageWriter {
  private let model: FixedPointModel
  private var names: [UInt8] = []
  private var payload: [UInt8] = []

  init(_ model: FixedPointModel) { self.model = model }

  mutating func image() throws(FixedPointImageError) -> [UInt8] {
    let description = describe()
    var layers: [UInt8] = []
    for layer in model.layers { layers += words(of: layer) }
    let checksums = [UInt8](repeating: 0, count: ImageLayout.aligned(4 * model.layers.count))
    let golden = checksums + values(model.golden, model.input.type)
    var bytes = assemble([description, layers, names, payload, golden])
    guard bytes.count <= ImageLayout.maximumBytes else {
      throw FixedPointImageError(byte: 0, expected: "an image of at most 1 GiB", found: bytes.count)
    }
    setSizes(&bytes)
    seal(&bytes)
    // What comes out of the golden input is known when it has been run by the image itself.
    let stream = FixedPointStream(try FixedPointProgram(bytes))
    stream.withRunner { $0.run($0.image.golden.input) }
    let start = stream.program.image.section(.golden).start
    for layer in model.layers.indices { set(&bytes, start + 4 * layer, stream.checksum(layer)) }
    seal(&bytes)
    return bytes
  }

  // MARK: - Sections

  private mutating func describe() -> [UInt8] {
    typealias Place = ImageLayout.Description
    var words = [UInt32](repeating: 0, count: Place.words)
    setShape(model.inputShape, &words, Place.rank, Place.extents)
    words[Place.lag] = UInt32(truncatingIfNeeded: model.lag)
    let rate = (model.frameRate ?? 0).bitPattern
    words[Place.frameRate] = UInt32(truncatingIfNeeded: rate)
    words[Place.frameRate + 1] = UInt32(truncatingIfNeeded: rate >> 32)
    words[Place.inputType] = UInt32(model.input.type.rawValue)
    words[Place.inputScale] = model.input.scale.bitPattern
    words[Place.inputZeroPoint] = UInt32(bitPattern: model.input.zeroPoint)
    let (mean, deviation): ([Float], [Float])
    switch model.normalization {
    case .none: (mean, deviation) = ([], [])
    case .scalar(let value, let spread): (mean, deviation) = ([value], [spread])
    case .perPixel(let values, let spread): (mean, deviation) = (values.values, spread.values)
    }
    words[Place.normalizationCount] = UInt32(mean.count)
    words[Place.mean] = store(bytes(mean.map { $0.bitPattern }))
    words[Place.deviation] = store(bytes(deviation.map { $0.bitPattern }))
    (words[Place.name], words[Place.nameBytes]) = store(name: model.name)
    return bytes(words)
  }

  private mutating func words(of layer: FixedPointModel.Layer) -> [UInt8] {
    typealias Place = ImageLayout.Layer
    var words = [UInt32](repeating: 0, count: Place.words)
    words[Place.type] = UInt32(layer.output.type.rawValue)
    words[Place.scale] = layer.output.scale.bitPattern
    words[Place.zeroPoint] = UInt32(bitPattern: layer.output.zeroPoint)
    words[Place.minimum] = UInt32(bitPattern: layer.minimum)
    words[Place.maximum] = UInt32(bitPattern: layer.maximum)
    setShape(layer.shape, &words, Place.rank, Place.extents)
    var joined = ""
    for name in layer.names { joined += joined.isEmpty ? name : "\n" + name }
    (words[Place.names], words[Place.nameBytes]) = store(name: joined)
    let kind: ImageLayout.Kind
    switch layer.operation {
    case .convolution(let convolution):
      kind = .convolution
      words[Place.inputs] = UInt32(convolution.geometry.inputs)
      words[Place.outputs] = UInt32(convolution.geometry.outputs)
      words[Place.groups] = UInt32(convolution.geometry.groups)
      setWindow(convolution.geometry.window, &words)
      words[Place.weightType] = UInt32(convolution.weightType.rawValue)
      words[Place.rounding] = UInt32(convolution.rounding.rawValue)
      words[Place.weights] = store(values(convolution.weight.map { Int32($0) }, convolution.weightType))
      let halves = convolution.bias.flatMap { [UInt32(truncatingIfNeeded: $0), UInt32(truncatingIfNeeded: $0 >> 32)] }
      words[Place.bias] = store(bytes(halves))
      let factors = convolution.multipliers.flatMap {
        [UInt32(bitPattern: $0.multiplier), UInt32(bitPattern: $0.shift)]
      }
      words[Place.multipliers] = store(bytes(factors))
    case .maximumPool(let window, let channels):
      kind = .maximumPool
      words[Place.inputs] = UInt32(channels)
      setWindow(window, &words)
    case .averagePool(let window, let channels):
      kind = .averagePool
      words[Place.inputs] = UInt32(channels)
      setWindow(window, &words)
    case .table(let table):
      kind = .table
      words[Place.table] = store(values(table.map { Int32($0) }, .int16))
    case .gather(let indices):
      kind = .gather
      words[Place.table] = store(bytes(indices.map { UInt32(bitPattern: $0) }))
    }
    words[Place.kind] = kind.rawValue
    return bytes(words)
  }

  private func setShape(_ shape: Shape, _ words: inout [UInt32], _ rank: Int, _ extents: Int) {
    words[rank] = UInt32(shape.rank)
    for axis in 0..<min(shape.rank, ImageLayout.maximumRank) {
      words[extents + axis] = UInt32(truncatingIfNeeded: shape[axis])
    }
  }

  private func setWindow(_ window: FixedPointWindow, _ words: inout [UInt32]) {
    let numbers = [
      window.inputHeight, window.inputWidth, window.outputHeight, window.outputWidth, window.kernelHeight,
      window.kernelWidth, window.strideVertical, window.strideHorizontal, window.paddingTop, window.paddingLeft,
      window.dilationVertical, window.dilationHorizontal,
    ]
    for (index, number) in numbers.enumerated() {
      words[ImageLayout.Layer.window + index] = UInt32(truncatingIfNeeded: number)
    }
  }

  /// Adds an array to the payload; gives its place.
  private mutating func store(_ bytes: [UInt8]) -> UInt32 {
    payload += [UInt8](repeating: 0, count: ImageLayout.aligned(payload.count) - payload.count)
    let place = payload.count
    payload += bytes
    return UInt32(truncatingIfNeeded: place)
  }

  private mutating func store(name: String) -> (place: UInt32, bytes: UInt32) {
    let place = names.count
    names += Array(name.utf8)
    return (UInt32(truncatingIfNeeded: place), UInt32(truncatingIfNeeded: names.count - place))
  }

  // MARK: - Bytes

  private func bytes(_ words: [UInt32]) -> [UInt8] {
    var bytes: [UInt8] = []
    for word in words {
      for byte in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(8 * byte))) }
    }
    return bytes
  }

  private func values(_ values: [Int32], _ type: FixedPointType) -> [UInt8] {
    var bytes: [UInt8] = []
    for value in values {
      bytes.append(UInt8(truncatingIfNeeded: value))
      if type == .int16 { bytes.append(UInt8(truncatingIfNeeded: value >> 8)) }
    }
    return bytes
  }

  private func set(_ bytes: inout [UInt8], _ place: Int, _ word: UInt32) {
    for byte in 0..<4 { bytes[place + byte] = UInt8(truncatingIfNeeded: word >> UInt32(8 * byte)) }
  }

  /// Header, table and sections, each at the next multiple of 64 bytes.
  private func assemble(_ sections: [[UInt8]]) -> [UInt8] {
    typealias Place = ImageLayout.Header
    var bytes = [UInt8](repeating: 0, count: ImageLayout.firstSection)
    for (index, section) in sections.enumerated() {
      bytes += [UInt8](repeating: 0, count: ImageLayout.aligned(bytes.count) - bytes.count)
      let entry = 4 * (Place.words + ImageLayout.Section.words * index)
      set(&bytes, entry, UInt32(index + 1))
      set(&bytes, entry + 4, UInt32(truncatingIfNeeded: bytes.count))
      set(&bytes, entry + 8, UInt32(truncatingIfNeeded: section.count))
      bytes += section
    }
    for (index, word) in ImageLayout.magic.enumerated() { set(&bytes, 4 * index, word) }
    set(&bytes, 4 * Place.version, ImageLayout.version)
    set(&bytes, 4 * Place.byteOrder, ImageLayout.byteOrder)
    set(&bytes, 4 * Place.bytes, UInt32(truncatingIfNeeded: bytes.count))
    set(&bytes, 4 * Place.sections, UInt32(sections.count))
    set(&bytes, 4 * Place.layers, UInt32(truncatingIfNeeded: model.layers.count))
    return bytes
  }

  /// Writes the bytes that running needs into the header.
  private func setSizes(_ bytes: inout [UInt8]) {
    let (arena, state) = FixedPointProgram.withAligned(bytes) { base in
      let image = FixedPointImage(checked: base, count: bytes.count)
      var scratch = 0
      for layer in 0..<image.layerCount { scratch = max(scratch, image.layer(layer).scratchBytes) }
      return (image.place(image.layerCount) + scratch, image.stateBytesNeeded)
    }
    set(&bytes, 4 * ImageLayout.Header.arenaBytes, UInt32(truncatingIfNeeded: arena))
    set(&bytes, 4 * ImageLayout.Header.stateBytes, UInt32(truncatingIfNeeded: state))
  }

  /// Writes the checksums of the sections, then that of the header.
  private func seal(_ bytes: inout [UInt8]) {
    typealias Place = ImageLayout.Header
    let sums = FixedPointProgram.withAligned(bytes) { base in
      let image = FixedPointImage(checked: base, count: bytes.count)
      return ImageLayout.Section.allCases.map { section in
        let (start, length) = image.section(section)
        return ImageChecksum.of(UnsafeRawBufferPointer(start: base + start, count: length))
      }
    }
    for (index, sum) in sums.enumerated() {
      set(&bytes, 4 * (Place.words + ImageLayout.Section.words * index) + 12, sum)
    }
    var checksum = ImageChecksum()
    bytes.withUnsafeBytes { all in
      checksum.add(UnsafeRawBufferPointer(rebasing: all[..<(4 * Place.checksum)]))
      checksum.add(UnsafeRawBufferPointer(rebasing: all[(4 * Place.checksum + 4)..<ImageLayout.firstSection]))
    }
    set(&bytes, 4 * Place.checksum, checksum.value)
  }
}
