#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How fast a linear network learns one mode of the stimulus-response correlation by gradient descent.
///
/// `tau` is one over the learning rate when the loss is half the squared error summed over the samples whose correlation
/// has the strength `s` (for a mean over samples, of the mean correlation); time is in steps of descent. Holds while
/// `s / tau` is small (below 0.2 or so), for plain gradient descent from small aligned weights (Saxe, McClelland and
/// Ganguli, ICLR 2014).
public enum LearningCurve {
  /// Strength at time `t` with one hidden layer: `s / (1 + e^(-2 s t / tau) (s / u0 - 1))`, a sigmoid.
  public static func strength(_ s: Double, from start: Double, time t: Double, tau: Double = 1) -> Double {
    guard s > 0 else { return start / (1 + 2 * start * t / tau) }
    return s / (1 + exp(-2 * s * t / tau) * (s / start - 1))
  }

  /// Time from one strength to another with one hidden layer.
  public static func time(_ s: Double, from start: Double, to end: Double, tau: Double = 1) -> Double {
    tau / (2 * s) * log(end * (s - start) / (start * (s - end)))
  }

  /// Time to half of the strength with one hidden layer; 0 when the start is above.
  public static func halfTime(_ s: Double, from start: Double, tau: Double = 1) -> Double {
    s > 2 * start ? tau / (2 * s) * log(s / start - 1) : 0
  }

  /// Strength at time `t` without a hidden layer: all modes rise together.
  public static func shallowStrength(_ s: Double, from start: Double, time t: Double, tau: Double = 1) -> Double {
    let decay = exp(-t / tau)
    return s * (1 - decay) + start * decay
  }

  /// Time from one strength to another with `layers` layers of neurons, 3 of which make one hidden layer:
  /// `tau du/dt = (layers - 1) u^(2 - 2 / (layers - 1)) (s - u)`.
  public static func deepTime(
    layers: Int, _ s: Double, from start: Double, to end: Double, tau: Double = 1
  ) -> Double {
    let weights = Double(layers - 1)
    // Over the logarithm of u the integrand has no steep beginning.
    let integral = Integral.adaptive(from: log(start), to: log(end)) { x in
      let u = exp(x)
      return pow(u, 2 / weights - 1) / (weights * (s - u))
    }
    return tau * integral
  }

  /// The time at which one mode of a network without hidden layer errs least: `tau / l ln(1 + l SNR)` for variance `l`
  /// of the input along the mode (from the error of Advani and Saxe 2017 for one mode, minimised).
  public static func bestShallowTime(variance l: Double, signalToNoise: Double, tau: Double = 1) -> Double {
    l > 0 ? tau / l * log1p(l * signalToNoise) : tau * signalToNoise
  }
}
