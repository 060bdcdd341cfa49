import RetinaStimuli

/// A stack of thousands of narrow layers that is run and trained: depth on and off the edge of chaos, seen rather than
/// predicted.
public struct DeepStack: Sendable {
  /// What was seen.
  public struct Report: Sendable {
    /// Mean square of the units after each of some layers, before training.
    public var variances: [(layer: Int, value: Double)]
    /// Norm of the loss's gradient at those layers, relative to the last one.
    public var gradients: [(layer: Int, value: Double)]
    /// Smallest distance between two inputs at the last layer, relative to that at the first.
    public var separation: Double
    /// The loss before each step and after the last.
    public var losses: [Double]
    /// Largest relative change of a value of the first layer's weights through all steps.
    public var firstLayerChange: Double
  }

  private var network: DenseNetwork
  private let inputs: Matrix
  private let targets: Matrix

  /// Creates a stack of orthogonal layers of one width, and a task: to map random inputs on random targets.
  ///
  /// - Parameters:
  ///   - field: the function, the variance of the weights (the square of the factor on orthogonal ones) and of the biases.
  ///   - size: standard deviation of inputs and targets.
  public init(_ field: MeanField, depth: Int, width: Int, size: Double, seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    network = DenseNetwork(
      layers: (0..<depth).map { _ in
        DenseNetwork.Layer(
          weight: CriticalStart.orthogonal(
            rows: width, columns: width, gain: field.weightVariance.squareRoot(), using: &generator),
          bias: (0..<width).map { _ in field.biasVariance.squareRoot() * generator.normal() },
          nonlinearity: field.nonlinearity)
      })
    let samples = 4
    inputs = Matrix(
      rows: samples, columns: width, values: (0..<samples * width).map { _ in size * generator.normal() })
    targets = Matrix(
      rows: samples, columns: width, values: (0..<samples * width).map { _ in size * generator.normal() })
  }

  /// Runs the stack, follows a gradient back, and takes steps of descent on half the mean squared error.
  public mutating func train(steps: Int, rate: Double) -> Report {
    let depth = network.layers.count
    let start = network.layers[0].weight
    var trace = network.run(inputs)
    var losses = [loss(trace.output)]
    let marks = stride(from: 0, through: depth, by: max(1, depth / 20)).map { $0 }
    let variances = marks.map { ($0, trace.values[$0].squaredNorm / Double(inputs.values.count)) }
    let slopes = network.driveGradients(trace, outputGradient(trace.output))
    let last = slopes[depth - 1].squaredNorm.squareRoot()
    let gradients = marks.filter { $0 < depth }.map { ($0, slopes[$0].squaredNorm.squareRoot() / last) }
    let separation = distance(trace.output) / distance(inputs)
    for _ in 0..<steps {
      network.descend(network.gradient(trace, outputGradient(trace.output)), rate: rate)
      trace = network.run(inputs)
      losses.append(loss(trace.output))
      // What has overflowed does not come back.
      guard losses[losses.count - 1].isFinite else { break }
    }
    let scale = start.values.reduce(0) { max($0, $1.magnitude) }
    let change = zip(start.values, network.layers[0].weight.values).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
    return Report(
      variances: variances, gradients: gradients, separation: separation, losses: losses,
      firstLayerChange: change / scale)
  }

  private func loss(_ output: Matrix) -> Double {
    (output - targets).squaredNorm / Double(2 * output.rows)
  }

  private func outputGradient(_ output: Matrix) -> Matrix { (1 / Double(output.rows)) * (output - targets) }

  private func distance(_ rows: Matrix) -> Double {
    var least = Double.infinity
    for row in 0..<rows.rows {
      for other in 0..<row { least = min(least, norm(zip(rows.row(row), rows.row(other)).map { $0 - $1 })) }
    }
    return least
  }
}
