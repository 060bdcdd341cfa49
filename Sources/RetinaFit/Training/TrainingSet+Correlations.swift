import RetinaEngine
import RetinaModel

extension TrainingSet {
  /// Pearson's correlation of a model's rates with the responses of each cell, on some frames; nothing for a cell where it is not
  /// defined.
  ///
  /// - Parameters:
  ///   - model: one whose cells are those of the set, for frames that are normalised already.
  ///   - frames: response frames, each with its whole window in the stimulus.
  /// - Returns: nothing when the model does not stream, or a rate is not finite.
  public func correlations(with model: Model, frames: [Range<Int>], lag: Int, threads: Int) -> [Double?]? {
    guard let plan = StreamPlan(model), let history = model.history else { return nil }
    var sums = [ResponseSums](repeating: ResponseSums(), count: cellCount)
    let pixels = height * width
    for range in frames {
      let first = range.lowerBound - lag - history + 1
      let count = range.count + history - 1
      guard let shape = Shape(checking: [count, height, width]),
        let movie = Tensor(shape: shape, values: Array(stimulus[first * pixels..<(first + count) * pixels])),
        let rates = plan.run(movie, layers: [model.layers.count - 1], threads: threads)?.tensors[0],
        rates.firstNonFinite == nil
      else { return nil }
      for (window, frame) in range.enumerated() {
        for cell in 0..<cellCount {
          let response = responses[frame * cellCount + cell]
          guard !response.isNaN else { continue }
          sums[cell].add(rate: Double(rates.values[window * cellCount + cell]), response: Double(response))
        }
      }
    }
    return sums.map { $0.pearson }
  }
}
