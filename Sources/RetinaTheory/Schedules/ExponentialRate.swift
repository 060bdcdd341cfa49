#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The exponentially growing learning rate that does without weight decay what a constant one does with it.
///
/// For a loss that does not change when the weights are scaled, gradient descent with rate `eta`, decay `lambda` and
/// momentum `g` takes the same directions as descent without decay at the rate `eta alpha^(-2 t - 1)`, `alpha` the larger root
/// of `x^2 - (1 + g - lambda eta) x + g = 0` (Li and Arora, ICLR 2020). Not for Adam.
public struct ExponentialRate: Equatable, Sendable {
  /// The constant learning rate.
  public let rate: Double
  /// The weight decay.
  public let decay: Double
  /// The momentum.
  public let momentum: Double
  /// The factor by which decay shrinks weights per step.
  public let root: Double

  /// The largest product of decay and rate for which there is an equivalent: `(1 - sqrt g)^2`.
  public static func largestProduct(momentum: Double) -> Double {
    let rest = 1 - momentum.squareRoot()
    return rest * rest
  }

  /// Finds the equivalent.
  ///
  /// - Throws: ``TheoryError`` when there is none.
  public init(rate: Double, decay: Double, momentum: Double) throws(TheoryError) {
    guard rate > 0, rate.isFinite, decay >= 0, (0..<1).contains(momentum) else {
      throw TheoryError(
        "schedule", expected: "a rate above 0, a decay of at least 0 and a momentum from 0 to below 1",
        found: "rate \(rate), decay \(decay), momentum \(momentum)")
    }
    let limit = ExponentialRate.largestProduct(momentum: momentum)
    guard decay * rate <= limit else {
      throw TheoryError(
        "schedule", expected: "decay times rate of at most (1 - sqrt(momentum))^2 = \(limit)", found: "\(decay * rate)")
    }
    (self.rate, self.decay, self.momentum) = (rate, decay, momentum)
    let sum = 1 + momentum - decay * rate
    root = (sum + max(0, sum * sum - 4 * momentum).squareRoot()) / 2
  }

  /// The factor between the rates of one step and the next.
  public var growth: Double { 1 / (root * root) }

  /// The rate at a step, from 0.
  public func rate(at step: Int) -> Double { rate * pow(root, -2 * Double(step) - 1) }

  /// What the momentum's buffer must hold at the start, as a factor on the weights: `-(1 - alpha) / (eta alpha)`.
  ///
  /// Descent with decay starts with an empty buffer; its equivalent does not.
  public var startBuffer: Double { -(1 - root) / (rate * root) }

  /// Steps until the rate overflows float32; before, weights and rate can be scaled back, `(w, rate)` to
  /// `(c w, c^2 rate)`, exactly.
  public var stepsToOverflow: Double {
    growth > 1 ? (log(Double(Float.greatestFiniteMagnitude)) - log(rate)) / log(growth) : .infinity
  }

  /// The rates without decay that do what any rates do with it, without momentum: `rate_t N_t N_(t+1)` for the growth
  /// `N_(t+1) = N_t / (1 - decay rate_t)` of the weights from 1.
  ///
  /// - Throws: ``TheoryError`` where a step's rate times the decay is 1 or more.
  public static func equivalent(to rates: [Double], decay: Double) throws(TheoryError) -> [Double] {
    var growth = 1.0
    var result: [Double] = []
    for (step, rate) in rates.enumerated() {
      guard rate >= 0, decay >= 0, decay * rate < 1 else {
        throw TheoryError("step \(step)", expected: "decay times rate from 0 to below 1", found: "\(decay * rate)")
      }
      let next = growth / (1 - decay * rate)
      result.append(rate * growth * next)
      growth = next
    }
    return result
  }

  /// The jump of the rate where the constant rate drops to another: `(eta2 / eta1) / (alpha1 alpha2)`; from there the rate
  /// grows as that of the other.
  public func jump(to next: ExponentialRate) -> Double { next.rate / rate / (root * next.root) }

  /// What must be added to the buffer at such a drop, as a factor on the weights over their squared growth so far:
  /// `(1 - a1) / (e1 a1) - (1 - a2) / (e2 a2)`.
  public func bufferJump(to next: ExponentialRate) -> Double { next.startBuffer - startBuffer }
}
