/// Why a deflated stream cannot be read.
struct InflateError: Error, Equatable {
  /// What the stream should have held.
  var expected: String
  /// What it held.
  var found: String
}

/// Decompression of DEFLATE (RFC 1951), which ZIP and PNG use.
struct Inflate {
  /// No stream grows by more than this factor.
  static let maximumRatio = 1032

  private let input: UnsafeBufferPointer<UInt8>
  private let output: UnsafeMutableBufferPointer<UInt8>
  private var position = 0
  private var filled = 0
  /// Bits taken from the input and not used yet, the next one lowest.
  private var bits: UInt64 = 0
  private var bitCount = 0

  private init(_ input: UnsafeBufferPointer<UInt8>, _ output: UnsafeMutableBufferPointer<UInt8>) {
    self.input = input
    self.output = output
  }

  /// Decompresses a stream that must give exactly `count` bytes; `used` is the length of the stream itself.
  ///
  /// The caller has compared `count` with the length of the input, so that a small file cannot ask for much memory.
  static func decompress(
    _ input: UnsafeBufferPointer<UInt8>, count: Int
  ) throws(InflateError) -> (bytes: [UInt8], used: Int) {
    var bytes = [UInt8](repeating: 0, count: count)
    let used = try bytes.withUnsafeMutableBufferPointer { (output) throws(InflateError) -> Int in
      var inflate = Inflate(input, output)
      try inflate.run()
      guard inflate.filled == count else {
        throw InflateError(expected: "\(count) bytes", found: "\(inflate.filled)")
      }
      return inflate.position - inflate.bitCount / 8
    }
    return (bytes, used)
  }

  private mutating func run() throws(InflateError) {
    var isLast = false
    while !isLast {
      isLast = try take(1) == 1
      switch try take(2) {
      case 0: try stored()
      case 1: try compressed(Inflate.fixedLiterals, Inflate.fixedDistances)
      case 2:
        let (literals, distances) = try codes()
        try compressed(literals, distances)
      default: throw InflateError(expected: "a type of block from 0 to 2", found: "3")
      }
    }
  }

  // MARK: Blocks

  /// Bytes as they are, from the next whole byte on.
  private mutating func stored() throws(InflateError) {
    _ = try take(bitCount % 8)
    let count = try take(16)
    let complement = try take(16)
    guard count == ~complement & 0xffff else {
      throw InflateError(expected: "the length of a block and its complement", found: "\(count) and \(complement)")
    }
    position -= bitCount / 8
    (bits, bitCount) = (0, 0)
    guard count <= input.count - position else { throw truncated }
    guard count <= output.count - filled else { throw tooLong }
    for offset in 0..<count { output[filled + offset] = input[position + offset] }
    position += count
    filled += count
  }

  /// Literals and matches with what came before, up to the end of the block.
  private mutating func compressed(_ literals: HuffmanCode, _ distances: HuffmanCode) throws(InflateError) {
    while true {
      let symbol = try decode(literals)
      if symbol < 256 {
        guard filled < output.count else { throw tooLong }
        output[filled] = UInt8(truncatingIfNeeded: symbol)
        filled += 1
      } else if symbol == 256 {
        return
      } else {
        try match(symbol - 257, distances)
      }
    }
  }

  private mutating func match(_ index: Int, _ distances: HuffmanCode) throws(InflateError) {
    guard index < Inflate.lengths.count else {
      throw InflateError(expected: "a code of a length", found: "a reserved one")
    }
    let length = Inflate.lengths[index].base + (try take(Inflate.lengths[index].extra))
    let symbol = try decode(distances)
    guard symbol < Inflate.distances.count else {
      throw InflateError(expected: "a code of a distance", found: "a reserved one")
    }
    let distance = Inflate.distances[symbol].base + (try take(Inflate.distances[symbol].extra))
    guard distance <= filled else {
      throw InflateError(expected: "a distance of at most \(filled)", found: "\(distance)")
    }
    guard length <= output.count - filled else { throw tooLong }
    // A match may overlap what it makes, so it is copied forwards, byte by byte.
    for place in filled..<(filled + length) { output[place] = output[place - distance] }
    filled += length
  }

