import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaFiles

@Suite struct PNGTests {
  /// Every type of colour, several depths and all filters.
  @Test(arguments: PNGTests.kinds.indices) func readsEveryKind(_ index: Int) throws {
    let kind = PNGTests.kinds[index]
    let picture = try PNG.parse(PNGTests.file(kind.depth, kind.colour, kind.rows, palette: kind.palette), file: "-")
    #expect(picture.shape == Shape(2, kind.grey.count / 2))
    for (found, wanted) in zip(picture.values, kind.grey) { #expect(abs(found - wanted) < 1e-6) }
  }

  struct Kind: Sendable {
    var depth, colour: UInt8
    /// Lines with the number of their filter first.
    var rows: [[UInt8]]
    var palette: [UInt8] = []
    var grey: [Float]
  }

  static let kinds = [
    Kind(depth: 8, colour: 0, rows: [[0, 0, 51, 255], [0, 1, 2, 3]], grey: [0, 0.2, 1, 1 / 255, 2 / 255, 3 / 255]),
    // Filters: left, above, mean, Paeth.
    Kind(
      depth: 8, colour: 0, rows: [[1, 10, 10, 10], [2, 5, 5, 5]], grey: [10, 20, 30, 15, 25, 35].map { $0 / 255 }),
    Kind(
      depth: 8, colour: 0, rows: [[0, 10, 20, 30], [3, 1, 2, 3]], grey: [10, 20, 30, 6, 15, 25].map { $0 / 255 }),
    Kind(
      depth: 8, colour: 0, rows: [[0, 10, 20, 40], [4, 1, 2, 250]], grey: [10, 20, 40, 11, 22, 34].map { $0 / 255 }),
    Kind(
      depth: 16, colour: 0, rows: [[0, 0x80, 0, 0xff, 0xff], [0, 0, 1, 0, 0]], grey: [32768 / 65535, 1, 1 / 65535, 0]),
    Kind(depth: 1, colour: 0, rows: [[0, 0b1010_0000], [0, 0b0110_0000]], grey: [1, 0, 1, 0, 0, 1, 1, 0]),
    Kind(
      depth: 2, colour: 0, rows: [[0, 0b0001_1011], [0, 0b1110_0100]], grey: [0, 1, 2, 3, 3, 2, 1, 0].map { $0 / 3 }),
    Kind(
      depth: 8, colour: 2, rows: [[0, 255, 0, 0, 0, 255, 0], [0, 0, 0, 255, 255, 255, 255]],
      grey: [0.2126, 0.7152, 0.0722, 1]),
    Kind(depth: 8, colour: 6, rows: [[0, 255, 0, 0, 255], [0, 51, 51, 51, 255]], grey: [0.2126, 0.2]),
    Kind(depth: 8, colour: 4, rows: [[0, 51, 255], [0, 102, 255]], grey: [0.2, 0.4]),
    Kind(depth: 4, colour: 3, rows: [[0, 0x01], [0, 0x10]], palette: [0, 0, 0, 255, 255, 255], grey: [0, 1, 1, 0]),
  ]

  /// A file of two lines, stored without compression.
  static func file(
    _ depth: UInt8, _ colour: UInt8, _ rows: [[UInt8]], palette: [UInt8] = [], width: UInt8? = nil, extra: [UInt8] = []
  ) -> [UInt8] {
    let samples = [1, 1, 3, 1, 2, 1, 4][Int(colour)]
    let bits = (rows[0].count - 1) * 8 / (samples * Int(depth))
    let data = rows.flatMap { $0 }
    var (sum, sums): (UInt32, UInt32) = (1, 0)
    for byte in data {
      sum = (sum + UInt32(byte)) % 65521
      sums = (sums + sum) % 65521
    }
    let count = UInt16(data.count)
    let stored: [UInt8] = [1, UInt8(count & 0xff), UInt8(count >> 8), UInt8(~count & 0xff), UInt8(~count >> 8)]
    let header: [UInt8] = [0, 0, 0, width ?? (depth == 1 ? 4 : UInt8(bits)), 0, 0, 0, 2, depth, colour, 0, 0, 0]
    return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] + chunk("IHDR", header)
      + (palette.isEmpty ? [] : chunk("PLTE", palette)) + extra
      + chunk("IDAT", [0x78, 0x01] + stored + data + bigEndian(sums << 16 | sum)) + chunk("IEND", [])
  }

