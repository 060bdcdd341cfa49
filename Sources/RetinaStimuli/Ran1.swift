/// The generator behind the white noise of many retinal recordings: `ran1` of Numerical Recipes.
///
/// The minimal standard of Park and Miller, x <- 16807 x mod (2^31 - 1), whose output order a table of 32 entries
/// shuffles (Bays and Durham). Press, Teukolsky, Vetterling and Flannery, *Numerical Recipes in C*, 2nd edition,
/// section 7.1. The product is reduced in 64 bits, which gives the same integers as Schrage's method there.
///
/// Draws are double: rounded to single precision, about one draw in 67 million would cross 1/2 and change a check.
/// Use it to repeat published stimuli, and ``SeededGenerator`` for anything new.
public struct Ran1: Sendable {
  /// The seeds that start distinct sequences; the convention is that seeds are negative.
  public static let seeds = -2_147_483_646 ... -1

  private static let modulus: UInt64 = 2_147_483_647
  private static let tableCount = 32
  private static let largest = 1 - 1.2e-7

  private var state: UInt32
  private var shuffled: UInt32
  private var table: [UInt32]

  /// Creates the generator; traps when the seed is not in ``seeds``.
  public init(seed: Int) {
    precondition(Ran1.seeds.contains(seed), "the seed of ran1 must be from -2147483646 to -1")
    state = UInt32(-seed)
    for _ in 0..<8 { state = Ran1.successor(of: state) }
    table = [UInt32](repeating: 0, count: Ran1.tableCount)
    for entry in table.indices.reversed() {
      state = Ran1.successor(of: state)
      table[entry] = state
    }
    shuffled = table[0]
  }

  /// The next draw, above 0 and below 1.
  public mutating func next() -> Double {
    state = Ran1.successor(of: state)
    // The previous output picks the entry: NDIV = 1 + (2^31 - 2) / 32 = 2^26.
    let entry = Int(shuffled >> 26)
    shuffled = table[entry]
    table[entry] = state
    return min(Double(shuffled) * (1 / Double(Ran1.modulus)), Ran1.largest)
  }

  /// Fills `signs` with the next draws: 1 where the draw is at least 1/2, -1 elsewhere.
  public mutating func fill(_ signs: inout [Int8]) {
    var (state, shuffled) = (state, shuffled)
    table.withUnsafeMutableBufferPointer { table in
      for index in signs.indices {
        state = Ran1.successor(of: state)
        let entry = Int(shuffled >> 26)
        shuffled = table[entry]
        table[entry] = state
        // A draw is at least 1/2 when the integer is at least 2^30: bit 30 decides.
        signs[index] = Int8(truncatingIfNeeded: Int32(shuffled >> 30) * 2 - 1)
      }
    }
    (self.state, self.shuffled) = (state, shuffled)
  }

  /// 16807 x mod (2^31 - 1): 2^31 is 1 modulo 2^31 - 1, so the upper bits are added to the lower ones.
  @inline(__always)
  private static func successor(of state: UInt32) -> UInt32 {
    let product = UInt64(state) &* 16807
    let folded = (product & modulus) &+ (product >> 31)
    return UInt32(truncatingIfNeeded: folded >= modulus ? folded &- modulus : folded)
  }
}
