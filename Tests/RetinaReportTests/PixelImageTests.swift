import RetinaModel
import Testing

@testable import RetinaFiles
@testable import RetinaReport

@Suite struct PixelImageTests {
  @Test func checksumsOfKnownText() {
    #expect(Checksum.crc32(Array("123456789".utf8)) == 0xCBF4_3926)
    #expect(Checksum.crc32(Array("IEND".utf8)) == 0xAE42_6082)
    #expect(Checksum.crc32([]) == 0)
    #expect(Checksum.adler32(Array("Wikipedia".utf8)) == 0x11E6_0398)
    #expect(Checksum.adler32([]) == 1)
  }

  @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
  func base64(text: String, encoded: String) {
    #expect(Base64.encode(Array(text.utf8)) == encoded)
  }

  @Test func compressedBytesComeBack() throws {
    var generator = SmallGenerator()
    for stride in [1, 2, 3, 17, 300, 5000] {
      for alphabet in [1, 2, 7, 256] {
        let row = (0..<stride).map { _ in UInt8(generator.next(below: alphabet)) }
        let noise = (0..<500).map { _ in UInt8(generator.next(below: alphabet)) }
        let bytes = row + row + noise + row + [UInt8](repeating: 200, count: 700)
        #expect(try inflate(Deflate.compress(bytes, stride: stride), bytes.count) == bytes, "\(stride), \(alphabet)")
      }
    }
    #expect(try inflate(Deflate.compress([], stride: 4), 0) == [])
  }

  @Test func rareBytesHaveShortEnoughWords() throws {
    // Fibonacci numbers make the longest words: 20 symbols would need 19 bits.
    var counts = [1, 1]
    while counts.count < 20 { counts.append(counts[counts.count - 1] + counts[counts.count - 2]) }
    for longest in [7, 15, 19] {
      let code = PrefixCode(counts: counts, longest: longest)
      #expect(try #require(code.lengths.max()) <= longest)
      #expect(code.lengths.reduce(0.0) { $0 + 1 / Double(1 << $1) } == 1)
      #expect(zip(code.lengths, code.lengths.dropFirst()).allSatisfy { $0 >= $1 })
    }
    #expect(PrefixCode(counts: [0, 0, 5, 0], longest: 15).lengths == [1, 0, 1, 0])
    let bytes = counts.enumerated().flatMap { [UInt8](repeating: UInt8($0), count: min($1, 900)) }.shuffledAlike()
    #expect(try inflate(Deflate.compress(bytes, stride: 50), bytes.count) == bytes)
  }

  @Test func pictureComesBackThroughAReader() throws {
    let palette = (0..<5).map { Colour(between: Colour(0), and: Colour(0xFFFFFF), fraction: Double($0) / 4) }
    let image = PixelImage(width: 3, height: 2, indices: [0, 4, 0, 4, 4, 2], palette: palette)
    let picture = try PNG.parse(image.png(), file: "image")
    #expect(picture.shape == Shape(2, 3))
    #expect(zip(picture.values, [0, 1, 0, 1, 1, 0.5]).allSatisfy { ($0 - $1).magnitude < 0.003 })
  }

  @Test func flatImageIsSmall() {
    let image = PixelImage(width: 1000, height: 1000, indices: [UInt8](repeating: 9, count: 1_000_000), palette: [])
    #expect(image.png().count < 20_000)
  }

  @Test func fileOfOnePixel() {
    let image = PixelImage(width: 1, height: 1, indices: [0], palette: [Colour(0xFF8000)])
    let file = image.png()
    let header: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]
    #expect(Array(file.prefix(16)) == header)
    #expect(Array(file[16..<29]) == [0, 0, 0, 1, 0, 0, 0, 1, 8, 3, 0, 0, 0])
    #expect(Array(file[33..<44]) == [0, 0, 0, 3, 0x50, 0x4C, 0x54, 0x45, 0xFF, 0x80, 0x00])
    #expect(Array(file.suffix(8)) == [0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82])
  }

  @Test func magnification() {
    let image = PixelImage(width: 2, height: 2, indices: [1, 2, 3, 4], palette: []).magnified(across: 2, down: 3)
    #expect((image.width, image.height) == (4, 6))
    #expect(image.indices == [1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4, 3, 3, 4, 4])
  }

  @Test func heatMapKeepsTheLargestOfCrowdedCells() {
    var values = [Float](repeating: 0.1, count: 3 * HeatMap.maximumExtent)
    values[4] = -1
    values[6] = .nan
    let map = HeatMap(rowCount: 1, columnCount: values.count, values: values)
    let scale = ColourScale.diverging(limit: 1)
    let image = map.image(scale: scale)
    #expect(image.width == HeatMap.maximumExtent)
    #expect(Array(image.indices.prefix(3)) == [scale.index(of: 0.1), scale.index(of: -1), scale.index(of: 0.1)])
  }
}

/// A linear congruential generator: the same numbers on every run.
private struct SmallGenerator {
  private var state: UInt64 = 1

  mutating func next(below bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }
}

extension [UInt8] {
  /// The bytes in an order without runs, always the same.
  fileprivate func shuffledAlike() -> [UInt8] {
    var generator = SmallGenerator()
    var bytes = self
    for place in bytes.indices.dropFirst().reversed() { bytes.swapAt(place, generator.next(below: place + 1)) }
    return bytes
  }
}

/// The bytes of a stream.
private func inflate(_ stream: [UInt8], _ count: Int) throws -> [UInt8] {
  try stream.withUnsafeBufferPointer { try Inflate.decompress($0, count: count).bytes }
}
