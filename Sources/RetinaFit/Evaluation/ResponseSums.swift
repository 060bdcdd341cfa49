#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Sums over bins of a prediction and a response, from which every score follows; sums of stretches of time add up.
public struct ResponseSums: Equatable, Sendable {
  private var count = 0.0
  private var rate = 0.0
  private var response = 0.0
  private var rateSquared = 0.0
  private var responseSquared = 0.0
  private var product = 0.0
  /// Sum of y ln(rate) - rate, the Poisson log-likelihood without the term that no model changes.
  private var likelihood = 0.0
  /// The same of a model that predicts every response exactly: sum of y ln(y) - y.
  private var saturated = 0.0

  /// Rates below this count as this for likelihoods: one spike where a model says never would cost infinitely much.
  public static let leastRate = 1e-4

  /// Creates empty sums.
  public init() {}

  /// Adds a bin: a predicted rate in spikes per bin, and the spikes.
  public mutating func add(rate predicted: Double, response observed: Double) {
    count += 1
    rate += predicted
    response += observed
    rateSquared += predicted * predicted
    responseSquared += observed * observed
    product += predicted * observed
    let clamped = max(predicted, ResponseSums.leastRate)
    likelihood += (observed > 0 ? observed * log(clamped) : 0) - clamped
    saturated += observed > 0 ? observed * log(observed) - observed : 0
  }

  /// Adds the sums of other bins.
  public static func += (sums: inout ResponseSums, other: ResponseSums) {
    sums.count += other.count
    sums.rate += other.rate
    sums.response += other.response
    sums.rateSquared += other.rateSquared
    sums.responseSquared += other.responseSquared
    sums.product += other.product
    sums.likelihood += other.likelihood
    sums.saturated += other.saturated
  }

  // MARK: - Scores

  /// Spikes in all bins.
  public var spikes: Double { response }

  /// Mean response per bin; nothing without bins.
  public var meanResponse: Double? { count > 0 ? response / count : nil }

  /// Pearson's correlation; 0 for a constant prediction, nothing for a constant response.
  public var pearson: Double? {
    let (a, b) = (rateVariance, responseVariance)
    guard b > 0 else { return nil }
    return a > 0 ? covariance / (a * b).squareRoot() : 0
  }

  /// Poisson log-likelihood above that of a constant rate, in bits per spike; nothing without spikes.
  ///
  /// - Parameter mean: the constant rate in spikes per bin, usually that of the training bins.
  public func bitsPerSpike(mean: Double) -> Double? {
    guard response > 0, mean > 0 else { return nil }
    return (likelihood - (response * log(mean) - count * mean)) / response / log(2.0)
  }

  /// Poisson deviance per bin: twice the log-likelihood that is missing to a perfect prediction.
  public var deviance: Double? { count > 0 ? 2 * (saturated - likelihood) / count : nil }

  /// Part of the deviance of the constant rate that the prediction explains; nothing without spikes.
  public func devianceExplained(mean: Double) -> Double? {
    guard response > 0, mean > 0 else { return nil }
    let constant = saturated - (response * log(mean) - count * mean)
    return constant > 0 ? 1 - (saturated - likelihood) / constant : nil
  }

  /// The line `response = intercept + slope x rate` of least squares: slope 1 and intercept 0 are calibrated.
  ///
  /// Nothing for a constant prediction.
  public var calibration: (slope: Double, intercept: Double)? {
    guard rateVariance > 0 else { return nil }
    let slope = covariance / rateVariance
    return (slope, (response - slope * rate) / count)
  }

  private var covariance: Double { product - rate * response / count }

  /// Rounding leaves a little of a constant: it counts as none.
  private var rateVariance: Double { significant(rateSquared - rate * rate / max(count, 1), rateSquared) }

  private var responseVariance: Double {
    significant(responseSquared - response * response / max(count, 1), responseSquared)
  }

  private func significant(_ variance: Double, _ scale: Double) -> Double { variance > 1e-13 * scale ? variance : 0 }
}
