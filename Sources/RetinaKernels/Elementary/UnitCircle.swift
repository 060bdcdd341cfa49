/// Points on the unit circle in float64, without the C mathematics library.
public enum UnitCircle {
  /// Cosine and sine of 2 pi k / n, for any k and n >= 1; exact at multiples of a quarter turn.
  ///
  /// The angle is reduced to at most an eighth of a turn, where the series converge fast.
  public static func point(_ k: Int, of n: Int) -> (cosine: Double, sine: Double) {
    let turns = ((k % n) + n) % n
    // The angle is q quarter turns plus rest / (4 n) of a turn, with |rest| <= n / 2.
    var quarter = 4 * turns / n
    var rest = 4 * turns - quarter * n
    if 2 * rest > n {
      quarter += 1
      rest -= n
    }
    let angle = Double.pi / 2 * Double(rest) / Double(n)
    let (cosine, sine) = series(angle)
    switch quarter % 4 {
    case 0: return (cosine, sine)
    case 1: return (-sine, cosine)
    case 2: return (-cosine, -sine)
    default: return (sine, -cosine)
    }
  }

  /// Taylor series for |x| <= pi / 4; the first term left away is below 1e-19.
  private static func series(_ x: Double) -> (cosine: Double, sine: Double) {
    let square = x * x
    var (cosine, sine) = (1.0, 1.0)
    for order in stride(from: 18, through: 2, by: -2) {
      let n = Double(order)
      cosine = 1 - cosine * square / (n * (n - 1))
      sine = 1 - sine * square / (n * (n + 1))
    }
    return (cosine, sine * x)
  }
}
