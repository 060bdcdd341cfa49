import RetinaFiles
import RetinaInterpretation
import RetinaModel
import RetinaProbe
import RetinaReport

/// The files and the table of `retina receptive-field`.
struct FieldReport {
  let analysis: FieldAnalysis
  let model: Model

  init(_ analysis: FieldAnalysis, model: Model) { (self.analysis, self.model) = (analysis, model) }

  func write(to folder: String) throws {
    let field = analysis.field
    try write(
      field.average, [field.lags.count, field.cutOut.rows.count, field.cutOut.columns.count],
      to: "\(folder)/average.npy")
    try write(analysis.exciting.window, model.inputShape.dimensions, to: "\(folder)/exciting.npy")
    let clusters = analysis.instantaneous.clusters
    try write(
      clusters.flatMap { $0.field }, [clusters.count] + model.inputShape.dimensions, to: "\(folder)/fields.npy")
    try FileSystem.write(Array((analysis.json.text(indented: true) + "\n").utf8), to: "\(folder)/field.json")
    try FileSystem.write(Array(timeFigure.svg().utf8), to: "\(folder)/time-course.svg")
    try FileSystem.write(Array(nonlinearityFigure.svg().utf8), to: "\(folder)/nonlinearity.svg")
    if field.covariance != nil {
      try FileSystem.write(Array(covarianceFigure.svg().utf8), to: "\(folder)/covariance.svg")
    }
  }

  private func write(_ values: [Float], _ extents: [Int], to path: String) throws {
    guard let shape = Shape(checking: extents), let tensor = Tensor(shape: shape, values: values) else {
      fatalError("as many values as the extents say")
    }
    try NPY.write(tensor, to: path)
  }

  // MARK: - Pictures

  /// Time courses of the average, of the instantaneous fields and of the most exciting window, each of length 1.
  private var timeFigure: LineFigure {
    let lag = model.facts.lag
    func series(_ name: String, _ values: [Float], isDashed: Bool = false) -> LineFigure.Series {
      // Oldest first.
      let length = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      return LineFigure.Series(
        name: name, x: values.indices.map { -time(Double(values.count - 1 - $0 + lag)) },
        y: values.map { length > 0 ? Double($0) / length : 0 }, isDashed: isDashed)
    }
    func course(_ window: [Float]) -> [Float] {
      ReceptiveField(window, shape: model.inputShape)?.temporal ?? []
    }
    var lines = [series("spike-triggered average", analysis.field.temporal.reversed())]
    for (place, cluster) in analysis.instantaneous.clusters.enumerated() {
      lines.append(series("instantaneous field \(place) (\(fixed(100 * cluster.share, 0)) %)", course(cluster.field)))
    }
    lines.append(series("most exciting window", course(analysis.exciting.window), isDashed: true))
    return LineFigure(
      title: "\(analysis.field.cell): when it sees", subtitle: "time courses at the strongest pixel, each of length 1",
      horizontalLabel: model.facts.frameRate == nil ? "frames before the response" : "time before the response (ms)",
      verticalLabel: "weight", series: lines, footnote: "model \(model.name)")
  }

  private var nonlinearityFigure: LineFigure {
    LineFigure(
      title: "\(analysis.field.cell): nonlinearity", subtitle: "mean rate in bins of the stimulus through the average",
      horizontalLabel: "filtered stimulus (deviations)", verticalLabel: model.facts.responseUnit ?? "rate",
      series: [
        LineFigure.Series(
          name: "white noise", x: analysis.field.nonlinearity.map { $0.drive },
          y: analysis.field.nonlinearity.map { $0.rate })
      ], footnote: "model \(model.name)")
  }

  private var covarianceFigure: LineFigure {
    let covariance = analysis.field.covariance
    let values = covariance?.values ?? []
    let ends = [0.0, Double(max(1, values.count - 1))]
    func level(_ name: String, _ value: Double) -> LineFigure.Series {
      LineFigure.Series(name: name, x: ends, y: [value, value], isDashed: true)
    }
    return LineFigure(
      title: "\(analysis.field.cell): spike-triggered covariance",
      subtitle: "eigenvalues; outside the dashed lines the cell has subunits or suppression", horizontalLabel: "rank",
      verticalLabel: "change of variance",
      series: [
        LineFigure.Series(name: "eigenvalues", x: values.indices.map { Double($0) }, y: values),
        level("largest of shifted responses", covariance?.null.high ?? 0),
        level("smallest of shifted responses", covariance?.null.low ?? 0),
      ], footnote: "model \(model.name); orthogonal to the spike-triggered average")
  }

  private func time(_ frames: Double) -> Double { model.facts.frameRate.map { frames * 1000 / $0 } ?? frames }

  // MARK: - Words

  var table: String {
    let field = analysis.field
    let unit = model.facts.responseUnit ?? ""
    var lines = ["\(model.name), \(field.cell)"]
    if let gaussian = field.gaussian {
      lines.append(
        "field: centre row \(fixed(gaussian.row, 1)), column \(fixed(gaussian.column, 1)); radii \(fixed(gaussian.major, 2)) and "
          + "\(fixed(gaussian.minor, 2)) pixels at \(fixed(gaussian.angle, 0)) degrees; explains "
          + "\(fixed(100 * gaussian.explained, 0)) % of the map")
    }
    let top = field.temporal.indices.reduce(0) {
      field.temporal[$1].magnitude > field.temporal[$0].magnitude ? $1 : $0
    }
    lines.append(
      "time: \(field.temporal[top] < 0 ? "OFF" : "ON"), strongest \(fixed(time(Double(top + field.lags.lowerBound)), 0)) "
        + (model.facts.frameRate == nil ? "frames" : "ms") + " before the response")
    lines.append("separability: \(fixed(field.separability, 3)) (1: one time course times one map)")
    if let covariance = field.covariance {
      lines.append(
        "covariance: \(covariance.exciting.count) exciting and \(covariance.suppressing.count) suppressing directions beyond the "
          + "average")
    }
    for (place, cluster) in analysis.instantaneous.clusters.enumerated() {
      lines.append(
        "instantaneous field \(place): \(fixed(100 * cluster.share, 0)) % of the windows, coherence \(fixed(cluster.coherence, 2)), "
          + "cosine with the mean field \(fixed(cluster.agreement, 2))")
    }
    lines.append(
      "most exciting window: rate \(fixed(Double(analysis.exciting.rate), 3)) \(unit) (grey \(fixed(Double(analysis.exciting.greyRate), 3)), "
        + "largest under white noise \(fixed(analysis.largestNoiseRate, 3))); extrapolation where it is above")
    return lines.joined(separator: "\n")
  }
}
