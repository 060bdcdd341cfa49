import RetinaModel
import RetinaStimuli

/// Weights that start from the recording: the first layer from the cells' temporal filters, the read-out from each cell's polarity.
///
/// Of the first layer's channels as many are ON as of the cells, but at least one is of either polarity. Those of a polarity have the
/// main time course of the cells' spike-triggered averages, delayed from not at all to by two fifths of its width. Later layers start
/// as blurs of the same channel; in the second, the latest channel of each polarity holds the others of it back. A network that
/// starts without delayed inhibition seldom finds it: its channels soon have one time course, and remain so. Where the first layer is
/// normalised, its channels start with a threshold, as the subunits of a retina have. Where an architecture has delays of its own neither is
/// there at first, but a read-out that hears delayed channels themselves is held back by them.
///
/// A first layer that is divided before anything is summed over time starts as photoreceptors: light itself, divided by its recent mean. The
/// temporal filters are then those of the layer that sees its past.
public struct StimulusStart: Sendable {
  /// Where each cell's spike-triggered average is largest, `(column, row)`.
  public let centres: [(column: Double, row: Double)]
  /// +1 for cells that light excites, -1 for the others.
  private let polarities: [Float]
  /// The first principal component of the temporal courses, `[lag from the newest frame of a window]`, of length 1.
  private let main: [Float]
  /// The light of the darkest pixel below the mean, in the unit of the stimulus: where light itself is zero.
  private let darkest: Float

