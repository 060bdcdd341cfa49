import RetinaEngine
import RetinaModel
import Testing

@testable import RetinaProbe

/// The streaming probe against the exact integration of the same windows.
struct StreamProbeTests {
  private struct Setting: CustomTestStringConvertible {
    var channels: (Int, Int)
    var normalizes: Bool
    var stacks: Bool
    var testDescription: String { "\(channels), normalised \(normalizes), stack \(stacks)" }
  }

  private static let settings = [
    Setting(channels: (8, 8), normalizes: false, stacks: false),
    Setting(channels: (3, 5), normalizes: true, stacks: false),
    Setting(channels: (12, 9), normalizes: true, stacks: true),
  ]

  private func random(_ count: Int, _ seed: UInt64, _ scale: Float) -> [Float] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (Float(state >> 40) / Float(1 << 23) - 1) * scale
    }
  }

  private func model(_ setting: Setting) throws -> Model {
    let (first, second) = setting.channels
    func tensor(_ shape: Shape, _ seed: UInt64, _ scale: Float) throws -> Tensor {
      try #require(Tensor(shape: shape, values: random(shape.count, seed, scale)))
    }
    func normalization(_ name: String, _ count: Int, _ seed: UInt64) -> [Layer] {
      guard setting.normalizes else { return [] }
      return [
        Layer(
          name,
          .batchNormalization(
            BatchNormalization(
              axis: .channel, scale: random(count, seed, 0.5).map { $0 + 1 }, shift: random(count, seed + 1, 0.3),
              mean: random(count, seed + 2, 0.2), variance: random(count, seed + 3, 0.4).map { $0 + 1 })))
      ]
    }
    let middle: Operation =
      setting.stacks
      ? .convolutionStack(
        ConvolutionStack(
          weights: [try tensor(Shape(7, first, 2, 2), 3, 0.4), try tensor(Shape(second, 7, 2, 2), 4, 0.4)],
          bias: random(second, 5, 0.2)))
      : .convolution(Convolution(weight: try tensor(Shape(second, first, 3, 3), 3, 0.3), bias: random(second, 5, 0.2)))
    return try Model(
      name: "tiny", inputShape: Shape(4, 9, 10),
      layers: [
        Layer(
          "conv1",
          .convolution(Convolution(weight: try tensor(Shape(first, 4, 3, 3), 1, 0.3), bias: random(first, 2, 0.2))))
      ] + normalization("bn1", first, 20) + [Layer("relu1", .activation(.relu)), Layer("conv2", middle)]
        + normalization("bn2", second, 30) + [
          Layer("relu2", .activation(.relu)), Layer("flatten", .flatten),
          Layer("dense", .dense(Dense(weight: try tensor(Shape(2, second * 5 * 6), 6, 0.2), bias: random(2, 7, 0.1)))),
          Layer("rate", .activation(.softplus)),
        ], facts: Facts(normalization: .scalar(mean: 0.1, standardDeviation: 0.7)))
  }

  @Test(arguments: settings.indices) func `contributions add up and converge to the conductance`(index: Int) throws {
    let model = try model(Self.settings[index])
    let plan = try #require(StreamPlan(model))
    let program = Program(model)
    let probe = Probe(program)
    let movie = random(9 * 90, 99, 1)
    var found: [Int: [Float]] = [:]
    for steps in [1, 8, 256] {
      let stream = try #require(StreamProbe(plan, cell: 1, steps: steps))
      #expect(model.layers[stream.layers.first].name == "relu1" && model.layers[stream.layers.second].name == "relu2")
      var warm = 0
      for frame in 0..<9 {
        let isWarm = movie.withUnsafeBufferPointer { stream.push($0.baseAddress! + frame * 90) }
        #expect(isWarm == (frame >= 3))
        guard isWarm else { continue }
        warm += 1
        stream.explain()
        let scale = max(stream.valueAtInput.magnitude, stream.valueAtBaseline.magnitude)
        #expect((stream.valueAtInput - stream.stream.rates[1]).magnitude <= 1e-5 * scale)
        #expect(stream.residual(stream.first).magnitude <= 1e-5 * scale, "\(steps) steps, frame \(frame)")
        #expect(stream.residual(stream.second).magnitude <= 1e-5 * scale, "\(steps) steps, frame \(frame)")
        let window = program.normalized(Array(movie[(frame - 3) * 90..<(frame + 1) * 90]))
        let zeros = program.normalized([Float](repeating: 0, count: 360))
        for (layer, sums) in [(stream.layers.first, stream.first), (stream.layers.second, stream.second)] {
          let request = Request(
            .conductance, boundary: program.boundary(layer: layer, side: .output), target: .cell(1, of: program),
            steps: .exact)
          let exact = try probe.attribute(request, input: window, baseline: zeros).channelSums(model.shapes[layer])
          let largest = exact.reduce(0) { max($0, $1.magnitude) }
          let error = zip(sums, exact).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
          found[steps, default: []].append(error / largest)
        }
      }
      #expect(warm == 6)
    }
    let worst = found.mapValues { $0.max() ?? .infinity }
    #expect(try #require(worst[256]) < 2e-3)
    #expect(try #require(worst[8]) < 0.12)
    #expect(try #require(worst[1]) > #require(worst[8]))
  }

  @Test func `a cell that does not exist has no streaming probe`() throws {
    let model = try model(StreamProbeTests.settings[0])
    let plan = try #require(StreamPlan(model))
    #expect(StreamProbe(plan, cell: model.cells - 1) != nil)
    for cell in [-1, model.cells, Int.max] { #expect(StreamProbe(plan, cell: cell) == nil) }
    #expect(StreamProbe(plan, cell: 0, steps: 0) == nil)
  }

  @Test func `another kind of model has no streaming probe`() throws {
    let dense = try Model(
      name: "ln", inputShape: Shape(2, 3, 3),
      layers: [
        Layer("dense", .dense(Dense(weight: Tensor(repeating: 0.1, shape: Shape(1, 18))))),
        Layer("rate", .activation(.softplus)),
      ])
    #expect(StreamProbe(try #require(StreamPlan(dense)), cell: 0) == nil)
  }
}
