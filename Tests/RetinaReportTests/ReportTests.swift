import RetinaEngine
import RetinaFiles
import RetinaFit
import RetinaModel
import RetinaProbe
import Testing

@testable import RetinaReport

@Suite struct ReportTests {
  private static let movie = values(12, 6, 6, scale: 3)

  private static func request(_ model: Model = ReportTests.model()) -> ReportRequest {
    ReportRequest(
      model, file: "model.safetensors",
      stimuli: [.init(name: "noise", movie: movie), .init(name: "more <noise>", movie: values(9, 6, 6, scale: 1))])
  }

  // MARK: - Contents

  @Test func contributionsAreThoseOfTheProbe() throws {
    let model = ReportTests.model()
    var request = ReportTests.request()
    request.cells = [2, 0]
    let contents = try request.run()
    #expect(contents.cells.map(\.index) == [2, 0] && contents.layers.map(\.name) == ["relu1", "relu2"])
    let program = Program(model)
    for page in contents.cells {
      for (place, layer) in ["relu1", "relu2"].enumerated() {
        let index = try #require(model.index(of: layer))
        let question = LayerQuestion(
          requests: [
            Request(
              .conductance, boundary: program.boundary(layer: index, side: .output),
              target: .cell(page.index, of: program))
          ], shape: model.shapes[index])
        let table = try Probe.run(
          program, [question], reduction: .channel, count: 9,
          input: { Array(ReportTests.movie.values[$0 * 36..<($0 + 4) * 36]) },
          baselines: [[Float](repeating: 0, count: 144)], threads: 1)[0]
        #expect(page.responses[0].layers[place].sums == table.values)
        #expect(page.responses[0].rates == table.sums.map { $0[0].valueAtInput })
      }
    }
    #expect(try #require(contents.largestRelativeResidual) < 1e-5)
  }

  @Test func bestCellsComeFirst() throws {
    // The figures in the model file rank 1, 2, 0.
    #expect(try ReportTests.request().run().cells.map(\.index) == [1, 2, 0])
  }

