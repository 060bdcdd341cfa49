/// What noise makes of one mode: the singular value that is measured, and how far its vectors point the right way.
///
/// For noise of variance `1 / inputs` and `A = outputs / inputs` (Benaych-Georges and Nadakuditi 2012; in this form
/// Lampinen and Ganguli, ICLR 2019). A mode weaker than `A^(1/4)` cannot be seen: its vectors are noise.
public struct NoisyMode: Equatable, Sendable {
  /// Strength without noise.
  public var strength: Double
  /// Singular value with noise.
  public var measured: Double
  /// Product of the cosines between the singular vectors with and without noise.
  public var overlap: Double

  /// The strength below which a mode cannot be seen.
  public static func threshold(aspect: Double) -> Double { aspect.squareRoot().squareRoot() }

  /// What is measured of a mode.
  public init(strength s: Double, aspect a: Double) {
    strength = s
    guard s > NoisyMode.threshold(aspect: a) else {
      (measured, overlap) = (1 + a.squareRoot(), 0)
      return
    }
    let square = s * s
    measured = ((1 + square) * (a + square)).squareRoot() / s
    let output = 1 - a * (1 + square) / (square * (a + square))
    let input = 1 - (a + square) / (square * (1 + square))
    overlap = max(0, output).squareRoot() * max(0, input).squareRoot()
  }

  /// The mode that has a measured singular value; nothing where noise alone gives as large ones.
  public init?(measured: Double, aspect a: Double) {
    let rest = measured * measured - 1 - a
    guard measured > 1 + a.squareRoot(), rest * rest > 4 * a else { return nil }
    self.init(strength: ((rest + (rest * rest - 4 * a).squareRoot()) / 2).squareRoot(), aspect: a)
  }
}
