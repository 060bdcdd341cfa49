import RetinaKernels
import RetinaModel

/// Lays out an image: collects names and arrays, then puts the sections together.
struct ImageAssembler<Image: ModelImage> {
  private var names: [UInt8] = []
  private var payload: [UInt8] = []

  // MARK: - Words

  /// Adds an array to the payload; gives its place.
  mutating func store(_ bytes: [UInt8]) -> UInt32 {
    payload += [UInt8](repeating: 0, count: ImageLayout.aligned(payload.count) - payload.count)
    let place = payload.count
    payload += bytes
    return UInt32(truncatingIfNeeded: place)
  }

  /// Adds an array of words to the payload; gives its place.
  mutating func store(words: [UInt32]) -> UInt32 { store(bytes(words)) }

  mutating func store(name: String) -> (place: UInt32, bytes: UInt32) {
    let place = names.count
    names += Array(name.utf8)
    return (UInt32(truncatingIfNeeded: place), UInt32(truncatingIfNeeded: names.count - place))
  }

  /// The words of a description; those of the input's values are left 0.
  mutating func description(
    name: String, inputShape: Shape, lag: Int, frameRate: Double?, normalization: Normalization
  ) -> [UInt32] {
    typealias Place = ImageLayout.Description
    var words = [UInt32](repeating: 0, count: Place.words)
    setShape(inputShape, &words, Place.rank, Place.extents)
    words[Place.lag] = UInt32(truncatingIfNeeded: lag)
    let rate = (frameRate ?? 0).bitPattern
    words[Place.frameRate] = UInt32(truncatingIfNeeded: rate)
    words[Place.frameRate + 1] = UInt32(truncatingIfNeeded: rate >> 32)
    let (mean, deviation): ([Float], [Float])
    switch normalization {
    case .none: (mean, deviation) = ([], [])
    case .scalar(let value, let spread): (mean, deviation) = ([value], [spread])
    case .perPixel(let values, let spread): (mean, deviation) = (values.values, spread.values)
    }
    words[Place.normalizationCount] = UInt32(mean.count)
    words[Place.mean] = store(words: mean.map { $0.bitPattern })
    words[Place.deviation] = store(words: deviation.map { $0.bitPattern })
    (words[Place.name], words[Place.nameBytes]) = store(name: name)
    return words
  }

  /// The words of a layer with its shape and names; the others are left 0.
  mutating func layer(shape: Shape, names: [String]) -> [UInt32] {
    typealias Place = ImageLayout.Layer
    var words = [UInt32](repeating: 0, count: Place.words)
    setShape(shape, &words, Place.rank, Place.extents)
    var joined = ""
    for name in names { joined += joined.isEmpty ? name : "\n" + name }
    (words[Place.names], words[Place.nameBytes]) = store(name: joined)
    return words
  }

  private func setShape(_ shape: Shape, _ words: inout [UInt32], _ rank: Int, _ extents: Int) {
    words[rank] = UInt32(shape.rank)
    for axis in 0..<min(shape.rank, ImageLayout.maximumRank) {
      words[extents + axis] = UInt32(truncatingIfNeeded: shape[axis])
    }
  }

  /// Writes a window into the words of a layer.
  func set(_ window: FixedPointWindow, _ words: inout [UInt32]) {
    let numbers = [
      window.inputHeight, window.inputWidth, window.outputHeight, window.outputWidth, window.kernelHeight,
      window.kernelWidth, window.strideVertical, window.strideHorizontal, window.paddingTop, window.paddingLeft,
      window.dilationVertical, window.dilationHorizontal,
    ]
    for (index, number) in numbers.enumerated() {
      words[ImageLayout.Layer.window + index] = UInt32(truncatingIfNeeded: number)
    }
  }

  // MARK: - Bytes

  private func bytes(_ words: [UInt32]) -> [UInt8] {
    var bytes: [UInt8] = []
    for word in words {
      for byte in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(8 * byte))) }
    }
    return bytes
  }

  private func set(_ bytes: inout [UInt8], _ place: Int, _ word: UInt32) {
    for byte in 0..<4 { bytes[place + byte] = UInt8(truncatingIfNeeded: word >> UInt32(8 * byte)) }
  }

  /// The image, with the checksums of what comes out of its golden input.
  ///
  /// - Parameters:
  ///   - header: further words of the header, by their places.
  ///   - golden: the bytes of one input as the first layer sees it.
  ///   - arenaBytes: the memory that an image works in.
  func image(
    header: [(place: Int, word: UInt32)] = [], description: [UInt32], layers: [[UInt32]], golden: [UInt8],
    arenaBytes: (Image) -> Int
  ) throws(ImageError) -> [UInt8] {
    let checksums = [UInt8](repeating: 0, count: ImageLayout.aligned(4 * layers.count))
    var bytes = assemble(
      [self.bytes(description), self.bytes(layers.flatMap { $0 }), names, payload, checksums + golden],
      layers: layers.count)
    for (place, word) in header { set(&bytes, 4 * place, word) }
    guard bytes.count <= ImageLayout.maximumBytes else {
      throw ImageError(byte: 0, expected: "an image of at most 1 GiB", found: bytes.count)
    }
    let (arena, state) = look(bytes) { (arenaBytes($0), $0.stateBytesNeeded) }
    set(&bytes, 4 * ImageLayout.Header.arenaBytes, UInt32(truncatingIfNeeded: arena))
    set(&bytes, 4 * ImageLayout.Header.stateBytes, UInt32(truncatingIfNeeded: state))
    seal(&bytes)
    // What comes out of the golden input is known when it has been run by the image itself.
    let stream = ImageStream(try ImageProgram<Image>(bytes))
    stream.withRunner { $0.run($0.image.golden.input) }
    let start = stream.program.image.section(.golden).start
    for layer in layers.indices { set(&bytes, start + 4 * layer, stream.checksum(layer)) }
    seal(&bytes)
    return bytes
  }

  /// Looks at bytes that are not yet a valid image.
  private func look<Result>(_ bytes: [UInt8], _ body: (Image) -> Result) -> Result {
    let memory = alignedBytes(bytes)
    defer { memory.deallocate() }
    return body(Image(checked: memory, count: bytes.count))
  }

  /// Header, table and sections, each at the next multiple of 64 bytes.
  private func assemble(_ sections: [[UInt8]], layers: Int) -> [UInt8] {
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
    set(&bytes, 4 * Place.layers, UInt32(truncatingIfNeeded: layers))
    return bytes
  }

  /// Writes the checksums of the sections, then that of the header.
  private func seal(_ bytes: inout [UInt8]) {
    typealias Place = ImageLayout.Header
    let sums = look(bytes) { image in
      ImageLayout.Section.allCases.map { section in
        let (start, length) = image.section(section)
        return ImageChecksum.of(UnsafeRawBufferPointer(start: image.base + start, count: length))
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
