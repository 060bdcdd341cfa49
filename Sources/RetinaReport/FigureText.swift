/// What every figure has around its panels: a title with a subtitle above, small print below.
struct FigureText {
  /// The width of a figure that stands alone.
  static let fullWidth = 900.0
  /// The empty border on the left and on the right.
  static let margin = 24.0

  /// The width of the figure.
  var width = fullWidth

  /// Draws the title and subtitle and returns where the next thing may begin.
  func drawHeader(title: String, subtitle: String, into svg: inout SVG) -> Double {
    var y = 16.0
    for line in TextWidth.wrap(title, width: available, size: 19, lines: 2) {
      y += 23
      svg.text(line, at: Point(x: Self.margin, y: y - 4), size: 19, bold: true)
    }
    for line in TextWidth.wrap(subtitle, width: available, size: 13, lines: 2) {
      y += 18
      svg.text(line, at: Point(x: Self.margin, y: y - 2), size: 13, colour: Ink.muted)
    }
    return y
  }

  /// Draws the heading of a panel, and a remark after it, with their baseline at a height.
  func drawHeading(_ heading: String, remark: String = "", baseline y: Double, into svg: inout SVG) {
    svg.text(heading, at: Point(x: Self.margin, y: y), size: 13, bold: true)
    guard !remark.isEmpty else { return }
    let x = Self.margin + TextWidth.estimate(heading, size: 13) * 1.03 + 8
    svg.text(
      TextWidth.fit(remark, width: width - Self.margin - x, size: 11), at: Point(x: x, y: y), size: 11,
      colour: Ink.muted)
  }

  /// Draws the small print under a rule and returns where the figure ends.
  func drawFootnote(_ footnote: String, below top: Double, into svg: inout SVG) -> Double {
    let lines = TextWidth.wrap(footnote, width: available, size: 11, lines: 12)
    guard !lines.isEmpty else { return top + 12 }
    svg.line(from: Point(x: Self.margin, y: top + 8), to: Point(x: width - Self.margin, y: top + 8), colour: Ink.grid)
    var y = top + 12
    for line in lines {
      y += 15
      svg.text(line, at: Point(x: Self.margin, y: y - 1), size: 11, colour: Ink.muted)
    }
    return y + 14
  }

  private var available: Double { width - 2 * Self.margin }
}
