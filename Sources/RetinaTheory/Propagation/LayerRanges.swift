import RetinaEngine
import RetinaModel
import RetinaStimuli

/// The spread of each layer's values, predicted from the weights alone and measured on stimuli, and what fixed point
/// needs for it.
///
/// The prediction carries a mean and a variance per channel from layer to layer: sums of many inputs as if these were
/// independent and, within a channel, alike; functions as means over normal numbers; batch normalisation by the scale and
/// shift it was trained to. It needs no data but the spread of the input, and is off by as much as inputs go together.
public struct LayerRanges: Sendable {
  /// One layer.
  public struct Layer: Sendable {
    /// The name.
    public var name: String
    /// Root mean square of the values, measured.
    public var measured: Double
    /// Largest magnitude, measured.
    public var peak: Double
    /// Root mean square, predicted; nothing after an operation that the theory cannot follow.
    public var predicted: Double?
    /// The range within which nearly all values lie by the prediction: the largest over channels of mean and 5 deviations.
    public var predictedPeak: Double?
    /// The factor on the squared norm of gradients through the layer, measured with random directions.
    public var gradientGain: Double
    /// Bits before the point, with the sign, that hold what was measured; 0 for values below 0.5 and so on down.
    public var integerBits: Int { LayerRanges.integerBits(peak) }
    /// Bits before the point that the prediction asks for.
    public var predictedIntegerBits: Int? { predictedPeak.map(LayerRanges.integerBits) }
    /// Units that had the same value for all stimuli.
    public var deadUnits: Int
  }

  /// The input, predicted exactly since it is given, and every layer.
  public let layers: [Layer]

  /// Bits before the binary point, with the sign, for values up to a magnitude; below 1 for small ones.
  public static func integerBits(_ peak: Double) -> Int {
    guard peak > 0, peak.isFinite else { return 1 }
    // 0.9 needs the sign alone, 1 one bit more.
    return Int(peak.exponent) + 2
  }

  /// Predicts and measures.
  ///
  /// - Parameter inputs: `[n, input shape]` before normalisation.
  /// - Throws: ``TheoryError`` for fewer than 2 inputs, or values that overflow.
  public init(_ model: Model, inputs: Tensor, directions: Int = 4, seed: UInt64 = 1) throws(TheoryError) {
    guard inputs.shape.rank > 0, inputs.shape[0] >= 2,
      inputs.shape.dimensions.dropFirst().elementsEqual(model.inputShape.dimensions)
    else {
      throw TheoryError("ranges", expected: "at least 2 inputs [n, \(model.inputShape)]", found: "\(inputs.shape)")
    }
    let measured = try MeasuredRanges(model, inputs: inputs, directions: directions, seed: seed)
    var spread: ChannelSpread? = measured.inputSpread
    layers = model.layers.indices.map { place in
      spread = spread.flatMap { $0.after(model.layers[place].operation, from: model.inputShape(ofLayer: place)) }
      return Layer(
        name: model.layers[place].name, measured: measured.sizes[place], peak: measured.peaks[place],
        predicted: spread?.rootMeanSquare, predictedPeak: spread?.peak, gradientGain: measured.gains[place],
        deadUnits: measured.dead[place])
    }
  }
}

/// What a model's layers do for some inputs.
private struct MeasuredRanges {
  var sizes, peaks, gains: [Double]
  var dead: [Int]
  var inputSpread: ChannelSpread

  init(_ model: Model, inputs: Tensor, directions: Int, seed: UInt64) throws(TheoryError) {
    let program = Program(model)
    let plan = MemoryPlan(program) { _ in true }
    let (values, gradients) = (Workspace(plan), Workspace(plan))
    var generator = SeededGenerator(seed: seed)
    let layers = model.layers.indices
    var (squares, powers) = (layers.map { _ in 0.0 }, layers.map { _ in (before: 0.0, after: 0.0) })
    var first = layers.map { _ in [Float]() }
    var moved = layers.map { [Bool](repeating: false, count: model.shapes[$0].count) }
    peaks = layers.map { _ in 0.0 }
    var (sum, square) = (0.0, 0.0)
    for index in 0..<inputs.shape[0] {
      let input = Array(inputs.values[index * program.inputCount..<(index + 1) * program.inputCount])
      input.withUnsafeBufferPointer { program.normalize($0.baseAddress!, into: values[0]) }
      for place in 0..<program.inputCount {
        sum += Double(values[0][place])
        square += Double(values[0][place]) * Double(values[0][place])
      }
      program.run(values)
      for layer in layers {
        let (boundary, count) = (program.layerBoundaries[layer], model.shapes[layer].count)
        let row = values[boundary]
        if index == 0 { first[layer] = Array(UnsafeBufferPointer(start: row, count: count)) }
        for place in 0..<count {
          let value = Double(row[place])
          squares[layer] += value * value
          peaks[layer] = max(peaks[layer], value.magnitude)
          if row[place] != first[layer][place] { moved[layer][place] = true }
        }
      }
      guard index < 8 else { continue }
      for layer in layers {
        let (start, end) = (program.boundary(layer: layer, side: .input), program.layerBoundaries[layer])
        guard end > start else { continue }
        for _ in 0..<directions {
          for place in 0..<program.boundaryCounts[end] { gradients[end][place] = Float(generator.normal()) }
          program.pullBack(gradients, at: values, from: end, to: start)
          for place in 0..<program.boundaryCounts[end] {
            powers[layer].after += Double(gradients[end][place]) * Double(gradients[end][place])
          }
          for place in 0..<program.boundaryCounts[start] {
            powers[layer].before += Double(gradients[start][place]) * Double(gradients[start][place])
          }
        }
      }
    }
    let count = Double(inputs.shape[0])
    guard squares.allSatisfy(\.isFinite), square.isFinite else {
      throw TheoryError("ranges", expected: "stimuli that give finite values", found: "values that overflow")
    }
    sizes = layers.map { (squares[$0] / (count * Double(model.shapes[$0].count))).squareRoot() }
    gains = powers.map { $0.after > 0 ? $0.before / $0.after : 1 }
    dead = moved.map { $0.count { !$0 } }
    let total = count * Double(program.inputCount)
    let mean = sum / total
    let channels = model.inputShape.rank == 3 ? model.inputShape[0] : model.inputShape.count
    inputSpread = ChannelSpread(
      means: [Double](repeating: mean, count: channels),
      variances: [Double](repeating: max(0, square / total - mean * mean), count: channels))
  }
}

