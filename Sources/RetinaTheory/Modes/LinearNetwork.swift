import RetinaStimuli

/// A linear network with one hidden layer that is really trained: the check of the predicted learning curves.
///
/// Gradient descent on half the mean squared error for a whitened stimulus, for which only the correlation matters:
/// `W2 += rate E W1^T, W1 += rate W2^T E` with `E = correlation - W2 W1`.
public struct LinearNetwork: Sendable {
  /// Hidden-to-output weights `[output, hidden]`.
  public private(set) var second: Matrix
  /// Input-to-hidden weights `[hidden, input]`.
  public private(set) var first: Matrix

  /// Small random weights; each value of the product has about the standard deviation `scale`.
  public init(inputs: Int, hidden: Int, outputs: Int, scale: Double, seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let deviation = (scale / Double(hidden).squareRoot()).squareRoot()
    first = Matrix(
      rows: hidden, columns: inputs, values: (0..<hidden * inputs).map { _ in deviation * generator.normal() })
    second = Matrix(
      rows: outputs, columns: hidden, values: (0..<outputs * hidden).map { _ in deviation * generator.normal() })
  }

  /// Weights aligned with the modes of a correlation, each with the strength `start`: what the theory assumes.
  public init(alignedWith correlation: Matrix, hidden: Int, start: Double) {
    let modes = SingularValues(correlation)
    let count = min(hidden, modes.values.count)
    first = Matrix(rows: hidden, columns: correlation.columns)
    second = Matrix(rows: correlation.rows, columns: hidden)
    for mode in 0..<count {
      for input in 0..<correlation.columns { first[mode, input] = start.squareRoot() * modes.right[mode, input] }
      for output in 0..<correlation.rows { second[output, mode] = start.squareRoot() * modes.left[mode, output] }
    }
  }

  /// What the network does to its input as a whole, `[output, input]`.
  public var product: Matrix { second * first }

  /// Steps of gradient descent.
  public mutating func train(on correlation: Matrix, rate: Double, steps: Int) {
    for _ in 0..<steps {
      let error = correlation - product
      let (forSecond, forFirst) = (error * first.transposed, second.transposed * error)
      second = second + rate * forSecond
      first = first + rate * forFirst
    }
  }

  /// The strength of each mode of a correlation in the network.
  public func strengths(of modes: SingularValues) -> [Double] {
    let product = product
    return modes.values.indices.map { dot(product * modes.right.row($0), modes.left.row($0)) }
  }
}
