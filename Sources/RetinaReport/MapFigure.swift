/// Maps of values beside one another, in one colour scale, each with a marked place.
///
/// The same data give the same text, byte for byte.
public struct MapFigure: Sendable {
  /// One map.
  public struct Map: Sendable {
    /// The name above it.
    public var name: String
    /// The line under the name.
    public var remark: String
    /// Values `[row, column]`, row-major.
    public var values: [Float]
    /// The number of columns.
    public var width: Int
    /// The marked place.
    public var mark: (row: Int, column: Int)?

    /// Creates a map.
    public init(name: String, remark: String, values: [Float], width: Int, mark: (row: Int, column: Int)? = nil) {
      self.name = name
      self.remark = remark
      self.values = values
      self.width = width
      self.mark = mark
    }
  }

  /// The title.
  public var title: String
  /// The line under the title.
  public var subtitle: String
  /// What the colours stand for.
  public var label: String
  /// The maps, in reading order.
  public var maps: [Map]
  /// The small print.
  public var footnote: String

  private static let side = 128.0
  private static let gap = 15.0
  private static let columns = 6

  /// Creates a figure.
  public init(title: String, subtitle: String, label: String, maps: [Map], footnote: String = "") {
    self.title = title
    self.subtitle = subtitle
    self.label = label
    self.maps = maps
    self.footnote = footnote
  }

  /// The figure as a self-contained SVG document, 900 wide.
  public func svg() -> String {
    let text = FigureText()
    var svg = SVG()
    var y = text.drawHeader(title: title, subtitle: subtitle, into: &svg) + 14
    let scale = ColourScale.diverging(holding: maps.lazy.flatMap { $0.values })
    let right = FigureText.fullWidth - FigureText.margin
    ColourBar(scale: scale, label: label).draw(right: Point(x: right, y: y), length: 180, labelWidth: 420, into: &svg)
    y += 40
    for first in stride(from: 0, to: maps.count, by: MapFigure.columns) {
      for (place, map) in maps[first..<min(maps.count, first + MapFigure.columns)].enumerated() {
        let x = FigureText.margin + Double(place) * (MapFigure.side + MapFigure.gap)
        draw(map, at: Point(x: x, y: y), scale: scale, into: &svg)
      }
      y += 34 + MapFigure.side + 14
    }
    y = text.drawFootnote(footnote, below: y, into: &svg)
    return svg.document(width: FigureText.fullWidth, height: y, title: title)
  }

  private func draw(_ map: Map, at corner: Point, scale: ColourScale, into svg: inout SVG) {
    let name = TextWidth.fit(map.name, width: MapFigure.side, size: 12)
    svg.text(name, at: Point(x: corner.x, y: corner.y + 11), size: 12, bold: true)
    let remark = TextWidth.fit(map.remark, width: MapFigure.side, size: 11)
    svg.text(remark, at: Point(x: corner.x, y: corner.y + 26), size: 11, colour: Ink.muted)
    let heat = HeatMap(rowCount: map.values.count / map.width, columnCount: map.width, values: map.values)
    let longest = Double(max(heat.rowCount, heat.columnCount))
    let box = Box(
      x: corner.x, y: corner.y + 34, width: MapFigure.side * Double(heat.columnCount) / longest,
      height: MapFigure.side * Double(heat.rowCount) / longest)
    heat.draw(in: box, scale: scale, into: &svg)
    guard let mark = map.mark else { return }
    let cell = MapFigure.side / longest
    let frame = Box(
      x: box.x + Double(mark.column) * cell, y: box.y + Double(mark.row) * cell, width: cell, height: cell)
    svg.rectangle(frame, stroke: Ink.text)
  }
}
