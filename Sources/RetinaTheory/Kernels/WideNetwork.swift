/// Kernels of infinitely wide dense networks: the Gaussian process that a random one is (NNGP; Lee et al., ICLR 2018), and the
/// tangent kernel that rules its training by gradient descent (NTK; Jacot, Gabriel and Hongler, NeurIPS 2018).
///
/// In the tangent parameterisation, `K0 = w X X^T / d + b`, `T0 = K0`; per hidden layer `K = w E[f f] + b` and
/// `T = K + w E[f' f'] T`.
public struct WideNetwork: Sendable {
  /// Kernel of the random network's outputs, `[sample, sample]`.
  public let process: Matrix
  /// Tangent kernel.
  public let tangent: Matrix

  /// Finds the kernels of all pairs of rows of `inputs`.
  ///
  /// - Parameter network: the function of the hidden units, and the variances of weights and biases of all layers.
  public init(_ network: MeanField, hiddenLayers: Int, inputs: Matrix) {
    var process = (network.weightVariance / Double(inputs.columns)) * inputs.gram
    for place in process.values.indices { process.values[place] += network.biasVariance }
    var tangent = process
    let count = inputs.rows
    for _ in 0..<hiddenLayers {
      let before = process
      for row in 0..<count {
        for column in 0...row {
          let means = DualActivation(
            network.nonlinearity, before[row, row], before[column, column], before[row, column])
          let value = network.weightVariance * means.value + network.biasVariance
          let slope = value + network.weightVariance * means.slopes * tangent[row, column]
          (process[row, column], process[column, row]) = (value, value)
          (tangent[row, column], tangent[column, row]) = (slope, slope)
        }
      }
    }
    (self.process, self.tangent) = (process, tangent)
  }
}
