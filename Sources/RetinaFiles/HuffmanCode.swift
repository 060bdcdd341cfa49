/// A canonical prefix code: symbols of few bits are looked up, the others counted out bit by bit.
struct HuffmanCode {
  static let maximumLength = 15
  private static let fastBits = 10

  /// For every value of the next bits, `symbol << 4 | length`, or 0 where the code is longer.
  private var fast = [UInt16](repeating: 0, count: 1 << fastBits)
  /// Number of codes of every length.
  private var counts = [Int](repeating: 0, count: maximumLength + 1)
  /// The symbols, by length and then by value.
  private var symbols: [UInt16]

  /// Creates the code in which the symbol `i` has `lengths[i]` bits, 0 meaning that it does not occur.
  ///
  /// - Throws: ``InflateError`` when there are more codes than bits allow, or fewer, save for a single one.
  init(_ lengths: [UInt8]) throws(InflateError) {
    self.init(complete: lengths)
    var left = 1
    for length in 1...HuffmanCode.maximumLength {
      left = 2 * left - counts[length]
      guard left >= 0 else { throw InflateError(expected: "a prefix code", found: "too many short codes") }
    }
    let used = counts[1...].reduce(0, +)
    guard left == 0 || used == 0 || (used == 1 && counts[1] == 1) else {
      throw InflateError(expected: "a complete prefix code", found: "one with gaps")
    }
  }

  /// Creates a code whose lengths are known to make a prefix code.
  init(complete lengths: [UInt8]) {
    for length in lengths { counts[Int(length)] += 1 }
    var starts = [Int](repeating: 0, count: HuffmanCode.maximumLength + 2)
    var codes = starts
    for length in 1...HuffmanCode.maximumLength {
      starts[length + 1] = starts[length] + counts[length]
      codes[length + 1] = (codes[length] + counts[length]) << 1
    }
    symbols = [UInt16](repeating: 0, count: lengths.count)
    for (symbol, size) in lengths.enumerated() where size > 0 {
      let length = Int(size)
      symbols[starts[length]] = UInt16(symbol)
      starts[length] += 1
      enter(symbol, length, code: codes[length])
      codes[length] += 1
    }
  }

  /// Enters a code in the table; a code starts with its highest bit, the stream with its lowest.
  private mutating func enter(_ symbol: Int, _ length: Int, code: Int) {
    guard length <= HuffmanCode.fastBits, code < 1 << length else { return }
    var reversed = 0
    for bit in 0..<length where code >> bit & 1 == 1 { reversed |= 1 << (length - 1 - bit) }
    for index in stride(from: reversed, to: fast.count, by: 1 << length) {
      fast[index] = UInt16(symbol << 4 | length)
    }
  }

  /// The symbol that the next bits begin with, and its length.
  func symbol(_ bits: UInt64) -> (symbol: Int, length: Int)? {
    let entry = fast[Int(bits & UInt64(fast.count - 1))]
    if entry != 0 { return (Int(entry >> 4), Int(entry & 15)) }
    var bits = bits
    var (code, first, index) = (0, 0, 0)
    for length in 1...HuffmanCode.maximumLength {
      code |= Int(bits & 1)
      bits >>= 1
      let count = counts[length]
      if code - first < count { return (Int(symbols[index + code - first]), length) }
      index += count
      first = (first + count) << 1
      code <<= 1
    }
    return nil
  }
}