/// A mean and a variance for each channel (or unit, where there are no channels).
private struct ChannelSpread {
  var means: [Double]
  var variances: [Double]

  var rootMeanSquare: Double {
    let sum = means.indices.reduce(0) { $0 + means[$1] * means[$1] + variances[$1] }
    return (sum / Double(means.count)).squareRoot()
  }

  var peak: Double {
    means.indices.reduce(0) { max($0, means[$1].magnitude + 5 * variances[$1].squareRoot()) }
  }

  /// What an operation makes of it; nothing where the theory cannot say.
  func after(_ operation: RetinaModel.Operation, from input: Shape) -> ChannelSpread? {
    switch operation {
    case .convolution(let convolution):
      guard convolution.groups == 1 else { return nil }
      return weighted(convolution.weight, convolution.bias)
    case .convolutionStack(let stack):
      // Inside a stack inputs go together; the one convolution that it stands for has them independent.
      return weighted(stack.collapsed, stack.bias)
    case .dense(let dense):
      return spread(over: input).weighted(dense.weight, dense.bias)
    case .batchNormalization(let normalization):
      // In training the normalised value has mean 0 and variance 1.
      return ChannelSpread(
        means: normalization.shift.map(Double.init),
        variances: normalization.scale.map { Double($0) * Double($0) })
    case .activation(let activation):
      return activation.function.map { function in
        let moments = means.indices.map { place in
          (
            GaussianMean.single(variance: variances[place]) { function(means[place] + $0) },
            GaussianMean.single(variance: variances[place]) {
              let value = function(means[place] + $0)
              return value * value
            }
          )
        }
        return ChannelSpread(means: moments.map(\.0), variances: moments.map { max(0, $0.1 - $0.0 * $0.0) })
      }
    case .gaussianNoise: return self
    case .flatten, .reshape: return spread(over: input)
    case .separableConvolution, .maximumPool, .averagePool, .readout: return nil
    }
  }

  /// Sums over independent inputs; the first axis of the weights counts outputs, the second channels.
  private func weighted(_ weight: Tensor, _ bias: [Float]?) -> ChannelSpread {
    let (outputs, channels) = (weight.shape[0], weight.shape[1])
    let taps = weight.shape.count / (outputs * channels)
    var result = ChannelSpread(
      means: [Double](repeating: 0, count: outputs), variances: [Double](repeating: 0, count: outputs))
    for output in 0..<outputs {
      result.means[output] = Double(bias?[output] ?? 0)
      for channel in 0..<channels {
        for tap in 0..<taps {
          let value = Double(weight.values[(output * channels + channel) * taps + tap])
          result.means[output] += value * means[channel]
          result.variances[output] += value * value * variances[channel]
        }
      }
    }
    return result
  }

  /// One entry per unit in place of one per channel.
  private func spread(over input: Shape) -> ChannelSpread {
    guard means.count != input.count else { return self }
    let run = input.count / means.count
    func each(_ values: [Double]) -> [Double] { values.flatMap { [Double](repeating: $0, count: run) } }
    return ChannelSpread(means: each(means), variances: each(variances))
  }
}

extension Activation {
  /// The function in float64; nothing for those with numbers of their own per unit.
  fileprivate var function: ((Double) -> Double)? {
    switch self {
    case .relu: return Nonlinearity.relu.value
    case .softplus: return Nonlinearity.softplus.value
    case .sigmoid: return Nonlinearity.sigmoid.value
    case .tanh: return Nonlinearity.tanh.value
    case .exp: return Nonlinearity.exp.value
    case .elu(let alpha): return { $0 > 0 ? $0 : Double(alpha) * (Nonlinearity.exp.value($0) - 1) }
    case .parametricSoftplus: return nil
    }
  }
}

extension ConvolutionStack {
  /// The kernels of the one convolution that the stack stands for.
  fileprivate var collapsed: Tensor {
    weights.dropFirst().reduce(weights[0]) { first, second in
      let (outputs, middle, inputs) = (second.shape[0], second.shape[1], first.shape[1])
      let (rows, columns) = (first.shape[2] + second.shape[2] - 1, first.shape[3] + second.shape[3] - 1)
      var kernel = Tensor(repeating: 0, shape: Shape(outputs, inputs, rows, columns))
      let (own, other) = (first.shape[2] * first.shape[3], second.shape[2] * second.shape[3])
      for output in 0..<outputs {
        for channel in 0..<middle {
          for tap in 0..<other {
            let factor = second.values[(output * middle + channel) * other + tap]
            let (down, across) = (tap / second.shape[3], tap % second.shape[3])
            for input in 0..<inputs {
              for place in 0..<own {
                let (row, column) = (down + place / first.shape[3], across + place % first.shape[3])
                kernel.values[((output * inputs + input) * rows + row) * columns + column] +=
                  factor * first.values[(channel * inputs + input) * own + place]
              }
            }
          }
        }
      }
      return kernel
    }
  }
}
