import RetinaEngine
import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaProbe

@Suite struct FixedPointProbeTests {
  /// A small net with relu, a pool, a readout by a dense layer and softplus.
  static func network(_ seed: UInt64) throws -> Model {
    var generator = SeededRandom(seed: seed)
    func tensor(_ extents: Int...) throws -> Tensor {
      var tensor = Tensor(repeating: 0, shape: try #require(Shape(checking: extents)))
      let scale = (3 / Float(extents.dropFirst().reduce(1, *))).squareRoot()
      for index in tensor.values.indices { tensor.values[index] = scale * Float.random(in: -1...1, using: &generator) }
      return tensor
    }
    return try Model(
      name: "small", inputShape: Shape(3, 12, 12),
      layers: [
        Layer("conv1", .convolution(Convolution(weight: try tensor(6, 3, 3, 3), bias: [0.1, 0, -0.1, 0, 0.2, 0]))),
        Layer("relu1", .activation(.relu)), Layer("pool", .averagePool(Pool(kernel: Spatial(2, 2)))),
        Layer("conv2", .convolution(Convolution(weight: try tensor(5, 6, 3, 3), padding: Spatial(1, 1)))),
        Layer("relu2", .activation(.relu)),
        Layer("peak", .maximumPool(Pool(kernel: Spatial(2, 2), stride: Spatial(1, 1)))),
        Layer("dense", .dense(Dense(weight: try tensor(4, 80), bias: [0, 0.2, -0.3, 0.1]))),
        Layer("rate", .activation(.softplus)),
      ])
  }

  @Test(arguments: [UInt64(1), 2, 3]) func `importance in integers is that of the float model`(seed: UInt64) throws {
    let model = try Self.network(seed)
    var generator = SeededRandom(seed: seed + 100)
    var movie = Tensor(repeating: 0, shape: Shape(20, 12, 12))
    for index in movie.values.indices { movie.values[index] = Float.random(in: -1...1, using: &generator) }
    let inputs = try #require(InputSequence(movie, inputShape: model.inputShape))
    let folded = try FoldedModel(model, stacks: .composed)
    let calibration = Calibration(folded.model, inputs)
    let plan = try FixedPointQuantizer(folded, calibration, QuantizationOptions(precision: .int16)).model(
      golden: movie.values)
    let program = try FixedPointProgram(plan)
    let stream = FixedPointStream(program)
    inputs.withInput(5) { stream.run($0) }
    let memory = UnsafeMutablePointer<Float>.allocate(capacity: FixedPointProbe.floats(program.image))
    defer { memory.deallocate() }
    let before = (0..<program.image.layerCount).map { stream.checksum($0) }

    let float = Program(model)
    let probe = Probe(float)
    let input = float.normalized(
      inputs.withInput(5) { [Float](UnsafeBufferPointer(start: $0, count: float.inputCount)) })
    for name in ["relu1", "pool", "relu2", "peak"] {
      let layer = try #require(program.layer(named: name))
      let boundary = float.boundary(layer: try #require(model.index(of: name)), side: .output)
      let channels = program.image.channels(layer)
      for cell in 0..<4 {
        var found = [Float](repeating: .nan, count: channels)
        stream.withRunner { runner in
          FixedPointProbe(runner, memory: memory).channelImportance(layer: layer, cell: cell, into: &found)
        }
        let expected = probe.gradientTimesActivation(
          input, boundary: boundary, target: .cell(cell, of: float)
        ).channelSums(model.shapes[try #require(model.index(of: name))])
        let scale = expected.reduce(Float(1e-3)) { max($0, $1.magnitude) }
        for (a, b) in zip(found, expected) { #expect((a - b).magnitude < 0.03 * scale, "\(name), cell \(cell)") }
      }
    }
    #expect((0..<program.image.layerCount).map { stream.checksum($0) } == before, "probing changed integers")
  }

  @Test func `a comparison finds what rounding costs`() throws {
    let model = try Self.network(7)
    var generator = SeededRandom(seed: 11)
    var movie = Tensor(repeating: 0, shape: Shape(40, 12, 12))
    for index in movie.values.indices { movie.values[index] = Float.random(in: -1...1, using: &generator) }
    let inputs = try #require(InputSequence(movie, inputShape: model.inputShape))
    let folded = try FoldedModel(model, stacks: .composed)
    let calibration = Calibration(folded.model, inputs)
    func compare(_ options: QuantizationOptions) throws -> FixedPointComparison {
      let plan = try FixedPointQuantizer(folded, calibration, options).model(golden: movie.values)
      return FixedPointComparison(model, try FixedPointProgram(plan), inputs, probed: 3)
    }
    let (fine, coarse) = (
      try compare(QuantizationOptions(precision: .int16)), try compare(QuantizationOptions(precision: .int8))
    )
    #expect(fine.layers.map { $0.name } == ["relu1", "pool", "relu2", "peak", "dense", "rate"])
    for (a, b) in zip(fine.layers, coarse.layers) {
      #expect(a.signal == b.signal && a.noise < b.noise && b.noise < 0.01 * b.signal)
      #expect(a.importance.isEmpty == ["dense", "rate"].contains(a.name))
      for importance in a.importance.compactMap({ $0 }) { #expect(importance > 0.7) }
      if let mean = a.meanImportance { #expect(mean > 0.9) }
    }
    #expect(fine.correlations.allSatisfy { $0 ?? 0 > 0.999 })
    #expect(coarse.correlations.allSatisfy { $0 ?? 0 > 0.98 })
  }
}
