import RetinaModel
import Testing

@testable import RetinaReport

@Suite struct FigureTests {
  private static func unit(
    _ layer: String = "relu1", importance: Float = 2.5, spatial: Tensor = Tensor(repeating: 1, shape: Shape(5, 7)),
    temporal: [Float] = [0, 1, -1]
  ) -> ImportanceFigure.Unit {
    ImportanceFigure.Unit(
      layer: layer, channel: 3, row: 4, column: 5, importance: importance, spatial: spatial, temporal: temporal)
  }

  private static func figure() -> ImportanceFigure {
    ImportanceFigure(
      title: "Bar & grating", subtitle: "cell 2", frameRate: 100, firstFrame: 40, lag: 1, rate: [1, 5, 2, 0],
      markedFrame: 41,
      rows: [
        .init(layer: "relu1", channel: 0, values: [0, 1, 2, 3]), .init(layer: "relu1", channel: 3, values: [0, -1, 2]),
        .init(layer: "relu2", channel: 1, values: [0, 1, .nan, 3]),
      ],
      units: [unit()], footnote: "model.safetensors · conductance · residual 1.2×10⁻⁶")
  }

  @Test func importanceFigureSaysWhatItShows() {
    let svg = FigureTests.figure().svg()
    let expected = [
      "Bar &amp; grating", "cell 2", "rate (spikes/s)", "relu1 · 0", "relu1 · 3", "relu2 · 1", "time (s)",
      "contribution (spikes/s)", "frame 41, 0.41 s: 5.00 spikes/s", "row 4, column 5", "+2.50 spikes/s", "lag (s)",
      "residual 1.2×10⁻⁶",
    ]
    for text in expected { #expect(svg.contains(text), "\(text)") }
    #expect(svg.hasPrefix("<svg xmlns="))
    #expect(svg.hasSuffix("</svg>\n"))
    #expect(isBalanced(svg))
  }

  @Test func sameDataSameBytes() {
    #expect(FigureTests.figure().svg() == FigureTests.figure().svg())
  }

  @Test func withoutFrameRateTimeIsFrames() {
    var figure = FigureTests.figure()
    for rate in [nil, 0, -1, Double.nan] {
      figure.frameRate = rate
      let svg = figure.svg()
      #expect(svg.contains(">frame<") && svg.contains("lag (frames)") && !svg.contains("time (s)"))
      #expect(svg.contains("frame 41: 5.00 spikes/s"))
    }
  }

  @Test func rowsOfOneLayerShareAnImage() {
    var figure = FigureTests.figure()
    figure.units = []
    // One image for the key and one for each layer.
    #expect(figure.svg().split(separator: "<image").count == 1 + 3)
  }

  @Test func markedFrameOutsideIsNotDrawn() {
    var figure = FigureTests.figure()
    for frame in [0, 39, 44, Int.min, Int.max] {
      figure.markedFrame = frame
      #expect(!figure.svg().contains("stroke-dasharray"), "\(frame)")
    }
  }

  @Test func difficultDataGiveDrawings() {
    let nothing = ImportanceFigure(title: "", rate: [], rows: [])
    let oneFrame = ImportanceFigure(
      title: "one", frameRate: 30, rate: [3], markedFrame: 0, rows: [.init(layer: "a", channel: 0, values: [1])],
      units: [FigureTests.unit(temporal: [1])])
    let noValues = ImportanceFigure(
      title: "no values", rate: [], markedFrame: 0, rows: [.init(layer: "a", channel: 0, values: [])],
      units: [FigureTests.unit(temporal: [])])
    let notFinite = ImportanceFigure(
      title: "not finite", frameRate: .infinity, rate: [.nan, .infinity, -.infinity, .nan], markedFrame: 0,
      rows: [.init(layer: "a", channel: 0, values: [.nan, -.infinity])],
      units: [
        FigureTests.unit(importance: .nan, spatial: Tensor(repeating: .nan, shape: Shape(2, 2)), temporal: [.nan])
      ])
    let extremes = ImportanceFigure(
      title: "extremes", frameRate: 1e-300, firstFrame: .max, lag: .min,
      rate: [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude], markedFrame: .max,
      rows: [.init(layer: "a", channel: .max, values: [.greatestFiniteMagnitude, -.greatestFiniteMagnitude])],
      units: [FigureTests.unit(importance: .leastNonzeroMagnitude)])
    let negative = ImportanceFigure(title: "negative", rate: [-1, -2], rows: [])
    let manyChannels = ImportanceFigure(
      title: "many", rate: [0, 0], rateUnit: "",
      rows: (0..<640).map { .init(layer: "layer \($0 / 64)", channel: $0 % 64, values: [0, 0]) })
    let manyFrames = ImportanceFigure(
      title: "long", rate: (0..<20_000).map { Float($0 % 7) },
      rows: [.init(layer: "a", channel: 0, values: (0..<20_000).map { Float($0 % 7) })])
    let longNames = ImportanceFigure(
      title: String(repeating: "title", count: 100), subtitle: String(repeating: "sub ", count: 200), rate: [1],
      rateUnit: String(repeating: "unit", count: 50),
      rows: [.init(layer: String(repeating: "layer", count: 50), channel: 0, values: [1])],
      units: (0..<13).map { FigureTests.unit(String(repeating: "u", count: $0 * 10)) },
      footnote: String(repeating: "word ", count: 2000))
    let strangeProfile = ImportanceFigure(
      title: "profile", rate: [1], rows: [],
      units: [Shape(3), Shape(2, 3, 4), Shape(1, 2, 3, 4), Shape(1, 500), Shape(500, 1), Shape(1, 1)].map {
        FigureTests.unit(spatial: Tensor(repeating: 1, shape: $0))
      })
    let figures = [
      nothing, oneFrame, noValues, notFinite, extremes, negative, manyChannels, manyFrames, longNames, strangeProfile,
    ]
    for figure in figures {
      let svg = figure.svg()
      #expect(isBalanced(svg), "\(figure.title)")
      for word in ["nan", "inf"] { #expect(!svg.contains("\"\(word)"), "\(figure.title)") }
    }
  }

  @Test func valuesOfAnotherCountAreDrawnAsMissing() {
    var unit = FigureTests.unit()
    unit.spatial.values.removeLast()
    let svg = ImportanceFigure(title: "", rate: [1], rows: [], units: [unit]).svg()
    #expect(svg.contains(ColourScale.missing.hexadecimal))
  }

  @Test func lineFigureNamesItsSeries() {
    let x: [Double] = [0, 1, 2, 3, 4]
    let figure = LineFigure(
      title: "Learning", horizontalLabel: "epoch", verticalLabel: "correlation",
      series: [
        .init(name: "train", x: x, y: [0, 0.5, .nan, 0.7, 0.8], band: ([0, 0, 0, .nan, 0], [1, 1, 1, 1, 1])),
        .init(name: "<test>", x: x, y: [0, 0.4], isDashed: true),
      ],
      footnote: "seed 1")
    let svg = figure.svg()
    let expected = ["Learning", "epoch", "correlation", ">train<", "&lt;test&gt;", "<polygon", "dasharray", "seed 1"]
    for text in expected { #expect(svg.contains(text), "\(text)") }
    #expect(isBalanced(svg))
    #expect(svg == figure.svg())
  }

  /// Ticks of a count are whole; those of anything else are not.
  @Test(arguments: [(2.0, ["0", "1", "2"]), (1.5, ["0", "0.2", "0.4"])])
  func countsHaveWholeTicks(last: Double, expected: [String]) {
    let svg = LineFigure(
      title: "", horizontalLabel: "", verticalLabel: "", series: [.init(name: "", x: [0, 1, last], y: [5, 6, 7])]
    ).svg()
    for text in expected { #expect(svg.contains(">\(text)</text>"), "\(text)") }
    #expect(svg.contains(">0.2</text>") == (last == 1.5))
  }

  @Test(arguments: [900, 540]) func lineFigureIsAsWideAsItsPlaceWithTypeAsLarge(width: Double) throws {
    let figure = LineFigure(
      title: "Learning", horizontalLabel: "epoch", verticalLabel: "correlation",
      series: [.init(name: "train", x: [0, 20], y: [0, 1])])
    let svg = figure.svg(width: width)
    #expect(svg.contains("width=\"\(Int(width))\" height="))
    #expect(svg.contains("font-size=\"19\""))
    // Nothing is drawn beyond the edge.
    let places = svg.matches(of: /x[12]?="([0-9.]+)"/).compactMap { Double($0.output.1) }
    #expect(places.count > 10)
    #expect(try #require(places.max()) <= width)
  }

  @Test func mapFigureDrawsEveryMapAndItsMark() {
    let maps = (0..<8).map { index in
      MapFigure.Map(
        name: "cell <\(index)>", remark: "r 0.\(index)", values: [0, 1, -2, .nan, 0.5, 1], width: 3,
        mark: index == 7 ? nil : (row: 1, column: 2))
    }
    let figure = MapFigure(
      title: "Where", subtitle: "eight maps", label: "correlation", maps: maps, footnote: "small print")
    let svg = figure.svg()
    for text in ["Where", "eight maps", "cell &lt;0&gt;", "cell &lt;7&gt;", "r 0.7", "correlation", "small print"] {
      #expect(svg.contains(text), "\(text)")
    }
    // A colour bar and eight maps; a frame around each of these, the paper, and seven marks.
    #expect(svg.split(separator: "<image").count == 1 + 9)
    #expect(svg.split(separator: "<rect").count == 1 + 9 + 1 + 7)
    #expect(isBalanced(svg) && svg == figure.svg())
    #expect(isBalanced(MapFigure(title: "none", subtitle: "", label: "", maps: []).svg()))
  }

  @Test func lineFigureTakesAnyData() {
    let extremes: [Double] = [-.greatestFiniteMagnitude, .greatestFiniteMagnitude, 0, .infinity, .nan]
    let many = (0..<50_000).map(Double.init)
    let series: [[LineFigure.Series]] = [
      [], [.init(name: "", x: [], y: [])], [.init(name: "one", x: [1], y: [1])],
      [.init(name: "extremes", x: extremes, y: extremes, band: (extremes, extremes))],
      [.init(name: "many", x: many, y: many.map { $0.truncatingRemainder(dividingBy: 10) }, band: (many, many))],
      (0..<40).map { .init(name: "series \($0)", x: [0, 1], y: [5, 5]) },
    ]
    for series in series {
      let svg = LineFigure(title: "", horizontalLabel: "", verticalLabel: "", series: series).svg()
      #expect(isBalanced(svg))
      #expect(svg.utf8.count < 1_000_000)
    }
  }
}

/// Whether every element of a drawing is closed in order, and no attribute holds a markup character.
private func isBalanced(_ svg: String) -> Bool {
  var open: [Substring] = []
  var rest = svg[...]
  while let start = rest.firstIndex(of: "<") {
    guard let end = rest[start...].firstIndex(of: ">") else { return false }
    let tag = rest[rest.index(after: start)..<end]
    rest = rest[rest.index(after: end)...]
    if tag.contains("<") { return false }
    if tag.hasPrefix("/") {
      if open.popLast() != tag.dropFirst() { return false }
    } else if !tag.hasSuffix("/") {
      open.append(tag.prefix { $0 != " " })
    }
  }
  return open.isEmpty
}
