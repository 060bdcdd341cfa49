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
    "removed directions",
  ])
  private var classes = Table(["layer", "class", "samples", "capacity", "radius", "dimension"])
  private var channels = Table(["layer", "channel", "capacity without", "lower", "upper", "part of whole"])
  private var trials = Table(["layer", "kind", "capacity", "lower", "upper"])
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
        .number(Double(found.removedDirections)),
      ])
      for part in found.classes {
        classes.append([
          .string(name), .string(part.name), .number(Double(part.samples)), .number(part.capacity),
          .number(part.radius), .number(part.dimension),
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

  private var channelFigure: LineFigure {
    var lines: [(name: String, x: [Double], y: [Double])] = []
    for row in channels.rows {
      guard let name = row[0].string, let channel = row[1].number, let part = row[5].number else { continue }
      if lines.last?.name != name { lines.append((name, [], [])) }
      lines[lines.count - 1].x.append(channel)
      lines[lines.count - 1].y.append(part)
    }
    return LineFigure(
      title: "What each channel adds to separability",
      subtitle: "capacity without the channel over capacity with it; below 1 the channel helps",
      horizontalLabel: "channel", verticalLabel: "capacity without / with",
      series: lines.map { LineFigure.Series(name: $0.name, x: $0.x, y: $0.y) })
  }

  func printOut() {
    print(
      "\(classCount) classes, \(samples) samples; unrelated points have the capacity 2/M = \(fixed(unstructured, 4))")
    table.printOut()
    for extra in [channels, trials] where !extra.rows.isEmpty {
      print("")
      extra.printOut()
    }
    for remark in remarks { print("note: \(remark)") }
  }
}
