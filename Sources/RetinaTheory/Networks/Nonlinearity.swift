#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A function of one unit, with its derivatives, in float64.
public enum Nonlinearity: String, CaseIterable, Sendable {
  /// x.
  case linear
  /// max(x, 0); its slope at 0 is 0.
  case relu
  /// Hyperbolic tangent.
  case tanh
  /// The error function.
  case erf
  /// log(1 + e^x).
  case softplus
  /// 1 / (1 + e^-x).
  case sigmoid
  /// x times the normal distribution's cumulative probability.
  case gelu
  /// e^x.
  case exp

  /// The value.
  public func value(_ x: Double) -> Double {
    switch self {
    case .linear: return x
    case .relu: return max(0, x)
    case .tanh: return hyperbolicTangent(x)
    case .erf: return errorFunction(x)
    case .softplus: return max(x, 0) + log1p(exponential(-x.magnitude))
    case .sigmoid: return 1 / (1 + exponential(-x))
    case .gelu: return x * NormalDistribution.cumulative(x)
    case .exp: return exponential(x)
    }
  }

  /// The first derivative.
  public func slope(_ x: Double) -> Double {
    switch self {
    case .linear: return 1
    case .relu: return x > 0 ? 1 : 0
    case .tanh:
      let y = hyperbolicTangent(x)
      return 1 - y * y
    case .erf: return 2 / Double.pi.squareRoot() * exponential(-x * x)
    case .softplus: return 1 / (1 + exponential(-x))
    case .sigmoid:
      let y = value(x)
      return y * (1 - y)
    case .gelu: return NormalDistribution.cumulative(x) + x * NormalDistribution.density(x)
    case .exp: return exponential(x)
    }
  }

  /// The second derivative; 0 for relu, whose jump at 0 is treated where it matters.
  public func curvature(_ x: Double) -> Double {
    switch self {
    case .linear, .relu: return 0
    case .tanh: return -2 * hyperbolicTangent(x) * slope(x)
    case .erf: return -2 * x * slope(x)
    case .softplus: return Nonlinearity.sigmoid.slope(x)
    case .sigmoid: return slope(x) * (1 - 2 * value(x))
    case .gelu: return (2 - x * x) * NormalDistribution.density(x)
    case .exp: return exponential(x)
    }
  }
}

// The cases of the enum hide the functions of the C library inside it.
private func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
private func errorFunction(_ x: Double) -> Double { erf(x) }
private func exponential(_ x: Double) -> Double { exp(x) }
