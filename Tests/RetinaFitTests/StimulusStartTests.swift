import RetinaEngine
import RetinaModel
import RetinaStimuli
import Testing

@testable import RetinaFit

/// Weights that start from spike-triggered averages.
@Suite struct StimulusStartTests {
  private let history = 10
  private let size = 13
  private let frames = 6000

  /// Cells that count the contrast of one pixel two and three frames before, or with other weights of frames before: three OFF cells and one
  /// ON cell.
  private func set(_ weights: [Int: Float] = [2: 1, 3: 1]) -> TrainingSet {
    var generator = SeededGenerator(seed: 5)
    let stimulus = (0..<frames * size * size).map { _ in generator.next() % 2 == 0 ? Float(-1) : 1 }
    var responses = [Float](repeating: 0, count: frames * 4)
    for frame in 10..<frames {
      for cell in 0..<4 {
        let pixel = 6 * size + 4 + cell
        let contrast = weights.reduce(Float(0)) { $0 + $1.value * stimulus[(frame - $1.key) * size * size + pixel] }
        responses[frame * 4 + cell] = max(0, cell == 3 ? contrast : -contrast)
      }
    }
    return TrainingSet(
      stimulus: stimulus, frameCount: frames, height: size, width: size, responses: responses, cellCount: 4)
  }

  /// What the cells' averages give.
  private func start(_ weights: [Int: Float] = [2: 1, 3: 1]) -> StimulusStart {
    StimulusStart(
      set(weights), split: TimeSplit(train: [20..<frames], validation: [], test: []), history: history, lag: 1,
      centres: [nil, nil, nil, nil])
  }

