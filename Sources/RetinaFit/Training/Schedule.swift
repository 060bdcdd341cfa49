#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How the learning rate changes over a run, as a factor of the rate that was asked for.
public enum Schedule: Equatable, Sendable {
  /// Always 1.
  case constant
  /// Times `factor` after each of the epochs.
  case step(epochs: [Int], factor: Double)
  /// Up over the first part of the run and down to nearly 0 in a cosine (`OneCycleLR`: Smith and Topin 2019).
  case cosine(warmUp: Double)
  /// Times `factor` when validation has not become better for `patience` epochs.
  case plateau(patience: Int, factor: Double)
  /// Times `perStep` with every step: for scale-invariant networks the same as weight decay (Li and Arora 2020).
  case exponential(perStep: Double)

  /// The factor of a step.
  ///
  /// - Parameters:
  ///   - step: steps done before.
  ///   - total: steps of the whole run.
  ///   - epoch: epochs done before.
  ///   - stalls: how often validation has stalled for the patience of ``plateau(patience:factor:)``.
  public func factor(step: Int, of total: Int, epoch: Int, stalls: Int) -> Double {
    switch self {
    case .constant: return 1
    case .step(let epochs, let factor): return pow(factor, Double(epochs.count { $0 <= epoch }))
    case .cosine(let warmUp):
      // From 1/25 of the rate to the rate, then to 1/250,000, each half a cosine.
      let peak = max(1, warmUp * Double(total) - 1)
      let (low, last) = (1 / 25.0, 1 / 250_000.0)
      let position = Double(step)
      if position <= peak { return low + (1 - low) * (1 - cos(.pi * position / peak)) / 2 }
      let rest = (position - peak) / max(1, Double(total) - 1 - peak)
      return last + (1 - last) * (1 + cos(.pi * min(1, rest))) / 2
    case .plateau(_, let factor): return pow(factor, Double(stalls))
    case .exponential(let perStep): return pow(perStep, Double(step))
    }
  }
}
