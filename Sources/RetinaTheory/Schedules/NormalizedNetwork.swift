import RetinaStimuli

/// A small network whose loss does not change when its weights are scaled: batch-normalised units, relu, a fixed sum.
///
/// It is really trained, to see that two schedules take the same path.
public struct NormalizedNetwork: Sendable {
  /// Weights `[hidden, input]`.
  public private(set) var weights: Matrix
  private var velocity: Matrix
  private let inputs: Matrix
  private let targets: [Double]
  private let readout: [Double]

  /// A random network and task.
  public init(inputs count: Int, hidden: Int, samples: Int, seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    func normal(_ rows: Int, _ columns: Int) -> Matrix {
      Matrix(rows: rows, columns: columns, values: (0..<rows * columns).map { _ in generator.normal() })
    }
    inputs = normal(samples, count)
    weights = normal(hidden, count)
    velocity = Matrix(rows: hidden, columns: count)
    targets = (0..<samples).map { _ in generator.normal() }
    readout = (0..<hidden).map { _ in generator.normal() / Double(hidden).squareRoot() }
  }

  /// Half the mean squared error, and its gradient with respect to the weights.
  public func lossAndGradient() -> (loss: Double, gradient: Matrix) {
    let drives = inputs * weights.transposed
    let (samples, hidden) = (drives.rows, drives.columns)
    var normalized = drives
    normalized.centreRows()
    let deviations = (0..<hidden).map { norm(normalized.column($0)) / Double(samples).squareRoot() }
    for row in 0..<samples {
      for unit in 0..<hidden { normalized[row, unit] /= deviations[unit] }
    }
    let errors = (0..<samples).map { row in
      (0..<hidden).reduce(-targets[row]) { $0 + readout[$1] * max(0, normalized[row, $1]) }
    }
    var slopes = Matrix(rows: samples, columns: hidden)
    for row in 0..<samples {
      for unit in 0..<hidden where normalized[row, unit] > 0 {
        slopes[row, unit] = errors[row] / Double(samples) * readout[unit]
      }
    }
    // Back through the normalisation: less the mean, less what lies along the normalised unit.
    for unit in 0..<hidden {
      let column = slopes.column(unit)
      let centre = column.reduce(0, +) / Double(samples)
      let along = dot(column, normalized.column(unit)) / Double(samples)
      for row in 0..<samples {
        slopes[row, unit] = (slopes[row, unit] - centre - along * normalized[row, unit]) / deviations[unit]
      }
    }
    return (squaredNorm(errors) / Double(2 * samples), slopes.transposed * inputs)
  }

  /// One step: `velocity = momentum velocity + gradient + decay weights; weights -= rate velocity`.
  public mutating func descend(rate: Double, decay: Double, momentum: Double) {
    velocity = momentum * velocity + lossAndGradient().gradient + decay * weights
    weights = weights - rate * velocity
  }

  /// Sets the momentum's buffer to a multiple of the weights.
  public mutating func setBuffer(_ factor: Double) { velocity = factor * weights }

  /// The directions of each unit's weights, whose lengths have no meaning.
  public var directions: Matrix {
    var directions = weights
    for row in 0..<weights.rows {
      let length = norm(weights.row(row))
      for column in 0..<weights.columns { directions[row, column] /= length }
    }
    return directions
  }
}

extension ExponentialRate {
  /// Trains one network with decay and one with the equivalent schedule, and compares their paths.
  ///
  /// The momentum of the schedule's velocity is the same; its rate for step t is ``rate(at:)``.
  ///
  /// - Parameter correctsBuffer: whether the second starts with ``startBuffer``; without it the paths part.
  /// - Returns: the largest difference of a coordinate of the units' directions over all steps, and both last losses.
  public func measureEquivalence(
    of network: NormalizedNetwork, steps: Int, correctsBuffer: Bool = true
  ) -> (difference: Double, losses: (Double, Double)) {
    var (first, second) = (network, network)
    if correctsBuffer { second.setBuffer(startBuffer) }
    var largest = 0.0
    for step in 0..<steps {
      first.descend(rate: rate, decay: decay, momentum: momentum)
      second.descend(rate: rate(at: step), decay: 0, momentum: momentum)
      for (left, right) in zip(first.directions.values, second.directions.values) {
        largest = max(largest, (left - right).magnitude)
      }
    }
    return (largest, (first.lossAndGradient().loss, second.lossAndGradient().loss))
  }
}
