import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaEngine

/// An image that is small enough to try every byte.
private func tinyImage() throws -> [UInt8] {
  var builder = ModelBuilder(seed: 5, input: Shape(2, 3, 3))
  try builder.convolution(2, 2, 2)
  try builder.add(.activation(.relu))
  try builder.dense(1)
  try builder.add(.activation(.softplus))
  let model = try builder.model()
  var movie = Tensor(repeating: 0, shape: Shape(4, 3, 3))
  movie.values = Movie(.random, model, frames: 4).values
  let inputs = try #require(InputSequence(movie, inputShape: model.inputShape))
  let folded = try FoldedModel(model, stacks: .composed)
  let quantizer = FixedPointQuantizer(
    folded, Calibration(folded.model, inputs), QuantizationOptions(precision: .int8))
  return try inputs.withInput(0) { golden in
    Result { () throws(QuantizationError) in try quantizer.model(golden: golden) }
  }.get().image()
}

/// An image with some numbers changed and all checksums right again, as somebody with bad intentions would make it.
private struct ForgedImage {
  var bytes: [UInt8]

  init() throws { bytes = try tinyImage() }

  private func word(_ byte: Int) -> Int {
    (0..<4).reduce(0) { $0 | Int(bytes[byte + $1]) << (8 * $1) }
  }

