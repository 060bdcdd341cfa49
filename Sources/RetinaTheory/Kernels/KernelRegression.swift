/// Regression with a kernel: the mean of a Gaussian process whose observations have a noise (Rasmussen and Williams 2006,
/// chapter 2).
public struct KernelRegression: Sendable {
  private let factor: Cholesky
  private let weights: [Double]
  private let mean: Double

  /// The mean of a Gaussian process of mean 0 whose observations have a noise: `k (K + noise I)^-1 y`.
  ///
  /// - Throws: ``TheoryError`` for a kernel that is singular with its noise.
  public init(kernel: Matrix, targets: [Double], noiseVariance: Double) throws(TheoryError) {
    var damped = kernel
    for place in 0..<min(kernel.rows, kernel.columns) { damped[place, place] += noiseVariance }
    guard kernel.rows == targets.count, kernel.rows == kernel.columns, let factor = Cholesky(damped) else {
      throw TheoryError(
        "kernel", expected: "a positive square matrix with a target for each row; add noise for similar stimuli",
        found: "\(kernel.rows) x \(kernel.columns) with noise \(noiseVariance), \(targets.count) targets")
    }
    (self.factor, mean, weights) = (factor, 0, factor.solve(targets))
  }

  /// Fits targets, less their mean.
  ///
  /// - Parameter ridge: noise added to the diagonal, relative to the diagonal's mean.
  /// - Throws: ``TheoryError`` for a kernel that is singular with its ridge.
  public init(kernel: Matrix, targets: [Double], ridge: Double) throws(TheoryError) {
    var damped = kernel
    let scale = kernel.diagonal.reduce(0, +) / Double(max(1, kernel.rows))
    for place in 0..<kernel.rows { damped[place, place] += ridge * scale }
    guard kernel.rows == targets.count, kernel.rows == kernel.columns, let factor = Cholesky(damped) else {
      throw TheoryError(
        "kernel", expected: "a positive square matrix with a target for each row; add a ridge for similar stimuli",
        found: "\(kernel.rows) x \(kernel.columns) with ridge \(ridge), \(targets.count) targets")
    }
    let mean = targets.reduce(0, +) / Double(targets.count)
    self.factor = factor
    self.mean = mean
    weights = factor.solve(targets.map { $0 - mean })
  }

  /// The correlation of what every second input predicts for the others with their targets; nothing when either is constant.
  ///
  /// - Throws: ``TheoryError`` for fewer than 8 inputs, or a kernel that is singular with its ridge.
  public static func heldOutCorrelation(
    kernel: Matrix, targets: [Double], ridge: Double
  ) throws(TheoryError) -> Double? {
    guard targets.count >= 8 else {
      throw TheoryError("kernel regression", expected: "at least 8 stimuli", found: "\(targets.count)")
    }
    let (known, held) = (
      stride(from: 0, to: targets.count, by: 2).map { $0 }, stride(from: 1, to: targets.count, by: 2).map { $0 }
    )
    let inner = Matrix(known.map { row in known.map { kernel[row, $0] } })
    let fit = try KernelRegression(kernel: inner, targets: known.map { targets[$0] }, ridge: ridge)
    let found = held.map { row in fit.predict(known.map { kernel[row, $0] }) }
    return Correlation.pearson(found, held.map { targets[$0] })
  }

  /// The prediction for an input by its kernel with each training input.
  public func predict(_ kernel: [Double]) -> Double { mean + dot(kernel, weights) }

  /// The variance of the prediction, without the noise.
  ///
  /// - Parameter own: the kernel of the input with itself.
  public func variance(_ kernel: [Double], own: Double) -> Double {
    max(0, own - dot(kernel, factor.solve(kernel)))
  }
}
