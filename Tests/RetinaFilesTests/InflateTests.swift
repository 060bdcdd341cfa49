import RetinaKernels
import Testing

@testable import RetinaFiles

private func inflate(_ bytes: [UInt8], count: Int) throws(InflateError) -> (bytes: [UInt8], used: Int) {
  try bytes.withUnsafeBufferPointer { (buffer) throws(InflateError) in
    try Inflate.decompress(buffer, count: count)
  }
}

@Suite struct InflateTests {
  private static let counting = (0..<3).flatMap { _ in (0..<16).map(UInt8.init) } + Array("abc".utf8)

  @Test func readsAStoredBlock() throws {
    let stream = [0x01, 0x33, 0x00, 0xcc, 0xff] + InflateTests.counting
    let (bytes, used) = try inflate(stream + [7, 7], count: 51)
    #expect(bytes == InflateTests.counting)
    #expect(used == stream.count)
  }

  @Test func readsABlockOfTheFixedCodes() throws {
    let stream = [UInt8](hexadecimal: "6360646266616563e7e0e4e2e6e1e5e36720c04f4c4a0600")
    let (bytes, used) = try inflate(stream + [0xff], count: 51)
    #expect(bytes == InflateTests.counting)
    #expect(used == stream.count)
  }

  @Test func readsSeveralBlocks() throws {
    let stream = [UInt8](hexadecimal: "ca48cdc9c957c8409000000000ffff839000")
    #expect(try inflate(stream, count: 23).bytes == Array("hello hello hello hello".utf8))
  }

  @Test func readsAnEmptyStream() throws {
    #expect(try inflate([0x03, 0x00], count: 0).bytes == [])
  }

  /// Fifteen symbols whose counts are Fibonacci numbers, for which codes of up to 14 bits are best.
  @Test func readsLongCodes() throws {
    var counts = [1, 1]
    while counts.count < 15 { counts.append(counts[counts.count - 1] + counts[counts.count - 2]) }
    let expected = counts.enumerated().flatMap { [UInt8](repeating: UInt8($0.offset), count: $0.element) }
    #expect(try inflate(InflateTests.longCodes, count: expected.count).bytes == expected)
  }

  @Test func readsDistantMatches() throws {
    let part = (0..<1000).map { UInt8(truncatingIfNeeded: $0 < 300 ? ($0 * $0) >> 3 : ($0 - 300) % 251) }
    let expected = part + [UInt8](repeating: 0, count: 30_000) + part
    #expect(try inflate(InflateTests.distant, count: expected.count).bytes == expected)
  }

  @Test(
    arguments: [
      ([], "more compressed data"), ([0x03], "more compressed data"), ([0x07], "a type of block from 0 to 2"),
      ([0x01, 0x05, 0x00, 0x05, 0x00], "the length of a block and its complement"),
      ([0x01, 0x05, 0x00, 0xfa, 0xff, 1, 2], "more compressed data"),
      // A match before anything was written; a reserved length; a reserved distance.
      ([0x03, 0x02], "a distance of at most 0"), ([0x1b, 0x03, 0x00], "a code of a length"),
      ([0x63, 0x00, 0x3e, 0x00], "a code of a distance"),
      // 31 distances; a first length that repeats what is not there; too many codes of one bit.
      ([0x05, 0x1f, 0x00], "at most 286 literals and 30 distances"),
    ] as [([UInt8], String)])
  func saysWhatIsWrongWithAStream(_ stream: [UInt8], _ expected: String) throws {
    var found: InflateError?
    do throws(InflateError) {
      _ = try inflate(stream, count: 16)
    } catch {
      found = error
    }
    #expect(found?.expected == expected)
  }

