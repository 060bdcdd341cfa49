/// The mean stimulus before a spike, as z-scores: what it would be without any relation has mean 0 and variance 1.
///
/// The mean stimulus of all bins is subtracted: without that, a cell with a base rate has a filter of the pixels' chance means. For a
/// white stimulus of deviation 1 the sum over bins of response x pixel has then, under independence, the variance of the sum of squared
/// deviations of the response. For stimuli with correlations the figures are only a guide.
public struct SpikeTriggeredAverage: Sendable {
  /// Frames between pixel and response; below 0 the response comes first.
  public let lags: Range<Int>
  /// Where in the frame the pixels lie.
  public let cutOut: CutOut
  /// `[lag, row, column]`, the smallest lag first.
  public let scores: [Float]

  /// Averages the responses of one cell in some frames; masked bins and lags outside the stimulus are left out.
  ///
  /// - Parameters:
  ///   - limit: at most so many bins with a response are looked at, spread evenly.
  ///   - meanFrame: ``meanFrame(of:in:)``, where several cells share it.
  public init(
    of set: TrainingSet, cell: Int, lags: Range<Int>, cutOut: CutOut, frames: [Range<Int>], limit: Int = .max,
    meanFrame: [Float]? = nil
  ) {
    let bins = frames.joined().filter { set.responses[$0 * set.cellCount + cell] > 0 }
    let step = 1 + max(0, bins.count - 1) / limit
    let width = cutOut.columns.count
    var sums = [Float](repeating: 0, count: lags.count * cutOut.count)
    var (total, squares): (Float, Float) = (0, 0)
    sums.withUnsafeMutableBufferPointer { sums in
      set.stimulus.withUnsafeBufferPointer { stimulus in
        for place in stride(from: 0, to: bins.count, by: step) {
          let response = set.responses[bins[place] * set.cellCount + cell]
          total += response
          squares += response * response
          for (index, lag) in lags.enumerated() where (0..<set.frameCount).contains(bins[place] - lag) {
            let frame = (bins[place] - lag) * set.height
            for (row, y) in cutOut.rows.enumerated() {
              let source = stimulus.baseAddress! + (frame + y) * set.width + cutOut.columns.lowerBound
              let target = sums.baseAddress! + index * cutOut.count + row * width
              for column in 0..<width { target[column] += response * source[column] }
            }
          }
        }
      }
    }
    let mean =
      meanFrame.map { whole in cutOut.rows.flatMap { row in cutOut.columns.map { whole[row * set.width + $0] } } }
      ?? SpikeTriggeredAverage.meanStimulus(set, cutOut, frames)
    let looked = frames.joined().count { !set.responses[$0 * set.cellCount + cell].isNaN }
    let variance = squares - total * total * Float(step) / Float(max(1, looked))
    let scale = variance > 0 ? 1 / variance.squareRoot() : 0
    self.lags = lags
    self.cutOut = cutOut
    scores = sums.indices.map { (sums[$0] - total * mean[$0 % cutOut.count]) * scale }
  }

  /// The mean of some frames, `[row, column]`.
  static func meanFrame(of set: TrainingSet, in frames: [Range<Int>]) -> [Float] {
    meanStimulus(set, CutOut(height: set.height, width: set.width), frames)
  }

  /// The mean over frames of every pixel of the cut-out.
  private static func meanStimulus(_ set: TrainingSet, _ cutOut: CutOut, _ frames: [Range<Int>]) -> [Float] {
    let (width, count) = (cutOut.columns.count, frames.reduce(0) { $0 + $1.count })
    var sums = [Float](repeating: 0, count: cutOut.count)
    sums.withUnsafeMutableBufferPointer { sums in
      set.stimulus.withUnsafeBufferPointer { stimulus in
        for frame in frames.joined() {
          for (row, y) in cutOut.rows.enumerated() {
            let source = stimulus.baseAddress! + (frame * set.height + y) * set.width + cutOut.columns.lowerBound
            for column in 0..<width { sums[row * width + column] += source[column] }
          }
        }
      }
    }
    return sums.map { $0 / Float(max(1, count)) }
  }

  /// The score of largest magnitude: its lag, its place in the cut-out, row-major, and the score.
  public var peak: (lag: Int, pixel: Int, score: Float) {
    var best = 0
    for index in scores.indices where scores[index].magnitude > scores[best].magnitude { best = index }
    return (lags.lowerBound + best / cutOut.count, best % cutOut.count, scores[best])
  }

  /// How much more each lag varies over pixels than without any relation: the sum of squares less its expectation.
  public var energy: [Double] {
    (0..<lags.count).map { lag in
      scores[lag * cutOut.count..<(lag + 1) * cutOut.count].reduce(0) { $0 + Double($1 * $1) - 1 }
    }
  }
}
