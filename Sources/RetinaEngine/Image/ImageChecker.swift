import RetinaKernels

/// Checks the bytes of an image in the order in which they can be trusted: frame, checksums, then every number.
struct ImageChecker<Image: ModelImage> {
  let image: Image
  /// The word of the header that tells kinds of numbers apart.
  let precision: Int

  func fail(_ byte: Int, _ expected: StaticString, _ found: Int) -> ImageError {
    ImageError(byte: byte, expected: expected, found: found)
  }

  func word(_ byte: Int) -> UInt32 { image.word(byte) }

  /// A word that must lie in a range.
  @discardableResult
  func number(_ byte: Int, _ range: ClosedRange<Int>, _ expected: StaticString) throws(ImageError) -> Int {
    let value = Int(Int32(bitPattern: word(byte)))
    guard range.contains(value) else { throw fail(byte, expected, value) }
    return value
  }

  /// A word of the header that must have a value.
  func exactly(_ index: Int, _ wanted: Int, _ expected: StaticString) throws(ImageError) {
    try number(4 * index, wanted...wanted, expected)
  }

  // MARK: - Frame

  /// Address, header, table of sections, and all checksums.
  func checkFrame() throws(ImageError) {
    let count = image.count
    let address = UInt(bitPattern: image.base) % UInt(ImageLayout.alignment)
    guard address == 0 else { throw fail(0, "bytes aligned to 64", Int(address)) }
    guard count >= ImageLayout.firstSection, count <= ImageLayout.maximumBytes else {
      throw fail(0, "an image of 192 bytes to 1 GiB", count)
    }
    for index in 0..<2 where word(4 * index) != ImageLayout.magic[index] {
      throw fail(4 * index, "the first bytes of a .retina image", Int(Int32(bitPattern: word(4 * index))))
    }
    try exactly(ImageLayout.Header.byteOrder, Int(ImageLayout.byteOrder), "little-endian words")
    try exactly(ImageLayout.Header.version, Int(ImageLayout.version), "version 1")
    try exactly(ImageLayout.Header.bytes, count, "the length of the image")
    try exactly(ImageLayout.Header.sections, ImageLayout.Section.allCases.count, "5 sections")
    var checksum = ImageChecksum()
    let hole = 4 * ImageLayout.Header.checksum
    checksum.add(UnsafeRawBufferPointer(start: image.base, count: hole))
    checksum.add(UnsafeRawBufferPointer(start: image.base + hole + 4, count: ImageLayout.firstSection - hole - 4))
    guard checksum.value == word(hole) else {
      throw fail(hole, "the checksum of the header", Int(Int32(bitPattern: word(hole))))
    }
    try exactly(ImageLayout.Header.precision, precision, "integers (0) or float32 (32), as the image is used")
    let spare = precision == 0 ? ImageLayout.Header.rest : ImageLayout.Header.rest + 1
    try zeros(from: 4 * spare, to: 4 * ImageLayout.Header.words)
    var end = 4 * (ImageLayout.Header.words + ImageLayout.Section.words * ImageLayout.Section.allCases.count)
    for index in 0..<ImageLayout.Section.allCases.count {
      let entry = 4 * (ImageLayout.Header.words + ImageLayout.Section.words * index)
      try number(entry, index + 1...index + 1, "the sections in order")
      let start = try number(
        entry + 4, ImageLayout.aligned(end)...ImageLayout.aligned(end), "a section right after the one before")
      guard start <= count else { throw fail(entry + 4, "a section inside the image", start) }
      let length = try number(entry + 8, 0...count - start, "a section inside the image")
      try zeros(from: end, to: start)
      guard ImageChecksum.of(UnsafeRawBufferPointer(start: image.base + start, count: length)) == word(entry + 12)
      else {
        throw fail(entry + 12, "the checksum of the section", Int(Int32(bitPattern: word(entry + 12))))
      }
      end = start + length
    }
    guard end == count else {
      throw fail(4 * ImageLayout.Header.bytes, "an image that ends with its last section", count)
    }
  }

  private func zeros(from start: Int, to end: Int) throws(ImageError) {
    for byte in start..<end {
      let value = image.base.load(fromByteOffset: byte, as: UInt8.self)
      guard value == 0 else { throw fail(byte, "0 between the parts", Int(value)) }
    }
  }

  // MARK: - Description

