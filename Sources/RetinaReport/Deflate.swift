/// A compressed stream (RFC 1951) for images made of large flat cells.
///
/// It looks for repetition in two places only, the byte before and the row above, and gives frequent bytes short codes made
/// for the image: a magnified heat map shrinks to little more than its cells.
struct Deflate {
  private var bytes: [UInt8] = []
  private var pending: UInt32 = 0
  private var pendingCount: UInt32 = 0

  /// A byte, or a repetition of earlier ones.
  private enum Piece {
    case byte(UInt8)
    case match(length: Int, distance: Int)
  }

  private static let longestMatch = 258
  private static let lengthBases = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
  ]
  private static let distanceBases = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
    8193, 12289, 16385, 24577,
  ]
  private static let greatestDistance = 32768
  private static let end = 256
  /// The order in which the lengths of the code for code lengths are written.
  private static let lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

  private init() {}

  /// The bytes compressed, where a row of the image is `stride` bytes.
  static func compress(_ input: [UInt8], stride: Int) -> [UInt8] {
    let pieces = pieces(of: input, stride: stride)
    var counts = [Int](repeating: 0, count: end + 1 + lengthBases.count)
    var distanceCounts = [Int](repeating: 0, count: distanceBases.count)
    counts[end] = 1
    for piece in pieces {
      switch piece {
      case .byte(let byte): counts[Int(byte)] += 1
      case .match(let length, let distance):
        counts[end + 1 + code(of: length, lengthBases)] += 1
        distanceCounts[code(of: distance, distanceBases)] += 1
      }
    }
    let symbols = PrefixCode(counts: counts, longest: 15)
    let distances = PrefixCode(counts: distanceCounts, longest: 15)
    var stream = Deflate()
    stream.append(0b101, count: 3)  // the last block, with codes of its own
    stream.appendHeader(symbols, distances)
    for piece in pieces {
      switch piece {
      case .byte(let byte): stream.append(symbols, Int(byte))
      case .match(let length, let distance):
        let lengthCode = code(of: length, lengthBases)
        stream.append(symbols, end + 1 + lengthCode)
        let lengthExtra = lengthCode < 8 || lengthCode == 28 ? 0 : lengthCode / 4 - 1
        stream.append(UInt32(length - lengthBases[lengthCode]), count: UInt32(lengthExtra))
        let distanceCode = code(of: distance, distanceBases)
        stream.append(distances, distanceCode)
        let distanceExtra = distanceCode < 4 ? 0 : distanceCode / 2 - 1
        stream.append(UInt32(distance - distanceBases[distanceCode]), count: UInt32(distanceExtra))
      }
    }
    stream.append(symbols, end)
    if stream.pendingCount > 0 { stream.append(0, count: 8 - stream.pendingCount) }
    return stream.bytes
  }

  private static func pieces(of input: [UInt8], stride: Int) -> [Piece] {
    var pieces: [Piece] = []
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
        pieces.append(.match(length: best.length, distance: best.distance))
        place += best.length
      } else {
        pieces.append(.byte(input[place]))
        place += 1
      }
    }
    return pieces
  }

  private static func code(of number: Int, _ bases: [Int]) -> Int { bases.lastIndex { $0 <= number } ?? 0 }

  /// Appends the lengths of both codes, themselves coded: 17 and 18 stand for runs of zeros.
  private mutating func appendHeader(_ symbols: PrefixCode, _ distances: PrefixCode) {
    let lengths = symbols.lengths + distances.lengths
    var runs: [(symbol: Int, extra: UInt32, bits: UInt32)] = []
    var place = 0
    while place < lengths.count {
      let zeros = lengths[place...].prefix(138).prefix { $0 == 0 }.count
      switch zeros {
      case 11...: runs.append((18, UInt32(zeros - 11), 7))
      case 3...: runs.append((17, UInt32(zeros - 3), 3))
      default: runs.append((lengths[place], 0, 0))
      }
      place += zeros >= 3 ? zeros : 1
    }
    var counts = [Int](repeating: 0, count: Deflate.lengthOrder.count)
    for run in runs { counts[run.symbol] += 1 }
    let code = PrefixCode(counts: counts, longest: 7)
    append(UInt32(symbols.lengths.count - 257), count: 5)
    append(UInt32(distances.lengths.count - 1), count: 5)
    append(UInt32(Deflate.lengthOrder.count - 4), count: 4)
    for symbol in Deflate.lengthOrder { append(UInt32(code.lengths[symbol]), count: 3) }
    for run in runs {
      append(code, run.symbol)
      append(run.extra, count: run.bits)
    }
  }

  /// Appends a code word.
  private mutating func append(_ code: PrefixCode, _ symbol: Int) {
    append(code.words[symbol], count: UInt32(code.lengths[symbol]))
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
