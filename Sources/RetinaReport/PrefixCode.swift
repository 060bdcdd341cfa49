/// A code in which no word begins another, with short words for frequent symbols (Huffman 1952), canonical as in RFC 1951.
struct PrefixCode {
  /// Bits of each symbol's word; 0 for symbols that do not occur.
  let lengths: [Int]
  /// Each symbol's word, its first bit lowest.
  let words: [UInt32]

  /// Makes the code for symbols that occur so often, with no word longer than `longest` bits.
  ///
  /// There are always at least two words, so that a reader finds the code complete.
  init(counts: [Int], longest: Int) {
    var counts = counts
    for symbol in counts.indices where counts.count(where: { $0 > 0 }) < 2 { counts[symbol] = max(counts[symbol], 1) }
    var lengths = PrefixCode.lengths(counts)
    // Where words are too long, rare symbols are taken to be more frequent than they are.
    while let most = lengths.max(), most > longest {
      counts = counts.map { $0 > 0 ? $0 / 2 + 1 : 0 }
      lengths = PrefixCode.lengths(counts)
    }
    self.lengths = lengths
    var words = [UInt32](repeating: 0, count: lengths.count)
    var word: UInt32 = 0
    for length in 1...longest {
      for symbol in lengths.indices where lengths[symbol] == length {
        for bit in 0..<length { words[symbol] |= (word >> UInt32(bit) & 1) << UInt32(length - 1 - bit) }
        word += 1
      }
      word <<= 1
    }
    self.words = words
  }

  /// Joins the two rarest groups of symbols, whose words grow by one bit, until there is one group.
  private static func lengths(_ counts: [Int]) -> [Int] {
    var lengths = [Int](repeating: 0, count: counts.count)
    var groups = counts.indices.filter { counts[$0] > 0 }.map { (count: counts[$0], symbols: [$0]) }
    groups.sort { $0.count > $1.count }
    while groups.count > 1 {
      let (rarest, next) = (groups.removeLast(), groups.removeLast())
      let joined = (count: rarest.count + next.count, symbols: rarest.symbols + next.symbols)
      for symbol in joined.symbols { lengths[symbol] += 1 }
      let place = groups.firstIndex { $0.count <= joined.count } ?? groups.count
      groups.insert(joined, at: place)
    }
    return lengths
  }
}
