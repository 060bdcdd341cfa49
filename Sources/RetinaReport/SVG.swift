/// A drawing under construction: elements in the order in which they are painted.
///
/// Nothing in it refers to anything else, by name or address, so that drawings can stand side by side in one page.
struct SVG {
  private var elements = ""

  /// Where text stands relative to its point.
  enum Anchor: String {
    case start
    case middle
    case end
  }

  /// A straight line.
  mutating func line(from a: Point, to b: Point, colour: Colour, width: Double = 1, dash: String? = nil) {
    let stroke = SVG.stroke(colour, width: width, dash: dash)
    elements += "<line\(SVG.number("x1", a.x))\(SVG.number("y1", a.y))\(SVG.number("x2", b.x))\(SVG.number("y2", b.y))"
    elements += stroke + "/>\n"
  }

  /// An upright rectangle, filled, outlined, or both.
  mutating func rectangle(_ box: Box, fill: Colour? = nil, stroke: Colour? = nil) {
    let outline = stroke.map { SVG.stroke($0, width: 0.75) } ?? ""
    elements += "<rect\(SVG.frame(box)) fill=\"\(fill?.hexadecimal ?? "none")\"\(outline)/>\n"
  }

  /// A filled disc.
  mutating func disc(at centre: Point, radius: Double, colour: Colour) {
    elements += "<circle\(SVG.number("cx", centre.x))\(SVG.number("cy", centre.y))\(SVG.number("r", radius))"
    elements += " fill=\"\(colour.hexadecimal)\"/>\n"
  }

  /// Straight pieces through points, not filled.
  mutating func polyline(_ points: [Point], colour: Colour, width: Double, dash: String? = nil) {
    let stroke = SVG.stroke(colour, width: width, dash: dash)
    elements += "<polyline points=\"\(SVG.list(points))\" fill=\"none\"\(stroke) stroke-linejoin=\"round\"/>\n"
  }

  /// A closed area.
  mutating func polygon(_ points: [Point], fill: Colour, opacity: Double) {
    elements += "<polygon points=\"\(SVG.list(points))\" fill=\"\(fill.hexadecimal)\""
    elements += SVG.number("fill-opacity", opacity) + "/>\n"
  }

  /// A line of text with its baseline at a point, or running upwards from it.
  mutating func text(
    _ text: String, at point: Point, size: Double, colour: Colour = Ink.text, anchor: Anchor = .start,
    bold: Bool = false, upwards: Bool = false
  ) {
    elements += "<text\(SVG.number("x", point.x))\(SVG.number("y", point.y))\(SVG.number("font-size", size))"
    elements += " fill=\"\(colour.hexadecimal)\""
    if anchor != .start { elements += " text-anchor=\"\(anchor.rawValue)\"" }
    if bold { elements += " font-weight=\"bold\"" }
    if upwards {
      elements += " transform=\"rotate(-90 \(NumberText.coordinate(point.x)) \(NumberText.coordinate(point.y)))\""
    }
    elements += ">\(MarkupText.escape(text))</text>\n"
  }

  /// An image stretched over a rectangle with its pixels kept sharp.
  mutating func image(_ image: PixelImage, in box: Box) {
    elements += "<image\(SVG.frame(box)) preserveAspectRatio=\"none\" image-rendering=\"optimizeSpeed\""
    elements += " style=\"image-rendering:pixelated\" xlink:href=\"\(image.dataAddress())\"/>\n"
  }

  /// The finished drawing, on white, with a title for those who do not see it.
  func document(width: Double, height: Double, title: String) -> String {
    let (width, height) = (NumberText.coordinate(width), NumberText.coordinate(height))
    let name = title.isEmpty ? "" : "<title>\(MarkupText.escape(title))</title>\n"
    return """
      <svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" width="\(width)" \
      height="\(height)" viewBox="0 0 \(width) \(height)" font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif">
      \(name)<rect width="\(width)" height="\(height)" fill="\(Ink.paper.hexadecimal)"/>
      \(elements)</svg>

      """
  }

  private static func number(_ name: String, _ value: Double) -> String {
    " \(name)=\"\(NumberText.coordinate(value))\""
  }

  private static func frame(_ box: Box) -> String {
    number("x", box.x) + number("y", box.y) + number("width", box.width) + number("height", box.height)
  }

  private static func stroke(_ colour: Colour, width: Double, dash: String? = nil) -> String {
    let pattern = dash.map { " stroke-dasharray=\"\($0)\"" } ?? ""
    return " stroke=\"\(colour.hexadecimal)\"\(number("stroke-width", width))\(pattern)"
  }

  private static func list(_ points: [Point]) -> String {
    var text = ""
    for point in points {
      if !text.isEmpty { text += " " }
      text += NumberText.coordinate(point.x) + "," + NumberText.coordinate(point.y)
    }
    return text
  }
}
