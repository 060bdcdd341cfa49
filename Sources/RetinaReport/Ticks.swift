/// Round numbers along an axis, steps of 1, 2 or 5 times a power of ten, with their labels.
struct Ticks: Equatable {
  let values: [Double]
  let labels: [String]

  /// The round numbers between two bounds, about as many as asked for but not closer than the smallest step, a power of
  /// ten; none when the bounds are not finite and in order.
  init(from lower: Double, through upper: Double, about count: Int, smallestStep: Double = 0) {
    let step = max((upper - lower) / Double(max(count, 1)), smallestStep)
    let largest = max(abs(lower), abs(upper))
    guard lower < upper, step > NumberText.smallest, step.isFinite, largest / step < 1e12 else {
      values = []
      labels = []
      return
    }
    var exponent = NumberText.decimalExponent(step)
    var factor = 1
    switch step / NumberText.powerOfTen(exponent) {
    case ..<1.5: factor = 1
    case ..<3.5: factor = 2
    case ..<7.5: factor = 5
    default: exponent += 1
    }

    // A tick is an integer times a power of ten, so that its value and its label are exact.
    func value(_ number: Int) -> Double {
      exponent < 0
        ? Double(number) / NumberText.powerOfTen(-exponent) : Double(number) * NumberText.powerOfTen(exponent)
    }
    let unit = value(factor)
    let first = Int((lower / unit - 1e-9).rounded(.up))
    let last = Int((upper / unit + 1e-9).rounded(.down))
    let numbers = first <= last ? (first...last).map { $0 * factor } : []
    values = numbers.map(value)

    let leading = NumberText.decimalExponent(largest)
    let isScientific = leading < -3 || leading > 5
    let shift = isScientific ? leading : 0
    let suffix = isScientific ? "×10" + NumberText.superscript(leading) : ""
    labels = numbers.map { number in
      if number == 0 { return "0" }
      let sign = number < 0 ? NumberText.minus : ""
      return sign + NumberText.decimal(abs(number), exponent: exponent - shift) + suffix
    }
  }
}
