/// Lines over two axes in a rectangle.
struct LinePlot {
  let box: Box
  let horizontal: Axis
  let vertical: Axis

  static let textSize = 11.0

  /// Draws grid lines at the ticks of both axes, behind everything else.
  func drawGrid(into svg: inout SVG) {
    for value in vertical.ticks.values {
      let y = vertical.position(of: value)
      svg.line(from: Point(x: box.x, y: y), to: Point(x: box.right, y: y), colour: Ink.grid)
    }
    for value in horizontal.ticks.values {
      let x = horizontal.position(of: value)
      svg.line(from: Point(x: x, y: box.y), to: Point(x: x, y: box.bottom), colour: Ink.grid)
    }
  }

  /// Draws the left axis: labels at the ticks, and the axis's name upwards `distance` to the left.
  func drawLeftAxis(label: String, distance: Double, into svg: inout SVG) {
    svg.line(from: Point(x: box.x, y: box.y), to: Point(x: box.x, y: box.bottom), colour: Ink.axis)
    for (value, text) in zip(vertical.ticks.values, vertical.ticks.labels) {
      let y = vertical.position(of: value)
      svg.line(from: Point(x: box.x - 4, y: y), to: Point(x: box.x, y: y), colour: Ink.axis)
      let point = Point(x: box.x - 7, y: y + LinePlot.textSize * 0.35)
      svg.text(text, at: point, size: LinePlot.textSize, colour: Ink.muted, anchor: .end)
    }
    let name = TextWidth.fit(label, width: box.height * 1.15, size: LinePlot.textSize)
    svg.text(
      name, at: Point(x: box.x - distance, y: box.middleY), size: LinePlot.textSize, colour: Ink.muted, anchor: .middle,
      upwards: true)
  }

  /// Draws an axis along the lower edge: labels at the ticks, at most `overhang` beyond the ends, and the axis's name
  /// under them.
  static func drawBottomAxis(
    _ axis: Axis, at y: Double, label: String, size: Double = LinePlot.textSize, overhang: Double = 16,
    into svg: inout SVG
  ) {
    svg.line(from: Point(x: axis.start, y: y), to: Point(x: axis.end, y: y), colour: Ink.axis)
    var occupied = -Double.infinity
    for (value, text) in zip(axis.ticks.values, axis.ticks.labels) {
      let x = axis.position(of: value)
      svg.line(from: Point(x: x, y: y), to: Point(x: x, y: y + 4), colour: Ink.axis)
      let half = TextWidth.estimate(text, size: size) / 2
      let middle = min(max(x, axis.start + half - overhang), axis.end - half + overhang)
      guard middle - half > occupied else { continue }
      svg.text(text, at: Point(x: middle, y: y + 5 + size), size: size, colour: Ink.muted, anchor: .middle)
      occupied = middle + half + 2
    }
    let name = TextWidth.fit(label, width: axis.end - axis.start, size: size)
    let middle = Point(x: (axis.start + axis.end) / 2, y: y + 8 + size * 2.1)
    svg.text(name, at: middle, size: size, colour: Ink.muted, anchor: .middle)
  }

  /// Draws a line through points given in the units of the axes, with gaps where they are not finite.
  func drawLine(
    x: [Double], y: [Double], colour: Colour, width: Double = 1.5, dash: String? = nil, into svg: inout SVG
  ) {
    for run in runs(x: x, y: y) {
      if let only = run.first, run.count == 1 {
        svg.disc(at: only, radius: width, colour: colour)
      } else {
        svg.polyline(thinned(run), colour: colour, width: width, dash: dash)
      }
    }
  }

  /// Draws the area between two curves over the same places, with gaps where either is not finite.
  func drawBand(x: [Double], lower: [Double], upper: [Double], colour: Colour, into svg: inout SVG) {
    let count = min(x.count, lower.count, upper.count)
    let places = (0..<count).map { lower[$0].isFinite && upper[$0].isFinite ? x[$0] : .nan }
    for (below, above) in zip(runs(x: places, y: lower), runs(x: places, y: upper)) where below.count > 1 {
      svg.polygon(thinned(above) + thinned(below).reversed(), fill: colour, opacity: 0.18)
    }
  }

  /// The points of the drawing, cut where a value is not finite.
  private func runs(x: [Double], y: [Double]) -> [[Point]] {
    var runs: [[Point]] = []
    var run: [Point] = []
    for (x, y) in zip(x, y) {
      if x.isFinite && y.isFinite {
        run.append(Point(x: horizontal.position(of: x), y: vertical.position(of: y)))
      } else if !run.isEmpty {
        runs.append(run)
        run = []
      }
    }
    if !run.isEmpty { runs.append(run) }
    return runs
  }

  /// The first, lowest, highest and last point of each column of the drawing: what can be seen of a long line.
  private func thinned(_ points: [Point]) -> [Point] {
    guard Double(points.count) > 8 * box.width else { return points }
    var kept: [Point] = []
    var start = 0
    while start < points.count {
      let column = (points[start].x * 2).rounded(.down)
      var (end, lowest, highest) = (start, start, start)
      while end < points.count, (points[end].x * 2).rounded(.down) == column {
        if points[end].y < points[lowest].y { lowest = end }
        if points[end].y > points[highest].y { highest = end }
        end += 1
      }
      var previous = -1
      for index in [start, min(lowest, highest), max(lowest, highest), end - 1] where index != previous {
        kept.append(points[index])
        previous = index
      }
      start = end
    }
    return kept
  }
}
