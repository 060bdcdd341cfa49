import RetinaFit
import RetinaModel
import RetinaTheory

/// What a cell sees, from its rates under white noise: plain values.
public struct CellField: Sendable {
  /// The name of the cell.
  public var cell: String
  /// Where the filter lies.
  public var cutOut: CutOut
  /// Lags of the filter in frames.
  public var lags: Range<Int>
  /// The spike-triggered average `[lag, row, column]` in stimulus deviations, the smallest lag first.
  public var average: [Float]
  /// The part of the average's sum of squares in its best product of a time course and a map: 1 when space and time separate.
  public var separability: Double
  /// The time course of that product, smallest lag first.
  public var temporal: [Float]
  /// Its map, of length 1.
  public var spatial: [Float]
  /// The Gaussian fitted to the map, with its centre in pixels of the frame; nothing for a map of zeros.
  public var gaussian: GaussianField?
  /// Mean drive and mean rate in 20 bins of equally many frames.
  public var nonlinearity: [(drive: Double, rate: Double)]
  /// Directions beyond the average along which the variance of the stimulus differs when the cell fires.
  public var covariance: TriggeredCovariance?

  /// Analyses the rates of one cell.
  ///
  /// - Parameter covarianceRadius: pixels around the centre of the Gaussian that the covariance looks at; nothing leaves it out.
  public init(
    _ set: TrainingSet, cell: Int, name: String, centre: (column: Double, row: Double)?, lags: Range<Int>,
    frames: [Range<Int>], covarianceRadius: Int? = 2
  ) {
    self.cell = name
    self.lags = lags
    let whole = CutOut(height: set.height, width: set.width)
    cutOut =
      centre.map {
        CutOut(row: Int($0.row), column: Int($0.column), radius: 8, height: set.height, width: set.width)
      } ?? whole
    average = CellField.average(set, cell: cell, cutOut: cutOut, lags: lags, frames: frames)
    let energy = average.reduce(0.0) { $0 + Double($1) * Double($1) }
    let product = SeparatedField(average, lags: lags.count)
    (temporal, spatial) = (product.temporal, product.spatial)
    separability = energy > 0 ? min(1, product.energy / energy) : 0
    gaussian = GaussianField(spatial, height: cutOut.rows.count, width: cutOut.columns.count)
    gaussian?.row += Double(cutOut.rows.lowerBound)
    gaussian?.column += Double(cutOut.columns.lowerBound)
    nonlinearity = CellField.nonlinearity(
      set, cell: cell, cutOut: cutOut, lags: lags, filter: average, frames: frames)
    if let covarianceRadius, let gaussian {
      let small = CutOut(
        row: Int(gaussian.row.rounded()), column: Int(gaussian.column.rounded()), radius: covarianceRadius,
        height: set.height, width: set.width)
      covariance = TriggeredCovariance(set, cell: cell, cutOut: small, lags: lags, frames: frames)
    }
  }

  /// sum of (rate - mean rate) x stimulus over the sum of rates: the mean stimulus of a spike, as the mean of all is 0.
  private static func average(
    _ set: TrainingSet, cell: Int, cutOut: CutOut, lags: Range<Int>, frames: [Range<Int>]
  ) -> [Float] {
    var used: [(frame: Int, rate: Float)] = []
    for frame in frames.joined() where frame >= lags.upperBound - 1 {
      let rate = set.responses[frame * set.cellCount + cell]
      if !rate.isNaN { used.append((frame, rate)) }
    }
    let total = used.reduce(0) { $0 + Double($1.rate) }
    guard total > 0 else { return [Float](repeating: 0, count: lags.count * cutOut.count) }
    let centre = Float(total / Double(used.count))
    var sums = [Float](repeating: 0, count: lags.count * cutOut.count)
    for (frame, rate) in used {
      for (place, lag) in lags.enumerated() {
        for (row, y) in cutOut.rows.enumerated() {
          let source = ((frame - lag) * set.height + y) * set.width + cutOut.columns.lowerBound
          let target = place * cutOut.count + row * cutOut.columns.count
          for column in 0..<cutOut.columns.count {
            sums[target + column] += (rate - centre) * set.stimulus[source + column]
          }
        }
      }
    }
    return sums.map { $0 / Float(total) }
  }

  private static func nonlinearity(
    _ set: TrainingSet, cell: Int, cutOut: CutOut, lags: Range<Int>, filter: [Float], frames: [Range<Int>]
  ) -> [(drive: Double, rate: Double)] {
    let length = filter.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    guard length > 0 else { return [] }
    var pairs: [(drive: Double, rate: Double)] = []
    for frame in frames.joined() where frame >= lags.upperBound - 1 {
      let rate = set.responses[frame * set.cellCount + cell]
      guard !rate.isNaN else { continue }
      var sum: Float = 0
      for (place, lag) in lags.enumerated() {
        for (row, y) in cutOut.rows.enumerated() {
          let source = ((frame - lag) * set.height + y) * set.width + cutOut.columns.lowerBound
          let weights = place * cutOut.count + row * cutOut.columns.count
          for column in 0..<cutOut.columns.count { sum += filter[weights + column] * set.stimulus[source + column] }
        }
      }
      pairs.append((Double(sum) / length, Double(rate)))
    }
    pairs.sort { $0.drive < $1.drive }
    let bins = min(20, pairs.count)
    return (0..<bins).map { bin in
      let part = pairs[bin * pairs.count / bins..<(bin + 1) * pairs.count / bins]
      return (mean(part.map { $0.drive }), mean(part.map { $0.rate }))
    }
  }
}

/// The product of a time course and a map that is nearest to a filter `[lag, pixel]`.
struct SeparatedField {
  /// The time course times the singular value.
  var temporal: [Float]
  /// The map, of length 1.
  var spatial: [Float]
  /// The square of the singular value.
  var energy: Double

  init(_ filter: [Float], lags: Int) {
    let pixels = filter.count / lags
    var gram = Matrix(rows: lags, columns: lags)
    for a in 0..<lags {
      for b in 0..<lags {
        var sum = 0.0
        for pixel in 0..<pixels { sum += Double(filter[a * pixels + pixel]) * Double(filter[b * pixels + pixel]) }
        gram.values[a * lags + b] = sum
      }
    }
    let eigen = SymmetricEigen(gram)
    let vector = eigen.vectors.row(0)
    energy = max(0, eigen.values[0])
    let map = (0..<pixels).map { pixel in
      (0..<lags).reduce(0.0) { $0 + vector[$1] * Double(filter[$1 * pixels + pixel]) }
    }
    // The map is positive where it is strongest, the time course has the sign.
    let strongest = map.max { $0.magnitude < $1.magnitude } ?? 0
    let size = energy.squareRoot() * (strongest < 0 ? -1 : 1)
    spatial = map.map { size == 0 ? 0 : Float($0 / size) }
    temporal = vector.map { Float($0 * size) }
  }
}
