#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What becomes of signals and gradients in a deep random network of large width.
///
/// Weights have the variance `weightVariance / inputs`, biases `biasVariance`. Poole et al., NIPS 2016; Schoenholz et
/// al., ICLR 2017; convolutions share the numbers (Xiao et al., ICML 2018). Batch normalisation is not covered.
public struct MeanField: Equatable, Sendable {
  /// The function of each unit.
  public var nonlinearity: Nonlinearity
  /// Variance of the weights times the number of inputs.
  public var weightVariance: Double
  /// Variance of the biases.
  public var biasVariance: Double

  /// Creates a network ensemble.
  public init(_ nonlinearity: Nonlinearity, weightVariance: Double, biasVariance: Double) {
    self.nonlinearity = nonlinearity
    self.weightVariance = weightVariance
    self.biasVariance = biasVariance
  }

  /// What becomes of two nearby inputs.
  public enum Phase: String, Sendable {
    /// They become the same; gradients vanish.
    case ordered
    /// They come apart; gradients explode.
    case chaotic
    /// Neither: the edge at which depth has no limit.
    case critical
  }

  /// The fixed point of a deep network and how fast it is reached.
  public struct FixedPoint: Equatable, Sendable {
    /// Variance of the units.
    public var variance: Double
    /// Factor on the squared norm of gradients per layer.
    public var gradientGain: Double
    /// Layers in which a deviation of the variance falls to 1/e.
    public var varianceDepth: Double
    /// Correlation that different inputs end up with.
    public var correlation: Double
    /// Layers in which a deviation of the correlation falls to 1/e: how deep information about the input goes.
    public var correlationDepth: Double
    /// Ordered, chaotic or critical.
    public var phase: Phase
    /// The depth to which networks can be trained, by the rule of six correlation depths.
    public var trainableDepth: Double { 6 * correlationDepth }
  }

  /// The means over units of a variance; at zero the limit from above, where relu still has a slope for half of its
  /// inputs.
  private static func means(_ nonlinearity: Nonlinearity, _ q: Double) -> DualActivation {
    let q = max(q, 1e-30)
    return DualActivation(nonlinearity, q, q, q)
  }

  /// The variance of the next layer for the variance of one.
  public func nextVariance(_ q: Double) -> Double {
    q == 0
      ? weightVariance * nonlinearity.value(0) * nonlinearity.value(0) + biasVariance
      : weightVariance * MeanField.means(nonlinearity, q).value + biasVariance
  }

  /// The correlation of the next layer for that of one, at a variance that stays.
  public func nextCorrelation(_ c: Double, variance q: Double) -> Double {
    (weightVariance * DualActivation(nonlinearity, q, q, c * q).value + biasVariance) / nextVariance(q)
  }

  /// The factor on the squared norm of gradients per layer at a variance.
  public func gradientGain(variance q: Double) -> Double {
    weightVariance * MeanField.means(nonlinearity, q).slopes
  }

  /// The factor on a small deviation of the variance per layer.
  private func varianceGain(_ q: Double) -> Double {
    switch nonlinearity {
    case .relu: return weightVariance / 2
    case .linear: return weightVariance
    default:
      return gradientGain(variance: q)
        + weightVariance * GaussianMean.single(variance: q) { nonlinearity.curvature($0) * nonlinearity.value($0) }
    }
  }

  /// The variance at which layers settle.
  ///
  /// - Parameter start: what is kept where every variance stays as it is (relu at criticality).
  /// - Throws: ``TheoryError`` when the variance grows without bound.
  public func fixedVariance(from start: Double = 1) throws(TheoryError) -> Double {
    if (nextVariance(start) - start).magnitude < 1e-14 * start,
      (nextVariance(2 * start) - 2 * start).magnitude < 1e-14 * start
    {
      return start
    }
    // Without bias and at a slope below 1, nothing is left.
    if nextVariance(0) == 0, nextVariance(1e-8) <= 1e-8 { return 0 }
    let lower = nextVariance(0) == 0 ? 1e-12 : 0
    var upper = 1.0
    while nextVariance(upper) > upper {
      upper *= 2
      guard upper < 1e6 else {
        throw TheoryError(
          "\(nonlinearity.rawValue), weight variance \(weightVariance)", expected: "a variance that settles",
          found: "one that grows from layer to layer")
      }
    }
    return RootOfFunction.bisect(from: lower, to: upper) { $0 - nextVariance($0) }
  }