  /// Everything but what the values of the input stand for.
  func checkDescription() throws(ImageError) {
    typealias Place = ImageLayout.Description
    let (start, bytes) = image.section(.description)
    guard bytes == 4 * Place.words else { throw fail(start, "a description of 64 bytes", bytes) }
    let values = try shape(start + 4 * Place.rank, start + 4 * Place.extents)
    try number(start + 4 * Place.lag, 0...ImageLayout.maximumExtent, "a lag of 0 to 2^20 frames")
    let rate = Double(
      bitPattern: UInt64(word(start + 4 * Place.frameRate)) | UInt64(word(start + 4 * Place.frameRate + 4)) << 32)
    guard rate >= 0, rate.isFinite else {
      throw fail(start + 4 * Place.frameRate, "a frame rate of at least 0", 0)
    }
    let frame = image.inputRank == 3 ? image.frameCount : values
    let length = try number(
      start + 4 * Place.normalizationCount, 0...ImageLayout.maximumValues, "numbers of the normalisation")
    guard length == 0 || length == 1 || length == frame else {
      throw fail(
        start + 4 * Place.normalizationCount, "no normalisation, or one for all pixels, or one per pixel", length)
    }
    try array(start + 4 * Place.mean, count: length, size: 4)
    try array(start + 4 * Place.deviation, count: length, size: 4)
    let (_, mean, deviation) = image.normalization
    for index in 0..<length {
      guard mean[index].isFinite else { throw fail(start + 4 * Place.mean, "finite means", index) }
      guard deviation[index].isFinite, deviation[index] > 0 else {
        throw fail(start + 4 * Place.deviation, "deviations above 0", index)
      }
    }
    try text(start + 4 * Place.name, start + 4 * Place.nameBytes)
  }

  /// The number of values of a shape: extents of at least 1, zeros behind the last.
  func shape(_ rank: Int, _ extents: Int) throws(ImageError) -> Int {
    let axes = try number(rank, 1...ImageLayout.maximumRank, "1 to 4 axes")
    var values: Int64 = 1
    for axis in 0..<ImageLayout.maximumRank {
      if axis < axes {
        values *= Int64(
          try number(extents + 4 * axis, 1...ImageLayout.maximumExtent, "an extent of 1 to 2^20"))
        guard values <= Int64(ImageLayout.maximumValues) else {
          throw fail(extents + 4 * axis, "an array of at most 2^27 values", axes)
        }
      } else {
        try number(extents + 4 * axis, 0...0, "0 where there is no axis")
      }
    }
    return Int(values)
  }

  /// An array in the payload.
  func array(_ place: Int, count: Int, size: Int) throws(ImageError) {
    let (_, bytes) = image.section(.payload)
    let start = try number(place, 0...bytes, "an array inside the payload")
    guard start % ImageLayout.alignment == 0 else { throw fail(place, "an array at a multiple of 64 bytes", start) }
    guard Int64(count) * Int64(size) <= Int64(bytes - start) else {
      throw fail(place, "an array that ends inside the payload", start)
    }
  }

  /// A name among the names.
  func text(_ place: Int, _ length: Int) throws(ImageError) {
    let (_, bytes) = image.section(.names)
    let start = try number(place, 0...bytes, "a name inside the names")
    try number(length, 0...bytes - start, "a name that ends inside the names")
  }

  // MARK: - Layers

  /// The number of layers, then each with the byte at which its words begin.
  func forEachLayer(_ check: (_ layer: Int, _ start: Int) throws(ImageError) -> Void) throws(ImageError) {
    let layers = try number(
      4 * ImageLayout.Header.layers, 1...ImageLayout.maximumLayers, "1 to 1024 layers")
    let (start, bytes) = image.section(.layers)
    guard bytes == layers * 4 * ImageLayout.Layer.words else {
      throw fail(start, "144 bytes for every layer", bytes)
    }
    var memory = Int64(image.windowBytes)
    for layer in 0..<layers {
      try check(layer, start + layer * 4 * ImageLayout.Layer.words)
      // Places in the arena must fit a signed word before any is computed.
      memory += Int64(ImageLayout.aligned(image.outputCount(layer) * image.outputValueBytes(layer)))
      guard memory <= Int64(ImageLayout.maximumBytes) else {
        throw fail(4 * ImageLayout.Header.arenaBytes, "an arena of at most 1 GiB", layer)
      }
    }
  }

