#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The sine and cosine of an angle in degrees, exact at multiples of 90.
func sineAndCosine(degrees: Double) -> (sine: Double, cosine: Double) {
  let turn = degrees.truncatingRemainder(dividingBy: 360)
  let quadrant = (turn / 90).rounded()
  let rest = (turn - 90 * quadrant) * (Double.pi / 180)
  let (s, c) = (sin(rest), cos(rest))
  switch (Int(quadrant) + 4) % 4 {
  case 0: return (s, c)
  case 1: return (c, -s)
  case 2: return (-s, -c)
  default: return (-c, s)
  }
}

/// The sine of a number of cycles, exact at multiples of a quarter.
func sine(cycles: Double) -> Double {
  sineAndCosine(degrees: (cycles - cycles.rounded(.down)) * 360).sine
}
