#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The rule by which a gradient changes the parameters.
public enum OptimizerRule: Equatable, Sendable {
  /// Adam (Kingma and Ba 2015); weight decay is added to the gradient, as in `torch.optim.Adam`.
  case adam(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)
  /// Adam with decoupled weight decay (Loshchilov and Hutter 2019), as in `torch.optim.AdamW`.
  case adamW(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)
  /// Stochastic gradient descent with momentum, as in `torch.optim.SGD` (no dampening, no Nesterov).
  case momentum(Double = 0.9)
}

/// The memory of an optimiser: moments of gradients, and the number of steps done.
public struct Optimizer: Sendable {
  /// The rule.
  public let rule: OptimizerRule
  /// Weight decay, for weights of layers alone.
  public let weightDecay: Double
  /// Steps done.
  public var steps = 0
  /// First and second moments; of the second there are none with ``OptimizerRule/momentum(_:)``.
  public var first, second: [Float]

  /// Creates an optimiser for so many parameters.
  public init(_ rule: OptimizerRule, weightDecay: Double = 0, count: Int) {
    self.rule = rule
    self.weightDecay = weightDecay
    first = [Float](repeating: 0, count: count)
    if case .momentum = rule { second = [] } else { second = first }
  }

  /// Changes the parameters.
  ///
  /// - Parameters:
  ///   - rate: the learning rate of each group.
  public mutating func step(
    _ parameters: inout [Float], gradient: [Float], groups: [ParameterGroup], rate: (ParameterGroup) -> Double
  ) {
    steps += 1
    for group in groups {
      let decay = group.role == .weight ? weightDecay : 0
      switch rule {
      case .adam(let beta1, let beta2, let epsilon):
        adam(
          &parameters, gradient, group.range, rate: rate(group), beta1, beta2, epsilon, gradientDecay: decay,
          factor: 1)
      case .adamW(let beta1, let beta2, let epsilon):
        adam(
          &parameters, gradient, group.range, rate: rate(group), beta1, beta2, epsilon, gradientDecay: 0,
          factor: 1 - rate(group) * decay)
      case .momentum(let momentum):
        let rate = Float(rate(group))
        for index in group.range {
          let slope = gradient[index] + Float(decay) * parameters[index]
          first[index] = Float(momentum) * first[index] + slope
          parameters[index] -= rate * first[index]
        }
      }
    }
  }

  private mutating func adam(
    _ parameters: inout [Float], _ gradient: [Float], _ range: Range<Int>, rate: Double, _ beta1: Double,
    _ beta2: Double, _ epsilon: Double, gradientDecay: Double, factor: Double
  ) {
    let stepSize = Float(rate / (1 - pow(beta1, Double(steps))))
    let scale = Float(1 / (1 - pow(beta2, Double(steps))).squareRoot())
    let (keep1, keep2, decay, factor, epsilon) = (
      Float(beta1), Float(beta2), Float(gradientDecay), Float(factor), Float(epsilon)
    )
    let (add1, add2) = (Float(1 - beta1), Float(1 - beta2))
    for index in range {
      let slope = gradient[index] + decay * parameters[index]
      first[index] = keep1 * first[index] + add1 * slope
      second[index] = keep2 * second[index] + add2 * slope * slope
      parameters[index] =
        factor * parameters[index] - stepSize * first[index] / (second[index].squareRoot() * scale + epsilon)
    }
  }
}
