/// How the samples of classes lie about their centres: cheap numbers to stand beside capacity, without random directions.
public struct ClassScatter: Sendable {
  /// For each class, the number of dimensions over which its samples spread: the participation ratio of their variances.
  public let participationRatios: [Double]
  /// For each class, the mean squared distance of a sample from the centre, over the squared length of the centre about the
  /// mean of all samples.
  public let squaredRadii: [Double]
  /// Variance within classes in units of that between them, `tr(S_w S_b^+) / classes`: 0 when classes are points (NC1 of
  /// Papyan, Han and Donoho, PNAS 117, 24652, 2020).
  public let collapse: Double

  /// Measures classes.
  ///
  /// - Throws: ``TheoryError`` when all classes have the same mean.
  public init(_ responses: LabelledResponses, threads: Int = 1) throws(TheoryError) {
    let (count, units) = (responses.classes.count, responses.units)
    let clouds = parallelMap(count, threads: threads) { place in
      var cloud = Matrix(
        rows: responses.count(place), columns: units, values: responses.samples[place].map(Double.init))
      let centre = cloud.centreRows()
      return (cloud: cloud, centre: centre)
    }
    let sizes = clouds.map { Double($0.cloud.rows) / Double(responses.total) }
    var centres = Matrix(clouds.map(\.centre))
    centres.subtractFromRows(centres.transposed * sizes)
    // The eigenvectors of the centres' inner products give the directions between them, as many as there are classes.
    let eigen = SymmetricEigen(centres.gram)
    let kept = eigen.values.count { $0 > 1e-10 * max(eigen.values.first ?? 0, 0) }
    guard kept > 0 else {
      throw TheoryError("classes", expected: "mean responses that differ", found: "the same for every class")
    }
    let measured = parallelMap(count, threads: threads) { [centres] place in
      let cloud = clouds[place].cloud
      let along = cloud.rowProducts(with: centres)
      // S_b is a mean over classes: their number in its inverse cancels with that in the collapse.
      let within = (0..<kept).reduce(0.0) { sum, direction in
        let spread = squaredNorm(along * eigen.vectors.row(direction)) / Double(cloud.rows)
        return sum + spread / (eigen.values[direction] * eigen.values[direction])
      }
      let gram = cloud.gram
      let trace = gram.diagonal.reduce(0, +)
      return (
        within: within, ratio: trace > 0 ? trace * trace / gram.squaredNorm : 0,
        radius: trace / Double(cloud.rows) / squaredNorm(centres.row(place))
      )
    }
    collapse = zip(sizes, measured).reduce(0) { $0 + $1.0 * $1.1.within }
    participationRatios = measured.map(\.ratio)
    squaredRadii = measured.map(\.radius)
  }
}
