/// A cell's Gaussian over positions, as a product of two profiles that each sum to one.
struct GaussianMask<Scalar: TrainingScalar>: Sendable {
  var rows, columns: [Scalar]
  private let centre, sharpness: (column: Scalar, row: Scalar)

  private let spacing: Int

  /// The mask at every `spacing`-th position, so many rows and columns of them.
  init(_ parameters: [Scalar], cell: Int, cells: Int, height: Int, width: Int, spacing: Int = 1) {
    self.spacing = spacing
    let (place, sigma) = (2 * cell, 2 * cells + 2 * cell)
    centre = (parameters[place], parameters[place + 1])
    sharpness = (Scalar.exponential(-parameters[sigma]), Scalar.exponential(-parameters[sigma + 1]))
    columns = GaussianMask.profile(width, spacing, centre.column, sharpness.column)
    rows = GaussianMask.profile(height, spacing, centre.row, sharpness.row)
  }

  private static func profile(_ count: Int, _ spacing: Int, _ centre: Scalar, _ sharpness: Scalar) -> [Scalar] {
    let exponents = (0..<count).map { position in
      let distance = (Scalar(position * spacing) - centre) * sharpness
      return -distance * distance / 2
    }
    // Relative to the largest, so that a centre far outside leaves no zero to divide by.
    let largest = exponents.max() ?? 0
    let values = exponents.map { Scalar.exponential($0 - largest) }
    let sum = values.reduce(0, +)
    return values.map { $0 / sum }
  }

  /// The gradients of a cell's centre and logarithms of deviations from those of its profiles.
  func addGradient(
    rows rowGradient: [Scalar], columns columnGradient: [Scalar], cell: Int, cells: Int,
    into gradient: SharedNumbers<Scalar>
  ) {
    let place = 2 * cell
    let column = slopes(columns, columnGradient, centre.column, sharpness.column)
    let row = slopes(rows, rowGradient, centre.row, sharpness.row)
    gradient[place] += column.centre
    gradient[place + 1] += row.centre
    gradient[place + 2 * cells] += column.logSigma
    gradient[place + 2 * cells + 1] += row.logSigma
  }

  private func slopes(
    _ profile: [Scalar], _ gradient: [Scalar], _ centre: Scalar, _ sharpness: Scalar
  ) -> (centre: Scalar, logSigma: Scalar) {
    var mean: Scalar = 0
    for index in profile.indices { mean += gradient[index] * profile[index] }
    var result: (centre: Scalar, logSigma: Scalar) = (0, 0)
    for index in profile.indices {
      // The derivative in an exponent, through the normalisation.
      let exponent = (gradient[index] - mean) * profile[index]
      let distance = (Scalar(index * spacing) - centre) * sharpness
      result.centre += exponent * distance * sharpness
      result.logSigma += exponent * distance * distance
    }
    return result
  }
}
