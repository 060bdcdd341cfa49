import RetinaModel

/// What ``StimulusStart`` makes of the layers of an architecture, one after another: it knows what the channels stand for that reach the next.
struct StartingChannels {
  private let start: StimulusStart
  private let hasDelays: Bool
  private var draw: WeightDraw
  /// Polarity of each channel; nothing before the first temporal filters.
  private var signs: [Float]?
  /// Channels that the read-out hears with the opposite sign at first; nothing where none come straight from delays.
  private var isLate: [Bool]?
  /// How many frames before the newest each channel of photoreceptors is; nothing where there are none.
  private var lags: [Int]?
  /// Convolutions so far, from the temporal filters on.
  private var depth = 0
  private var isBehindFilters = false

  /// Pixels that the first layer's kernels extend over at first: subunits are much smaller than receptive fields.
  private static let subunit = 7
  /// How strongly the latest channel holds back, beside the weight 1 of a channel's own.
  private static let inhibition: Float = 3
  /// How strongly the mean of recent drives divides, where a layer does: too weakly to silence anything.
  private static let division: Float = 0.5
  /// How strongly delayed channels hold back at first, together, beside the weight 1 of the undelayed ones.
  private static let holding: Float = 0.5
  /// What is subtracted from the normalised first layer, in standard deviations.
  private static let threshold: Float = 0.4

  init(_ start: StimulusStart, hasDelays: Bool, seed: UInt64) {
    self.start = start
    self.hasDelays = hasDelays
    draw = WeightDraw(.he, seed: seed &+ 1)
  }

  /// Replaces the starting weights of the next layer.
  ///
  /// - Parameters:
  ///   - divisions: how many follow before the next convolution or the next delays.
  ///   - beforeDelays: whether delays come first.
  mutating func start(_ layer: inout TrainableLayer.Kind, divisions: Int, beforeDelays: Bool) {
    let isBehindFilters = isBehindFilters
    self.isBehindFilters = false
    switch layer {
    case .delays(let delays): delay(by: delays)
    case .layer(.convolutionStack(var stack)):
      // A kernel of n taps widens what the stack sees by n - 1.
      var left = signs == nil ? StartingChannels.subunit : .max
      for (part, weight) in stack.weights.enumerated() {
        let channels = part == 0 ? mixing(weight.shape) : identity(weight.shape, of: weight.shape[1])
        let reach = min(weight.shape[2], left)
        stack.weights[part] = draw.blurred(channels, weight.shape, taps: reach)
        left -= reach - 1
      }
      layer = .layer(.convolutionStack(stack))
    case .layer(.convolution(var convolution)) where convolution.groups == 1:
      if signs == nil, lags == nil, divisions == 1, beforeDelays {
        startPhotoreceptors(&convolution)
      } else {
        startChannels(&convolution, isDivided: divisions == 1)
      }
      layer = .layer(.convolution(convolution))
    case .layer(.convolution(let grouped)):
      signs = signs.map { before in (0..<grouped.weight.shape[0]).map { before[$0 % before.count] } }
    case .layer(.divisiveNormalization):
      signs = signs.map { Array($0[..<($0.count / 2)]) }
      lags = lags.map { Array($0[..<($0.count / 2)]) }
    case .layer(.batchNormalization(var normalization)) where isBehindFilters && !hasDelays:
      for index in normalization.shift.indices { normalization.shift[index] -= StartingChannels.threshold }
      layer = .layer(.batchNormalization(normalization))
    case .gaussianReadout(var readout):
      readout.features = features(readout.channels)
      layer = .gaussianReadout(readout)
    case .factorizedReadout(var readout):
      readout.features = features(readout.channels)
      layer = .factorizedReadout(readout)
    default: break
    }
  }

  private mutating func delay(by delays: [Int]) {
    lags = lags.map { own in delays.flatMap { delay in own.map { $0 + delay } } }
    guard let own = signs else { return }
    let (before, earliest) = (isLate ?? own.map { _ in false }, delays.min())
    isLate = delays.flatMap { delay in before.map { $0 || delay != earliest } }
    signs = delays.flatMap { _ in own }
  }

  /// Starts as light over its recent mean, about `D + x` for small changes of the stimulus.
  ///
  /// `y = (1 + d) L / (1 + d M / D)` with the light `L = x + D`, which is 0 where the stimulus is darkest, its mean `M` over all frames,
  /// the mean light `D` and the strength `d` of the division.
  private mutating func startPhotoreceptors(_ convolution: inout Convolution) {
    let shape = convolution.weight.shape
    let (half, strength, light) = (shape[0] / 2, StartingChannels.division, start.meanLight)
    let newest = [Float](repeating: 0, count: shape[1] - 1) + [1 + strength]
    let mean = [Float](repeating: strength / light / Float(shape[1]), count: shape[1])
    convolution.weight = draw.blurred((0..<shape[0]).flatMap { $0 < half ? newest : mean }, shape, taps: 1)
    convolution.bias = convolution.bias.map { bias in
      bias.indices.map { $0 < half ? (1 + strength) * light : strength }
    }
    lags = [Int](repeating: 0, count: shape[0])
  }

