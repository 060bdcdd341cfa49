import RetinaFiles
import RetinaModel
import RetinaProbe

extension ReportContents {
  /// The report as one HTML file that refers to nothing outside itself.
  public func html() -> String { ReportPage(contents: self).html() }
}

/// The page of a report, from top to bottom.
struct ReportPage {
  let contents: ReportContents
  private let quality: QualityFigures
  private let clock: FrameClock
  private let unit: String

  init(contents: ReportContents) {
    self.contents = contents
    quality = QualityFigures(contents: contents)
    clock = FrameClock(rate: contents.model.facts.frameRate)
    unit = contents.model.facts.responseUnit ?? "units of the rate"
  }

  func html() -> String {
    let title = MarkupText.escape(contents.model.name)
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; \
      script-src 'unsafe-inline'">
      <title>\(title): what drives its cells</title>
      <style>
      \(ReportStyle.text)
      </style>
      </head>
      <body>
      <a class="skip" href="#main">Skip to the report</a>
      <header>
      <h1>\(title)</h1>
      <p class="muted">\(MarkupText.escape(subtitle))</p>
      </header>
      \(navigation)
      <main id="main">
      \(summary)
      \(qualitySection)
      \(cells)
      \(contents.sections.map(section).joined(separator: "\n"))
      \(costSection)
      \(provenanceSection)
      </main>
      <footer>
      <p>\(footnote)</p>
      </footer>
      <script type="application/json" id="data">\(ReportData(contents: contents, tables: tables).text())</script>
      <script>
      \(ReportScript.text)
      </script>
      </body>
      </html>

      """
  }

  // MARK: - Top

  private var subtitle: String {
    let model = contents.model
    var text = "A model of \(model.cells) cells that sees \(model.inputShape[1]) × \(model.inputShape[2]) pixels and "
    text += "\(model.inputShape[0]) frames"
    if let rate = model.facts.frameRate { text += " at \(NumberText.significant(rate)) frames/s" }
    return text + ". Made by retina report from \(FileSystem.name(of: contents.file))."
  }

  private var navigation: String {
    var links = [("summary", "Summary"), ("quality", "Fit quality")]
    links += contents.cells.map { ("cell-\($0.index)", "Cell \($0.index)") }
    links += contents.sections.map { ($0.name, $0.title) }
    links += [("cost", "Layers and cost"), ("provenance", "Provenance")]
    let items = links.map { "<a href=\"#\($0.0)\">\(MarkupText.escape($0.1))</a>" }.joined(separator: "\n")
    return """
      <nav aria-label="Sections"><div>
      \(items)
      <button id="theme" type="button">Light or dark</button>
      </div></nav>
      """
  }

  private var summary: String {
    let model = contents.model
    var facts: [(String, String)] = [("Cells", "\(model.cells)"), ("Parameters", "\(model.parameterCount)")]
    if let score = contents.evaluation?.models.first?.meanPearson {
      facts.append(("Mean r, held out", NumberText.significant(score)))
    } else {
      let stored = model.facts.cells.compactMap { cell in cell.figures.first { $0.name == "held_out_r" }?.value }
      if !stored.isEmpty {
        facts.append(
          ("Mean r, held out (model file)", NumberText.significant(stored.reduce(0, +) / Double(stored.count))))
      }
    }
    if !contents.costs.isEmpty {
      let operations = contents.costs.reduce(0) { $0 + $1.operations }
      facts.append(("Operations per frame", NumberText.significant(operations / 1e6) + " million"))
    }
    if let residual = contents.largestRelativeResidual {
      facts.append(("Largest relative residual", NumberText.significant(Double(residual), digits: 2)))
    }
    let list = facts.map {
      "<div><dt>\(MarkupText.escape($0.0))</dt><dd>\(MarkupText.escape($0.1))</dd></div>"
    }.joined(separator: "\n")
    return """
      <section id="summary" aria-labelledby="summary-title">
      <h2 id="summary-title">Summary</h2>
      <dl class="facts">
      \(list)
      </dl>
      <p>This page shows how well the model predicts its cells, and which of its interior units made a cell respond. Each \
      cell below has its rate over time and the contribution of every channel: orange drives the cell, blue holds it back, \
      white (black on a \
      dark page) is nothing. The contributions of one layer add up to the rate less the rate at the baseline, a stimulus of \
      zeros; those of another layer are a second account of the same rate. In maps of what a cell or a unit sees, orange is \
      a preference for light and blue for dark. Channels and cells are counted from 0. Move the marked time with the slider, with the left and right arrow keys (with shift ten frames), or by \
      pointing at a trace; its address in the address bar can be kept and shared.</p>
      </section>
      """
  }

  // MARK: - Fit quality

  private var qualitySection: String {
    var figures: [String] = []
    if let correlations = quality.correlations() {
      figures.append(figure(correlations.svg(width: ReportSection.Figure.width)))
    }
    if let calibration = quality.calibration() {
      figures.append(figure(calibration.svg(width: ReportSection.Figure.width)))
    }
    let origin: String
    if let evaluation = contents.evaluation {
      let spans = evaluation.frames.map { "\($0.lowerBound) to \($0.upperBound - 1)" }.joined(separator: ", ")
      let kind = evaluation.isSimulated ? "the simulated recording" : "the recording"
      let ceiling =
        evaluation.ceilings.isEmpty
        ? "The recording has no repeats, so that no noise ceiling is known." : "Ceilings are from its repeats."
      origin =
        "Scored on \(kind) \(FileSystem.name(of: evaluation.recording)), held-out bins \(spans), single trials. \(ceiling) "
        + "The baselines are fitted to the same recording."
    } else if quality.correlations() != nil {
      origin =
        "These figures are stored in the model file; nothing was measured for this report. Give a recording to measure them."
    } else {
      origin =
        "The model file holds no figures and no recording was given: nothing is known about the quality of the fit."
    }
    return """
      <section id="quality" aria-labelledby="quality-title">
      <h2 id="quality-title">Fit quality</h2>
      <p>\(MarkupText.escape(origin))</p>
      \(quality.scores().map(table) ?? "")
      <div class="plots">
      \(figures.joined(separator: "\n"))
      </div>
      \(table(quality.cells()))
      </section>
      """
  }

  // MARK: - Cells

  private var cells: String {
    guard !contents.cells.isEmpty else { return "" }
    let choices = contents.stimuli.enumerated().map {
      "<option value=\"\($0)\">\(MarkupText.escape($1.name))</option>"
    }.joined()
    return """
      <div id="cells">
      <div class="time" role="group" aria-label="Stimulus and time">
      <label>Stimulus <select id="stimulus">\(choices)</select></label>
      <button id="back" type="button" aria-label="One frame back">◀</button>
      <input id="slider" type="range" min="0" max="0" value="0" aria-label="Marked frame">
      <button id="forth" type="button" aria-label="One frame on">▶</button>
      <output id="clock" for="slider"></output>
      <button id="peak" type="button">Go to peak</button>
      </div>
      <noscript><p>Without JavaScript the first stimulus is shown, and time cannot be moved.</p></noscript>
      \(contents.cells.map(cell).joined(separator: "\n"))
      </div>
      """
  }

  private func cell(_ page: ReportContents.CellPage) -> String {
    let id = "cell-\(page.index)"
    let panels = page.responses.enumerated().map { panel($1, of: page, stimulus: contents.stimuli[$0].name) }
    let templates = panels.enumerated().map { "<template data-stimulus=\"\($0)\">\($1)</template>" }
    let field = fieldBlock(
      page.field, of: page, "Receptive field", "Product of the linear steps, every nonlinearity let through.")
    let triggered = fieldBlock(
      page.triggered, of: page, "Spike-triggered average",
      "Of the recording, without the held-out part, at the place of the receptive field; z-scores.")
    var about = ["named “\(page.cell.name)” in the model, where it stands at place \(page.index), counted from 0"]
    if let centre = page.cell.centre {
      about.append(
        "centre at column \(NumberText.significant(centre.column)), row \(NumberText.significant(centre.row))")
    }
    about += page.cell.figures.map { "\($0.name) \(NumberText.significant($0.value))" }
    return """
      <section id="\(id)" class="cell" aria-labelledby="\(id)-title">
      <h2 id="\(id)-title">Cell \(page.index)</h2>
      <p class="muted">\(MarkupText.escape(about.joined(separator: "; ")))</p>
      <p class="said" aria-live="polite"></p>
      <figure class="wide trace" data-stimulus="0">
      \(panels.first ?? "")
      </figure>
      \(templates.dropFirst().joined(separator: "\n"))
      <div class="now">
      <div>
      <div class="frame"><h4>Newest frame seen</h4></div>
      \(triggered)
      </div>
      <div><h4>Contribution of each channel (\(MarkupText.escape(unit)))</h4>
      <table class="bars"></table></div>
      \(field)
      </div>
      \(contents.layers.enumerated().map { maps($1, place: $0) }.joined(separator: "\n"))
      \(downloads(id, "all stimuli and frames of this cell"))
      </section>
      """
  }

  /// A large picture of what a cell sees, between its heading and a remark; empty where there is none.
  private func fieldBlock(
    _ field: ReceptiveField?, of page: ReportContents.CellPage, _ heading: String, _ remark: String
  ) -> String {
    guard let field else { return "" }
    let figure = FieldFigure(
      field: field, clock: clock, lag: contents.model.facts.lag, title: "\(heading) of cell \(page.index)",
      isLarge: true, place: page.field)
    return """
      <div><h4>\(heading)</h4>\(figure.svg())
      <p class="muted">\(remark)</p></div>
      """
  }

  private func panel(_ response: CellResponse, of page: ReportContents.CellPage, stimulus: String) -> String {
    var rows: [ImportanceFigure.Row] = []
    for (layer, contributions) in zip(contents.layers, response.layers) {
      let (frames, channels) = (contributions.sums.shape[0], contributions.sums.shape[1])
      for channel in 0..<channels {
        rows.append(
          ImportanceFigure.Row(
            layer: layer.name, channel: channel,
            values: (0..<frames).map { contributions.sums.values[$0 * channels + channel] }))
      }
    }
    let panel = ImportanceFigure(
      title: "Cell \(page.index), \(stimulus)", frameRate: contents.model.facts.frameRate,
      firstFrame: contents.firstFrame, lag: contents.model.facts.lag, rate: response.rates, observed: response.observed,
      rateUnit: contents.model.facts.responseUnit ?? "", rows: rows
    ).panel()
    let marked = panel.marked.flatMap { [$0.top, $0.bottom] }
    let places = [("left", [panel.left]), ("right", [panel.right]), ("marked", marked)].map { name, places in
      "data-\(name)=\"\(places.map(NumberText.coordinate).joined(separator: " "))\""
    }
    return "<div \(places.joined(separator: " "))>\(panel.svg)</div>"
  }

  private func maps(_ layer: ReportContents.Layer, place: Int) -> String {
    let name = MarkupText.escape(layer.name)
    let cards = (0..<layer.shape[0]).map { channel in
      let field = layer.fields[channel].map {
        FieldFigure(
          field: $0, clock: clock, lag: contents.model.facts.lag,
          title: "What channel \(channel) of \(layer.name) sees",
          isLarge: false
        ).svg()
      }
      return """
        <div class="card"><header><b>channel \(channel)</b><output></output></header>
        <svg class="map" preserveAspectRatio="none" role="img" aria-label="Contributions of \(name), channel \(channel)"></svg>
        <small>sees</small>\(field ?? "")</div>
        """
    }
    return """
      <div class="maps" data-layer="\(place)">
      <h4>\(name): where each channel contributes, and what it sees</h4>
      <p class="muted">Upper picture: contribution of every unit at the marked time (<span class="place"></span>), \
      <span class="lower"></span><span class="key" role="img" aria-label="blue over white to orange"></span>\
      <span class="upper"></span> \(MarkupText.escape(unit)). Lower picture: the channel’s receptive field and its course \
      in time. A green outline: a contribution of at least half the largest. Largest units: <span class="units"></span>.</p>
      <div class="cards">
      \(cards.joined(separator: "\n"))
      </div>
      </div>
      """
  }

  // MARK: - Sections, cost, provenance

  private func section(_ section: ReportSection) -> String {
    let figures = section.figures.map { figure($0.svg, caption: $0.caption) }.joined(separator: "\n")
    return """
      <section id="\(section.name)" aria-labelledby="\(section.name)-title">
      <h2 id="\(section.name)-title">\(MarkupText.escape(section.title))</h2>
      \(section.paragraphs.map { "<p>\(MarkupText.escape($0))</p>" }.joined(separator: "\n"))
      \(section.tables.map(table).joined(separator: "\n"))
      <div class="plots">
      \(figures)
      </div>
      </section>
      """
  }

  private var costTable: ReportTable {
    ReportTable(
      name: "cost", caption: "Work per frame when frames come one by one",
      columns: ["layer", "algorithm", "operations per frame", "bytes of parameters"],
      rows: contents.costs.map {
        [.text($0.layer), .text($0.algorithm), .number($0.operations), .count($0.parameterBytes)]
      })
  }

  private var layerTable: ReportTable {
    let model = contents.model
    return ReportTable(
      name: "layers", caption: "The layers, in the order in which they run",
      columns: ["layer", "kind", "output", "parameters", "multiply-adds per window"],
      rows: model.layers.enumerated().map { index, layer in
        [
          .text(layer.name), .text(layer.operation.kindName), .text("\(model.shapes[index])"),
          .count(layer.operation.parameters.reduce(0) { $0 + $1.values.count }), .count(contents.multiplyAdds[index]),
        ]
      })
  }

  private var costSection: String {
    """
    <section id="cost" aria-labelledby="cost-title">
    <h2 id="cost-title">Layers and cost</h2>
    \(table(layerTable))
    \(contents.costs.isEmpty ? "" : table(costTable))
    </section>
    """
  }

  private var provenanceTable: ReportTable {
    ReportTable(
      name: "provenance", caption: "What the model file says about where it comes from", columns: ["what", "text"],
      rows: contents.model.facts.provenance.map { [.text($0.name), .text($0.text)] })
  }

  private var provenanceSection: String {
    """
    <section id="provenance" aria-labelledby="provenance-title">
    <h2 id="provenance-title">Provenance</h2>
    \(contents.model.facts.provenance.isEmpty ? "<p>The model file says nothing.</p>" : table(provenanceTable))
    </section>
    """
  }

  private var footnote: String {
    "Contributions are conductances of the units of every interior nonlinearity, exact for models of relu and affine "
      + "layers, from a baseline of zeros: what retina probe gives. Maps have 255 colours, stimuli 16 greys; positions that never "
      + "reach half a percent of the largest are left out of a map. The numbers to take away are exact float32."
  }

  // MARK: - Pieces

  /// Every table of the page.
  private var tables: [ReportTable] {
    var tables = [quality.scores(), quality.cells(), layerTable].compactMap { $0 }
    if !contents.costs.isEmpty { tables.append(costTable) }
    if !contents.model.facts.provenance.isEmpty { tables.append(provenanceTable) }
    return tables + contents.sections.flatMap(\.tables)
  }

  private func figure(_ svg: String, caption: String = "") -> String {
    let words = caption.isEmpty ? "" : "<figcaption>\(MarkupText.escape(caption))</figcaption>"
    return "<figure class=\"wide\">\(svg)\(words)</figure>"
  }

  private func downloads(_ file: String, _ what: String) -> String {
    """
    <div class="downloads"><span class="muted">Take away \(MarkupText.escape(what)):</span>
    <button type="button" data-file="\(file)" data-kind="csv" aria-label="\(file) as CSV">CSV</button>
    <button type="button" data-file="\(file)" data-kind="json" aria-label="\(file) as JSON">JSON</button></div>
    """
  }

  private func table(_ table: ReportTable) -> String {
    // A column of texts is aligned to the left.
    let isText = table.columns.indices.map { column in
      table.rows.contains {
        if case .text = $0[column] { return true }
        return false
      }
    }
    func entry(_ tag: String, _ column: Int, _ text: String) -> String {
      "<\(tag)\(isText[column] ? " class=\"text\"" : "")>\(MarkupText.escape(text))</\(tag.prefix(2))>"
    }
    let head = table.columns.enumerated().map { entry("th", $0, $1) }.joined()
    let rows = table.rows.map { row in
      "<tr>" + row.enumerated().map { entry("td", $0, ReportPage.text($1)) }.joined() + "</tr>"
    }
    let whole = """
      <div class="wide"><table class="data"><caption>\(MarkupText.escape(table.caption))</caption>
      <thead><tr>\(head)</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody></table></div>
      \(downloads(table.name, "this table"))
      """
    guard table.isFolded else { return whole }
    return "<details><summary>\(MarkupText.escape(table.caption))</summary>\n\(whole)\n</details>"
  }

  private static func text(_ value: ReportTable.Value) -> String {
    switch value {
    case .text(let text): return text
    case .number(let number): return NumberText.significant(number)
    case .count(let count): return "\(count)"
    case .missing: return "–"
    }
  }
}