  /// The fixed point.
  ///
  /// - Throws: ``TheoryError`` when the variance grows without bound.
  public func fixedPoint() throws(TheoryError) -> FixedPoint {
    let q = try fixedVariance()
    let gain = gradientGain(variance: q)
    let isCritical = (gain - 1).magnitude < 1e-9
    var (correlation, slope) = (1.0, gain)
    if gain > 1, !isCritical, q > 0 {
      // An odd function without bias takes uncorrelated inputs to uncorrelated ones.
      correlation =
        nextCorrelation(0, variance: q) < 1e-14
        ? 0 : RootOfFunction.bisect(from: 0, to: 1 - 1e-9) { $0 - nextCorrelation($0, variance: q) }
      slope = weightVariance * DualActivation(nonlinearity, q, q, correlation * q).slopes
    }
    return FixedPoint(
      variance: q, gradientGain: gain, varianceDepth: MeanField.depth(varianceGain(q)), correlation: correlation,
      correlationDepth: MeanField.depth(isCritical ? 1 : slope),
      phase: isCritical ? .critical : gain < 1 ? .ordered : .chaotic)
  }

  /// Layers in which something that is multiplied by `gain` per layer falls to 1/e.
  private static func depth(_ gain: Double) -> Double {
    gain.magnitude >= 1 ? .infinity : gain == 0 ? 0 : -1 / log(gain.magnitude)
  }
}

// MARK: - Criticality

extension MeanField {
  /// The ensemble on the edge between order and chaos whose units settle at a variance.
  ///
  /// - Throws: ``TheoryError`` when no biases make it so.
  public static func critical(_ nonlinearity: Nonlinearity, variance q: Double) throws(TheoryError) -> MeanField {
    let means = means(nonlinearity, q)
    let weights = 1 / means.slopes
    let biases = q - weights * means.value
    guard biases >= -1e-12 * max(1, q) else {
      throw TheoryError(
        "\(nonlinearity.rawValue) at variance \(q)", expected: "a variance of biases of at least 0", found: "\(biases)")
    }
    return MeanField(nonlinearity, weightVariance: weights, biasVariance: max(0, biases))
  }

  /// The ensemble on the edge between order and chaos for a variance of the biases.
  ///
  /// - Throws: ``TheoryError`` when there is none.
  public static func critical(_ nonlinearity: Nonlinearity, biasVariance: Double) throws(TheoryError) -> MeanField {
    func biases(_ q: Double) -> Double {
      let means = means(nonlinearity, q)
      return q - means.value / means.slopes
    }
    let atZero = biases(0)
    if (atZero - biasVariance).magnitude <= 1e-14 { return try critical(nonlinearity, variance: 0) }
    var upper = 1.0
    while biases(upper) < biasVariance, upper < 1e4 { upper *= 2 }
    guard biases(upper) >= biasVariance, atZero < biasVariance else {
      throw TheoryError(
        "\(nonlinearity.rawValue)", expected: "a bias variance on the critical line", found: "\(biasVariance)")
    }
    return try critical(
      nonlinearity, variance: RootOfFunction.bisect(from: 0, to: upper) { biases($0) - biasVariance })
  }

  /// Layers in which each spatial mode of a deviation falls to 1/e, `-1 / ln |chi lambda|`: see
  /// ``spatialGains(tapVariances:size:)``.
  ///
  /// - Parameter gain: the factor per layer without space, ``FixedPoint/gradientGain`` in the ordered phase.
  public static func spatialDepths(tapVariances: [Double], size: Int, gain: Double) -> [Double] {
    spatialGains(tapVariances: tapVariances, size: size).map { depth(gain * $0) }
  }

  /// Factors per layer on the spatial modes, 0 to half the size, of a ring of positions.
  ///
  /// By the variance of each tap of the kernel, its middle in the middle: `sum over b of v_b cos(2 pi b k / n)` (Xiao et
  /// al. 2018). A kernel with all its variance in the middle has 1 for all: that is what delta-orthogonal starts are for.
  public static func spatialGains(tapVariances: [Double], size: Int) -> [Double] {
    let middle = tapVariances.count / 2
    return (0...max(0, size) / 2).map { mode in
      tapVariances.indices.reduce(0) { sum, tap in
        sum + tapVariances[tap] * cos(2 * .pi * Double((tap - middle) * mode) / Double(size))
      }
    }
  }
}
