/// The directions of most variance of a stimulus, each scaled to a variance of 1.
struct Whitening: Sendable {
  private let axes: Matrix
  private let scales: [Double]

  /// The number of directions.
  var count: Int { scales.count }

  /// Finds the directions.
  ///
  /// - Parameters:
  ///   - centred: a stimulus less its mean, `[sample, dimension]`.
  ///   - meanSquare: of a sample with its mean, beside which rounding is told from variance.
  ///   - rank: directions to keep; nothing for those that hold 99 % of the variance, at most a quarter of the samples.
  ///   - ridge: added to each variance, a part of the largest.
  init(_ centred: Matrix, meanSquare: Double, rank: Int?, ridge: Double) throws(TheoryError) {
    let eigen = SymmetricEigen((1 / Double(centred.rows)) * centred.columnGram)
    // Rounding leaves a little variance to a stimulus that has none.
    guard let largest = eigen.values.first, largest > 1e-20 * meanSquare else {
      throw TheoryError("stimulus", expected: "a stimulus that varies", found: "the same for every sample")
    }
    let most = rank ?? min(centred.rows / 4, PrincipalDimension.axes(eigen.values, holding: 0.99))
    let kept = min(max(1, most), eigen.values.count { $0 > 1e-12 * largest })
    axes = Matrix(
      rows: kept, columns: centred.columns, values: Array(eigen.vectors.values[..<(kept * centred.columns)]))
    scales = eigen.values[..<kept].map { ($0 + ridge * largest).squareRoot() }
  }

  /// Rows of products with the dimensions of the stimulus, `[row, dimension]`, as products with its directions.
  func whiten(_ products: Matrix) -> Matrix {
    var white = products.rowProducts(with: axes)
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
