import RetinaEngine
import RetinaModel

/// The spread of each layer's values, predicted from a model alone: what fixed point can be laid out for without data.
///
/// A mean and a variance per channel are carried from layer to layer: sums of many inputs as if these were independent and,
/// within a channel, alike; functions as means over normal numbers; batch normalisation by the scale and shift it was trained
/// to; a pool as if the values of its window went together. Where inputs do go together the spread of their sum is too small.
/// (Poole et al., NIPS 2016, with the weights that a model has in place of random ones.)
public struct PredictedRanges: Sendable {
  /// The values of one layer.
  public struct Values: Equatable, Sendable {
    /// Where nearly all values lie: within 5 deviations of the mean of a sum, and what functions make of these ends.
    public var range: ClosedRange<Double>
    /// Root mean square.
    public var rootMeanSquare: Double
    /// The mean of each channel, or of each unit where there are no channels.
    public var means: [Double]

    /// The largest magnitude in the range.
    public var peak: Double { max(range.lowerBound.magnitude, range.upperBound.magnitude) }
  }

  /// The input after normalisation.
  public let input: Values
  /// Every layer of the model.
  public let layers: [Values]

  /// Predicts the values of all layers for inputs of a mean and a variance, which normalisation makes 0 and 1.
  public init(_ model: Model, inputMean: Double = 0, inputVariance: Double = 1) {
    let channels = model.inputShape.rank == 3 ? model.inputShape[0] : model.inputShape.count
    var spread = ChannelSpread(
      means: [Double](repeating: inputMean, count: channels),
      variances: [Double](repeating: max(0, inputVariance), count: channels))
    input = spread.values
    var (row, start) = ([Tensor](), spread)
    layers = model.layers.enumerated().map { place, layer in
      // Between linear convolutions inputs go together; in the one convolution that they make they need not.
      if case .convolution(let convolution) = layer.operation, convolution.isDense {
        if row.isEmpty { start = spread }
        row.append(convolution.weight)
        spread = start.weighted(ConvolutionStack(weights: row).composed, convolution.bias)
        if convolution.bias != nil { row = [] }
      } else {
        row = []
        spread = spread.after(layer.operation, from: model.inputShape(ofLayer: place))
      }
      return spread.values
    }
  }

  /// Predicts the values of a folded model: where a layer gives the values of one of the original, those of the original, whose
  /// normalisations say what folded weights do not.
  public init(_ folded: FoldedModel, of model: Model) {
    let (own, original) = (PredictedRanges(folded.model), PredictedRanges(model))
    input = own.input
    layers = folded.names.enumerated().map { place, names in
      names.last.flatMap { model.index(of: $0) }.map { original.layers[$0] } ?? own.layers[place]
    }
  }

  /// The range of the input, then that of every layer.
  public var ranges: [ClosedRange<Float>] {
    ([input] + layers).map { Float($0.range.lowerBound)...Float($0.range.upperBound) }
  }
}

extension Convolution {
  /// Whether every output sees all of its window, position by position.
  fileprivate var isDense: Bool {
    groups == 1 && [stride, dilation].allSatisfy { $0 == Spatial(1, 1) }
  }
}

/// A mean, a variance and the ends of the range for each channel (or unit, where there are no channels).
private struct ChannelSpread {
  var means, variances, lower, upper: [Double]

  /// Sums, whose range is their mean and 5 deviations.
  init(means: [Double], variances: [Double]) {
    (self.means, self.variances) = (means, variances)
    lower = means.indices.map { means[$0] - 5 * variances[$0].squareRoot() }
    upper = means.indices.map { means[$0] + 5 * variances[$0].squareRoot() }
  }

  var values: PredictedRanges.Values {
    let power = means.indices.reduce(0) { $0 + means[$1] * means[$1] + variances[$1] }
    return PredictedRanges.Values(
      range: (lower.min() ?? 0)...(upper.max() ?? 0), rootMeanSquare: (power / Double(means.count)).squareRoot(),
      means: means)
  }

  /// What an operation makes of it.
  func after(_ operation: RetinaModel.Operation, from input: Shape) -> ChannelSpread {
    switch operation {
    case .convolution(let convolution): return weighted(convolution.weight, convolution.bias, convolution.groups)
    case .convolutionStack(let stack): return weighted(stack.composed, stack.bias)
    case .separableConvolution(let convolution): return weighted(convolution.composed, convolution.bias)
    case .dense(let dense): return spread(over: input).weighted(dense.weight, dense.bias)
    // In training the normalised value has mean 0 and variance 1.
    case .batchNormalization(let normalization):
      return ChannelSpread(
        means: normalization.shift.map(Double.init),
        variances: normalization.scale.map { Double($0) * Double($0) })
    case .activation(.parametricSoftplus(let alpha, let beta)):
      return spread(over: input).mapped { unit, x in
        Double(alpha[alpha.count == 1 ? 0 : unit])
          * Nonlinearity.softplus.value(Double(beta[beta.count == 1 ? 0 : unit]) * x)
      }
    case .activation(.relu): return rectified
    case .activation(let activation): return mapped { activation.value($1) }
    case .divisiveNormalization: return divided
    case .readout(let readout):
      let units = spread(over: input)
      return units.selecting(readout.positions.map { ($0.channel * input[1] + $0.row) * input[2] + $0.column })
    case .flatten, .reshape: return spread(over: input)
    case .gaussianNoise, .maximumPool, .averagePool: return self
    }
  }

