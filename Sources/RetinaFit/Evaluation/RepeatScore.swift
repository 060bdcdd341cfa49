/// How well a model predicts a cell's responses to repeats of one stimulus.
public struct RepeatScore: Equatable, Sendable {
  /// Correlation with the mean of the trials; nothing where that is constant.
  public var pearson: Double?
  /// The same as a part of the analytic ceiling; nothing where the ceiling is 0.
  ///
  /// CCnorm of Schoppe et al. 2016.
  public var normalizedPearson: Double?
  /// Part of the explainable variance that the model explains; nothing where there is none.
  ///
  /// 1 - (squared error - noise power) / signal power: 1 is the true rate, 0 the mean rate, and errors of scale count
  /// (Cadena et al., "Deep convolutional models improve predictions of macaque V1 responses", PLoS Computational
  /// Biology 2019).
  public var explainedOfExplainable: Double?

  /// Scores the rates `[frame]` against the trials `[trial][frame]` from which the ceiling was measured.
  public init(rates: [Float], responses: [[Float]], ceiling: NoiseCeiling) {
    var sums = ResponseSums()
    var error = 0.0
    for frame in rates.indices where responses.allSatisfy({ !$0[frame].isNaN }) {
      let trials = responses.map { Double($0[frame]) }
      let rate = Double(rates[frame])
      sums.add(rate: rate, response: trials.reduce(0, +) / Double(trials.count))
      error += trials.reduce(0) { $0 + ($1 - rate) * ($1 - rate) } / Double(trials.count)
    }
    error /= Double(max(1, ceiling.frames))
    pearson = sums.pearson
    normalizedPearson = ceiling.ceiling > 0 ? pearson.map { $0 / ceiling.ceiling } : nil
    explainedOfExplainable =
      ceiling.signalPower > 0 ? 1 - (error - ceiling.noisePower) / ceiling.signalPower : nil
  }
}
