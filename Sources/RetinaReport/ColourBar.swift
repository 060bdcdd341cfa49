/// The key to a colour scale: a horizontal bar with ticks and the name of what is shown to its left.
struct ColourBar {
  let scale: ColourScale
  let label: String

  private static let thickness = 9.0
  private static let textSize = 11.0

  /// Draws the bar with its right end at a point of its upper edge.
  func draw(right: Point, length: Double, labelWidth: Double, into svg: inout SVG) {
    let box = Box(x: right.x - length, y: right.y, width: length, height: ColourBar.thickness)
    let count = scale.palette.count - 1
    let bar = PixelImage(width: count, height: 1, indices: (0..<count).map { UInt8($0) }, palette: scale.palette)
    svg.image(bar.magnified(across: 2, down: 16), in: box)
    svg.rectangle(box, stroke: Ink.axis)

    let axis = Axis(from: scale.lower, through: scale.upper, start: box.x, end: box.right, ticks: 4)
    let size = ColourBar.textSize
    let crowded = axis.labelWidth(size: size) * Double(axis.ticks.labels.count) * 1.15 > length
    for (tick, (value, text)) in zip(axis.ticks.values, axis.ticks.labels).enumerated() {
      let x = axis.position(of: value)
      svg.line(from: Point(x: x, y: box.bottom), to: Point(x: x, y: box.bottom + 3), colour: Ink.axis)
      let isEnd = tick == 0 || tick == axis.ticks.labels.count - 1
      if crowded && !isEnd && value != 0 { continue }
      svg.text(text, at: Point(x: x, y: box.bottom + 14), size: size, colour: Ink.muted, anchor: .middle)
    }
    let name = TextWidth.fit(label, width: labelWidth, size: size)
    svg.text(name, at: Point(x: box.x - 8, y: box.bottom), size: size, colour: Ink.muted, anchor: .end)
  }
}
