/// Exponential, logistic and hyperbolic functions in float32, without the C mathematics library.
///
/// The same operations in the same order everywhere (multiplications and additions, never fused), so that results are equal
/// on every processor. Errors, found by comparing every float32 with float64 (`ElementaryTests` does so in steps): below
/// 1 unit in the last place for ``exp(_:)``, 1.5 for ``tanh(_:)``, 2.5 for ``sigmoid(_:)`` and 3 for ``softplus(_:)``, where the
/// result is a normal number; smaller results may be 0. A NaN gives a NaN.
///
/// Not inlined: copies of them would be a tenth of a board's library.
public enum Elementary {
  /// Eight values at a time.
  public typealias Vector = SIMD8<Float>

  /// e to the x.
  ///
  /// Overflows to infinity above 88.72, and gives 0 below -87.33 (no subnormal results).
  @inline(never)
  public static func exp(_ x: Vector) -> Vector { ElementaryLanes.exp(x) }

  /// log(1 + e^x).
  @inline(never)
  public static func softplus(_ x: Vector) -> Vector { ElementaryLanes.softplus(x) }

  /// 1 / (1 + e^-x).
  @inline(never)
  public static func sigmoid(_ x: Vector) -> Vector { ElementaryLanes.sigmoid(x) }

  /// Hyperbolic tangent.
  @inline(never)
  public static func tanh(_ x: Vector) -> Vector { ElementaryLanes.tanh(x) }

  /// e to the x; see the vector form.
  public static func exp(_ x: Float) -> Float { exp(Vector(repeating: x))[0] }
  /// log(1 + e^x); see the vector form.
  public static func softplus(_ x: Float) -> Float { softplus(Vector(repeating: x))[0] }
  /// 1 / (1 + e^-x); see the vector form.
  public static func sigmoid(_ x: Float) -> Float { sigmoid(Vector(repeating: x))[0] }
  /// Hyperbolic tangent; see the vector form.
  public static func tanh(_ x: Float) -> Float { tanh(Vector(repeating: x))[0] }
}
