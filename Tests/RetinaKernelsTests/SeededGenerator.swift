/// A small generator with a seed (SplitMix64), so that a failing test can be repeated.
struct SeededGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  /// The next 64 bits.
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }

  /// A number from a range.
  mutating func integer(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.count))
  }

  /// True once in `times`.
  mutating func once(in times: Int) -> Bool { next() % UInt64(times) == 0 }

  /// One of several things.
  mutating func element<Element>(_ elements: [Element]) -> Element { elements[integer(0...elements.count - 1)] }

  /// A number from -1 to 1, a multiple of 2^-23.
  mutating func value() -> Float { Float(Int(next() >> 40) - 1 << 23) / Float(1 << 23) }

  /// Numbers from -scale to scale.
  mutating func values(_ count: Int, scale: Float = 1) -> [Float] { (0..<count).map { _ in scale * value() } }
}
