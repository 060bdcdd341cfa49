import RetinaKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// ``SeededRandom`` with normal deviates and counts: the same sequence for a seed on every platform and in every version.
///
/// Take floating-point numbers from ``uniform()`` and ``normal()``: the standard library's `random(in:using:)` may change
/// what it does with the bits.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var random: SeededRandom
  private var spareDeviate: Double?

  /// Creates a generator; every seed starts another sequence.
  public init(seed: UInt64) {
    random = SeededRandom(seed: seed)
  }

  /// 64 random bits.
  public mutating func next() -> UInt64 { random.next() }

  /// A number from 0 up to, not including, 1: a multiple of 2^-53.
  public mutating func uniform() -> Double { random.uniform() }

  /// A Poisson count, see ``SeededRandom/poisson(mean:)``.
  public mutating func poisson(mean: Double) -> Int { random.poisson(mean: mean) }

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
