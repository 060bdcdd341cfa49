/// How wide text will be, nearly: a drawing has to place labels without knowing the reader's fonts.
enum TextWidth {
  /// Widths of the characters from space to tilde in Helvetica, in thousandths of the size.
  private static let helvetica: [Int] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
  ]

  /// What the wider common substitutes need on top of Helvetica.
  private static let allowance = 1.13

  /// The width of a line of text at a size.
  static func estimate(_ text: String, size: Double) -> Double {
    var thousandths = 0
    for character in text { thousandths += width(of: character) }
    return Double(thousandths) * size * allowance / 1000
  }

  /// The text, cut and closed with an ellipsis where it is wider than allowed.
  static func fit(_ text: String, width allowed: Double, size: Double) -> String {
    if estimate(text, size: size) <= allowed { return text }
    var kept = ""
    var total = estimate("…", size: size)
    for character in text {
      total += estimate(String(character), size: size)
      if total > allowed { break }
      kept.append(character)
    }
    while kept.hasSuffix(" ") { kept.removeLast() }
    return kept + "…"
  }

  /// As ``fit(_:width:size:)``, but with the end kept: what tells names with a common beginning apart.
  static func fitEnd(_ text: String, width allowed: Double, size: Double) -> String {
    let reversed = fit(String(text.reversed()), width: allowed, size: size)
    return String(reversed.reversed())
  }

  /// The text in lines no wider than allowed, broken at spaces; the last of the permitted lines takes an ellipsis.
  static func wrap(_ text: String, width allowed: Double, size: Double, lines limit: Int) -> [String] {
    var lines: [String] = []
    var rest = text.split(whereSeparator: \.isWhitespace).map(String.init)[...]
    while let first = rest.first {
      if lines.count == limit - 1 {
        lines.append(fit(rest.joined(separator: " "), width: allowed, size: size))
        break
      }
      var line = first
      rest.removeFirst()
      while let next = rest.first, estimate(line + " " + next, size: size) <= allowed {
        line += " " + next
        rest.removeFirst()
      }
      lines.append(fit(line, width: allowed, size: size))
    }
    return lines
  }

  private static func width(of character: Character) -> Int {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    switch scalar.value {
    case 0x20...0x7E: return helvetica[Int(scalar.value) - 0x20]
    case 0x2026: return 1000
    case ..<0x2E80: return 600
    default: return 1000
    }
  }
}
