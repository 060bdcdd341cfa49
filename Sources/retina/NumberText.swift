#if canImport(Glibc)
  import Glibc
#endif

/// A number with a fixed number of decimals.
func fixed(_ value: Double, _ decimals: Int) -> String {
  guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  let whole = Int((value.magnitude * scale).rounded())
  let digits = String(whole)
  let filled = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
  let sign = value < 0 && whole != 0 ? "-" : ""
  guard decimals > 0 else { return sign + filled }
  return sign + filled.dropLast(decimals) + "." + filled.suffix(decimals)
}

/// A number as short as possible: 30 rather than 30.0.
func decimal(_ value: Double) -> String {
  value == value.rounded() && value.magnitude < 1e15 ? String(Int(value)) : "\(value)"
}

/// A number of bytes for people.
func bytes(_ count: Int) -> String {
  switch count {
  case ..<10_000: return "\(count) B"
  case ..<10_000_000: return "\(fixed(Double(count) / 1e3, 1)) kB"
  default: return "\(fixed(Double(count) / 1e6, 1)) MB"
  }
}

/// A text filled up with spaces in front.
func right(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}

/// The middle of some numbers, at least one.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