  /// Channels, groups and window of a convolution; gives the weights of an output channel and the number of these.
  func convolution(
    _ start: Int, _ window: FixedPointWindow, inputs: Int, outputs: Int
  ) throws(ImageError) -> (perOutput: Int, results: Int) {
    typealias Place = ImageLayout.Layer
    func place(_ index: Int) -> Int { start + 4 * index }
    let outputPlane = try self.window(place(Place.window))
    let extent = 1...ImageLayout.maximumExtent
    let channels = try number(place(Place.inputs), extent, "at least one input channel")
    let results = try number(place(Place.outputs), extent, "at least one output channel")
    let groups = try number(place(Place.groups), extent, "at least one group")
    guard channels % groups == 0, results % groups == 0 else {
      throw fail(place(Place.groups), "groups that divide the channels", groups)
    }
    guard Int64(channels) * Int64(window.inputPlane) == Int64(inputs) else {
      throw fail(place(Place.inputs), "channels that the input has", channels)
    }
    guard Int64(results) * Int64(outputPlane) == Int64(outputs) else {
      throw fail(place(Place.outputs), "channels that the output has", results)
    }
    let perOutput = Int64(channels / groups) * Int64(window.taps)
    guard perOutput * Int64(results) <= Int64(ImageLayout.maximumValues) else {
      throw fail(place(Place.weights), "at most 2^27 weights", results)
    }
    return (Int(perOutput), results)
  }

  /// Channels and window of a pool.
  func pool(_ start: Int, _ window: FixedPointWindow, inputs: Int, outputs: Int) throws(ImageError) {
    let place = start + 4 * ImageLayout.Layer.inputs
    let outputPlane = try self.window(start + 4 * ImageLayout.Layer.window)
    let channels = try number(place, 1...ImageLayout.maximumExtent, "at least one channel")
    guard Int64(channels) * Int64(window.inputPlane) == Int64(inputs) else {
      throw fail(place, "channels that the input has", channels)
    }
    guard Int64(channels) * Int64(outputPlane) == Int64(outputs) else {
      throw fail(place, "channels that the output has", channels)
    }
  }

  /// The places that a readout picks.
  func gather(_ start: Int, inputs: Int, outputs: Int) throws(ImageError) {
    let place = start + 4 * ImageLayout.Layer.table
    try array(place, count: outputs, size: 4)
    let places = image.payload(word(place)).assumingMemoryBound(to: Int32.self)
    for index in 0..<outputs where places[index] < 0 || Int(places[index]) >= inputs {
      throw fail(place, "places inside the input", Int(places[index]))
    }
  }

  // MARK: - Sizes

  /// What running needs, as the header announces it, and the length of the golden pair.
  func sizes(arena: Int64, state: Int) throws(ImageError) {
    guard arena <= Int64(ImageLayout.maximumBytes) else {
      throw fail(4 * ImageLayout.Header.arenaBytes, "an arena of at most 1 GiB", image.layerCount)
    }
    try exactly(ImageLayout.Header.arenaBytes, Int(arena), "the bytes of the arena")
    try exactly(ImageLayout.Header.stateBytes, state, "the bytes of the state")
    let (start, golden) = image.section(.golden)
    let needed = ImageLayout.aligned(4 * image.layerCount) + image.inputCount * image.inputValueBytes
    guard golden == needed else { throw fail(start, "checksums of all layers and one input", golden) }
  }

  // MARK: - Windows

  /// The twelve numbers of a window; gives the values of an output channel.
  func window(_ place: Int) throws(ImageError) -> Int {
    let allowed = 1...ImageLayout.maximumExtent
    for index in [0, 1, 2, 3, 4, 5, 6, 7, 10, 11] {
      try number(place + 4 * index, allowed, "an extent, stride or dilation of 1 to 2^20")
    }
    for index in [8, 9] { try number(place + 4 * index, 0...ImageLayout.maximumExtent, "a padding of 0 to 2^20") }
    func extent(_ index: Int) -> Int64 { Int64(word(place + 4 * index)) }
    for (first, second) in [(0, 1), (2, 3), (4, 5)] {
      guard extent(first) * extent(second) <= Int64(ImageLayout.maximumValues) else {
        throw fail(place + 4 * first, "at most 2^27 values", Int(extent(first)))
      }
    }
    return Int(extent(2) * extent(3))
  }
}
