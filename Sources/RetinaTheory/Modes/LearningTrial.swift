/// A linear network with one hidden layer that is really trained on a recording's correlation, from small random weights: what
/// the predicted learning times and the predicted test error are held against.
public struct LearningTrial: Sendable {
  /// Steps of gradient descent after which the network was looked at.
  public private(set) var steps: [Int] = []
  /// The strength of each mode then, `[look][mode]`.
  public private(set) var strengths: [[Double]] = []
  /// Test error then, relative to the squared strength of the signal, as ``GeneralizationCurve`` has it.
  ///
  /// The squared error on held-out samples above that of an untrained network, over the signal's, plus 1; empty without such
  /// samples.
  public private(set) var errors: [Double] = []
  /// Steps until half of each mode was learned; nothing where it was not.
  public private(set) var halfTimes: [Double?]

  /// The step at which the error was least.
  public var best: (step: Int, error: Double)? {
    errors.indices.min { errors[$0] < errors[$1] }.map { (steps[$0], errors[$0]) }
  }

  /// Trains a network until the slowest mode that stands out has been learned twice over, and to twice the predicted best
  /// stopping time.
  ///
  /// - Parameter mostSteps: where to stop at the latest.
  public init(_ found: StimulusResponseModes, heldOut: HeldOutError? = nil, mostSteps: Int = 4000, seed: UInt64 = 1) {
    let modes = SingularValues(found.correlation)
    let hidden = max(32, modes.values.count)
    // What grows is the mean of both layers along a mode, whose square has this size at the start.
    var network = LinearNetwork(
      inputs: found.correlation.columns, hidden: hidden, outputs: found.correlation.rows,
      scale: 2 * found.start / Double(hidden).squareRoot(), seed: seed)
    let slowest = found.modes.last { $0.signal != nil }?.halfTime ?? 1000
    let total = Int(min(Double(mostSteps), 2 * max(slowest, found.best?.steps ?? 0) + 10))
    let signal = found.modes.reduce(0) { $0 + ($1.signal.map { $0.strength * $0.strength } ?? 0) }
    let gap = max(1, total / 200)
    halfTimes = modes.values.map { _ in nil }
    var before = network.strengths(of: modes)
    for step in stride(from: gap, through: total, by: gap) {
      network.train(on: found.correlation, rate: found.rate, steps: gap)
      let now = network.strengths(of: modes)
      for (mode, half) in modes.values.map({ $0 / 2 }).enumerated() where halfTimes[mode] == nil && now[mode] >= half {
        let rest = (now[mode] - half) / max(now[mode] - before[mode], 1e-300)
        halfTimes[mode] = Double(step) - rest * Double(gap)
      }
      before = now
      steps.append(step)
      strengths.append(now)
      if let heldOut, signal > 0 { errors.append(1 + (heldOut.error(of: network.product) - heldOut.power) / signal) }
    }
  }
}
