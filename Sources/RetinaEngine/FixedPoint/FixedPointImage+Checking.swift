import RetinaKernels

/// What is wrong with an image, and where.
public struct FixedPointImageError: Error, Sendable {
  /// The byte at which the wrong number lies.
  public var byte: Int
  /// What would have been right.
  public var expected: StaticString
  /// The number that was there.
  public var found: Int

  /// Creates an error.
  public init(byte: Int, expected: StaticString, found: Int) {
    self.byte = byte
    self.expected = expected
    self.found = found
  }
}

extension FixedPointImage {
  /// Looks at bytes as an image.
  ///
  /// Everything is checked: the frame, every checksum, every number. Costs a few operations per byte, once.
  ///
  /// - Parameter base: the first byte, aligned to 64 bytes, on a little-endian processor.
  /// - Throws: ``FixedPointImageError`` at the first thing that is wrong.
  public init(_ base: UnsafeRawPointer, count: Int) throws(FixedPointImageError) {
    self.init(checked: base, count: count)
    try ImageChecker(image: self, base: base, count: count).check()
  }
}

/// Checks the bytes of an image in the order in which they can be trusted: frame, checksums, then every number.
private struct ImageChecker {
  let image: FixedPointImage
  let base: UnsafeRawPointer
  let count: Int

  private func fail(_ byte: Int, _ expected: StaticString, _ found: Int) -> FixedPointImageError {
    FixedPointImageError(byte: byte, expected: expected, found: found)
  }

  private func word(_ byte: Int) -> UInt32 { base.load(fromByteOffset: byte, as: UInt32.self) }

  /// A word that must lie in a range.
  @discardableResult
  private func number(
    _ byte: Int, _ range: ClosedRange<Int>, _ expected: StaticString
  ) throws(FixedPointImageError) -> Int {
    let value = Int(Int32(bitPattern: word(byte)))
    guard range.contains(value) else { throw fail(byte, expected, value) }
    return value
  }

  func check() throws(FixedPointImageError) {
    guard UInt(bitPattern: base) % UInt(ImageLayout.alignment) == 0 else {
      throw fail(0, "bytes aligned to 64", Int(UInt(bitPattern: base) % UInt(ImageLayout.alignment)))
    }
    try checkFrame()
    try checkDescription()
    try checkLayers()
    try checkSizes()
  }

  // MARK: - Frame

  private func checkFrame() throws(FixedPointImageError) {
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
    checksum.add(UnsafeRawBufferPointer(start: base, count: hole))
    checksum.add(UnsafeRawBufferPointer(start: base + hole + 4, count: ImageLayout.firstSection - hole - 4))
    guard checksum.value == word(hole) else {
      throw fail(hole, "the checksum of the header", Int(Int32(bitPattern: word(hole))))
    }
    try zeros(from: 4 * (ImageLayout.Header.stateBytes + 1), to: 4 * ImageLayout.Header.words)
    var end = 4 * (ImageLayout.Header.words + ImageLayout.Section.words * ImageLayout.Section.allCases.count)
    for index in 0..<ImageLayout.Section.allCases.count {
      let entry = 4 * (ImageLayout.Header.words + ImageLayout.Section.words * index)
      try number(entry, index + 1...index + 1, "the sections in order")
      let start = try number(
        entry + 4, ImageLayout.aligned(end)...ImageLayout.aligned(end), "a section right after the one before")
      guard start <= count else { throw fail(entry + 4, "a section inside the image", start) }
      let length = try number(entry + 8, 0...count - start, "a section inside the image")
      try zeros(from: end, to: start)
      guard ImageChecksum.of(UnsafeRawBufferPointer(start: base + start, count: length)) == word(entry + 12) else {
        throw fail(entry + 12, "the checksum of the section", Int(Int32(bitPattern: word(entry + 12))))
      }
      end = start + length
    }
    guard end == count else {
      throw fail(4 * ImageLayout.Header.bytes, "an image that ends with its last section", count)
    }
  }

