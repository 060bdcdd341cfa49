/// An importance figure being drawn from top to bottom.
struct ImportanceDrawing {
  private let figure: ImportanceFigure
  private let clock: FrameClock
  private let frameCount: Int
  private let time: Axis
  private let left: Double
  private let rowSize = 11.0
  private let text = FigureText()
  private var svg = SVG()
  /// Where the next thing may begin.
  private var y = 0.0
  /// What the marker crosses: the tops and bottoms of the rate and of each group of rows.
  private var marked: [(top: Double, bottom: Double)] = []
  private var rateAxis: Axis?

  init(_ figure: ImportanceFigure) {
    self.figure = figure
    clock = FrameClock(rate: figure.frameRate)
    frameCount = figure.rows.reduce(figure.rate.count) { max($0, $1.values.count) }
    var labelWidth = 52.0
    for row in figure.rows {
      labelWidth = max(labelWidth, TextWidth.estimate("\(row.layer) · \(row.channel)", size: rowSize))
    }
    left = FigureText.margin + min(labelWidth + 10, 190)
    let first = Double(figure.firstFrame)
    time = Axis(
      from: clock.time(of: first - 0.5), through: clock.time(of: first + Double(max(frameCount, 1)) - 0.5), start: left,
      end: FigureText.fullWidth - FigureText.margin, ticks: 10, smallestStep: clock.smallestTickStep)
  }

  func document() -> String { svg.document(width: FigureText.fullWidth, height: y, title: figure.title) }

  func panel() -> ImportancePanel {
    ImportancePanel(
      svg: document(), left: time.start, right: time.end, marked: marked)
  }

  // MARK: - Header and footnote

  mutating func drawHeader() {
    y = text.drawHeader(title: figure.title, subtitle: figure.subtitle, into: &svg)
  }

  mutating func drawFootnote() {
    y = text.drawFootnote(figure.footnote, below: y, into: &svg)
  }

  // MARK: - Rate

  mutating func drawRate() {
    let key = figure.observed.isEmpty ? "" : "black: the model; orange: the recording"
    text.drawHeading("Rate", remark: key, baseline: y + 24, into: &svg)
    let box = Box(x: left, y: y + 36, width: time.end - left, height: 120)
    let (rate, observed) = (figure.rate.map(Double.init), figure.observed.map(Double.init))
    var extent = Extent()
    extent.include(rate)
    extent.include(observed)
    extent.include([0])
    if extent.magnitude == 0 { extent.include([1]) }
    let head = (extent.upper - extent.lower) * 0.06
    let vertical = Axis(
      from: extent.lower < 0 ? extent.lower - head : 0, through: extent.upper > 0 ? extent.upper + head : 0,
      start: box.bottom, end: box.y, ticks: 4)
    let plot = LinePlot(box: box, horizontal: time, vertical: vertical)
    plot.drawGrid(into: &svg)
    plot.drawLeftAxis(
      label: figure.rateUnit.isEmpty ? "rate" : "rate (\(figure.rateUnit))",
      distance: min(vertical.labelWidth(size: LinePlot.textSize) + 14, left - 14), into: &svg)
    plot.drawLine(x: observed.indices.map(timeOfValue), y: observed, colour: Ink.series[4], into: &svg)
    plot.drawLine(x: rate.indices.map(timeOfValue), y: rate, colour: Ink.trace, into: &svg)
    if rate.isEmpty { drawNotice("no rate", in: box) }
    marked.append((box.y, box.bottom))
    rateAxis = vertical
    y = box.bottom
    if figure.rows.isEmpty {
      drawTimeAxis()
    } else {
      svg.line(from: Point(x: left, y: y), to: Point(x: time.end, y: y), colour: Ink.axis)
    }
  }

  // MARK: - Map

  mutating func drawMap() {
    guard !figure.rows.isEmpty else { return }
    let scale = ColourScale.diverging(holding: figure.rows.lazy.flatMap(\.values))
    text.drawHeading("Contribution of each channel", baseline: y + 34, into: &svg)
    let unit = figure.rateUnit.isEmpty ? "units of the rate" : figure.rateUnit
    let bar = ColourBar(scale: scale, label: "contribution (\(unit))")
    bar.draw(right: Point(x: time.end - 18, y: y + 25), length: 240, labelWidth: 330, into: &svg)
    y += 56
    let rowHeight = min(max(400 / Double(figure.rows.count), 3), 20)
    let groups = RowGroup.groups(of: figure.rows)
    for (place, group) in groups.enumerated() {
      let box = Box(x: left, y: y, width: time.end - left, height: rowHeight * Double(group.rows.count))
      // Every row of the group as wide as the map: what a row lacks is missing.
      let values = group.rows.map { $0.values + [Float](repeating: .nan, count: frameCount - $0.values.count) }
      HeatMap(rows: values).draw(in: box, scale: scale, into: &svg)
      drawLabels(of: group, in: box, rowHeight: rowHeight)
      marked.append((box.y, box.bottom))
      y = box.bottom + (place < groups.count - 1 ? 7 : 0)
    }
    drawTimeAxis()
  }

