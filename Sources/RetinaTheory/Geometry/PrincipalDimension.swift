/// Dimensions of a cloud of points from the variances along its principal axes.
public enum PrincipalDimension {
  /// The participation ratio `(sum of l)^2 / sum of l^2`; 0 without variance.
  public static func participationRatio(_ eigenvalues: [Double]) -> Double {
    let (sum, square) = (eigenvalues.reduce(0, +), squaredNorm(eigenvalues))
    return square > 0 ? sum * sum / square : 0
  }

  /// How many axes hold a part of the variance.
  public static func axes(_ eigenvalues: [Double], holding part: Double = 0.9) -> Int {
    let total = eigenvalues.reduce(0, +)
    var sum = 0.0
    for (place, value) in eigenvalues.sorted(by: >).enumerated() {
      sum += value
      if sum >= part * total { return place + 1 }
    }
    return eigenvalues.count
  }
}

extension Matrix {
  /// Takes the mean of all rows from each; gives the mean.
  @discardableResult
  public mutating func centreRows() -> [Double] {
    var mean = [Double](repeating: 0, count: columns)
    for row in 0..<rows {
      for column in 0..<columns { mean[column] += values[row * columns + column] }
    }
    for column in 0..<columns { mean[column] /= Double(max(1, rows)) }
    subtractFromRows(mean)
    return mean
  }
}

extension LabelledResponses {
  /// The samples along their axes of most variance, `[sample, axis]`, from the inner products of all pairs.
  public func principalAxes(_ count: Int) -> Matrix {
    var matrix = Matrix(rows: total, columns: units, values: samples.flatMap { $0 }.map(Double.init))
    matrix.centreRows()
    let eigen = SymmetricEigen(matrix.gram)
    let kept = min(count, total)
    var result = Matrix(rows: total, columns: kept)
    for axis in 0..<kept {
      let scale = max(0, eigen.values[axis]).squareRoot()
      for row in 0..<total { result[row, axis] = scale * eigen.vectors[axis, row] }
    }
    return result
  }
}
