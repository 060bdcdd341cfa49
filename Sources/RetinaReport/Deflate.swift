/// A compressed stream (RFC 1951) for images made of large flat cells.
///
/// It looks for repetition in two places only, the byte before and the row above, and uses the code that the format
/// fixes: a magnified heat map shrinks to little more than its cells.
struct Deflate {
  private var bytes: [UInt8] = []
  private var pending: UInt32 = 0
  private var pendingCount: UInt32 = 0

  private static let longestMatch = 258
  private static let lengthBases = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
  ]
  private static let distanceBases = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
    8193, 12289, 16385, 24577,
  ]
  private static let greatestDistance = 32768

  private init() {}

  /// The bytes compressed, where a row of the image is `stride` bytes.
  static func compress(_ input: [UInt8], stride: Int) -> [UInt8] {
    var stream = Deflate()
    stream.append(0b011, count: 3)  // the last block, with the fixed code
    let distances = [1, stride].filter { 1...greatestDistance ~= $0 }
    var place = 0
    while place < input.count {
      var best = (length: 0, distance: 0)
      for distance in distances where distance <= place {
        var length = 0
        let limit = min(longestMatch, input.count - place)
        while length < limit, input[place + length] == input[place + length - distance] { length += 1 }
        if length > best.length { best = (length, distance) }
      }
      if best.length >= 3 {
        stream.appendMatch(length: best.length, distance: best.distance)
        place += best.length
      } else {
        stream.appendSymbol(Int(input[place]))
        place += 1
      }
    }
    stream.appendSymbol(256)
    if stream.pendingCount > 0 { stream.append(0, count: 8 - stream.pendingCount) }
    return stream.bytes
  }

  private mutating func appendMatch(length: Int, distance: Int) {
    let lengthCode = Deflate.lengthBases.lastIndex { $0 <= length } ?? 0
    appendSymbol(257 + lengthCode)
    let lengthExtra = lengthCode < 8 || lengthCode == 28 ? 0 : lengthCode / 4 - 1
    append(UInt32(length - Deflate.lengthBases[lengthCode]), count: UInt32(lengthExtra))
    let distanceCode = Deflate.distanceBases.lastIndex { $0 <= distance } ?? 0
    appendCode(UInt32(distanceCode), count: 5)
    let distanceExtra = distanceCode < 4 ? 0 : distanceCode / 2 - 1
    append(UInt32(distance - Deflate.distanceBases[distanceCode]), count: UInt32(distanceExtra))
  }

  /// Appends a byte, the end of the block or a length in the fixed code.
  private mutating func appendSymbol(_ symbol: Int) {
    switch symbol {
    case ..<144: appendCode(UInt32(0x30 + symbol), count: 8)
    case ..<256: appendCode(UInt32(0x190 + symbol - 144), count: 9)
    case ..<280: appendCode(UInt32(symbol - 256), count: 7)
    default: appendCode(UInt32(0xC0 + symbol - 280), count: 8)
    }
  }

  /// Appends a code word, its highest bit first.
  private mutating func appendCode(_ code: UInt32, count: UInt32) {
    var reversed: UInt32 = 0
    for bit in 0..<count { reversed |= (code >> bit & 1) << (count - 1 - bit) }
    append(reversed, count: count)
  }

  /// Appends a number, its lowest bit first.
  private mutating func append(_ number: UInt32, count: UInt32) {
    pending |= number << pendingCount
    pendingCount += count
    while pendingCount >= 8 {
      bytes.append(UInt8(truncatingIfNeeded: pending))
      pending >>= 8
      pendingCount -= 8
    }
  }
}