  static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
    bigEndian(UInt32(content.count)) + Array(type.utf8) + content + bigEndian(CRC32.of(Array(type.utf8) + content))
  }

  static func bigEndian(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(number >> (24 - 8 * $0) & 0xff) } }

  @Test func saysWhatIsWrong() throws {
    let rows: [[UInt8]] = [[0, 1, 2], [0, 3, 4]]
    func expected(_ bytes: [UInt8]) throws -> String { try failure { try PNG.parse(bytes, file: "f") }.expected }
    let good = PNGTests.file(8, 0, rows)
    #expect(try PNG.parse(good, file: "-").values.count == 4)
    #expect(try expected([]) == "the signature of PNG")
    #expect(try expected(Array(good.dropLast(1))) == "a chunk")
    // Sides of 0 and too large, an impossible depth, interlacing (classes 1, 3 and 8).
    func header(_ content: [UInt8]) -> [UInt8] { Array(good[..<8]) + PNGTests.chunk("IHDR", content) + good[33...] }
    #expect(try expected(header([0, 0, 0, 0, 0, 0, 0, 2, 8, 0, 0, 0, 0])) == "sides from 1 to 65536")
    #expect(try expected(header([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2, 8, 0, 0, 0, 0])) == "sides from 1 to 65536")
    #expect(try expected(header([0, 1, 0, 0, 0, 1, 0, 0, 8, 0, 0, 0, 0])) == "data for 65536 x 65536 pixels")
    #expect(try expected(header([0, 0, 0, 2, 0, 0, 0, 2, 3, 0, 0, 0, 0])) == "a depth and a type of colour of PNG")
    #expect(try expected(header([0, 0, 0, 2, 0, 0, 0, 2, 8, 1, 0, 0, 0])) == "a depth and a type of colour of PNG")
    #expect(try expected(header([0, 0, 0, 2, 0, 0, 0, 2, 8, 0, 0, 0, 1])).hasPrefix("deflate"))
    #expect(try expected(header([0, 0, 0, 2])) == "13 bytes of IHDR")
    #expect(try expected(header([0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 0])) == "8 bytes")
    let withoutData = PNGTests.chunk("IHDR", [0, 0, 0, 2, 0, 0, 0, 2, 8, 0, 0, 0, 0]) + PNGTests.chunk("IEND", [])
    #expect(try expected(Array(good[..<8]) + withoutData) == "a zlib stream without dictionary")
    // A wrong checksum, an unknown chunk, a second header, a length outside the file, a filter there is not.
    var damaged = good
    damaged[20] ^= 1
    #expect(try expected(damaged) == "the checksum of the chunk")
    damaged = good
    damaged[33] = 0xff
    #expect(try expected(damaged).hasPrefix("a length of at most"))
    #expect(try expected(PNGTests.file(8, 0, rows, extra: PNGTests.chunk("NEWX", []))) == "chunks that are known")
    #expect(try PNG.parse(PNGTests.file(8, 0, rows, extra: PNGTests.chunk("tEXt", [1])), file: "-").values.count == 4)
    #expect(try expected(PNGTests.file(8, 0, rows, extra: PNGTests.chunk("IHDR", []))).hasPrefix("IHDR as the first"))
    #expect(try expected(PNGTests.file(8, 0, [[0, 1, 2], [5, 3, 4]])) == "a filter from 0 to 4")
    // Pixels that one can see through, and a colour that is not in the palette.
    #expect(try expected(PNGTests.file(8, 4, [[0, 1, 254], [0, 2, 255]])) == "opaque pixels")
    #expect(try expected(PNGTests.file(8, 0, rows, extra: PNGTests.chunk("tRNS", [0, 0]))) == "opaque pixels")
    #expect(try expected(PNGTests.file(8, 3, rows, palette: [0, 0, 0])) == "a colour 1")
  }

  @Test(arguments: 0..<4 as Range<UInt64>) func damagedFilesNeverCrash(seed: UInt64) {
    var generator = SeededRandom(seed: seed)
    for kind in PNGTests.kinds {
      let bytes = PNGTests.file(kind.depth, kind.colour, kind.rows, palette: kind.palette)
      for count in stride(from: 0, to: bytes.count, by: 3) { _ = try? PNG.parse(Array(bytes[..<count]), file: "-") }
      for _ in 0..<100 { _ = try? PNG.parse(bytes.damaged(by: &generator), file: "-") }
    }
  }

  @Test func aFolderIsAMovie() throws {
    try withFolder { folder in
      try FileSystem.write(PNGTests.file(8, 0, [[0, 0, 51], [0, 0, 0]]), to: folder + "/b2.png")
      try FileSystem.write(PNGTests.file(8, 0, [[0, 255, 0], [0, 0, 0]]), to: folder + "/b1.PNG")
      try FileSystem.write([1], to: folder + "/notes.txt")
      let movie = try PNG.readSequence(folder)
      #expect(movie.shape == Shape(2, 2, 2))
      #expect(movie.values == [1, 0, 0, 0, 0, 0.2, 0, 0])
      try FileSystem.write(PNGTests.file(8, 0, [[0, 1], [0, 1]]), to: folder + "/c.png")
      #expect(try failure { try PNG.readSequence(folder) }.expected.hasPrefix("a picture of [2, 2]"))
      #expect(try failure { try PNG.readSequence(folder + "/none") }.kind == .cannotRead)
    }
    try withFolder { folder in
      let error = try failure { try PNG.readSequence(folder) }
      #expect(error.found == "none")
    }
  }
}
