/// The directions of most variance of a stimulus, each scaled to a variance of 1.
struct Whitening: Sendable {
  private let mean: [Double]
  private let axes: Matrix
  private let scales: [Double]

  /// Finds the directions.
  ///
  /// - Parameters:
  ///   - stimulus: `[sample, dimension]`.
  ///   - rank: directions to keep; nothing for those that hold 99 % of the variance, at most a quarter of the samples.
  ///   - ridge: added to each variance, a part of the largest.
  init(_ stimulus: Matrix, rank: Int?, ridge: Double) throws(TheoryError) {
    var centred = stimulus
    mean = centred.centreRows()
    let eigen = SymmetricEigen((1 / Double(stimulus.rows)) * centred.transposed.gram)
    // Rounding leaves a little variance to a stimulus that has none.
    guard let largest = eigen.values.first, largest > 1e-20 * stimulus.squaredNorm / Double(stimulus.rows) else {
      throw TheoryError("stimulus", expected: "a stimulus that varies", found: "the same for every sample")
    }
    let most = rank ?? min(stimulus.rows / 4, PrincipalDimension.axes(eigen.values, holding: 0.99))
    let kept = min(max(1, most), eigen.values.count { $0 > 1e-12 * largest })
    axes = Matrix(
      rows: kept, columns: stimulus.columns, values: Array(eigen.vectors.values[..<(kept * stimulus.columns)]))
    scales = eigen.values[..<kept].map { ($0 + ridge * largest).squareRoot() }
  }

  /// Samples along the directions, `[sample, direction]`.
  func whiten(_ stimulus: Matrix) -> Matrix {
    var white = stimulus * axes.transposed
    white.subtractFromRows(axes * mean)
    white.divideColumns(by: scales)
    return white
  }

  /// The filter, in the original dimensions, whose output is a direction of the whitened stimulus.
  func restore(_ direction: [Double]) -> [Double] {
    (0..<axes.columns).map { column in
      direction.indices.reduce(0) { $0 + direction[$1] / scales[$1] * axes[$1, column] }
    }
  }
}