  /// Sums over independent inputs; the first axis of the weights counts outputs, the second the channels of a group.
  func weighted(_ weight: Tensor, _ bias: [Float]?, _ groups: Int = 1) -> ChannelSpread {
    let (outputs, channels) = (weight.shape[0], weight.shape[1])
    let taps = weight.shape.count / (outputs * channels)
    var sums = (0..<outputs).map { Double(bias?[$0] ?? 0) }
    var squares = [Double](repeating: 0, count: outputs)
    for output in 0..<outputs {
      let first = output / (outputs / groups) * channels
      for channel in 0..<channels {
        for tap in 0..<taps {
          let value = Double(weight.values[(output * channels + channel) * taps + tap])
          sums[output] += value * means[first + channel]
          squares[output] += value * value * variances[first + channel]
        }
      }
    }
    return ChannelSpread(means: sums, variances: squares)
  }

  /// A function of each value, which rises or falls all the way.
  private func mapped(_ function: (_ place: Int, _ value: Double) -> Double) -> ChannelSpread {
    var result = self
    for place in means.indices {
      func moment(_ power: (Double) -> Double) -> Double {
        GaussianMean.single(variance: variances[place]) { power(function(place, means[place] + $0)) }
      }
      result.means[place] = moment { $0 }
      result.variances[place] = max(0, moment { $0 * $0 } - result.means[place] * result.means[place])
      let ends = [function(place, lower[place]), function(place, upper[place])].sorted()
      (result.lower[place], result.upper[place]) = (ends[0], ends[1])
    }
    return result
  }

  /// The positive part of each value, whose kink would cost a quadrature its accuracy.
  private var rectified: ChannelSpread {
    var result = self
    for place in means.indices {
      let (mean, deviation) = (means[place], variances[place].squareRoot())
      let ratio = deviation > 0 ? mean / deviation : mean > 0 ? .infinity : -.infinity
      let (mass, edge) = (NormalDistribution.cumulative(ratio), NormalDistribution.density(ratio))
      let first = mean * mass + deviation * edge
      result.means[place] = first
      result.variances[place] = max(
        0, (mean * mean + variances[place]) * mass + mean * deviation * edge - first * first)
      (result.lower[place], result.upper[place]) = (max(0, lower[place]), max(0, upper[place]))
    }
    return result
  }

  /// The first half over one plus the positive part of the second, as if the two did not depend on one another.
  private var divided: ChannelSpread {
    let half = means.count / 2
    var result = selecting(Array(0..<half))
    let gains = selecting(Array(half..<2 * half)).mapped { _, divisor in 1 / (1 + max(0, divisor)) }
    for place in 0..<half {
      let (mean, gain) = (means[place], gains.means[place])
      result.means[place] = mean * gain
      result.variances[place] =
        (mean * mean + variances[place]) * (gain * gain + gains.variances[place]) - mean * mean * gain * gain
      // The smallest divisor leaves most of either end.
      (result.lower[place], result.upper[place]) = (
        lower[place] * (lower[place] < 0 ? gains.upper[place] : gains.lower[place]),
        upper[place] * (upper[place] > 0 ? gains.upper[place] : gains.lower[place])
      )
    }
    return result
  }

  private func selecting(_ places: [Int]) -> ChannelSpread {
    var result = self
    (result.means, result.variances) = (places.map { means[$0] }, places.map { variances[$0] })
    (result.lower, result.upper) = (places.map { lower[$0] }, places.map { upper[$0] })
    return result
  }

  /// One entry per unit in place of one per channel.
  private func spread(over input: Shape) -> ChannelSpread {
    guard means.count != input.count else { return self }
    let run = input.count / means.count
    return selecting((0..<input.count).map { $0 / run })
  }
}

extension Activation {
  /// The function in float64, for those that are smooth and without numbers of their own per unit.
  fileprivate func value(_ x: Double) -> Double {
    switch self {
    case .softplus: return Nonlinearity.softplus.value(x)
    case .sigmoid: return Nonlinearity.sigmoid.value(x)
    case .tanh: return Nonlinearity.tanh.value(x)
    case .exp: return Nonlinearity.exp.value(x)
    case .elu(let alpha): return x > 0 ? x : Double(alpha) * (Nonlinearity.exp.value(x) - 1)
    case .relu, .parametricSoftplus: preconditionFailure("has a form of its own")
    }
  }
}
