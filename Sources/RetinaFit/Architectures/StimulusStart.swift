import RetinaModel
import RetinaStimuli

/// Weights that start from the recording: the first layer from the cells' temporal filters, the read-out from each cell's polarity.
///
/// Half of the first layer's channels are ON, half OFF; within each half the filters go from fast to slow, along the second
/// principal component of the cells' spike-triggered averages. Later layers start as blurs of the same channel.
public struct StimulusStart: Sendable {
  /// Where each cell's spike-triggered average is largest, `(column, row)`.
  public let centres: [(column: Double, row: Double)]
  /// +1 for cells that light excites, -1 for the others.
  private let polarities: [Float]
  /// The first two principal components of the temporal courses, `[lag from the newest frame of a window]`, of length 1.
  private let main, second: [Float]

  /// Averages the training responses.
  ///
  /// - Parameters:
  ///   - centres: where receptive fields are known to lie; looked for in the whole frame where not.
  public init(
    _ set: TrainingSet, split: TimeSplit, history: Int, lag: Int, centres known: [(column: Double, row: Double)?]
  ) {
    var (courses, polarities, centres) = ([Float](), [Float](), [(column: Double, row: Double)]())
    for cell in 0..<set.cellCount {
      var cutOut = CutOut(height: set.height, width: set.width)
      if let centre = known[cell] {
        cutOut = CutOut(
          row: Int(centre.row.rounded()), column: Int(centre.column.rounded()), radius: 3, height: set.height,
          width: set.width)
      }
      let average = SpikeTriggeredAverage(
        of: set, cell: cell, lags: lag..<lag + history, cutOut: cutOut, frames: split.train, limit: 4000)
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
    for cell in 0..<set.cellCount {
      for step in 0..<history { courses[cell * history + step] -= first.left[cell] * first.right[step] }
    }
    let sum = first.right.reduce(0, +)
    main = first.right.map { sum < 0 ? -$0 : $0 }
    second = RankOne(courses, rows: set.cellCount).right
    self.polarities = polarities
    self.centres = centres
  }

  /// Replaces the starting weights of convolutions and of a Gaussian or factorised read-out.
  public func apply(to architecture: inout Architecture, seed: UInt64) {
    var draw = WeightDraw(.he, seed: seed &+ 1)
    var isFirst = true
    for index in architecture.layers.indices {
      switch architecture.layers[index].kind {
      case .layer(.convolutionStack(var stack)):
        let mixing = isFirst ? first(stack.weights[0].shape[0]) : identity(stack.weights[0].shape)
        for (part, weight) in stack.weights.enumerated() {
          let channels = part == 0 ? mixing : identity(weight.shape)
          stack.weights[part] = blurred(channels, weight.shape, &draw)
        }
        architecture.layers[index].kind = .layer(.convolutionStack(stack))
        isFirst = false
      case .layer(.convolution(var convolution)) where convolution.groups == 1:
        let shape = convolution.weight.shape
        convolution.weight = blurred(isFirst ? first(shape[0]) : identity(shape), shape, &draw)
        architecture.layers[index].kind = .layer(.convolution(convolution))
        isFirst = false
      case .gaussianReadout(var readout):
        readout.features = features(readout.channels, &draw)
        architecture.layers[index].kind = .gaussianReadout(readout)
      case .factorizedReadout(var readout):
        readout.features = features(readout.channels, &draw)
        architecture.layers[index].kind = .factorizedReadout(readout)
      default: break
      }
    }
  }

  private func sign(_ channel: Int) -> Float { channel % 2 == 1 ? 1 : -1 }

  /// The temporal filters of the first layer's channels, `[channel, history]`, oldest frame first.
  private func first(_ channels: Int) -> [Float] {
    let history = main.count
    return (0..<channels).flatMap { channel in
      let slow = 0.8 * (2 * Float(channel / 2) / Float(max(1, channels / 2 - 1)) - 1)
      return (0..<history).map { frame in
        sign(channel) * (main[history - 1 - frame] + slow * second[history - 1 - frame])
      }
    }
  }

  /// Channels that go on as they are, `[out, in]`.
  private func identity(_ shape: Shape) -> [Float] {
    (0..<shape[0] * shape[1]).map { $0 / shape[1] % shape[1] == $0 % shape[1] ? 1 : 0 }
  }

  /// Kernels `[out, in, height, width]` of given channel weights times a binomial blur of sum 1, with jitter on every value.
  private func blurred(_ channels: [Float], _ shape: Shape, _ draw: inout WeightDraw) -> Tensor {
    let (height, width, inputs) = (shape[2], shape[3], shape[1])
    let (rows, columns) = (binomial(height), binomial(width))
    let length =
      (0..<shape[0]).map { output in
        channels[output * inputs..<(output + 1) * inputs].reduce(0) { $0 + $1 * $1 }.squareRoot()
      }.reduce(0, +) / Float(shape[0])
    var tensor = draw.normal(shape, deviation: 0.3 / Double(inputs * height * width).squareRoot() * Double(length))
    for (index, factor) in channels.enumerated() {
      for place in 0..<height * width {
        tensor.values[index * height * width + place] += factor * rows[place / width] * columns[place % width]
      }
    }
    return tensor
  }

  /// Binomial coefficients of sum 1.
  private func binomial(_ count: Int) -> [Float] {
    var row: [Float] = [1]
    while row.count < count { row = zip([0] + row, row + [0]).map { ($0 + $1) / 2 } }
    return row
  }

  /// Weights of the channels whose polarity is the cell's, `[cell, channel]`.
  private func features(_ channels: Int, _ draw: inout WeightDraw) -> [Float] {
    var values = draw.normal(Shape(polarities.count, channels), deviation: 0.02).values
    for (cell, polarity) in polarities.enumerated() {
      for channel in 0..<channels where polarity * sign(channel) > 0 {
        values[cell * channels + channel] += 2 / Float(channels)
      }
    }
    return values
  }
}
