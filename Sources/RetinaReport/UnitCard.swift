/// One unit of an importance figure: its name, where it looks, and when.
struct UnitCard {
  let unit: ImportanceFigure.Unit
  let rateUnit: String
  let clock: FrameClock
  let lag: Int

  private static let titleHeight = 50.0
  private static let temporalHeight = 52.0

  /// The height of a card whose spatial profile has a height.
  static func height(spatial: Double) -> Double { titleHeight + spatial + 18 + temporalHeight + 30 }

  /// The height that the spatial profile takes in a card of a width, its aspect kept.
  func spatialHeight(width: Double) -> Double {
    guard let (height, columns) = extents else { return width }
    return min(max(Double(height) / Double(columns), 0.3), 1) * width
  }

  /// Draws the card with its upper left corner at a point.
  func draw(at corner: Point, width: Double, spatialHeight: Double, into svg: inout SVG) {
    drawTitle(at: corner, width: width, into: &svg)
    let field = Box(x: corner.x, y: corner.y + UnitCard.titleHeight, width: width, height: spatialHeight)
    drawSpatial(in: field, into: &svg)
    let strip = Box(x: corner.x, y: field.bottom + 18, width: width, height: UnitCard.temporalHeight)
    drawTemporal(in: strip, into: &svg)
  }

  /// The extents of the spatial profile, if it is one.
  private var extents: (height: Int, width: Int)? {
    guard let shape = unit.spatial.shape.asFeatures, shape.channels == 1,
      unit.spatial.values.count == shape.height * shape.width
    else { return nil }
    return (shape.height, shape.width)
  }

  private func drawTitle(at corner: Point, width: Double, into svg: inout SVG) {
    let channel = " · \(unit.channel)"
    let room = width - TextWidth.estimate(channel, size: 12) * 1.06
    let name = TextWidth.fitEnd(unit.layer, width: room / 1.06, size: 12) + channel
    svg.text(name, at: Point(x: corner.x, y: corner.y + 11), size: 12, bold: true)
    var importance = NumberText.signed(Double(unit.importance))
    if unit.importance.isFinite, !rateUnit.isEmpty { importance += " " + rateUnit }
    let lines = ["row \(unit.row), column \(unit.column)", importance]
    for (place, line) in lines.enumerated() {
      let point = Point(x: corner.x, y: corner.y + 26 + 14 * Double(place))
      svg.text(TextWidth.fit(line, width: width, size: 11), at: point, size: 11, colour: Ink.muted)
    }
  }

  /// The spatial profile in the middle of a rectangle, its aspect kept, with the end of its scale below.
  private func drawSpatial(in field: Box, into svg: inout SVG) {
    guard let (rows, columns) = extents else {
      svg.rectangle(field, fill: ColourScale.missing, stroke: Ink.axis)
      return
    }
    let side = min(field.width / Double(columns), field.height / Double(rows))
    let size = (width: max(Double(columns) * side, 4), height: max(Double(rows) * side, 4))
    let box = Box(
      x: field.middleX - size.width / 2, y: field.middleY - size.height / 2, width: size.width, height: size.height)
    let scale = ColourScale.diverging(holding: unit.spatial.values)
    HeatMap(rowCount: rows, columnCount: columns, values: unit.spatial.values)
      .draw(in: box, scale: scale, into: &svg)
    let isBlank = !unit.spatial.values.contains { $0.isFinite && $0 != 0 }
    let end = isBlank ? "zero" : "±" + NumberText.significant(scale.upper)
    svg.text(end, at: Point(x: field.right, y: field.bottom + 13), size: 10, colour: Ink.muted, anchor: .end)
  }

  /// The temporal profile over the lag, zero in the middle.
  private func drawTemporal(in box: Box, into svg: inout SVG) {
    guard !unit.temporal.isEmpty else { return }
    let course = TemporalCourse(values: unit.temporal, clock: clock, lag: lag)
    let plot = course.draw(in: box, ticks: 3, into: &svg)
    LinePlot.drawBottomAxis(plot.horizontal, at: box.bottom, label: clock.lagLabel, size: 10, overhang: 5, into: &svg)
  }
}