  private func architecture(channels: Int) throws -> Architecture {
    let start = start()
    for (cell, centre) in start.centres.enumerated() { #expect(centre == (Double(4 + cell), 6)) }
    var options = ArchitectureOptions(history: history, height: size, width: size, cells: 4)
    (options.channels, options.kernels, options.readout, options.centres) = (
      [channels], [7, 5], .gaussian, start.centres
    )
    var architecture = try NamedArchitecture.stackedBNCNN.architecture(options)
    start.apply(to: &architecture, seed: 1)
    return architecture
  }

  /// Each channel's time course, summed over space, `[channel][history]`.
  private func courses(_ architecture: Architecture) -> [[Float]] {
    guard case .layer(.convolutionStack(let stack)) = architecture.layers[0].kind else { return [] }
    let kernel = stack.composed
    let positions = kernel.shape[2] * kernel.shape[3]
    return (0..<kernel.shape[0]).map { channel in
      (0..<history).map { frame in
        let first = (channel * history + frame) * positions
        return kernel.values[first..<first + positions].reduce(0, +)
      }
    }
  }

  @Test(arguments: [1, 2, 8, 12])
  func channelsHaveThePolaritiesOfTheCells(_ channels: Int) throws {
    let courses = courses(try architecture(channels: channels))
    let on = courses.count { $0.max { abs($0) < abs($1) }! > 0 }
    #expect(on == [1: 0, 2: 1, 8: 2, 12: 3][channels]!)
  }

  /// ON is what is ON at the peak, though a second phase outweighs it: the sum of the course is negative.
  @Test func aLongSecondPhaseTurnsNoPolarity() {
    let start = start([2: 1, 4: -0.6, 5: -0.6])
    let filters = start.filters([1, -1], lags: Array(0..<history))
    #expect(filters[..<history].reduce(0, +) < -0.05)
    for (sign, course) in [(Float(1), filters[..<history]), (-1, filters[history...])] {
      let course = course.map { sign * $0 }
      #expect(course[1] > 0.5 && course[3] < -0.3 && course[4] < -0.3, "\(course)")
    }
  }

  @Test func channelsOfAPolarityFollowOneAnother() throws {
    let courses = courses(try architecture(channels: 8))
    let off = courses.filter { $0.min()! < -$0.max()! }
    /// The mean delay of what each sees, in frames before the newest of a window.
    let delays = off.map { course in
      let weights = course.map { $0 < course.min()! / 10 ? $0 : 0 }
      return weights.indices.reduce(0) { $0 + weights[$1] * Float(history - 1 - $1) } / weights.reduce(0, +)
    }
    #expect(delays.count == 6)
    // The cells see frames 2 and 3 before the response, which are 1 and 2 before the newest; two fifths of a width of 2 frames.
    #expect(abs(delays[0] - 1.5) < 0.2 && abs(delays[5] - delays[0] - 0.8) < 0.3, "\(delays)")
  }

  @Test func theLatestChannelHoldsTheOthersBack() throws {
    let architecture = try architecture(channels: 8)
    let off = courses(architecture).map { $0.min()! < -$0.max()! }
    let second = try #require(architecture.layers.first { $0.name == "conv2" })
    guard case .layer(.convolutionStack(let stack)) = second.kind else {
      Issue.record("no second stack")
      return
    }
    let kernel = stack.composed
    let positions = kernel.shape[2] * kernel.shape[3]
    for output in 0..<8 {
      for input in 0..<8 {
        let first = (output * 8 + input) * positions
        let sum = kernel.values[first..<first + positions].reduce(0, +)
        let expected: Float = output == input ? 1 : input == off.lastIndex(of: off[output]) ? -3 : 0
        // The rest is jitter.
        #expect(abs(sum - expected) < 1, "\(output), \(input)")
      }
    }
  }

  @Test func onlyTheFirstConvolutionStartsWithAThreshold() throws {
    let shifts = try architecture(channels: 3).layers.compactMap { layer -> [Float]? in
      guard case .layer(.batchNormalization(let normalization)) = layer.kind else { return nil }
      return normalization.shift
    }
    #expect(shifts == [[-0.4, -0.4, -0.4], [Float](repeating: 0, count: 8)])
  }

  @Test func kernelsAtSeveralDelaysStartOnce() throws {
    let start = start()
    let options = ArchitectureOptions(history: history, height: size, width: size, cells: 4)
    var draw = WeightDraw(.he, seed: 1)
    var architecture = Architecture(
      name: "delays", inputShape: Shape(history, size, size),
      layers: [
        .init("conv1", .convolution(Convolution(weight: Tensor(repeating: 0, shape: Shape(2, 6, 7, 7))))),
        .init("bn1", .batchNormalization(.start(.channel, count: 2))), .init("past", .delays([0, 2, 4])),
        .init("dense", draw.readout(.gaussian, of: (6, 7, 7), bias: true, options)),
      ])
    start.apply(to: &architecture, seed: 1)
    guard case .layer(.convolution(let first)) = architecture.layers[0].kind,
      case .gaussianReadout(let readout) = architecture.layers[3].kind
    else { return #expect(Bool(false), "other layers") }
    guard case .layer(.batchNormalization(let normalization)) = architecture.layers[1].kind else { return }
    #expect(normalization.shift == [Float](repeating: 0, count: 2))
    // OFF first, as most cells are; each strongest one or two frames before its newest.
    for (channel, sign) in [Float(-1), 1].enumerated() {
      let course = (0..<6).map { frame in
        sign * first.weight.values[(channel * 6 + frame) * 49..<(channel * 6 + frame + 1) * 49].reduce(0, +)
      }
      #expect((1...2).contains(5 - course.indices.max { course[$0] < course[$1] }!), "\(course)")
    }
    for cell in 0..<4 {
      for output in 0..<6 {
        // Undelayed channels of its polarity excite a cell, those of the past hold it back.
        let expected: Float = (output % 2 == 1) != (cell == 3) ? 0 : output < 2 ? 1 : -0.25
        #expect(abs(readout.features[cell * 6 + output] - expected) < 0.1, "\(cell), \(output)")
      }
    }
  }

  /// Of two channels at three delays the undelayed ones, in turn, held back by half of their own past, beside jitter.
  ///
  /// A third convolution, of another past, is not held back.
  @Test func aConvolutionOfThePastStartsWithTheNewestChannels() throws {
    let start = start()
    func convolution(_ shape: Shape) -> RetinaModel.Operation {
      .convolution(Convolution(weight: Tensor(repeating: 0, shape: shape)))
    }
    var architecture = Architecture(
      name: "past", inputShape: Shape(history, size, size),
      layers: [
        .init("conv1", convolution(Shape(2, 4, 7, 7))), .init("past1", .delays([0, 2, 4])),
        .init("conv2", convolution(Shape(4, 6, 1, 1))), .init("past2", .delays([0, 2])),
        .init("conv3", convolution(Shape(4, 8, 1, 1))),
      ])
    start.apply(to: &architecture, seed: 1)
    guard case .layer(.convolution(let second)) = architecture.layers[2].kind,
      case .layer(.convolution(let third)) = architecture.layers[4].kind
    else { return #expect(Bool(false), "other layers") }
    for (index, value) in second.weight.values.enumerated() {
      let (output, input) = (index / 6, index % 6)
      let expected: Float = output % 2 != input % 2 ? 0 : input < 2 ? 1 : -0.25
      #expect(abs(value - expected) < 0.2, "\(second.weight.values)")
    }
    for (index, value) in third.weight.values.enumerated() {
      #expect(abs(value - (index % 8 == index / 8 ? 1 : 0)) < 0.2, "\(third.weight.values)")
    }
  }

  /// Three channels, of which the last is ON: what divides is half the mean of the channels of a polarity.
  @Test func aDivisionStartsWithTheMeanOfItsPolarity() throws {
    let start = start()
    func convolution(_ shape: Shape) -> RetinaModel.Operation {
      .convolution(Convolution(weight: Tensor(repeating: 0, shape: shape)))
    }
    let options = ArchitectureOptions(history: history, height: size, width: size, cells: 4)
    var draw = WeightDraw(.he, seed: 1)
    var architecture = Architecture(
      name: "gain", inputShape: Shape(history, size, size),
      layers: [
        .init("conv1", convolution(Shape(3, history, 7, 7))), .init("conv2", convolution(Shape(6, 3, 1, 1))),
        .init("gain", .divisiveNormalization),
        .init("dense", draw.readout(.gaussian, of: (3, 7, 7), bias: true, options)),
      ])
    start.apply(to: &architecture, seed: 1)
    guard case .layer(.convolution(let before)) = architecture.layers[1].kind,
      case .gaussianReadout(let readout) = architecture.layers[3].kind
    else { return #expect(Bool(false), "other layers") }
    // The jitter is a tenth of the rows' mean length.
    for (value, wanted) in zip(before.weight.values[9...], [0.25, 0.25, 0, 0.25, 0.25, 0, 0, 0, 0.5] as [Float]) {
      #expect((value - wanted).magnitude < 0.2, "\(before.weight.values)")
    }
    for cell in 0..<4 {
      for channel in 0..<3 {
        #expect((readout.features[cell * 3 + channel] > 0.3) == ((channel == 2) == (cell == 3)), "\(cell), \(channel)")
      }
    }
  }

  @Test func cellsReadChannelsOfTheirPolarity() throws {
    let architecture = try architecture(channels: 8)
    let on = courses(architecture).map { $0.max()! > -$0.min()! }
    guard case .gaussianReadout(let readout) = try #require(architecture.layers.first { $0.name == "dense" }).kind
    else {
      Issue.record("no Gaussian read-out")
      return
    }
    for cell in 0..<4 {
      for channel in 0..<8 {
        #expect((readout.features[cell * 8 + channel] > 0.15) == (on[channel] == (cell == 3)), "\(cell), \(channel)")
      }
    }
  }

  /// Photoreceptors give the light, of contrasts -1 and 1, over half of what its mean is above none; filters see their past as they would see the
  /// movie itself, and nothing of a grey one.
  @Test func photoreceptorsStartAsLightOverItsMean() throws {
    let start = start()
    func convolution(_ shape: Shape) -> RetinaModel.Operation {
      .convolution(
        Convolution(weight: Tensor(repeating: 0, shape: shape), bias: [Float](repeating: 0, count: shape[0])))
    }
    let lags = [0, 1, 2, 4]
    var architecture = Architecture(
      name: "photoreceptors", inputShape: Shape(history, size, size),
      layers: [
        .init("conv0", convolution(Shape(4, history - 4, 1, 1))), .init("adaptation", .divisiveNormalization),
        .init("past", .delays(lags)), .init("conv1", convolution(Shape(2, 8, 5, 5))),
      ])
    start.apply(to: &architecture, seed: 1)
    let model = try architecture.model()
    /// The value of a channel of a layer where all pixels of each frame have one contrast.
    func value(_ contrasts: [Float], layer: Int, channel: Int) -> Float {
      let input = Tensor(
        shape: Shape(1, history, size, size),
        values: contrasts.flatMap { [Float](repeating: $0, count: size * size) })!
      let found = Program(model).run(input, of: model, layers: [layer], threads: 1).tensors[0]
      return found.values[channel * found.shape[2] * found.shape[3]]
    }
    // Copies for the delays 0, 1, 2 and 4, of two photoreceptors each; jitter is a tenth.
    let grey = [Float](repeating: 0, count: history)
    #expect(abs(value(grey, layer: 1, channel: 0) - 1) < 0.01)
    var flash = grey
    flash[history - 1] = 1
    // Light of 2, whose mean over the six frames is 7/6, divides.
    #expect(abs(value(flash, layer: 1, channel: 1) - 1.5 * 2 / (1 + 0.5 * 7 / 6)) < 0.2)
    #expect(abs(value(flash, layer: 1, channel: 2) - 1) < 0.2)
    let dark = [Float](repeating: -1, count: history)
    #expect(abs(value(dark, layer: 1, channel: 0)) < 0.2)
    #expect(abs(value(grey, layer: 2, channel: 0)) < 0.2)
    // OFF first; the cells see contrast one and two frames before the newest.
    for (channel, sign) in [Float(-1), 1].enumerated() {
      let responses = lags.map { lag in
        var flash = grey
        flash[history - 1 - lag] = 0.2
        return sign * value(flash, layer: 2, channel: channel)
      }
      #expect(responses[1] > 0.05 && responses[2] > 0.05, "\(responses)")
      #expect(max(abs(responses[0]), abs(responses[3])) < responses[1] / 2, "\(responses)")
    }
  }

  /// Divisions belong to the convolution before them, of whatever form, and to those before delays.
  @Test func divisionsAreThoseBeforeTheNextLayer() {
    let tensor = Tensor(repeating: 1, shape: Shape(2, 2, 1, 1))
    let convolution = TrainableLayer("conv", .convolution(Convolution(weight: tensor)))
    let (stack, division) = (
      TrainableLayer("stack", .convolutionStack(ConvolutionStack(weights: [tensor], bias: nil))),
      TrainableLayer("division", .divisiveNormalization)
    )
    func divisions(_ layers: TrainableLayer...) -> [Int] {
      let architecture = Architecture(name: "test", inputShape: Shape(2, 1, 1), layers: layers)
      return layers.indices.map { architecture.divisions(behind: $0).count }
    }
    #expect(divisions(convolution, division, division, convolution, division) == [2, 1, 0, 1, 0])
    #expect(divisions(convolution, stack, division) == [0, 1, 0])
    #expect(divisions(convolution, division, .init("past", .delays([0])), division) == [1, 0, 1, 0])
  }
}
