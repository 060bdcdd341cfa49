import RetinaFiles
import RetinaKernels
import Testing

@testable import RetinaEngine

@Suite struct MalformedImageTests {
  @Test(arguments: TinyImage.allCases) func `every truncation and every longer file is an error`(_ kind: TinyImage)
    throws
  {
    let bytes = try kind.bytes()
    #expect(kind.failure(bytes) == nil)
    for count in 0..<bytes.count { #expect(kind.failure(Array(bytes[..<count])) != nil, "\(count) bytes") }
    #expect(kind.failure(bytes + [0]) != nil)
  }

  @Test(arguments: TinyImage.allCases) func `every change of a byte is an error`(_ kind: TinyImage) throws {
    var bytes = try kind.bytes()
    for index in bytes.indices {
      for change: UInt8 in [1, 0x80, 0xFF] {
        bytes[index] ^= change
        #expect(kind.failure(bytes) != nil, "byte \(index)")
        bytes[index] ^= change
      }
    }
  }

  @Test(arguments: TinyImage.allCases) func `every forged byte is an error or a valid image`(_ kind: TinyImage) throws {
    // Checksums are made right again, so that every number is looked at for itself.
    let image = try ForgedImage(kind)
    var refused = 0
    for index in image.bytes.indices {
      for change: UInt8 in [1, 0x40, 0x80, 0xFF] {
        var forged = image
        forged.bytes[index] ^= change
        forged.seal()
        if forged.failure != nil { refused += 1 }
      }
    }
    #expect(refused > image.bytes.count)
  }

  @Test(arguments: TinyImage.allCases, [UInt64(1), 2, 3]) func `many forged words are errors or a valid image`(
    _ kind: TinyImage, seed: UInt64
  ) throws {
    let image = try ForgedImage(kind)
    var generator = SeededRandom(seed: seed)
    let interesting = [
      0, 1, -1, 2, 3, 255, 1 << 16, 1 << 20, 1 << 27, 1 << 30, Int(Int32.max), Int(Int32.min), 0x7FC0_0000, 0x7F80_0000,
    ]
    for _ in 0..<1500 {
      var forged = image
      for _ in 0..<generator.integer(1...3) {
        forged.set(4 * generator.integer(0...image.bytes.count / 4 - 1), generator.element(interesting))
      }
      forged.seal()
      // A trap would end the test.
      _ = forged.failure
    }
  }

  /// Images of another version are refused early, and a fuzzer that starts from them looks at nothing else.
  @Test(arguments: [("int8", TinyImage.integers), ("int16", .integers), ("float32", .floats)])
  func `the fuzzer starts from images that can be read`(_ name: String, _ kind: TinyImage) throws {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let bytes = try FileSystem.read("/\(root)/tools/fuzz/corpus/image/\(name).retina")
    #expect(kind.failure(bytes) == nil)
  }

  @Test func `an image of the other kind is refused`() throws {
    for kind in TinyImage.allCases {
      var forged = try ForgedImage(kind)
      forged.set(4 * ImageLayout.Header.precision, kind == .integers ? 32 : 0)
      forged.seal()
      #expect(forged.failure.map { "\($0.expected)".contains("float32") } == true)
    }
  }

  /// Classes of faults that readers of model files have had (reference: GHSA and CVE lists of GGUF, LiteRT, ONNX).
  enum Fault: String, CaseIterable, Sendable {
    case productOfExtentsOverflows, paddingAndAlignment, hugeCounts, axesWithoutBound, typeLargerThanTheArray
    case placesOutsideOrOverlapping, negativeIndices, divisorsOfZero, missingParts, endlessOrDoubled, sideFiles
    case checkAndRunDisagree, numbersThatMeanNothing
  }

  @Test(arguments: TinyImage.allCases, Fault.allCases) func `thirteen classes of faults are errors`(
    _ kind: TinyImage, _ fault: Fault
  ) throws {
    typealias Layer = ImageLayout.Layer
    typealias Header = ImageLayout.Header
    let image = try ForgedImage(kind)
    let extents = image.description(ImageLayout.Description.extents)
    let window = Layer.window
    func table(_ section: ImageLayout.Section, _ word: Int) -> Int {
      4 * (Header.words + ImageLayout.Section.words * section.rawValue + word)
    }
    /// The layer of a function: a table in integers.
    let function = kind == .integers ? 2 : 3
    let changes: [[(Int, Int)]]
    switch fault {
    case .productOfExtentsOverflows:
      changes = [
        [(extents, 1 << 20), (extents + 4, 1 << 20), (extents + 8, 1 << 20)],
        [(image.layer(0, window), 1 << 20), (image.layer(0, window + 1), 1 << 20)],
        [(image.layer(0, window + 4), 1 << 20), (image.layer(0, window + 5), 1 << 20)],
      ]
    case .paddingAndAlignment:
      changes = [
        [(image.layer(0, Layer.weights), 4)], [(table(.layers, 1), image.place(.layers) + 4)],
        [(image.layer(0, window + 8), 1 << 20)], [(image.layer(0, window + 10), 1 << 20)],
      ]
    case .hugeCounts:
      changes = [
        [(4 * Header.layers, 1 << 30)], [(4 * Header.sections, 1 << 30)], [(image.layer(0, Layer.outputs), 1 << 30)],
        [(image.description(ImageLayout.Description.nameBytes), 1 << 30)],
        [(image.description(ImageLayout.Description.normalizationCount), 1 << 26)],
      ]
    case .axesWithoutBound:
      changes = [[(image.description(ImageLayout.Description.rank), 5)], [(image.layer(1, Layer.rank), 1 << 30)]]
    case .typeLargerThanTheArray:
      changes = [
        [(image.layer(0, Layer.type), kind == .integers ? 32 : 8)],
        [(image.description(ImageLayout.Description.inputType), kind == .integers ? 16 : 64)],
        [(image.layer(function, Layer.kind), 7)],
      ]
    case .placesOutsideOrOverlapping:
      changes = [
        [(table(.payload, 1), image.bytes.count)], [(table(.payload, 2), image.bytes.count)],
        [(table(.names, 1), image.place(.layers))], [(image.layer(0, Layer.bias), 1 << 29)],
        [(table(.golden, 2), 64)],
      ]
    case .negativeIndices:
      changes = [
        [(image.layer(0, Layer.weights), -64)], [(image.layer(1, Layer.names), -1)], [(table(.payload, 1), -64)],
        [(image.layer(0, window + 9), -1)],
      ]
    case .divisorsOfZero:
      changes = [
        [(image.layer(0, Layer.groups), 0)], [(image.layer(0, window + 6), 0)], [(image.layer(0, window + 7), 0)],
        [(image.layer(0, Layer.inputs), 0)],
      ]
    case .missingParts:
      changes = [
        [(4 * Header.layers, 0)], [(table(.payload, 2), 0)], [(table(.description, 2), 0)],
        [(image.layer(0, Layer.kind), 0)],
      ]
    case .endlessOrDoubled:
      // Layers run in one order and sections stand in one order: nothing can point back.
      changes = [[(table(.names, 0), 4)], [(table(.payload, 1), image.place(.description))]]
    case .sideFiles:
      // An image holds no paths: a part that lies elsewhere is a place outside the file.
      changes = [[(table(.golden, 1), 1 << 30)]]
    case .checkAndRunDisagree:
      changes = [
        [(4 * Header.arenaBytes, image.word(4 * Header.arenaBytes) - 1)],
        [(4 * Header.stateBytes, image.word(4 * Header.stateBytes) + 1)], [(image.layer(0, window + 2), 1)],
        [(image.layer(1, Layer.extents), 3)],
      ]
    case .numbersThatMeanNothing:
      changes =
        kind == .integers
        ? [
          [(image.layer(0, Layer.scale), 0x7FC0_0000)], [(image.layer(0, Layer.scale), 1)],
          [(image.layer(0, Layer.zeroPoint), 128)], [(image.array(0, Layer.multipliers) + 4, 31)],
        ]
        : [
          [(image.array(0, Layer.weights), 0x7FC0_0000)], [(image.array(0, Layer.bias), 0x7F80_0000)],
          [(image.layer(function, Layer.function), 6)], [(image.layer(function, Layer.scale), 0x7FC0_0000)],
        ]
    }
    for change in changes {
      var forged = image
      for (byte, value) in change { forged.set(byte, value) }
      forged.seal()
      let found = forged.failure
      #expect(found != nil, "\(change)")
      #expect(found.map { !"\($0.expected)".contains("checksum") } ?? true, "the fault itself must be found: \(change)")
    }
  }
}
