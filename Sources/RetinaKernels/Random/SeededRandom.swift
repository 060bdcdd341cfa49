/// Numbers that look random and are the same for a seed on every processor and in every version.
///
/// SplitMix64: a counter in steps of the golden ratio, mixed by two multiplications; period 2^64 (Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", OOPSLA 2014). Not for cryptography.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  /// The seed with which the numbers go on.
  public private(set) var state: UInt64

  /// Creates a generator.
  public init(seed: UInt64) { state = seed }

  /// 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }

  /// A number from 0 to just below 1: a multiple of 2^-53.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A whole number from 0 to just below a bound.
  public mutating func index(below bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }

  /// Puts values into another order, each order as likely as any other (Fisher and Yates).
  public mutating func shuffle<Value>(_ values: inout [Value]) {
    for place in stride(from: values.count - 1, to: 0, by: -1) { values.swapAt(place, index(below: place + 1)) }
  }

  /// Some of 0..<total, without repetition; all of them, in order, when as many are asked for.
  public mutating func sample(_ count: Int, of total: Int) -> [Int] {
    var places = Array(0..<total)
    guard count < total else { return places }
    for place in 0..<count { places.swapAt(place, place + index(below: total - place)) }
    return Array(places[..<count])
  }
}