  @Test func largestUnitsAndMapsHoldTheContributions() {
    // Two channels of 20 x 30; what matters lies in rows 1 to 9 and columns 28 to 29.
    var values = [Float](repeating: 0, count: 2 * 1200)
    values[1 * 30 + 28] = 3
    values[600 + 9 * 30 + 29] = -5
    values[1200 + 600 + 2 * 30 + 29] = 4
    values[1200 + 15 * 30] = 0.01  // below half a percent: not in the map, but in the sum
    let layer = LayerContributions(frames: 2, shape: Shape(2, 20, 30)) { values[$0 * 1200 + $1] }
    #expect(layer.sums.values == [3, -5, 0.01, 4])
    // Square, as far as there is room.
    #expect(layer.rows == 1..<10 && layer.columns == 21..<30)
    #expect(layer.map.shape == Shape(2, 2, 9, 9))
    let found = layer.map.values.indices.filter { layer.map.values[$0] != 0 }
    #expect(found == [7, 81 + 80, 243 + 17] && found.map { layer.map.values[$0] } == [3, -5, 4])
    #expect(
      layer.largest == [
        [.init(channel: 1, row: 9, column: 29, value: -5), .init(channel: 0, row: 1, column: 28, value: 3)],
        [.init(channel: 1, row: 2, column: 29, value: 4), .init(channel: 0, row: 15, column: 0, value: 0.01)],
      ])
  }

  @Test func silentLayersHaveMaps() {
    let layer = LayerContributions(frames: 2, shape: Shape(2, 3, 4)) { _, _ in 0 }
    #expect(layer.map.values.allSatisfy { $0 == 0 } && layer.largest == [[], []])
  }

  @Test func heldOutResponsesStandBesideTheRates() throws {
    let model = ReportTests.model()
    // The responses to a movie of 200 frames are numbers that tell frame and cell.
    let movie = ReportTests.values(200, 6, 6, scale: 2)
    let responses = (0..<600).map { Float($0) }
    let recording = Recording(
      stimulus: .movie(movie), frameRate: 20, cells: model.facts.cells, unit: .rates, responses: responses, lag: 1)
    let stretch = try #require(try HeldOutStretch(recording, model: model))
    // The last fifth begins at frame 160; its first response depends on frames 156 to 159.
    #expect(stretch.movie.shape == Shape(43, 6, 6))
    #expect(Array(stretch.movie.values[..<36]) == Array(movie.values[156 * 36..<157 * 36]))
    #expect(stretch.responses(ofCell: 2) == (160..<200).map { Float($0 * 3 + 2) })
    var request = ReportTests.request()
    request.recording = recording
    request.baselines = []
    let contents = try request.run()
    #expect(contents.stimuli.map(\.name) == ["held-out recording", "noise", "more <noise>"])
    #expect(contents.cells[0].responses[0].observed.count == contents.cells[0].responses[0].rates.count)
    #expect(contents.evaluation?.frames == [160..<200])
    let page = contents.html()
    #expect(page.contains("black: the model; orange: the recording") && page.contains("held-out bins 160 to 199"))
  }

  @Test func spikeTriggeredAveragesAreThoseOfTheRecording() throws {
    let model = ReportTests.model()
    // A cell fires when the pixel of row 1, column 2 was bright three frames earlier, the next one when it was dark; the last at every frame.
    let movie = ReportTests.values(400, 6, 6, scale: 2)
    let responses = (0..<400).flatMap { frame -> [Float] in
      let isBright = movie.values[max(0, frame - 3) * 36 + 8] > 0
      return [isBright ? 1 : 0, isBright ? 0 : 1, 1]
    }
    let recording = Recording(
      stimulus: .movie(movie), frameRate: 20, cells: model.facts.cells, unit: .counts, responses: responses, lag: 1)
    var request = ReportTests.request()
    request.recording = recording
    request.baselines = []
    request.cells = [0, 1]
    let contents = try request.run()
    let fields = try contents.cells.map { try #require($0.triggered) }
    for (field, sign) in zip(fields, [1, -1] as [Float]) {
      // Lags of 4, 3, 2 and 1 frames.
      #expect(field.temporal.map { $0 * sign }.max() == field.temporal[1] * sign)
      #expect(field.spatial.values.map { $0 * sign }.max() == field.spatial.values[8] * sign)
      #expect(field.temporal[1] == field.spatial.values[8] && field.temporal[1].magnitude > 5)
    }
    let page = contents.html()
    #expect(page.contains("Spike-triggered average of cell 0") && openElements(page) == [])
    #expect(!(try ReportTests.request().run().html()).contains("Spike-triggered"))
  }

  @Test func layersHaveKindAndMultiplyAdds() throws {
    let contents = try ReportTests.request().run()
    let program = Program(ReportTests.model())
    #expect(contents.multiplyAdds.reduce(0, +) == program.multiplyAdds)
    // The first convolution: 3 x 4 x 4 outputs with kernels of 4 x 3 x 3.
    #expect(contents.multiplyAdds[0] == 48 * 36)
    let table = try #require(try embedded(contents.html())["tables"]?.array?.first { $0["name"]?.string == "layers" })
    #expect(
      table["columns"]?.array?.compactMap { $0.string }
        == ["layer", "kind", "output", "parameters", "multiply-adds per window"])
    #expect(table["rows"]?.array?[0].array?[1].string == "conv2d")
  }

  @Test func whatCannotBeReportedIsRefused() throws {
    let flat = try Model(
      name: "flat", inputShape: Shape(3),
      layers: [Layer("dense", .dense(Dense(weight: ReportTests.values(2, 3, scale: 1))))])
    #expect(throws: ReportError.notAMovieModel(Shape(3))) { try ReportRequest(flat, file: "", stimuli: []).run() }
    #expect(throws: ReportError.nothingToShow) { try ReportRequest(ReportTests.model(), file: "", stimuli: []).run() }
    var request = ReportTests.request()
    let small = ReportTests.values(12, 5, 6, scale: 1)
    request.stimuli = [.init(name: "small", movie: small)]
    #expect(throws: ReportError.anotherSize("small", expected: Shape(4, 6, 6), found: small.shape)) {
      try request.run()
    }
    request.stimuli = [.init(name: "huge", movie: Tensor(repeating: 3e38, shape: Shape(9, 6, 6)))]
    #expect(throws: (any Error).self) { try request.run() }
  }

  // MARK: - Page

  @Test func pageIsWellFormedAndHoldsNothingOfOthers() throws {
    let page = try ReportTests.request().run().html()
    #expect(openElements(page) == [])
    for reference in ["http://", "https://", "src=", "<link", "@import", "url("] {
      // Names of XML spaces are no addresses that are opened.
      let rest = page.replacing("http://www.w3.org/", with: "")
      #expect(!rest.contains(reference), "\(reference)")
    }
    let ids = attributes("id", of: page)
    #expect(Set(ids).count == ids.count)
    for target in attributes("href", of: page) where target.hasPrefix("#") {
      #expect(ids.contains(String(target.dropFirst())))
    }
    for target in attributes("aria-labelledby", of: page) { #expect(ids.contains(target)) }
    #expect(page.contains("more &lt;noise&gt;") && !page.contains("more <noise>"))
  }

  @Test func foldersOfInputsStayOutOfThePage() throws {
    var request = ReportTests.request()
    request.file = "/home/someone/models/model.safetensors"
    var recording = Recording(
      stimulus: .movie(ReportTests.values(200, 6, 6, scale: 2)), frameRate: 20, cells: request.model.facts.cells,
      unit: .rates, responses: (0..<600).map { Float($0 % 7) }, lag: 1)
    recording.file = "../../someone/recordings/recording.npz"
    (request.recording, request.baselines) = (recording, [])
    let page = try request.run().html()
    #expect(page.contains("retina report from model.safetensors.") && page.contains("the recording recording.npz,"))
    #expect(!page.contains("someone"))
  }

  @Test(arguments: [
    "</script><script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "<!--<script>", "'; & \u{0}\n",
  ])
  func hostileNamesStayText(_ name: String) throws {
    var request = ReportTests.request(ReportTests.model(name: name))
    request.file = name
    request.stimuli[0].name = name
    let page = try request.run().html()
    #expect(openElements(page) == [])
    // Two elements of its own, and nothing that a name brings.
    #expect(page.split(separator: "<script", omittingEmptySubsequences: false).count == 3)
    #expect(page.split(separator: "</script", omittingEmptySubsequences: false).count == 3)
    #expect(!page.contains("<img") && !page.contains("<!--"))
    let data = try embedded(page)
    #expect(data["model"]?.string == name && data["stimuli"]?.array?[0]["name"]?.string == name)
    #expect(data["cells"]?.array?[0]["name"]?.string == name)
  }

  @Test func embeddedNumbersAreExact() throws {
    let contents = try ReportTests.request().run()
    let data = try embedded(contents.html())
    #expect(data["firstFrame"] == 4 && data["frameRate"] == 20 && data["history"] == 4)
    for (page, cell) in zip(contents.cells, data["cells"]?.array ?? []) {
      #expect(cell["index"]?.integer == page.index)
      for (response, numbers) in zip(page.responses, cell["responses"]?.array ?? []) {
        #expect(try floats(numbers["rates"]) == response.rates && numbers["observed"] == .null)
        #expect(numbers["peak"]?.integer == response.peak)
        for (layer, values) in zip(response.layers, numbers["layers"]?.array ?? []) {
          #expect(try floats(values["sums"]) == layer.sums.values)
        }
      }
    }
  }

  @Test func tablesKeepTheirNumbers() throws {
    var contents = try ReportTests.request().run()
    contents.sections = [
      ReportSection(
        name: "phenomena", title: "Phenomena & more", paragraphs: ["a < b"],
        figures: [.init(caption: "one", svg: "<svg></svg>")],
        tables: [
          ReportTable(
            name: "found", caption: "What was found", columns: ["name", "score", "cells"],
            rows: [[.text("<OSR>"), .number(0.1 + 0.2), .count(3)], [.text(""), .init(nil), .missing]])
        ])
    ]
    let page = contents.html()
    #expect(openElements(page) == [])
    #expect(page.contains("Phenomena &amp; more") && page.contains("a &lt; b") && page.contains("&lt;OSR&gt;"))
    let tables = try embedded(page)["tables"]?.array ?? []
    let names = tables.compactMap { $0["name"]?.string }
    #expect(Set(names).count == names.count && names.contains("cells") && names.contains("layers"))
    let found = try #require(tables.first { $0["name"] == "found" })
    #expect(found["rows"] == [["<OSR>", .number(0.1 + 0.2), 3], ["", .null, .null]])
    for name in names { #expect(page.contains("data-file=\"\(name)\" data-kind=\"csv\"")) }
  }

  @Test func oneCellOneStimulusNoFacts() throws {
    let model = ReportTests.model(facts: Facts())
    var request = ReportRequest(
      model, file: "m", stimuli: [.init(name: "one window", movie: ReportTests.values(4, 6, 6, scale: 1))])
    request.cells = [1]
    let page = try request.run().html()
    #expect(openElements(page) == [] && page.contains("nothing is known about the quality of the fit"))
    #expect(page.utf8.count < 200_000)
  }

  @Test func sizeIsBounded() throws {
    // A cell, a stimulus and a frame cost 4 bytes a channel and what the maps need: here all positions matter.
    let page = try ReportTests.request().run().html()
    #expect(page.utf8.count < 300_000)
  }

  @Test func withoutInteriorThereAreRates() throws {
    let layers = [
      Layer("flatten", .flatten), Layer("dense", .dense(Dense(weight: ReportTests.values(2, 144, scale: 0.2)))),
      Layer("rate", .activation(.softplus)),
    ]
    let model = try Model(name: "linear", inputShape: Shape(4, 6, 6), layers: layers)
    let contents = try ReportTests.request(model).run()
    #expect(contents.layers.isEmpty && contents.cells.count == 2 && contents.cells[0].responses[0].rates.count == 9)
    #expect(openElements(contents.html()) == [])
  }

  @Test func stripsHoldPicturesSideBySide() {
    let strip = ImageStrip(count: 600, width: 4, height: 2, palette: [Colour(0)]) { picture, row, column in
      UInt8(truncatingIfNeeded: picture * 8 + row * 4 + column)
    }
    #expect(strip.columns == 256 && strip.image.width == 1024 && strip.image.height == 6)
    for (picture, row, column) in [(0, 0, 0), (255, 1, 3), (256, 0, 1), (599, 1, 2)] {
      let place = (picture / 256 * 2 + row) * 1024 + picture % 256 * 4 + column
      #expect(strip.image.indices[place] == UInt8(truncatingIfNeeded: picture * 8 + row * 4 + column))
    }
  }
}

// MARK: - A small model

extension ReportTests {
  /// Movies of 6 x 6 pixels with a history of 4, two convolutions, three cells.
  fileprivate static func model(name: String = "tiny", facts: Facts? = nil) -> Model {
    let layers = [
      Layer("conv1", .convolution(Convolution(weight: values(3, 4, 3, 3, scale: 0.6), bias: [0.1, -0.1, 0.05]))),
      Layer("relu1", .activation(.relu)),
      Layer("conv2", .convolution(Convolution(weight: values(2, 3, 3, 3, scale: 0.6)))),
      Layer("relu2", .activation(.relu)), Layer("flatten", .flatten),
      Layer("dense", .dense(Dense(weight: values(3, 8, scale: 0.8), bias: [0.2, 0, -0.2]))),
      Layer("rate", .activation(.softplus)),
    ]
    let known = Facts(
      lag: 1, frameRate: 20, responseUnit: "spikes/s",
      cells: [0.1, 0.5, 0.3].map {
        Cell(
          name: name == "tiny" ? "ganglion \($0)" : name, centre: (column: 2.5, row: 3), figures: [("held_out_r", $0)])
      },
      provenance: [("source", name)])
    do {
      return try Model(name: name, inputShape: Shape(4, 6, 6), layers: layers, facts: facts ?? known)
    } catch {
      fatalError("\(error)")
    }
  }

  /// Numbers from -scale/2 to scale/2 that look like chance and are always the same.
  fileprivate static func values(_ dimensions: Int..., scale: Float) -> Tensor {
    guard let shape = Shape(checking: dimensions) else { fatalError("invalid shape") }
    var state = UInt64(shape.count)
    var tensor = Tensor(repeating: 0, shape: shape)
    for index in tensor.values.indices {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      tensor.values[index] = (Float(state >> 40) / Float(1 << 24) - 0.5) * scale
    }
    return tensor
  }
}

// MARK: - Reading a page

/// The names of elements that are open at the end, or of the first that closes another; scripts and styles are text.
private func openElements(_ page: String) -> [Substring] {
  let empty: Set<Substring> = ["meta", "input", "!DOCTYPE"]
  var open: [Substring] = []
  var rest = page[...]
  while let start = rest.firstIndex(of: "<") {
    guard let end = rest[start...].firstIndex(of: ">") else { return ["<"] }
    let tag = rest[rest.index(after: start)..<end]
    rest = rest[rest.index(after: end)...]
    let name = tag.prefix { !" \n/".contains($0) }
    if tag.hasPrefix("/") {
      guard open.popLast() == tag.dropFirst() else { return [tag] }
    } else if !tag.hasSuffix("/"), !empty.contains(name) {
      open.append(name)
      if name == "script" || name == "style" {
        guard let close = rest.firstRange(of: "</\(name)>") else { return [name] }
        rest = rest[close.lowerBound...]
      }
    }
  }
  return open
}

/// The values of an attribute, in order.
private func attributes(_ name: String, of page: String) -> [String] {
  page.split(separator: " \(name)=\"").dropFirst().map { String($0.prefix { $0 != "\"" }) }
}

/// The numbers inside a page.
private func embedded(_ page: String) throws -> JSON {
  let start = try #require(page.firstRange(of: "id=\"data\">")).upperBound
  let end = try #require(page[start...].firstRange(of: "</script>")).lowerBound
  return try JSON(parsing: Array(page[start..<end].utf8), file: "page")
}

/// Little-endian float32 from base64.
private func floats(_ value: JSON?) throws -> [Float] {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  let codes = Dictionary(uniqueKeysWithValues: zip(alphabet, UInt32(0)...))
  var (bytes, word, bits): ([UInt8], UInt32, Int) = ([], 0, 0)
  for character in try #require(value?.string) where character != "=" {
    word = word << 6 | (try #require(codes[character]))
    bits += 6
    if bits >= 8 {
      bits -= 8
      bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
    }
  }
  return stride(from: 0, to: bytes.count - 3, by: 4).map { place in
    Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) })
  }
}
