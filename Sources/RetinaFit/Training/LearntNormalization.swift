import RetinaEngine
import RetinaModel

/// Batch normalisation in training: where its parameters stand, and the statistics that a model will run with.
final class LearntNormalization: @unchecked Sendable {
  let scale, shift: Range<Int>
  let axis: BatchNormalization.Axis
  let epsilon: Float
  /// Running means and variances, as PyTorch keeps them: `running += momentum * (batch - running)`, with the unbiased variance.
  private(set) var runningMean, runningVariance: [Float]
  private let momentum: Float

  init(_ normalization: BatchNormalization, scale: Range<Int>, shift: Range<Int>, momentum: Float) {
    self.scale = scale
    self.shift = shift
    axis = normalization.axis
    epsilon = normalization.epsilon
    runningMean = normalization.mean
    runningVariance = normalization.variance
    self.momentum = momentum
  }

  /// Takes the statistics of a batch into the running ones.
  func observe(_ place: Int, mean: Float, variance: Double, count: Double) {
    runningMean[place] += momentum * (mean - runningMean[place])
    runningVariance[place] += momentum * (Float(variance * count / max(1, count - 1)) - runningVariance[place])
  }

  /// Sets the running statistics, when a run is taken up again.
  func restore(mean: [Float], variance: [Float]) { (runningMean, runningVariance) = (mean, variance) }

  // MARK: - In memory

  /// Vectors of eight units in a row that share eight numbers.
  func run(_ layout: FeatureLayout) -> Int {
    if case .lanes(_, let height, let width) = layout, axis == .channel { return height * width }
    return 1
  }

  /// Numbers in memory.
  func floats(_ layout: FeatureLayout) -> Int { layout.floats / run(layout) }

  /// Units of a sample that share a number.
  func positions(_ layout: FeatureLayout) -> Int { run(layout) }

  /// The parameter of a number in memory, if it is one of a unit that exists.
  func place(_ index: Int, in layout: FeatureLayout) -> Int? {
    switch layout {
    case .plain(let count): return index < count ? index : nil
    case .lanes(let channels, let height, let width):
      if axis == .channel { return index < channels ? index : nil }
      let plane = height * width
      let channel = index / (8 * plane) * 8 + index % 8
      return channel < channels ? channel * plane + index / 8 % plane : nil
    }
  }
}
