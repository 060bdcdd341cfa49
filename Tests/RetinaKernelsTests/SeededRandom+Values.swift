import RetinaKernels

extension SeededRandom {
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