  /// The codes of a block, themselves written as lengths under a third code.
  private mutating func codes() throws(InflateError) -> (literals: HuffmanCode, distances: HuffmanCode) {
    let literalCount = try take(5) + 257
    let distanceCount = try take(5) + 1
    let lengthCount = try take(4) + 4
    guard literalCount <= 286, distanceCount <= 30 else {
      throw InflateError(
        expected: "at most 286 literals and 30 distances", found: "\(literalCount) and \(distanceCount)")
    }
    var lengthLengths = [UInt8](repeating: 0, count: 19)
    for index in 0..<lengthCount { lengthLengths[Inflate.order[index]] = UInt8(truncatingIfNeeded: try take(3)) }
    let code = try HuffmanCode(lengthLengths)
    var lengths: [UInt8] = []
    while lengths.count < literalCount + distanceCount {
      let symbol = try decode(code)
      let (value, count): (UInt8, Int)
      switch symbol {
      case 16:
        guard let last = lengths.last else {
          throw InflateError(expected: "a length to repeat", found: "none")
        }
        (value, count) = (last, 3 + (try take(2)))
      case 17: (value, count) = (0, 3 + (try take(3)))
      case 18: (value, count) = (0, 11 + (try take(7)))
      default: (value, count) = (UInt8(truncatingIfNeeded: symbol), 1)
      }
      lengths += [UInt8](repeating: value, count: count)
    }
    guard lengths.count == literalCount + distanceCount else {
      throw InflateError(expected: "\(literalCount + distanceCount) lengths of codes", found: "\(lengths.count)")
    }
    guard lengths[256] > 0 else {
      throw InflateError(expected: "a code for the end of the block", found: "none")
    }
    return (try HuffmanCode(Array(lengths[..<literalCount])), try HuffmanCode(Array(lengths[literalCount...])))
  }

  // MARK: Bits

  private var truncated: InflateError { InflateError(expected: "more compressed data", found: "the end") }
  private var tooLong: InflateError { InflateError(expected: "\(output.count) bytes", found: "more") }

  /// Takes whole bytes in while they fit.
  private mutating func fill() {
    while bitCount <= 56, position < input.count {
      bits |= UInt64(input[position]) << UInt64(bitCount)
      position += 1
      bitCount += 8
    }
  }

  private mutating func take(_ count: Int) throws(InflateError) -> Int {
    if bitCount < count { fill() }
    guard bitCount >= count else { throw truncated }
    let value = Int(bits & ((1 << UInt64(count)) - 1))
    bits >>= UInt64(count)
    bitCount -= count
    return value
  }

  private mutating func decode(_ code: HuffmanCode) throws(InflateError) -> Int {
    if bitCount < HuffmanCode.maximumLength { fill() }
    guard let (symbol, length) = code.symbol(bits) else {
      throw InflateError(expected: "a symbol of the code", found: "other bits")
    }
    guard length <= bitCount else { throw truncated }
    bits >>= UInt64(length)
    bitCount -= length
    return symbol
  }
}

// MARK: - Tables of RFC 1951

extension Inflate {
  private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

  private static let lengths: [(base: Int, extra: Int)] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 1), (13, 1), (15, 1), (17, 1), (19, 2),
    (23, 2), (27, 2), (31, 2), (35, 3), (43, 3), (51, 3), (59, 3), (67, 4), (83, 4), (99, 4), (115, 4), (131, 5),
    (163, 5), (195, 5), (227, 5), (258, 0),
  ]

  private static let distances: [(base: Int, extra: Int)] = [
    (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (9, 2), (13, 2), (17, 3), (25, 3), (33, 4), (49, 4), (65, 5),
    (97, 5), (129, 6), (193, 6), (257, 7), (385, 7), (513, 8), (769, 8), (1025, 9), (1537, 9), (2049, 10), (3073, 10),
    (4097, 11), (6145, 11), (8193, 12), (12289, 12), (16385, 13), (24577, 13),
  ]

  private static let fixedLiterals = HuffmanCode(
    complete: [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112) + [UInt8](repeating: 7, count: 24)
      + [UInt8](repeating: 8, count: 8))

  private static let fixedDistances = HuffmanCode(complete: [UInt8](repeating: 5, count: 32))
}
