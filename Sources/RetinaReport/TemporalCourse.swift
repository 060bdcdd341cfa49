/// A profile over the lag: the newest frame at the right, zero in the middle.
struct TemporalCourse {
  /// The oldest frame first.
  let values: [Float]
  let clock: FrameClock
  /// Frames between the newest frame that is seen and the response.
  let lag: Int

  /// Draws the course and the line of zero, and gives the plot for whoever adds an axis.
  func draw(in box: Box, ticks: Int, into svg: inout SVG) -> LinePlot {
    let values = values.map(Double.init)
    let lags = values.indices.map { clock.time(of: Double($0 - (values.count - 1)) - Double(lag)) }
    var extent = Extent()
    extent.include(values)
    let limit = extent.magnitude > 0 ? extent.magnitude * 1.08 : 1
    let plot = LinePlot(
      box: box,
      horizontal: Axis(
        from: lags.first ?? 0, through: lags.last ?? 1, start: box.x, end: box.right, ticks: ticks,
        smallestStep: clock.smallestTickStep),
      vertical: Axis(from: -limit, through: limit, start: box.bottom, end: box.y, ticks: 2))
    let zero = plot.vertical.position(of: 0)
    svg.line(from: Point(x: box.x, y: zero), to: Point(x: box.right, y: zero), colour: Ink.grid)
    plot.drawLine(x: lags, y: values, colour: Ink.trace, into: &svg)
    return plot
  }
}
