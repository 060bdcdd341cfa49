import RetinaModel
import RetinaStimuli

/// Weights that start from the recording: the first layer from the cells' temporal filters, the read-out from each cell's polarity.
///
/// Of the first layer's channels as many are ON as of the cells, but at least one is of either polarity. Those of a polarity have the
/// main time course of the cells' spike-triggered averages, delayed from not at all to by two fifths of its width. Later layers start
/// as blurs of the same channel; in the second, the latest channel of each polarity holds the others of it back. A network that
/// starts without delayed inhibition seldom finds it: its channels soon have one time course, and remain so. Where the first layer is
/// normalised, its channels start with a threshold, as the subunits of a retina have. Where an architecture has delays of its own neither is
/// there at first, but the second convolution, or a read-out, that hears delayed channels themselves is held back by them.
///
/// A first layer that is divided before anything is summed over time starts as photoreceptors: light itself, divided by its recent mean. The
/// temporal filters are then those of the layer that sees its past.
public struct StimulusStart: Sendable {
  /// Where each cell's spike-triggered average is largest, `(column, row)`.
  public let centres: [(column: Double, row: Double)]
  /// +1 for cells that light excites, -1 for the others.
  let polarities: [Float]
  /// The first principal component of the temporal courses, `[lag from the newest frame of a window]`, of length 1.
  private let main: [Float]
  /// How far the darkest pixel lies below the mean, in the unit of the stimulus: the mean of light itself.
  let meanLight: Float

  /// The delay of the latest channel in widths of the main time course.
  private static let latest: Float = 0.4

  /// Averages the training responses.
  ///
  /// - Parameters:
  ///   - centres: where receptive fields are known to lie; looked for in the whole frame where not.
  ///   - threads: threads that share the cells.
  public init(
    _ set: TrainingSet, split: TimeSplit, history: Int, lag: Int, centres known: [(column: Double, row: Double)?],
    threads: Int = 1
  ) {
    let meanFrame = SpikeTriggeredAverage.meanFrame(of: set, in: split.train)
    var averages = [SpikeTriggeredAverage?](repeating: nil, count: set.cellCount)
    averages.shared(among: set.cellCount, threads: threads) { cell, averages in
      var cutOut = CutOut(height: set.height, width: set.width)
      if let centre = known[cell] {
        cutOut = CutOut(
          row: Int(centre.row.rounded()), column: Int(centre.column.rounded()), radius: 3, height: set.height,
          width: set.width)
      }
      averages[cell] = SpikeTriggeredAverage(
        of: set, cell: cell, lags: lag..<lag + history, cutOut: cutOut, frames: split.train, limit: 4000,
        meanFrame: meanFrame)
    }
    var (courses, polarities, centres) = ([Float](), [Float](), [(column: Double, row: Double)]())
    for case (let cell, let average?) in averages.enumerated() {
      let cutOut = average.cutOut
      let peak = average.peak
      let sign: Float = peak.score < 0 ? -1 : 1
      polarities.append(sign)
      courses += (0..<history).map { sign * average.scores[$0 * cutOut.count + peak.pixel] }
      centres.append(
        known[cell] ?? (
          Double(cutOut.columns.lowerBound + peak.pixel % cutOut.columns.count),
          Double(cutOut.rows.lowerBound + peak.pixel / cutOut.columns.count)
        ))
    }
    let first = RankOne(courses, rows: set.cellCount)
    // Positive where most courses, whose peaks are, are like it.
    let alike = first.left.reduce(0, +)
    main = first.right.map { alike < 0 ? -$0 : $0 }
    self.polarities = polarities
    self.centres = centres
    let darkest = set.stimulus.min() ?? 0
    meanLight = darkest < 0 ? -darkest : 1
  }

  /// Replaces the starting weights of convolutions and of a Gaussian or factorised read-out.
  public func apply(to architecture: inout Architecture, seed: UInt64) {
    var channels = StartingChannels(self, hasDelays: architecture.longestDelay > 0, seed: seed)
    for index in architecture.layers.indices {
      let divisions = architecture.divisions(behind: index)
      channels.start(&architecture.layers[index].kind, divisions: divisions.count, beforeDelays: divisions.beforeDelays)
    }
  }

  /// The polarities of channels: as many are ON as of the cells, but at least one of either kind, spread evenly.
  func signs(_ channels: Int) -> [Float] {
    let share = Double(polarities.count { $0 > 0 } * channels) / Double(max(1, polarities.count))
    let on = channels > 1 ? min(max(1, Int(share.rounded())), channels - 1) : Int(share.rounded())
    return (0..<channels).map { ($0 + 1) * on / channels > $0 * on / channels ? 1 : -1 }
  }

  /// The temporal filters of channels of given polarity, `[channel, input]`, of inputs that are so many frames before the newest; of
  /// inputs at the same lag each has its share.
  func filters(_ signs: [Float], lags: [Int]) -> [Float] {
    let largest = main.max() ?? 0
    let width = Float(main.count { $0 > largest / 2 })
    let alike = Float(lags.count / Set(lags).count)
    return signs.enumerated().flatMap { channel, sign in
      let (rank, others) = (signs[..<channel].count { $0 == sign }, signs.count { $0 == sign } - 1)
      let delay = StimulusStart.latest * width * Float(rank) / Float(max(1, others))
      let course = delayed(by: delay)
      return lags.map { course.indices.contains($0) ? sign * course[$0] / alike : 0 }
    }
  }

  /// The main time course so many frames later, zero before its beginning.
  private func delayed(by delay: Float) -> [Float] {
    let whole = Int(delay)
    let part = delay - Float(whole)
    func course(_ lag: Int) -> Float { main.indices.contains(lag) ? main[lag] : 0 }
    return main.indices.map { (1 - part) * course($0 - whole) + part * course($0 - whole - 1) }
  }
}
