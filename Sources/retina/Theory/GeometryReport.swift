import RetinaFiles
import RetinaReport
import RetinaTheory

/// The tables and figures of `retina theory geometry`.
struct GeometryReport {
  private let names: [String]
  private let classCount, samples: Int
  private var layers: [(name: String, geometry: LayerGeometry)] = []
  private var table = Table([
    "layer", "units", "capacity", "lower", "upper", "over 2/M", "radius", "dimension", "centre correlation",
    "removed directions", "collapse",
  ])
  private var classes = Table([
    "layer", "class", "samples", "capacity", "radius", "dimension", "participation ratio", "squared radius",
  ])
  private var channels = Table(["layer", "channel", "capacity without", "lower", "upper", "part of whole"])
  private var trials = Table(["layer", "kind", "capacity", "lower", "upper"])
  private var alignments = Table(["layer", "centres", "axes", "centres and axes"])
  private var separability = Table(["layer", "features", "separable dichotomies"])
  private var remarks: [String] = []
  /// Why the first layer that cannot be measured cannot be.
  private var firstError: TheoryError?

  init(_ names: [String], classes: Int, samples: Int) {
    (self.names, classCount, self.samples) = (names, classes, samples)
  }

  /// Adds a layer, or one that was pooled.
  mutating func add(_ name: String, _ result: Result<LayerGeometry, any Error>, isLayer: Bool = false) throws {
    switch result {
    case .success(let found):
      if isLayer { layers.append((name, found)) }
      table.append([
        .string(name), .number(Double(found.units)), .number(found.capacity.value), .number(found.capacity.lower),
        .number(found.capacity.upper), .number(found.capacity.value / found.unstructuredCapacity),
        .number(found.radius.value), .number(found.dimension.value), .number(found.centreCorrelation),
        .number(Double(found.removedDirections)), .number(found.collapse),
      ])
      for part in found.classes {
        classes.append([
          .string(name), .string(part.name), .number(Double(part.samples)), .number(part.capacity),
          .number(part.radius), .number(part.dimension), .number(part.participationRatio), .number(part.squaredRadius),
        ])
      }
      remarks += found.notes.map { "\(name): \($0)" }
    case .failure(let error as TheoryError):
      firstError = firstError ?? error
      remarks.append("\(name): not measured: \(error)")
    case .failure(let error): throw error
    }
  }

  /// Adds what each channel of a layer is worth.
  mutating func add(_ name: String, _ contributions: [ChannelContribution]) {
    let whole = layers.last.flatMap { $0.name == name ? $0.geometry.capacity.value : nil }
    for part in contributions {
      switch part.capacity {
      case .success(let capacity):
        channels.append([
          .string(name), .number(Double(part.channel)), .number(capacity.value), .number(capacity.lower),
          .number(capacity.upper), whole.map { .number(capacity.value / $0) } ?? .null,
        ])
      case .failure(let error): remarks.append("\(name) without channel \(part.channel): not measured: \(error)")
      }
    }
  }

  /// Adds a capacity of another kind.
  mutating func addTrial(
    _ name: String, _ kind: String, _ result: Result<(Double, (lower: Double, upper: Double)?), TheoryError>
  ) {
    switch result {
    case .success(let (value, band)):
      trials.append([
        .string(name), .string(kind), .number(value), band.map { .number($0.lower) } ?? .null,
        band.map { .number($0.upper) } ?? .null,
      ])
    case .failure(let error): remarks.append("\(name): \(kind) capacity not measured: \(error)")
    }
  }

  /// Adds how the anchors of classes lie to one another.
  mutating func addAlignment(_ name: String, _ found: CorrelatedCapacity) {
    alignments.append([
      .string(name), .number(found.centreAlignment), .number(found.axisAlignment), .number(found.crossAlignment),
    ])
  }

  /// Adds the part of dichotomies that can be divided by features of a layer.
  mutating func addCurve(_ name: String, _ curve: [(features: Int, separable: Double)]) {
    for point in curve {
      separability.append([.string(name), .number(Double(point.features)), .number(point.separable)])
    }
  }

