#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A seeded source of random numbers that gives the same sequence on every platform and in every version.
///
/// SplitMix64: a counter in steps of the golden ratio, mixed by two multiplications; period 2^64 (Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", OOPSLA 2014). Not for cryptography.
///
/// Take floating-point numbers from ``uniform()`` and ``normal()``: the standard library's `random(in:using:)` may change
/// what it does with the bits.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var counter: UInt64
  private var spareDeviate: Double?

  /// Creates a generator; every seed starts another sequence.
  public init(seed: UInt64) {
    counter = seed
  }

  /// 64 random bits.
  public mutating func next() -> UInt64 {
    counter &+= 0x9E37_79B9_7F4A_7C15
    var bits = counter
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  /// A number from 0 up to, not including, 1: a multiple of 2^-53.
  public mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// A normal deviate of mean 0 and standard deviation 1.
  ///
  /// Marsaglia's polar method: what is accepted depends on exact arithmetic alone, so that a platform's logarithm cannot
  /// move the sequence.
  public mutating func normal() -> Double {
    if let spare = spareDeviate {
      spareDeviate = nil
      return spare
    }
    while true {
      let (x, y) = (2 * uniform() - 1, 2 * uniform() - 1)
      let square = x * x + y * y
      if square > 0 && square < 1 {
        let scale = (-2 * log(square) / square).squareRoot()
        spareDeviate = y * scale
        return x * scale
      }
    }
  }
}
