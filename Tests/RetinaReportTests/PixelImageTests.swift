import Testing

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

  @Test func compressedBytesComeBack() {
    var generator = SmallGenerator()
    for stride in [1, 2, 3, 17, 300, 5000] {
      for alphabet in [1, 2, 7, 256] {
        let row = (0..<stride).map { _ in UInt8(generator.next(below: alphabet)) }
        let noise = (0..<500).map { _ in UInt8(generator.next(below: alphabet)) }
        let bytes = row + row + noise + row + [UInt8](repeating: 200, count: 700)
        #expect(inflate(Deflate.compress(bytes, stride: stride)) == bytes, "stride \(stride), alphabet \(alphabet)")
      }
    }
    #expect(inflate(Deflate.compress([], stride: 4)) == [])
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

/// The bytes of a stream that uses the fixed code only, from RFC 1951 section 3.2.6; nothing when it is not one.
private func inflate(_ stream: [UInt8]) -> [UInt8]? {
  var position = 0
  func bit() -> Int {
    defer { position += 1 }
    return position / 8 < stream.count ? Int(stream[position / 8] >> UInt8(position % 8)) & 1 : 0
  }
  func number(_ count: Int) -> Int { (0..<count).reduce(0) { $0 | bit() << $1 } }
  func code(_ count: Int) -> Int { (0..<count).reduce(0) { value, _ in value << 1 | bit() } }
  func symbol() -> Int {
    let seven = code(7)
    if seven < 0b001_1000 { return 256 + seven }
    let eight = seven << 1 | bit()
    if eight < 0b1100_0000 { return eight - 0x30 }
    if eight < 0b1100_1000 { return 280 + eight - 0xC0 }
    return 144 + (eight << 1 | bit()) - 0x190
  }
  guard number(3) == 0b011 else { return nil }
  var output: [UInt8] = []
  while position < stream.count * 8 {
    let symbol = symbol()
    if symbol < 256 { output.append(UInt8(symbol)) }
    if symbol == 256 { return output }
    guard symbol > 256 else { continue }
    var length = 3
    for earlier in 257..<symbol { length += earlier < 265 ? 1 : 1 << ((earlier - 261) / 4) }
    if symbol == 285 { length = 258 } else if symbol >= 265 { length += number((symbol - 261) / 4) }
    let distanceCode = code(5)
    var distance = 1
    for earlier in 0..<distanceCode { distance += earlier < 4 ? 1 : 1 << ((earlier - 2) / 2) }
    if distanceCode >= 4 { distance += number((distanceCode - 2) / 2) }
    guard distance <= output.count else { return nil }
    for _ in 0..<length { output.append(output[output.count - distance]) }
  }
  return nil
}
