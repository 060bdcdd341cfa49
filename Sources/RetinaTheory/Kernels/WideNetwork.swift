/// Kernels of infinitely wide dense networks: the Gaussian process that a random one is (NNGP; Lee et al., ICLR 2018), and the
/// tangent kernel that rules its training by gradient descent (NTK; Jacot, Gabriel and Hongler, NeurIPS 2018).
///
/// In the tangent parameterisation, `K0 = w X X^T / d + b`, `T0 = K0`; per hidden layer `K = w E[f f] + b` and
/// `T = K + w E[f' f'] T`.
public struct WideNetwork: Sendable {
  /// The function of the hidden units, and the variances of weights and biases of all layers.
  public let network: MeanField
  /// Layers with the function.
  public let hiddenLayers: Int

  /// Creates a network.
  public init(_ network: MeanField, hiddenLayers: Int) { (self.network, self.hiddenLayers) = (network, hiddenLayers) }

  /// Inner product of two inputs over their length, as the first layer sees it.
  public func first(_ product: Double) -> Double { network.weightVariance * product + network.biasVariance }

  /// Variances of the units of each layer for an input of this mean square.
  public func variances(meanSquare: Double) -> [Double] {
    var variances = [first(meanSquare)]
    for _ in 0..<hiddenLayers { variances.append(network.nextVariance(variances[variances.count - 1])) }
    return variances
  }

  /// Both kernels of two inputs.
  ///
  /// - Parameters:
  ///   - left, right: ``variances(meanSquare:)`` of the inputs.
  ///   - product: their inner product over their length.
  public func kernels(_ left: [Double], _ right: [Double], product: Double) -> (process: Double, tangent: Double) {
    var process = first(product)
    var tangent = process
    for layer in 0..<hiddenLayers {
      let means = DualActivation(network.nonlinearity, left[layer], right[layer], process)
      process = network.weightVariance * means.value + network.biasVariance
      tangent = process + network.weightVariance * means.slopes * tangent
    }
    return (process, tangent)
  }

  /// Both kernels of all pairs of rows of `inputs`, `[sample, sample]`.
  public func grams(_ inputs: Matrix) -> (process: Matrix, tangent: Matrix) {
    let products = (1 / Double(inputs.columns)) * inputs.gram
    let variances = (0..<inputs.rows).map { self.variances(meanSquare: products[$0, $0]) }
    var (process, tangent) = (products, products)
    for row in 0..<inputs.rows {
      for column in 0...row {
        let found = kernels(variances[row], variances[column], product: products[row, column])
        (process[row, column], process[column, row]) = (found.process, found.process)
        (tangent[row, column], tangent[column, row]) = (found.tangent, found.tangent)
      }
    }
    return (process, tangent)
  }
}
