/// Numbers as text, the same on every machine: no locale, no C library.
enum NumberText {
  /// A coordinate of a drawing: at most two decimals, no trailing zeros; 0 for what is not finite.
  static func coordinate(_ value: Double) -> String {
    value.isFinite ? short(value, decimals: 2) : "0"
  }

  /// A finite value to a number of decimals, no trailing zeros; magnitudes beyond 10^9 count as 10^9.
  static func short(_ value: Double, decimals: Int) -> String {
    let number = Int((min(max(value, -1e9), 1e9) * powerOfTen(decimals)).rounded())
    var text = decimal(abs(number), exponent: -decimals)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return number < 0 ? "-" + text : text
  }

  /// A value for a reader, to a number of significant digits: `2.31`, `−0.0460`, `1.20×10⁻⁷`.
  static func significant(_ value: Double, digits: Int = 3) -> String {
    guard !value.isNaN else { return "not a number" }
    guard value.isFinite else { return value < 0 ? minus + "∞" : "∞" }
    let magnitude = abs(value)
    guard magnitude >= smallest else { return "0" }
    var exponent = decimalExponent(magnitude) - digits + 1
    var number = (exponent >= 0 ? magnitude / powerOfTen(exponent) : magnitude * powerOfTen(-exponent)).rounded()
    if number >= powerOfTen(digits) {
      number /= 10
      exponent += 1
    }
    let leading = exponent + digits - 1
    let sign = value < 0 ? minus : ""
    if leading < -3 || leading > 5 {
      return sign + decimal(Int(number), exponent: 1 - digits) + "×10" + superscript(leading)
    }
    return sign + decimal(Int(number), exponent: exponent)
  }

  /// As ``significant(_:digits:)`` with a plus sign on positive values.
  static func signed(_ value: Double, digits: Int = 3) -> String {
    (value > 0 ? "+" : "") + significant(value, digits: digits)
  }

  /// The exact decimal `number` x 10^`exponent` of a number that is not negative, written without an exponent.
  static func decimal(_ number: Int, exponent: Int) -> String {
    let digits = String(number)
    if exponent >= 0 { return number == 0 ? "0" : digits + String(repeating: "0", count: exponent) }
    let padding = max(0, 1 - exponent - digits.count)
    let padded = String(repeating: "0", count: padding) + digits
    return padded.dropLast(-exponent) + "." + padded.suffix(-exponent)
  }

  /// An integer in superscript digits.
  static func superscript(_ number: Int) -> String {
    let digits: [Character] = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"]
    return String(String(number).map { $0.wholeNumberValue.map { digits[$0] } ?? "⁻" })
  }

  /// The sign that readers see; a hyphen is too short.
  static let minus = "−"

  /// Magnitudes below this are written as zero.
  static let smallest = 1e-290

  /// The largest integer e with 10^e not above a positive number between ``smallest`` and 10^300.
  static func decimalExponent(_ value: Double) -> Int {
    var exponent = Int((Double(value.exponent) * 0.301_029_995_664).rounded(.down))
    while value >= powerOfTen(exponent + 1) { exponent += 1 }
    while value < powerOfTen(exponent) { exponent -= 1 }
    return exponent
  }

  /// Ten to an integer power.
  static func powerOfTen(_ exponent: Int) -> Double {
    var power = 1.0
    for _ in 0..<abs(exponent) { power *= 10 }
    return exponent < 0 ? 1 / power : power
  }
}
