import RetinaEngine
import RetinaKernels

/// The smooth function through which the last straight pieces go, for one unit, in float64.
struct FinalNonlinearity {
  private enum Kind {
    case none
    case smooth(ActivationKind)
    case parametricSoftplus(alpha: Double, beta: Double)
  }

  private let kind: Kind

  /// The function of one unit of a step; nothing for steps that mix units.
  init?(_ step: Step?, unit: Int, of program: Program) {
    guard let step else {
      kind = .none
      return
    }
    switch step.kind {
    case .activation(let activation, _): kind = .smooth(activation)
    case .parametricSoftplus:
      let (alpha, beta) = program.parametricSoftplus(step, unit: unit)
      kind = .parametricSoftplus(alpha: Double(alpha), beta: Double(beta))
    default: return nil
    }
  }

  /// Whether all derivatives exist.
  var isSmooth: Bool {
    switch kind {
    case .smooth(.relu), .smooth(.elu): return false
    case .none, .smooth, .parametricSoftplus: return true
    }
  }

  /// How much faster than softplus the function turns; 0 for a straight one.
  var steepness: Double {
    switch kind {
    case .none: return 0
    case .smooth(.tanh): return 2
    case .smooth: return 1
    case .parametricSoftplus(_, let beta): return beta.magnitude
    }
  }

  func value(_ x: Double) -> Double {
    switch kind {
    case .none: return x
    case .parametricSoftplus(let alpha, let beta): return alpha * ElementaryDouble.softplus(beta * x)
    case .smooth(let activation):
      switch activation {
      case .relu: return max(x, 0)
      case .softplus: return ElementaryDouble.softplus(x)
      case .sigmoid: return ElementaryDouble.sigmoid(x)
      case .tanh: return 2 * ElementaryDouble.sigmoid(2 * x) - 1
      case .elu(let alpha): return x > 0 ? x : Double(alpha) * (ElementaryDouble.exp(x) - 1)
      case .exponential: return ElementaryDouble.exp(x)
      }
    }
  }

  func derivative(_ x: Double) -> Double {
    switch kind {
    case .none: return 1
    case .parametricSoftplus(let alpha, let beta): return alpha * beta * ElementaryDouble.sigmoid(beta * x)
    case .smooth(let activation):
      switch activation {
      case .relu: return x > 0 ? 1 : 0
      case .softplus: return ElementaryDouble.sigmoid(x)
      case .sigmoid: return ElementaryDouble.sigmoid(x) * ElementaryDouble.sigmoid(-x)
      case .tanh: return 4 * ElementaryDouble.sigmoid(2 * x) * ElementaryDouble.sigmoid(-2 * x)
      case .elu(let alpha): return x > 0 ? 1 : Double(alpha) * ElementaryDouble.exp(x)
      case .exponential: return ElementaryDouble.exp(x)
      }
    }
  }

  /// The integral of f'(z(a)) over a stretch of the path of length `length` on which z goes straight from `start` to `end`:
  /// the change of f over the slope of z.
  func integralOfDerivative(from start: Double, to end: Double, length: Double) -> Double {
    integralOfDerivative(
      from: start, to: end, valueAtStart: value(start), valueAtEnd: value(end), length: length)
  }

  /// The same where f is known at both ends.
  func integralOfDerivative(
    from start: Double, to end: Double, valueAtStart: Double, valueAtEnd: Double, length: Double
  ) -> Double {
    let change = end - start
    // Where z hardly moves the quotient loses its digits, and the derivative in the middle is right to the square of the change.
    guard change.magnitude > 1e-5 else { return derivative((start + end) / 2) * length }
    return (valueAtEnd - valueAtStart) / change * length
  }
}
