import RetinaFiles
import RetinaModel
import RetinaReport
import RetinaStimuli
import RetinaTheory

/// The tables and figures of `retina theory information`.
struct InformationReport {
  private let samples: Int
  private let duration: Double
  private var layers: [(name: String, found: LayerInformation)] = []
  private var table = Table([
    "layer", "noise", "stimulus lower", "stimulus upper", "log2 n", "class lower", "class upper", "class entropy",
    "shuffled mean", "shuffled largest",
  ])
  private var cells = Table(["cell", "mean rate", "bits per bin", "bits per spike", "class bits per bin"])
  private var comparison = Table(["layer", "bin width", "binned entropy", "binned class", "neighbours (2 axes)"])
  private var plane = Table([
    "checkpoint", "layer", "stimulus lower", "stimulus upper", "class lower", "class upper",
  ])
  private var population: (bits: Double, error: Double)?
  private var remarks: [String] = []
  /// Why the first layer that cannot be measured cannot be.
  private var firstError: TheoryError?

  init(samples: Int, duration: Double) { (self.samples, self.duration) = (samples, duration) }

  mutating func add(_ name: String, _ result: Result<LayerInformation, TheoryError>) {
    switch result {
    case .success(let found):
      layers.append((name, found))
      table.append([
        .string(name), .number(found.noiseVariance.squareRoot()), .number(found.stimulus.lower),
        .number(found.stimulus.upper), .number(found.stimulusCeiling), .number(found.classes.lower),
        .number(found.classes.upper), .number(found.classCeiling), .number(found.shuffled.mean),
        .number(found.shuffled.largest),
      ])
      remarks += found.notes.map { "\(name): \($0)" }
    case .failure(let error):
      firstError = firstError ?? error
      remarks.append("\(name): not measured: \(error)")
    }
  }

  /// The output: spikes of independent Poisson cells.
  mutating func addCells(_ rates: [Float], _ model: Model, labels: [String], seed: UInt64) throws {
    let count = model.cells
    guard rates.allSatisfy({ $0 >= 0 }) else {
      remarks.append("cells: not measured: the model's output is not a rate, it falls below 0")
      return
    }
    let expected = Matrix(
      rows: labels.count, columns: count, values: rates.map { Double($0) * duration })
    let places = Dictionary(grouping: labels.indices, by: { labels[$0] }).values.sorted { $0[0] < $1[0] }
    for cell in 0..<count {
      let counts = expected.column(cell)
      let bits = try PoissonInformation.bits(counts: counts)
      // What is told about the stimulus less what is told when the class is known.
      let within = try places.reduce(0) { sum, members in
        sum + Double(members.count) / Double(counts.count)
          * (try PoissonInformation.bits(counts: members.map { counts[$0] }))
      }
      let perSpike = PoissonInformation.bitsPerSpike(rates: counts)
      cells.append([
        .string(cell < model.facts.cells.count ? model.facts.cells[cell].name : "cell \(cell)"),
        .number(counts.reduce(0, +) / Double(counts.count) / duration), .number(bits),
        perSpike.map { .number($0) } ?? .null, .number(max(0, bits - within)),
      ])
    }
    var generator = SeededGenerator(seed: seed)
    population = PoissonInformation.population(counts: expected, using: &generator)
  }

  /// The numbers that others publish, beside.
  mutating func compare(
    _ name: String, _ responses: LabelledResponses, _ stimuli: TheoryStimuli, width: Double
  ) throws {
    let values = responses.samples.flatMap { $0 }
    let symbols = DiscreteInformation.bins(values, units: responses.units, width: width)
    let classes = responses.classes.indices.flatMap { [Int](repeating: $0, count: responses.count($0)) }
    let inputs = try LabelledResponses(
      stimuli.batches.flatMap { $0.values }, units: stimuli.model.inputShape.count, labels: stimuli.labels)
    let nearest = try NeighbourInformation.bits(responses.principalAxes(2), inputs.principalAxes(2))
    comparison.append([
      .string(name), .number(width), .number(DiscreteInformation.entropy(symbols)),
      .number(DiscreteInformation.mutual(symbols, classes)), .number(nearest),
    ])
  }

  mutating func addPoint(_ place: Int, _ name: String, _ found: LayerInformation) {
    plane.append([
      .number(Double(place)), .string(name), .number(found.stimulus.lower), .number(found.stimulus.upper),
      .number(found.classes.lower), .number(found.classes.upper),
    ])
  }

  /// Refuses when no layer could be measured.
  func check() throws {
    if let firstError, layers.isEmpty { throw firstError }
  }

  func write(to output: inout TheoryOutput) throws {
    output.add("samples", .number(Double(samples)))
    output.add("bin_seconds", .number(duration))
    try output.add("information", table)
    try output.add("cells", cells)
    if let population {
      output.add("population_bits_per_bin", .number(population.bits))
      output.add("population_standard_error", .number(population.error))
    }
    if !comparison.rows.isEmpty { try output.add("comparison", comparison) }
    if !plane.rows.isEmpty { try output.add("plane", plane) }
    output.add("notes", .array(remarks.map { .string($0) }))
    if !layers.isEmpty { try output.draw("information", figure) }
    if !plane.rows.isEmpty { try output.draw("plane", planeFigure) }
  }

  private var figure: LineFigure {
    let x = layers.indices.map(Double.init)
    func line(_ name: String, _ bounds: (LayerInformation) -> LayerInformation.Bounds) -> LineFigure.Series {
      let values = layers.map { bounds($0.found) }
      return LineFigure.Series(
        name: name, x: x, y: values.map { $0.upper }, band: (values.map { $0.lower }, values.map { $0.upper }))
    }
    func level(_ name: String, _ value: (LayerInformation) -> Double) -> LineFigure.Series {
      LineFigure.Series(name: name, x: x, y: layers.map { value($0.found) }, isDashed: true)
    }
    return LineFigure(
      title: "What each layer keeps", subtitle: "\(samples) stimuli; bands from the lower to the upper bound",
      horizontalLabel: "layer", verticalLabel: "bits",
      series: [
        line("about the stimulus") { $0.stimulus }, line("about the class") { $0.classes },
        level("log2 n") { $0.stimulusCeiling }, level("entropy of the class") { $0.classCeiling },
        level("shuffled classes") { $0.shuffled.largest },
      ], footnote: layers.enumerated().map { "\($0.offset) \($0.element.name)" }.joined(separator: ", "))
  }

  private var planeFigure: LineFigure {
    var lines: [(name: String, x: [Double], y: [Double])] = []
    for row in plane.rows {
      guard let name = row[1].string, let x = row[3].number, let y = row[5].number else { continue }
      let place = lines.firstIndex { $0.name == name } ?? lines.count
      if place == lines.count { lines.append((name, [], [])) }
      lines[place].x.append(x)
      lines[place].y.append(y)
    }
    return LineFigure(
      title: "The information plane over training", subtitle: "one point a checkpoint, in order; upper bounds",
      horizontalLabel: "bits about the stimulus", verticalLabel: "bits about the class",
      series: lines.map { LineFigure.Series(name: $0.name, x: $0.x, y: $0.y) })
  }

  func printOut() {
    print("\(samples) stimuli; bits")
    table.printOut()
    print("")
    cells.printOut()
    if let population {
      print(
        "all cells together, as if independent: \(fixed(population.bits, 3)) +- \(fixed(population.error, 3)) bits per bin"
          + " of \(decimal(duration)) s")
    }
    for extra in [comparison, plane] where !extra.rows.isEmpty {
      print("")
      extra.printOut()
    }
    for remark in remarks { print("note: \(remark)") }
  }
}
