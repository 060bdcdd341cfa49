import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaEngine

@Suite struct FixedPointImageTests {
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

  @Test func `numbers that would do harm are named`() throws {
    typealias Layer = ImageLayout.Layer
    typealias Description = ImageLayout.Description
    let image = try ForgedImage(.integers)
    func expect(_ text: String, _ changes: (Int, Int)...) {
      var forged = image
      for (byte, value) in changes { forged.set(byte, value) }
      forged.seal()
      let found = forged.failure
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