  private mutating func startChannels(_ convolution: inout Convolution, isDivided: Bool) {
    let shape = convolution.weight.shape
    let (taps, before) = (signs == nil ? StartingChannels.subunit : .max, signs)
    var channels = mixing(shape)
    if before == nil, lags != nil { convolution.subtract(start.meanLight, of: channels) }
    if let before, isDivided { channels = dividing(channels, before) }
    convolution.weight = draw.blurred(channels, shape, taps: taps)
  }

  /// What enters a layer's channels, `[out, in]`: temporal filters in the first layer, then the channel before.
  private mutating func mixing(_ shape: Shape) -> [Float] {
    depth += 1
    let undelayed = isLate?.count { !$0 }
    isLate = nil
    isBehindFilters = depth == 1
    guard let before = signs else {
      let own = start.signs(shape[0])
      signs = own
      return start.filters(own, lags: lags ?? (0..<shape[1]).reversed())
    }
    // Of delayed channels the newest ones, which stand first.
    let sources = undelayed ?? before.count
    signs = (0..<shape[0]).map { before[$0 % sources] }
    let channels = identity(shape, of: sources)
    guard depth == 2 else { return channels }
    if let undelayed {
      return heldBack(channels, before, by: Array(undelayed..<before.count), StartingChannels.holding)
    }
    let latest = [Float(1), -1].compactMap { before.lastIndex(of: $0) }
    return hasDelays ? channels : heldBack(channels, before, by: latest, StartingChannels.inhibition)
  }

  /// The first inputs, so many of them, that go on as they are, `[out, in]`.
  private func identity(_ shape: Shape, of sources: Int) -> [Float] {
    (0..<shape[0] * shape[1]).map { $0 / shape[1] % sources == $0 % shape[1] ? 1 : 0 }
  }

  /// Channel weights `[out, in]` with late channels held against the others of their polarity that go on, with this weight together.
  private func heldBack(_ channels: [Float], _ signs: [Float], by late: [Int], _ strength: Float) -> [Float] {
    var weights = channels
    for index in channels.indices where channels[index] != 0 {
      let channel = index % signs.count
      let alike = late.filter { signs[$0] == signs[channel] && $0 != channel }
      for other in alike { weights[index - channel + other] = -strength / Float(alike.count) }
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
      weights[index] = signs[index % signs.count] == signs[divided] ? StartingChannels.division / Float(alike) : 0
    }
    return weights
  }

  /// Weights of the channels whose polarity is the cell's, `[cell, channel]`; late ones hold back.
  private mutating func features(_ channels: Int) -> [Float] {
    let signs = signs ?? start.signs(channels)
    let isLate = isLate ?? signs.map { _ in false }
    let late = isLate.count { $0 }
    var values = draw.normal(Shape(start.polarities.count, channels), deviation: 0.02).values
    for (cell, polarity) in start.polarities.enumerated() {
      for channel in 0..<channels where polarity * signs[channel] > 0 {
        values[cell * channels + channel] +=
          isLate[channel] ? -2 * StartingChannels.holding / Float(late) : 2 / Float(channels - late)
      }
    }
    return values
  }
}

extension WeightDraw {
  /// Kernels `[out, in, height, width]` of given channel weights times a binomial blur of sum 1 over so many taps, with a jitter on every
  /// value of a tenth of the length of channel weights, all together.
  fileprivate mutating func blurred(_ channels: [Float], _ shape: Shape, taps: Int) -> Tensor {
    let (height, width, inputs) = (shape[2], shape[3], shape[1])
    let (rows, columns) = (binomial(height, taps: taps), binomial(width, taps: taps))
    let length =
      (0..<shape[0]).map { output in
        channels[output * inputs..<(output + 1) * inputs].reduce(0) { $0 + $1 * $1 }.squareRoot()
      }.reduce(0, +) / Float(shape[0])
    var tensor = normal(shape, deviation: 0.1 / Double(inputs * height * width).squareRoot() * Double(length))
    for (index, factor) in channels.enumerated() {
      for place in 0..<height * width {
        tensor.values[index * height * width + place] += factor * rows[place / width] * columns[place % width]
      }
    }
    return tensor
  }
}

/// Binomial coefficients of sum 1: at most `taps` of them, in the middle of `count` numbers.
private func binomial(_ count: Int, taps: Int) -> [Float] {
  let taps = min(taps, count)
  var row: [Float] = [1]
  while row.count < taps { row = zip([0] + row, row + [0]).map { ($0 + $1) / 2 } }
  let before = (count - taps) / 2
  return [Float](repeating: 0, count: before) + row + [Float](repeating: 0, count: count - taps - before)
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
