/// Test error of a one-hidden-layer linear network over the time it is trained on noisy responses.
///
/// Modes of the signal are learned first, strongest first; modes of the noise, weaker, later: the error falls and rises
/// again (Lampinen and Ganguli, ICLR 2019). Relative to the signal's squared strength:
///
///     (sum of s^2)^-1 { noise modes <u(n, t)^2> + sum over modes of (u - s)^2 + 2 u s (1 - overlap) }
public struct GeneralizationCurve: Sendable {
  /// The modes of the signal, in units of the noise; see ``NoisyMode``.
  public let modes: [NoisyMode]
  /// Modes that the noise fills: hidden units (at most the smaller of inputs and outputs) less modes of the signal.
  public let noiseModes: Int
  /// Strength at the start.
  public let start: Double
  /// One over the learning rate.
  public let tau: Double
  private let noise: MarchenkoPastur

  /// Creates a curve.
  public init(strengths: [Double], hidden: Int, aspect: Double, start: Double, tau: Double = 1) {
    modes = strengths.map { NoisyMode(strength: $0, aspect: aspect) }
    noiseModes = max(0, hidden - strengths.count)
    noise = MarchenkoPastur(aspect: aspect)
    (self.start, self.tau) = (start, tau)
  }

  /// The relative test error at a time.
  public func error(at time: Double) -> Double {
    var sum = 0.0
    if noiseModes > 0 {
      sum =
        Double(noiseModes)
        * noise.mean { value in
          let learned = LearningCurve.strength(value, from: start, time: time, tau: tau)
          return learned * learned
        }
    }
    for mode in modes {
      let learned = LearningCurve.strength(mode.measured, from: start, time: time, tau: tau)
      let difference = learned - mode.strength
      sum += difference * difference + 2 * learned * mode.strength * (1 - mode.overlap)
    }
    return sum / modes.reduce(0) { $0 + $1.strength * $1.strength }
  }

  /// The time of the lowest error, and the error.
  public func best() -> (time: Double, error: Double) {
    let slowest = modes.map(\.measured).min() ?? 1
    let end = 4 * LearningCurve.time(slowest, from: start, to: 0.99 * slowest, tau: tau)
    let found = Minimum.search(from: 0, to: end) { error(at: $0) }
    return (found.x, found.y)
  }
}