  private func exactly(_ index: Int, _ wanted: Int, _ expected: StaticString) throws(FixedPointImageError) {
    try number(4 * index, wanted...wanted, expected)
  }

  private func zeros(from start: Int, to end: Int) throws(FixedPointImageError) {
    for byte in start..<end {
      let value = base.load(fromByteOffset: byte, as: UInt8.self)
      guard value == 0 else { throw fail(byte, "0 between the parts", Int(value)) }
    }
  }

  // MARK: - Description

  private func checkDescription() throws(FixedPointImageError) {
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
    try quantization(start + 4 * Place.inputType, start + 4 * Place.inputScale, start + 4 * Place.inputZeroPoint)
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
  private func shape(_ rank: Int, _ extents: Int) throws(FixedPointImageError) -> Int {
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

  private func quantization(_ type: Int, _ scale: Int, _ zeroPoint: Int) throws(FixedPointImageError) {
    let bits = try number(type, 8...16, "values of 8 or 16 bits")
    guard let type = FixedPointType(rawValue: bits) else { throw fail(type, "values of 8 or 16 bits", bits) }
    let step = Float(bitPattern: word(scale))
    guard step.isFinite, step >= Float.leastNormalMagnitude else {
      throw fail(scale, "a scale above 0", Int(Int32(bitPattern: word(scale))))
    }
    try number(zeroPoint, Int(type.minimum)...Int(type.maximum), "a zero point within the type")
  }

  /// An array in the payload.
  private func array(_ place: Int, count: Int, size: Int) throws(FixedPointImageError) {
    let (_, bytes) = image.section(.payload)
    let start = try number(place, 0...bytes, "an array inside the payload")
    guard start % ImageLayout.alignment == 0 else { throw fail(place, "an array at a multiple of 64 bytes", start) }
    guard Int64(count) * Int64(size) <= Int64(bytes - start) else {
      throw fail(place, "an array that ends inside the payload", start)
    }
  }

  private func text(_ place: Int, _ length: Int) throws(FixedPointImageError) {
    let (_, bytes) = image.section(.names)
    let start = try number(place, 0...bytes, "a name inside the names")
    try number(length, 0...bytes - start, "a name that ends inside the names")
  }

  // MARK: - Layers

  private func checkLayers() throws(FixedPointImageError) {
    let layers = try number(
      4 * ImageLayout.Header.layers, 1...ImageLayout.maximumLayers, "1 to 1024 layers")
    let (start, bytes) = image.section(.layers)
    guard bytes == layers * 4 * ImageLayout.Layer.words else {
      throw fail(start, "144 bytes for every layer", bytes)
    }
    for layer in 0..<layers { try checkLayer(layer, at: start + layer * 4 * ImageLayout.Layer.words) }
  }

  private func checkLayer(_ layer: Int, at start: Int) throws(FixedPointImageError) {
    typealias Place = ImageLayout.Layer
    func place(_ index: Int) -> Int { start + 4 * index }
    let outputs = try shape(place(Place.rank), place(Place.extents))
    try quantization(place(Place.type), place(Place.scale), place(Place.zeroPoint))
    let type = image.output(layer).type
    let minimum = try number(
      place(Place.minimum), Int(type.minimum)...Int(type.maximum), "a smallest value within the type")
    try number(place(Place.maximum), minimum...Int(type.maximum), "a largest value from the smallest up")
    try text(place(Place.names), place(Place.nameBytes))
    let (inputs, input) =
      layer == 0 ? (image.inputCount, image.input) : (image.outputCount(layer - 1), image.output(layer - 1))
    let code = try number(place(Place.kind), 1...5, "a kind of layer from 1 to 5")
    switch ImageLayout.Kind(rawValue: UInt32(code)) {
    case .convolution:
      let outputPlane = try window(place(Place.window))
      try checkConvolution(layer, start, inputs: inputs, input: input, outputs: outputs, outputPlane: outputPlane)
    case .maximumPool, .averagePool:
      let outputPlane = try window(place(Place.window))
      let channels = try number(place(Place.inputs), 1...ImageLayout.maximumExtent, "at least one channel")
      guard Int64(channels) * Int64(image.window(layer).inputPlane) == Int64(inputs) else {
        throw fail(place(Place.inputs), "channels that the input has", channels)
      }
      guard Int64(channels) * Int64(outputPlane) == Int64(outputs) else {
        throw fail(place(Place.inputs), "channels that the output has", channels)
      }
      try sameQuantization(layer, start, input)
    case .table:
      guard outputs == inputs else { throw fail(place(Place.rank), "as many values as the input", outputs) }
      guard input.type == .int16 else {
        throw fail(place(Place.kind), "16-bit values for a table", input.type.rawValue)
      }
      try array(place(Place.table), count: FixedPointTable.count, size: 2)
    case .gather:
      try array(place(Place.table), count: outputs, size: 4)
      guard case .gather(let indices) = image.layer(layer).operation else { return }
      for index in 0..<outputs where indices[index] < 0 || Int(indices[index]) >= inputs {
        throw fail(place(Place.table), "places inside the input", Int(indices[index]))
      }
      try sameQuantization(layer, start, input)
    case nil: throw fail(place(Place.kind), "a kind of layer from 1 to 5", code)
    }
  }

  /// Pools and gathers hand integers on as they are.
  private func sameQuantization(
    _ layer: Int, _ start: Int, _ input: FixedPointQuantization
  ) throws(FixedPointImageError) {
    guard image.output(layer) == input else {
      throw fail(start + 4 * ImageLayout.Layer.scale, "the quantisation of the input", layer)
    }
  }

  /// The values of an output channel.
  private func window(_ place: Int) throws(FixedPointImageError) -> Int {
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

  private func checkConvolution(
    _ layer: Int, _ start: Int, inputs: Int, input: FixedPointQuantization, outputs: Int, outputPlane: Int
  ) throws(FixedPointImageError) {
    typealias Place = ImageLayout.Layer
    func place(_ index: Int) -> Int { start + 4 * index }
    let extent = 1...ImageLayout.maximumExtent
    let channels = try number(place(Place.inputs), extent, "at least one input channel")
    let results = try number(place(Place.outputs), extent, "at least one output channel")
    let groups = try number(place(Place.groups), extent, "at least one group")
    guard channels % groups == 0, results % groups == 0 else {
      throw fail(place(Place.groups), "groups that divide the channels", groups)
    }
    let window = image.window(layer)
    guard Int64(channels) * Int64(window.inputPlane) == Int64(inputs) else {
      throw fail(place(Place.inputs), "channels that the input has", channels)
    }
    guard Int64(results) * Int64(outputPlane) == Int64(outputs) else {
      throw fail(place(Place.outputs), "channels that the output has", results)
    }
    let bits = try number(place(Place.weightType), 8...16, "weights of 8 or 16 bits")
    guard let type = FixedPointType(rawValue: bits) else {
      throw fail(place(Place.weightType), "weights of 8 or 16 bits", bits)
    }
    let code = try number(place(Place.rounding), 0...2, "a rounding from 0 to 2")
    guard let rounding = FixedPointRounding(rawValue: code) else {
      throw fail(place(Place.rounding), "a rounding from 0 to 2", code)
    }
    let perOutput = Int64(channels / groups) * Int64(window.taps)
    guard perOutput * Int64(results) <= Int64(ImageLayout.maximumValues) else {
      throw fail(place(Place.weights), "at most 2^27 weights", results)
    }
    try array(place(Place.weights), count: Int(perOutput) * results, size: type.bytes)
    try array(place(Place.bias), count: results, size: 8)
    try array(place(Place.multipliers), count: results, size: 8)
    let parameters = image.parameters(layer)
    let shifts = FixedPointMultiplier.shifts(rounding)
    let largestInput = Int64(input.largestMagnitude)
    let limit: Int64 = rounding == .wide ? 1 << 47 : 1 << 31
    for output in 0..<results {
      let multiplier = parameters.multipliers[output]
      guard multiplier.multiplier == 0 || multiplier.multiplier >= 1 << 30, shifts.contains(multiplier.shift) else {
        throw fail(place(Place.multipliers), "multipliers of 31 bits and shifts that the rounding allows", output)
      }
      guard let bias = parameters.bias?[output], bias > -limit, bias < limit else {
        throw fail(place(Place.bias), "biases that the sums can hold", output)
      }
      var magnitudes: Int64 = 0
      for index in output * Int(perOutput)..<(output + 1) * Int(perOutput) {
        magnitudes += Int64(parameters.weight.raw(index).magnitude)
      }
      guard magnitudes < limit, magnitudes * largestInput + Int64(bias.magnitude) < limit else {
        throw fail(place(Place.weights), "weights whose sums cannot overflow", output)
      }
    }
  }

  // MARK: - Sizes

  private func checkSizes() throws(FixedPointImageError) {
    var bytes = Int64(image.windowBytes)
    var scratch: Int64 = 0
    for layer in 0..<image.layerCount {
      bytes += Int64(ImageLayout.aligned(image.outputCount(layer) * image.output(layer).type.bytes))
      scratch = max(scratch, try scratchBytes(layer))
    }
    guard bytes + scratch <= Int64(ImageLayout.maximumBytes) else {
      throw fail(4 * ImageLayout.Header.arenaBytes, "an arena of at most 1 GiB", image.layerCount)
    }
    try exactly(ImageLayout.Header.arenaBytes, Int(bytes + scratch), "the bytes of the arena")
    try exactly(ImageLayout.Header.stateBytes, image.stateBytesNeeded, "the bytes of the state")
    let (start, golden) = image.section(.golden)
    let needed = ImageLayout.aligned(4 * image.layerCount) + image.inputCount * image.input.type.bytes
    guard golden == needed else { throw fail(start, "checksums of all layers and one input", golden) }
  }

  /// The working memory of a layer; geometries whose padded input would be too large are refused before it is computed.
  private func scratchBytes(_ layer: Int) throws(FixedPointImageError) -> Int64 {
    let step = image.layer(layer)
    guard case .convolution(let geometry, _) = step.operation else { return 0 }
    let window = geometry.window
    func reach(_ input: Int, _ padding: Int, _ output: Int, _ stride: Int, _ kernel: Int, _ dilation: Int) -> Int64 {
      max(Int64(input) + Int64(padding), Int64(output - 1) * Int64(stride) + Int64(kernel - 1) * Int64(dilation) + 1)
    }
    let height = reach(
      window.inputHeight, window.paddingTop, window.outputHeight, window.strideVertical, window.kernelHeight,
      window.dilationVertical)
    let width = reach(
      window.inputWidth, window.paddingLeft, window.outputWidth, window.strideHorizontal, window.kernelWidth,
      window.dilationHorizontal)
    let most = Int64(ImageLayout.maximumValues)
    guard height <= most, width <= most, height * width <= most, height * width * Int64(geometry.inputs) <= most else {
      throw fail(
        image.section(.layers).start + 4 * (layer * ImageLayout.Layer.words + ImageLayout.Layer.window),
        "a padded input of at most 2^27 values", Int(min(height, most)))
    }
    return Int64(step.scratchBytes)
  }
}

extension FixedPointImage {
  /// Bytes of a stream's state: a header and the frames of the history; 0 for a model that does not look at movies.
  var stateBytesNeeded: Int {
    guard let history else { return 0 }
    return FixedPointRunner.stateHeaderBytes + ImageLayout.aligned(history * frameCount * input.type.bytes)
  }
}