  /// The names of as many rows as there is room for.
  private mutating func drawLabels(of group: RowGroup, in box: Box, rowHeight: Double) {
    let step = [1, 2, 4, 5, 8, 10, 16, 20].first { Double($0) * rowHeight >= rowSize } ?? 20
    let channels = group.rows.map { " · \($0.channel)" }
    let widest = channels.reduce(0) { max($0, TextWidth.estimate($1, size: rowSize)) }
    let layer = TextWidth.fitEnd(
      group.rows.first?.layer ?? "", width: left - FigureText.margin - 8 - widest, size: rowSize)
    for place in stride(from: 0, to: channels.count, by: step) {
      let point = Point(x: left - 7, y: box.y + (Double(place) + 0.5) * rowHeight + rowSize * 0.35)
      svg.text(layer + channels[place], at: point, size: rowSize, colour: Ink.muted, anchor: .end)
    }
  }

  // MARK: - Time

  private mutating func drawTimeAxis() {
    LinePlot.drawBottomAxis(time, at: y, label: clock.timeLabel, into: &svg)
    y += 36
  }

  private func timeOfValue(_ place: Int) -> Double { clock.time(of: Double(figure.firstFrame) + Double(place)) }

  /// A line through everything at the marked frame, with the frame, its time and its rate above.
  mutating func drawMarker() {
    guard let frame = figure.markedFrame else { return }
    let place = Double(frame) - Double(figure.firstFrame)
    guard place >= 0, place < Double(frameCount), let rateAxis, let panel = marked.first else { return }
    let x = time.position(of: clock.time(of: Double(frame)))
    for (top, bottom) in marked {
      svg.line(from: Point(x: x, y: top), to: Point(x: x, y: bottom), colour: Ink.marker, width: 1.25, dash: "4 3")
    }
    var label = "frame \(frame)"
    if clock.isInSeconds { label += ", " + NumberText.short(clock.time(of: Double(frame)), decimals: 3) + " s" }
    if Int(place) < figure.rate.count, figure.rate[Int(place)].isFinite {
      let rate = Double(figure.rate[Int(place)])
      label += ": " + NumberText.significant(rate) + (figure.rateUnit.isEmpty ? "" : " " + figure.rateUnit)
      svg.disc(at: Point(x: x, y: rateAxis.position(of: rate)), radius: 3.5, colour: Ink.marker)
    }
    label = TextWidth.fit(label, width: time.end - left, size: 11)
    let half = TextWidth.estimate(label, size: 11) / 2
    let middle = min(max(x, left + half), time.end - half)
    svg.text(label, at: Point(x: middle, y: panel.top - 6), size: 11, colour: Ink.marker, anchor: .middle, bold: true)
  }

  // MARK: - Units

  mutating func drawUnits() {
    guard !figure.units.isEmpty else { return }
    text.drawHeading(
      "Most important units", remark: "receptive fields; each on its own scale, blue negative, orange positive",
      baseline: y + 26, into: &svg)
    y += 38
    let (columns, gap) = (6, 18.0)
    let width = (FigureText.fullWidth - 2 * FigureText.margin - gap * Double(columns - 1)) / Double(columns)
    let cards = figure.units.map {
      UnitCard(unit: $0, rateUnit: figure.rateUnit, clock: clock, lag: figure.lag)
    }
    let spatialHeight = cards.reduce(0) { max($0, $1.spatialHeight(width: width)) }
    for (place, card) in cards.enumerated() {
      let x = FigureText.margin + Double(place % columns) * (width + gap)
      card.draw(at: Point(x: x, y: y), width: width, spatialHeight: spatialHeight, into: &svg)
      let isLastOfLine = place % columns == columns - 1 || place == cards.count - 1
      if isLastOfLine { y += UnitCard.height(spatial: spatialHeight) + 12 }
    }
  }

  private mutating func drawNotice(_ notice: String, in box: Box) {
    let point = Point(x: box.middleX, y: box.middleY + 4)
    svg.text(notice, at: point, size: 12, colour: Ink.muted, anchor: .middle)
  }
}
