import RetinaModel
import RetinaProbe

/// What a unit or a cell sees: the strongest frame in space, cut to where there are weights, and below it the course in
/// time of the strongest pixel.
struct FieldFigure {
  let field: ReceptiveField
  let clock: FrameClock
  /// Frames between the newest frame that is seen and the response.
  let lag: Int
  /// What it is of, for those who do not see it.
  let title: String
  /// Whether the course has an axis and the image a scale.
  let isLarge: Bool
  /// Another field, whose place in the frame is shown, so that both can be compared; its own when nothing.
  var place: ReceptiveField?

  /// The drawing, square but for the course in time below.
  func svg() -> String {
    var svg = SVG()
    let side = isLarge ? 220.0 : 96.0
    let (rows, columns, values) = cut()
    let scale = ColourScale.diverging(holding: values)
    let cell = side / Double(max(rows, columns))
    let size = (width: Double(columns) * cell, height: Double(rows) * cell)
    let box = Box(
      x: 8 + (side - size.width) / 2, y: 4 + (side - size.height) / 2, width: size.width, height: size.height)
    HeatMap(rowCount: rows, columnCount: columns, values: values).draw(in: box, scale: scale, into: &svg)
    let strip = Box(x: 8, y: side + 12, width: side, height: isLarge ? 70 : 26)
    drawCourse(in: strip, into: &svg)
    return svg.document(width: side + 16, height: strip.bottom + (isLarge ? 34 : 4), title: title)
  }

  private func drawCourse(in box: Box, into svg: inout SVG) {
    let course = TemporalCourse(values: field.temporal, clock: clock, lag: lag)
    let plot = course.draw(in: box, ticks: 4, into: &svg)
    guard isLarge else { return }
    LinePlot.drawBottomAxis(plot.horizontal, at: box.bottom, label: clock.lagLabel, overhang: 8, into: &svg)
  }

  /// The smallest rectangle with all weights above a thousandth of the largest, with a border of one pixel.
  private func cut() -> (rows: Int, columns: Int, values: [Float]) {
    let (height, width) = (field.spatial.shape[0], field.spatial.shape[1])
    let (values, weights) = (field.spatial.values, (place ?? field).spatial.values)
    let bound = weights.reduce(0) { max($0, $1.magnitude) } / 1000
    let seen = weights.indices.filter { weights[$0].magnitude > bound }
    let (rows, columns) = (seen.map { $0 / width }, seen.map { $0 % width })
    guard let top = rows.min(), let bottom = rows.max(), let left = columns.min(), let right = columns.max() else {
      return (height, width, values)
    }
    let shown = (
      rows: max(0, top - 1)...min(height - 1, bottom + 1), columns: max(0, left - 1)...min(width - 1, right + 1)
    )
    return (
      shown.rows.count, shown.columns.count,
      shown.rows.flatMap { row in shown.columns.map { values[row * width + $0] } }
    )
  }
}