  @Test func refusesCodesThatAreNoPrefixCodes() {
    #expect(throws: InflateError(expected: "a prefix code", found: "too many short codes")) {
      try HuffmanCode([1, 1, 1])
    }
    #expect(throws: InflateError(expected: "a complete prefix code", found: "one with gaps")) {
      try HuffmanCode([2, 2, 2])
    }
    #expect(throws: Never.self) { try HuffmanCode([0, 1, 0]) }
    #expect(throws: Never.self) { try HuffmanCode([0, 0]) }
  }

  @Test func refusesAnotherCount() {
    let stream = [0x01, 0x33, 0x00, 0xcc, 0xff] + InflateTests.counting
    #expect(throws: InflateError(expected: "50 bytes", found: "more")) { try inflate(stream, count: 50) }
    #expect(throws: InflateError(expected: "52 bytes", found: "51")) { try inflate(stream, count: 52) }
  }

  @Test func everyTruncationIsRefused() {
    for count in 0..<InflateTests.longCodes.count {
      #expect(throws: InflateError.self) { try inflate(Array(InflateTests.longCodes[..<count]), count: 1596) }
    }
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func damagedStreamsNeverCrash(seed: UInt64) {
    var generator = SeededRandom(seed: seed)
    for stream in [InflateTests.longCodes, InflateTests.distant] {
      for _ in 0..<100 {
        let bytes = stream.damaged(by: &generator)
        if let result = try? inflate(bytes, count: 1596) { #expect(result.bytes.count == 1596) }
      }
    }
    for _ in 0..<2000 {
      let bytes = (0..<40).map { _ in UInt8.random(in: 0...255, using: &generator) }
      _ = try? inflate(bytes, count: 100)
    }
  }

  // Made with Python's zlib, level 9, the first with Z_HUFFMAN_ONLY.
  private static let longCodes = [UInt8](
    hexadecimal: """
      05c10162c3300cc3c06d6d624b24f0ffe7eeeee7f7efeff3f97cbfdfeff7799ee7799ee77ddff77ddff77ddff73de79c73ce
      39e79c73ce39e79c73efbdf7de7befbdf7de7befbdf7de7befbdf7de7befcccccccccccccccccccccccccccccccccccccccc
      cccccccccccccceceeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee
      ee6e922449922449922449922449922449922449922449922449922449922449922449922449922449922449922449922449
      922449922449dbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb6
      6ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66d01000000000000
      0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
      0000000000000000000000000000000000000000000000000000000000000000000000000050555555555555555555555555
      5555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555
      5555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555
      555555555555555555555555555555555555555555555555555555555555555555555555555555d57f
      """)
  private static let distant = [UInt8](
    hexadecimal: """
      eddd7b5bcb0100c5f119b22e325344d14fd24da5322a42563195a292a4542b94ee214932531a2a24dd4bada884b292742f64
      a57451842489926212e5ee79bc06fff09ccf3bf89e37704824d204f2c4492214318969346919394251454347d780c1b4b0d9
      c6f2f00b62734f27f2f28a2a056d5dfd233f285284ba9e8995935730372eabb0b6b54748a212da0c6bb7406ed2e5aab657e3
      12049de9181091c217748f8a2be86f74672714d4f77e93d264b242e2f94d03930803bb7d31f98d83142563574e46750f8930
      74e164de7e4d5133f78db9def99d30768fe23ffaaec0f4892deb15d5b263e7b47c5130db9b2618915b17902a1825cc832eb4
      fd52b7e716f7cd60f8a7b790b49ccfd47e54b4e5960ec95b85970c1136dc8a11658718c14fba27ef3195c92e11aab292db25
      999cf2311def9c3ec221a1836619d940591b768bbc865d4d3264d7908dc2ea28a691cdb4cd095d845bceb0cefe723233ba5d
      96952bd4630ba85b796fe9a1029a43f69fa5268b4ca1888a894b4c959c469d4e9b21253d7396ccec39b27273e7c913f31516
      282e54525651555ba4aea1b9584b5b67097de9325d3dfde52b0c56ae5a6db88661646cb2761d73bda999f9060bcb8d9bacac
      6d36db6eb1db6abfcdc171bb93b30bcbd56dc7ce5dee1ebb3dbdbc7d7cfdfc03f6ecdd17b83fe840f0c19043a187d9473847
      c3c28f45708f9f381919157deaf49998b3b1e7e2e2131293925352d3cea767f032b32e5ccccec9bd9477f9cad5fc826bfcc2
      a2ebc5374a6e96969557545655d7d4deba7da7eeaea0bee15e63d3fde696d6b607ed1d0f1f753e7ef2b4eb59f7f39e17bd2f
      fb5ebdee1f7833f87668f8dd7be187918fa39f3e8f8d7ff98af47f3c9d040000000000000000000000000000000000000000
      00000000000000000000000000000000000000000000000000000000000000000000000000f0f7e01719bfc8f845fecfd37f
      03
      """)
}

@Suite struct CRC32Tests {
  @Test func knownValues() {
    #expect(CRC32.of([]) == 0)
    #expect(CRC32.of(Array("123456789".utf8)) == 0xcbf4_3926)
    #expect(CRC32.of([UInt8](repeating: 0, count: 32)) == 0x190a_55ad)
  }
}