  /// Pixels that the first layer's kernels extend over at first: subunits are much smaller than receptive fields.
  private static let subunit = 7
  /// The delay of the latest channel in widths of the main time course.
  private static let latest: Float = 0.4
  /// How strongly the latest channel holds back, beside the weight 1 of a channel's own.
  private static let inhibition: Float = 3
  /// How strongly the mean of recent drives divides, where a layer does: too weakly to silence anything.
  private static let division: Float = 0.5
  /// How strongly delayed channels hold a read-out back at first, together, beside the weight 1 of the undelayed ones.
  private static let holding: Float = 0.5
  /// What is subtracted from the normalised first layer, in standard deviations.
  private static let threshold: Float = 0.4
  /// Standard deviation of the jitter of a kernel beside the length of its channel weights.
  private static let jitter = 0.1

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
    let sum = first.right.reduce(0, +)
    main = first.right.map { sum < 0 ? -$0 : $0 }
    self.polarities = polarities
    self.centres = centres
    let least = set.stimulus.min() ?? 0
    darkest = least < 0 ? least : -1
  }

  /// Replaces the starting weights of convolutions and of a Gaussian or factorised read-out.
  public func apply(to architecture: inout Architecture, seed: UInt64) {
    var draw = WeightDraw(.he, seed: seed &+ 1)
    var signs: [Float]?
    // Channels that the read-out hears with the opposite sign at first.
    var isLate: [Bool]?
    // How many frames before the newest each channel of light that the first filters see is, once photoreceptors stand before them.
    var lags: [Int]?
    let firstConvolution = architecture.layers.firstIndex { $0.isConvolution }
    let hasDelays = architecture.longestDelay > 0
    var depth = 0
    /// What enters a layer's channels: temporal filters in the first layer, then the channel before.
    func mixing(_ shape: Shape) -> [Float] {
      depth += 1
      isLate = nil
      guard let before = signs else {
        signs = self.signs(shape[0])
        return filters(self.signs(shape[0]), lags: lags ?? (0..<shape[1]).reversed())
      }
      signs = (0..<shape[0]).map { before[$0 % before.count] }
      return depth == 2 && !hasDelays ? heldBack(identity(shape), before) : identity(shape)
    }
    for index in architecture.layers.indices {
      switch architecture.layers[index].kind {
      case .delays(let delays):
        lags = lags.map { own in delays.flatMap { delay in own.map { $0 + delay } } }
        guard let own = signs else { break }
        let (before, earliest) = (isLate ?? own.map { _ in false }, delays.min())
        isLate = delays.flatMap { delay in before.map { $0 || delay != earliest } }
        signs = delays.flatMap { _ in own }
      case .layer(.convolutionStack(var stack)):
        // A kernel of n taps widens what the stack sees by n - 1.
        var left = signs == nil ? StimulusStart.subunit : .max
        for (part, weight) in stack.weights.enumerated() {
          let channels = part == 0 ? mixing(weight.shape) : identity(weight.shape)
          let reach = min(weight.shape[2], left)
          stack.weights[part] = blurred(channels, weight.shape, taps: reach, &draw)
          left -= reach - 1
        }
        architecture.layers[index].kind = .layer(.convolutionStack(stack))
      case .layer(.convolution(var convolution)) where convolution.groups == 1:
        let shape = convolution.weight.shape
        let divisions = architecture.divisions(behind: index)
        if signs == nil, lags == nil, divisions == (1, true) {
          photoreceptors(&convolution, &draw)
          architecture.layers[index].kind = .layer(.convolution(convolution))
          lags = [Int](repeating: 0, count: shape[0] / 2)
          break
        }
        let (taps, before) = (signs == nil ? StimulusStart.subunit : .max, signs)
        var channels = mixing(shape)
        if before == nil, lags != nil { convolution.subtract(-darkest, of: channels) }
        if let before, divisions.count == 1 {
          channels = dividing(channels, before)
          signs = signs.map { Array($0[..<(shape[0] / 2)]) }
        }
        convolution.weight = blurred(channels, shape, taps: taps, &draw)
        architecture.layers[index].kind = .layer(.convolution(convolution))
      case .layer(.batchNormalization(var normalization))
      where depth == 1 && index - 1 == firstConvolution && !hasDelays:
        for index in normalization.shift.indices { normalization.shift[index] -= StimulusStart.threshold }
        architecture.layers[index].kind = .layer(.batchNormalization(normalization))
      case .gaussianReadout(var readout):
        readout.features = features(signs ?? self.signs(readout.channels), isLate, &draw)
        architecture.layers[index].kind = .gaussianReadout(readout)
      case .factorizedReadout(var readout):
        readout.features = features(signs ?? self.signs(readout.channels), isLate, &draw)
        architecture.layers[index].kind = .factorizedReadout(readout)
      default: break
      }
    }
  }

  /// The polarities of channels: as many are ON as of the cells, but at least one of either kind, spread evenly.
  private func signs(_ channels: Int) -> [Float] {
    let share = Double(polarities.count { $0 > 0 } * channels) / Double(max(1, polarities.count))
    let on = channels > 1 ? min(max(1, Int(share.rounded())), channels - 1) : Int(share.rounded())
    return (0..<channels).map { ($0 + 1) * on / channels > $0 * on / channels ? 1 : -1 }
  }

  /// The temporal filters of channels of given polarity, `[channel, input]`, of inputs that are so many frames before the newest; of
  /// inputs at the same lag each has its share.
  private func filters(_ signs: [Float], lags: [Int]) -> [Float] {
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

  /// Starts as light over its recent mean.
  ///
  /// `y = (1 + d) L / (1 + d M / D)` with the light `L = x + D`, which is 0 where the stimulus is darkest, at `x = -D`, its mean `M` over all
  /// frames and the strength `d` of the division. `y` is `D + x` for small changes around the mean.
  private func photoreceptors(_ convolution: inout Convolution, _ draw: inout WeightDraw) {
    let shape = convolution.weight.shape
    let (half, strength) = (shape[0] / 2, StimulusStart.division)
    let newest = [Float](repeating: 0, count: shape[1] - 1) + [1 + strength]
    let mean = [Float](repeating: strength / -darkest / Float(shape[1]), count: shape[1])
    let channels = (0..<shape[0]).flatMap { $0 < half ? newest : mean }
    convolution.weight = blurred(channels, shape, taps: 1, &draw)
    convolution.bias = convolution.bias.map { bias in
      bias.indices.map { $0 < half ? (1 + strength) * -darkest : strength }
    }
  }

  /// The main time course so many frames later, zero before its beginning.
  private func delayed(by delay: Float) -> [Float] {
    let whole = Int(delay)
    let part = delay - Float(whole)
    func course(_ lag: Int) -> Float { main.indices.contains(lag) ? main[lag] : 0 }
    return main.indices.map { (1 - part) * course($0 - whole) + part * course($0 - whole - 1) }
  }

  /// Channels that go on as they are, `[out, in]`.
  private func identity(_ shape: Shape) -> [Float] {
    (0..<shape[0] * shape[1]).map { $0 / shape[1] % shape[1] == $0 % shape[1] ? 1 : 0 }
  }

  /// Channel weights `[out, in]` with the latest channel of each polarity held against the other channels of it.
  private func heldBack(_ channels: [Float], _ signs: [Float]) -> [Float] {
    var weights = channels
    for index in channels.indices where channels[index] != 0 {
      let channel = index % signs.count
      guard let latest = signs.lastIndex(of: signs[channel]), latest != channel else { continue }
      weights[index - channel + latest] = -StimulusStart.inhibition
    }
    return weights
  }

  /// Channel weights `[out, in]` whose second half divides the first: at first by a part of the mean of all channels of the same polarity.
  private func dividing(_ channels: [Float], _ signs: [Float]) -> [Float] {
    let half = channels.count / 2
    var weights = channels
    for index in half..<channels.count {
      let divided = (index - half) / signs.count % signs.count
      let alike = signs.count { $0 == signs[divided] }
      weights[index] = signs[index % signs.count] == signs[divided] ? StimulusStart.division / Float(alike) : 0
    }
    return weights
  }

  /// Kernels `[out, in, height, width]` of given channel weights times a binomial blur of sum 1 over so many taps, with jitter on
  /// every value.
  private func blurred(_ channels: [Float], _ shape: Shape, taps: Int, _ draw: inout WeightDraw) -> Tensor {
    let (height, width, inputs) = (shape[2], shape[3], shape[1])
    let (rows, columns) = (binomial(height, taps: taps), binomial(width, taps: taps))
    let length =
      (0..<shape[0]).map { output in
        channels[output * inputs..<(output + 1) * inputs].reduce(0) { $0 + $1 * $1 }.squareRoot()
      }.reduce(0, +) / Float(shape[0])
    let deviation = StimulusStart.jitter / Double(inputs * height * width).squareRoot() * Double(length)
    var tensor = draw.normal(shape, deviation: deviation)
    for (index, factor) in channels.enumerated() {
      for place in 0..<height * width {
        tensor.values[index * height * width + place] += factor * rows[place / width] * columns[place % width]
      }
    }
    return tensor
  }

  /// Binomial coefficients of sum 1: at most `taps` of them, in the middle of `count` numbers.
  private func binomial(_ count: Int, taps: Int) -> [Float] {
    let taps = min(taps, count)
    var row: [Float] = [1]
    while row.count < taps { row = zip([0] + row, row + [0]).map { ($0 + $1) / 2 } }
    let before = (count - taps) / 2
    return [Float](repeating: 0, count: before) + row + [Float](repeating: 0, count: count - taps - before)
  }

  /// Weights of the channels whose polarity is the cell's, `[cell, channel]`; late ones hold back.
  private func features(_ signs: [Float], _ isLate: [Bool]?, _ draw: inout WeightDraw) -> [Float] {
    let channels = signs.count
    let isLate = isLate ?? signs.map { _ in false }
    let late = isLate.count { $0 }
    var values = draw.normal(Shape(polarities.count, channels), deviation: 0.02).values
    for (cell, polarity) in polarities.enumerated() {
      for channel in 0..<channels where polarity * signs[channel] > 0 {
        values[cell * channels + channel] +=
          isLate[channel] ? -2 * StimulusStart.holding / Float(late) : 2 / Float(channels - late)
      }
    }
    return values
  }
}

extension Convolution {
  /// Subtracts what inputs of a value, with given weights `[out, in]`, add.
  fileprivate mutating func subtract(_ value: Float, of weights: [Float]) {
    let inputs = weights.count / weight.shape[0]
    bias = bias.map { bias in
      bias.indices.map { bias[$0] - value * weights[$0 * inputs..<($0 + 1) * inputs].reduce(0, +) }
    }
  }
}

extension TrainableLayer {
  fileprivate var isConvolution: Bool {
    switch kind {
    case .layer(.convolution), .layer(.convolutionStack): return true
    default: return false
    }
  }
}
