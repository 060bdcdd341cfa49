#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How far rates are from responses.
public enum Loss: String, CaseIterable, Sendable {
  /// Rate - response log rate: the negative logarithm of the Poisson likelihood, but for a constant.
  case poisson
  /// The squared difference of rate and response.
  case meanSquare = "mse"

  /// Added to rates in the logarithm (`torch.nn.PoissonNLLLoss`).
  static let tiny = 1e-8

  /// The loss of one rate and its derivative in the rate.
  @inline(__always)
  func value(rate: Double, response: Double) -> (loss: Double, slope: Double) {
    switch self {
    case .poisson:
      return (rate - response * log(rate + Loss.tiny), 1 - response / (rate + Loss.tiny))
    case .meanSquare:
      let difference = rate - response
      return (difference * difference, 2 * difference)
    }
  }
}