  /// Refuses when no layer could be measured.
  func check() throws {
    if let firstError, layers.isEmpty { throw firstError }
  }

  func write(to output: inout TheoryOutput, _ options: LayerGeometry.Options) throws {
    output.add("classes", .number(Double(classCount)))
    output.add("samples", .number(Double(samples)))
    output.add("capacity_without_structure", .number(unstructured))
    output.add("vectors", .number(Double(options.directions)))
    output.add("seed", .number(Double(options.seed)))
    try output.add("geometry", table)
    try output.add("class_geometry", classes)
    if !channels.rows.isEmpty { try output.add("channels", channels) }
    if !trials.rows.isEmpty { try output.add("trials", trials) }
    if !alignments.rows.isEmpty { try output.add("alignments", alignments) }
    if !separability.rows.isEmpty {
      try output.add("separability", separability)
      try output.draw("separability", separabilityFigure)
    }
    output.add("notes", .array(remarks.map { .string($0) }))
    guard !layers.isEmpty else { return }
    try output.draw("capacity", figure("capacity (classes per unit)", { $0.capacity }, withLine: true))
    try output.draw("radius", figure("radius (of the centre's length)", { $0.radius }))
    try output.draw("dimension", figure("dimension", { $0.dimension }))
    try output.draw(
      "correlation",
      figure("centre correlation") {
        Interval(value: $0.centreCorrelation, lower: $0.centreCorrelation, upper: $0.centreCorrelation)
      })
    if !channels.rows.isEmpty { try output.draw("channels", channelFigure) }
  }

  /// The capacity of classes of unrelated points.
  private var unstructured: Double { 2 * Double(classCount) / Double(samples) }

  private func figure(
    _ quantity: String, _ value: (LayerGeometry) -> Interval, withLine: Bool = false
  ) -> LineFigure {
    let x = layers.indices.map(Double.init)
    let values = layers.map { value($0.geometry) }
    var series = [
      LineFigure.Series(
        name: "", x: x, y: values.map { $0.value }, band: (values.map { $0.lower }, values.map { $0.upper }))
    ]
    if withLine {
      series.append(
        LineFigure.Series(
          name: "unrelated points, 2 / M", x: x, y: x.map { _ in unstructured }, isDashed: true))
    }
    return LineFigure(
      title: "Stimulus manifolds: \(quantity)",
      subtitle: "\(classCount) classes, \(samples) samples; band: 95 % bootstrap",
      horizontalLabel: "layer", verticalLabel: quantity, series: series,
      footnote: layers.enumerated().map { "\($0.offset) \($0.element.name)" }.joined(separator: ", "))
  }

  /// A line for each layer that the first column of a table names, from two other columns.
  private func lines(_ table: Table, x: Int, y: Int) -> [LineFigure.Series] {
    var lines: [LineFigure.Series] = []
    for row in table.rows {
      guard let name = row[0].string, let place = row[x].number, let value = row[y].number else { continue }
      if lines.last?.name != name { lines.append(LineFigure.Series(name: name, x: [], y: [])) }
      lines[lines.count - 1].x.append(place)
      lines[lines.count - 1].y.append(value)
    }
    return lines
  }

  private var separabilityFigure: LineFigure {
    LineFigure(
      title: "Dichotomies that a plane divides", subtitle: "\(classCount) classes on random projections of a layer",
      horizontalLabel: "features", verticalLabel: "part that can be divided", series: lines(separability, x: 1, y: 2))
  }

  private var channelFigure: LineFigure {
    LineFigure(
      title: "What each channel adds to separability",
      subtitle: "capacity without the channel over capacity with it; below 1 the channel helps",
      horizontalLabel: "channel", verticalLabel: "capacity without / with",
      series: lines(channels, x: 1, y: 5))
  }

  func printOut() {
    print(
      "\(classCount) classes, \(samples) samples; unrelated points have the capacity 2/M = \(fixed(unstructured, 4))")
    table.printOut()
    for extra in [channels, trials, alignments] where !extra.rows.isEmpty {
      print("")
      extra.printOut()
    }
    for remark in remarks { print("note: \(remark)") }
  }
}