  mutating func set(_ byte: Int, _ value: Int) {
    for index in 0..<4 { bytes[byte + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
  }

  func place(_ section: ImageLayout.Section) -> Int {
    word(4 * (ImageLayout.Header.words + ImageLayout.Section.words * section.rawValue + 1))
  }

  /// The byte of a word of the description, of a layer, and of the array that a word of a layer points to.
  func description(_ index: Int) -> Int { place(.description) + 4 * index }
  func layer(_ layer: Int, _ index: Int) -> Int { place(.layers) + 4 * (layer * ImageLayout.Layer.words + index) }
  func array(_ number: Int, _ index: Int) -> Int { place(.payload) + word(layer(number, index)) }

  mutating func seal() {
    for section in ImageLayout.Section.allCases {
      let entry = 4 * (ImageLayout.Header.words + ImageLayout.Section.words * section.rawValue)
      let (start, length) = (word(entry + 4), word(entry + 8))
      guard start >= 0, length >= 0, start + length <= bytes.count else { continue }
      set(entry + 12, Int(bytes[start..<(start + length)].withUnsafeBytes { ImageChecksum.of($0) }))
    }
    let hole = 4 * ImageLayout.Header.checksum
    var checksum = ImageChecksum()
    bytes.withUnsafeBytes { all in
      checksum.add(UnsafeRawBufferPointer(rebasing: all[..<hole]))
      checksum.add(UnsafeRawBufferPointer(rebasing: all[(hole + 4)..<ImageLayout.firstSection]))
    }
    set(hole, Int(checksum.value))
  }
}

@Suite struct FixedPointImageTests {
  /// The error that opening gives, or nothing.
  private func failure(_ bytes: [UInt8]) -> FixedPointImageError? {
    do throws(FixedPointImageError) {
      let program = try FixedPointProgram(bytes)
      // What can be opened can be run.
      let stream = FixedPointStream(program)
      _ = stream.firstWrongLayer()
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: FixedPointExample.all, QuantizationOptions.all)
  func `the same model gives the same bytes, which check themselves`(
    _ example: FixedPointExample, _ options: QuantizationOptions
  ) throws {
    let model = try example.plan(options)
    let bytes = try model.image()
    #expect(try model.image() == bytes)
    let program = try FixedPointProgram(bytes)
    for level in ProcessorLevel.allCases where level.isAvailable {
      #expect(FixedPointStream(program, level: level).firstWrongLayer() == nil)
    }
    #expect(program.image.arenaBytes > 0 && program.image.count == bytes.count)
  }

  @Test func `the checksum is that of ZIP`() {
    #expect(Array("123456789".utf8).withUnsafeBytes { ImageChecksum.of($0) } == 0xCBF4_3926)
  }

  @Test func `every truncation and every longer file is an error`() throws {
    let bytes = try tinyImage()
    #expect(failure(bytes) == nil)
    for count in 0..<bytes.count { #expect(failure(Array(bytes[..<count])) != nil, "\(count) bytes") }
    #expect(failure(bytes + [0]) != nil)
  }

  @Test func `every change of a byte is an error`() throws {
    var bytes = try tinyImage()
    for index in bytes.indices {
      for change: UInt8 in [1, 0x80, 0xFF] {
        bytes[index] ^= change
        #expect(failure(bytes) != nil, "byte \(index)")
        bytes[index] ^= change
      }
    }
  }

  @Test func `every forged byte is an error or a valid image`() throws {
    // Checksums are made right again, so that every number is looked at for itself.
    let image = try ForgedImage()
    var refused = 0
    for index in image.bytes.indices {
      for change: UInt8 in [1, 0x40, 0x80, 0xFF] {
        var forged = image
        forged.bytes[index] ^= change
        forged.seal()
        if failure(forged.bytes) != nil { refused += 1 }
      }
    }
    #expect(refused > image.bytes.count)
  }

  @Test(arguments: [UInt64(1), 2, 3]) func `many forged words are errors or a valid image`(seed: UInt64) throws {
    let image = try ForgedImage()
    var generator = SeededGenerator(seed: seed)
    let interesting = [0, 1, -1, 2, 3, 255, 1 << 16, 1 << 20, 1 << 27, 1 << 30, Int(Int32.max), Int(Int32.min)]
    for _ in 0..<1500 {
      var forged = image
      for _ in 0..<generator.integer(1...3) {
        forged.set(4 * generator.integer(0...image.bytes.count / 4 - 1), generator.element(interesting))
      }
      forged.seal()
      // A trap would end the test.
      _ = failure(forged.bytes)
    }
  }

  @Test func `numbers that would do harm are named`() throws {
    typealias Layer = ImageLayout.Layer
    typealias Description = ImageLayout.Description
    let image = try ForgedImage()
    func expect(_ text: String, _ changes: (Int, Int)...) {
      var forged = image
      for (byte, value) in changes { forged.set(byte, value) }
      forged.seal()
      let found = failure(forged.bytes)
      #expect(found.map { "\($0.expected)".contains(text) } == true, "\(text): \(String(describing: found))")
    }
    let window = Layer.window
    // Sizes whose product overflows, and counts without a cap.
    expect(
      "2^27", (image.description(Description.extents), 1 << 20), (image.description(Description.extents + 1), 1 << 20))
    expect("axes", (image.description(Description.rank), 1 << 30))
    expect("1024 layers", (4 * ImageLayout.Header.layers, 1 << 30))
    // Places outside the file, misaligned or overlapping the end.
    expect("inside the payload", (image.layer(0, Layer.weights), 1 << 29))
    expect("inside the payload", (image.layer(0, Layer.bias), -64))
    expect("multiple of 64", (image.layer(0, Layer.multipliers), 2))
    expect("inside the names", (image.layer(1, Layer.nameBytes), 1 << 20))
    expect("section", (4 * (ImageLayout.Header.words + 5), 1 << 28))
    // Divisors of zero, negative numbers.
    expect("group", (image.layer(0, Layer.groups), 0))
    expect("stride", (image.layer(0, window + 6), 0))
    expect("dilation", (image.layer(0, window + 10), 0))
    expect("padding", (image.layer(0, window + 8), -1))
    expect("channel", (image.layer(0, Layer.inputs), 0))
    // Numbers that mean nothing.
    expect("scale above 0", (image.layer(0, Layer.scale), 0))
    expect("scale above 0", (image.layer(0, Layer.scale), 0x7FC0_0000))
    expect("scale above 0", (image.description(Description.inputScale), 1))
    expect("zero point", (image.layer(0, Layer.zeroPoint), 128))
    expect("shifts", (image.array(0, Layer.multipliers) + 4, 31))
    expect("multipliers", (image.array(0, Layer.multipliers), 5))
    expect("largest value", (image.layer(0, Layer.maximum), -129))
    expect("rounding", (image.layer(0, Layer.rounding), 3))
    expect("kind", (image.layer(0, Layer.kind), 9))
    expect("8 or 16 bits", (image.layer(0, Layer.type), 12))
    // Declared types that read more than there is, and sums that overflow.
    let table = image.array(2, Layer.table) - image.place(.payload)
    expect("ends inside", (image.layer(2, Layer.table), table + 64))
    expect("biases", (image.array(0, Layer.bias) + 4, 1))
    expect("overflow", (image.array(0, Layer.bias), 0x7FFF_FFFF))
    // Sizes that do not belong together.
    expect("channels", (image.layer(0, window), 4))
    expect("arena", (4 * ImageLayout.Header.arenaBytes, 64))
    expect("state", (4 * ImageLayout.Header.stateBytes, 0))
    expect("frame rate", (image.description(Description.frameRate + 1), 0x7FF0_0000))
  }
}
