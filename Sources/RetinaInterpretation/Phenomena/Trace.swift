#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The largest value of a trace and where it lies, between samples by the parabola through the three highest.
func peak(_ trace: [Double]) -> (place: Double, value: Double)? {
  guard let top = trace.indices.max(by: { trace[$0] < trace[$1] }) else { return nil }
  guard top > 0, top + 1 < trace.count else { return (Double(top), trace[top]) }
  let (before, at, after) = (trace[top - 1], trace[top], trace[top + 1])
  let bend = before - 2 * at + after
  guard bend < 0 else { return (Double(top), at) }
  let shift = (before - after) / (2 * bend)
  return (Double(top) + shift, at - (before - after) * shift / 4)
}

/// The highest sample that is above its neighbours and rises by at least `prominence` above the lowest before it.
func localPeak(_ trace: [Double], prominence: Double) -> Int? {
  var (best, lowest): (Int?, Double) = (nil, .infinity)
  for place in trace.indices.dropLast() {
    lowest = min(lowest, trace[place])
    guard place > 0, trace[place] > trace[place - 1], trace[place] >= trace[place + 1],
      trace[place] - lowest >= prominence
    else { continue }
    if best.map({ trace[place] > trace[$0] }) ?? true { best = place }
  }
  return best
}

/// The slope of the line of least squares; nothing for fewer than two different places.
func slope(_ x: [Double], _ y: [Double]) -> Double? {
  let (centre, mean) = (mean(x), mean(y))
  let spread = x.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
  guard spread > 0 else { return nil }
  return zip(x, y).reduce(0) { $0 + ($1.0 - centre) * ($1.1 - mean) } / spread
}

/// Pearson's correlation; nothing where one side does not vary.
func correlation(_ x: [Double], _ y: [Double]) -> Double? {
  let (centre, mean) = (mean(x), mean(y))
  let (a, b) = (x.map { $0 - centre }, y.map { $0 - mean })
  let spread = a.reduce(0) { $0 + $1 * $1 } * b.reduce(0) { $0 + $1 * $1 }
  guard spread > 0 else { return nil }
  return zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } / spread.squareRoot()
}

/// The mean; 0 of nothing.
func mean(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count) }

/// The middle of some values, at least one.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

/// The amplitude of a sine of so many cycles per sample in a trace.
func amplitude(_ trace: [Double], cyclesPerSample frequency: Double) -> Double {
  var (even, odd) = (0.0, 0.0)
  for (place, value) in trace.enumerated() {
    let angle = 2 * Double.pi * frequency * Double(place)
    even += value * cos(angle)
    odd += value * sin(angle)
  }
  return 2 * (even * even + odd * odd).squareRoot() / Double(max(1, trace.count))
}
