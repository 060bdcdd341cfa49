/// Named lines over one horizontal axis, each with a band around it where there is one.
///
/// Points that are not finite are gaps. The same data give the same text, byte for byte.
public struct LineFigure: Sendable {
  /// One line.
  public struct Series: Sendable {
    /// The name in the key; without a name the line is not in the key.
    public var name: String
    /// The places along the horizontal axis.
    public var x: [Double]
    /// The values, one for each place.
    public var y: [Double]
    /// The lower and upper edge of a band around the line, one value for each place.
    public var band: (lower: [Double], upper: [Double])?
    /// Whether the line is dashed.
    public var isDashed: Bool

    /// Creates a line.
    public init(
      name: String, x: [Double], y: [Double], band: (lower: [Double], upper: [Double])? = nil, isDashed: Bool = false
    ) {
      self.name = name
      self.x = x
      self.y = y
      self.band = band
      self.isDashed = isDashed
    }
  }

  /// The title.
  public var title: String
  /// The line under the title.
  public var subtitle: String
  /// The name and unit of the horizontal axis.
  public var horizontalLabel: String
  /// The name and unit of the vertical axis.
  public var verticalLabel: String
  /// The lines, in the order in which they are drawn and named.
  public var series: [Series]
  /// The small print.
  public var footnote: String

  /// Creates a figure.
  public init(
    title: String, subtitle: String = "", horizontalLabel: String, verticalLabel: String, series: [Series],
    footnote: String = ""
  ) {
    self.title = title
    self.subtitle = subtitle
    self.horizontalLabel = horizontalLabel
    self.verticalLabel = verticalLabel
    self.series = series
    self.footnote = footnote
  }

  /// The figure as a self-contained SVG document, 900 wide, or as wide as the place where it is shown: type stays as large.
  public func svg(width: Double? = nil) -> String {
    let width = width ?? FigureText.fullWidth
    let text = FigureText(width: width)
    var svg = SVG()
    var y = text.drawHeader(title: title, subtitle: subtitle, into: &svg)
    y = drawKey(below: y, width: width, into: &svg) + 14
    let plot = plot(top: y, width: width, height: min(320, width / 2))
    plot.drawGrid(into: &svg)
    for (place, line) in series.enumerated() {
      guard let band = line.band else { continue }
      plot.drawBand(x: line.x, lower: band.lower, upper: band.upper, colour: colour(place), into: &svg)
    }
    for (place, line) in series.enumerated() {
      plot.drawLine(
        x: line.x, y: line.y, colour: colour(place), width: 1.75, dash: line.isDashed ? "6 4" : nil, into: &svg)
    }
    let distance = plot.vertical.labelWidth(size: LinePlot.textSize) + 16
    plot.drawLeftAxis(label: verticalLabel, distance: distance, into: &svg)
    LinePlot.drawBottomAxis(plot.horizontal, at: plot.box.bottom, label: horizontalLabel, into: &svg)
    y = text.drawFootnote(footnote, below: plot.box.bottom + 38, into: &svg)
    return svg.document(width: width, height: y, title: title)
  }

  private func colour(_ place: Int) -> Colour { Ink.series[place % Ink.series.count] }

  private func plot(top: Double, width: Double, height: Double) -> LinePlot {
    var (across, up) = (Extent(), Extent())
    for line in series {
      across.include(line.x)
      up.include(line.y)
      up.include(line.band?.lower ?? [])
      up.include(line.band?.upper ?? [])
    }
    let head = (up.upper - up.lower) * 0.05
    let vertical = Axis(
      from: up.lower - head, through: up.upper + head, start: top + height, end: top, ticks: 6)
    let left = FigureText.margin + vertical.labelWidth(size: LinePlot.textSize) + 24
    let right = width - FigureText.margin
    // What is counted has no parts.
    let isCounted = series.allSatisfy { $0.x.allSatisfy { $0 == $0.rounded() } }
    let horizontal = Axis(
      from: across.lower, through: across.upper, start: left, end: right, ticks: min(10, Int(width / 80)),
      smallestStep: isCounted ? 1 : 0)
    let box = Box(x: left, y: top, width: right - left, height: height)
    return LinePlot(box: box, horizontal: horizontal, vertical: vertical)
  }

  /// Draws the names of the lines beside pieces of them and returns where the next thing may begin.
  private func drawKey(below top: Double, width figureWidth: Double, into svg: inout SVG) -> Double {
    let (size, sample, limit) = (12.0, 24.0, figureWidth - FigureText.margin)
    var point = Point(x: FigureText.margin, y: top + 18)
    var isEmpty = true
    for (place, line) in series.enumerated() where !line.name.isEmpty {
      let name = TextWidth.fit(line.name, width: 300, size: size)
      let width = sample + 6 + TextWidth.estimate(name, size: size)
      if point.x + width > limit, !isEmpty { point = Point(x: FigureText.margin, y: point.y + 18) }
      let middle = point.y - size * 0.35
      let ends = (Point(x: point.x, y: middle), Point(x: point.x + sample, y: middle))
      svg.line(from: ends.0, to: ends.1, colour: colour(place), width: 2.5, dash: line.isDashed ? "6 4" : nil)
      svg.text(name, at: Point(x: point.x + sample + 6, y: point.y), size: size)
      point.x += width + 18
      isEmpty = false
    }
    return isEmpty ? top : point.y
  }
}
