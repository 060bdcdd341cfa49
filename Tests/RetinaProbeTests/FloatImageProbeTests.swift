import RetinaEngine
import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaProbe

@Suite struct FloatImageProbeTests {
  /// A stream that has run one input, that input as the first layer sees it, and room for a probe.
  private struct Bench {
    let model: Model
    let float: Program
    let program: FloatProgram
    let stream: FloatStream
    let input: [Float]
    private var memory: [Float]

    init(seed: UInt64) throws {
      model = try FixedPointProbeTests.network(seed)
      float = Program(model)
      program = try FloatProgram(try model.floatImage())
      stream = FloatStream(program)
      var generator = SeededRandom(seed: seed + 100)
      let numbers = generator.floats(float.inputCount, within: 1)
      stream.run(numbers)
      input = float.normalized(numbers)
      memory = [Float](repeating: .nan, count: FloatImageProbe.floats(program.image))
    }

    /// The place of a layer in the image, its boundary in the program, and its shape.
    func place(_ name: String) throws -> (layer: Int, boundary: Int, shape: Shape) {
      let index = try #require(model.index(of: name))
      return (try #require(program.layer(named: name)), float.layerBoundaries[index], model.shapes[index])
    }

    mutating func probe<Result>(_ body: (FloatImageProbe) -> Result) -> Result {
      memory.withUnsafeMutableBufferPointer { memory in
        stream.withRunner { body(FloatImageProbe($0, memory: memory.baseAddress!)) }
      }
    }

    var checksums: [UInt32] { (0..<program.image.layerCount).map { stream.checksum($0) } }
  }

  @Test(arguments: [UInt64(1), 2, 3]) func `importance is layer gradient times activation`(seed: UInt64) throws {
    var bench = try Bench(seed: seed)
    let probe = Probe(bench.float)
    for name in ["conv1", "relu1", "pool", "conv2", "relu2", "peak"] {
      let (layer, boundary, shape) = try bench.place(name)
      for cell in 0..<4 {
        var found = [Float](repeating: .nan, count: shape[0])
        bench.probe { $0.channelImportance(layer: layer, cell: cell, into: &found) }
        let expected = probe.gradientTimesActivation(
          bench.input, boundary: boundary, target: .cell(cell, of: bench.float)
        ).channelSums(shape)
        let scale = expected.reduce(Float(1e-3)) { max($0, $1.magnitude) }
        for (a, b) in zip(found, expected) { #expect((a - b).magnitude < 1e-5 * scale, "\(name), cell \(cell)") }
      }
    }
  }

  @Test(arguments: [UInt64(1), 2, 3]) func `conductance is the integral, and adds up`(seed: UInt64) throws {
    var bench = try Bench(seed: seed)
    let before = bench.checksums
    let probe = Probe(bench.float)
    let baseline = bench.float.normalized([Float](repeating: 0, count: bench.float.inputCount))
    for name in ["conv1", "relu1", "relu2", "dense"] {
      let (layer, boundary, shape) = try bench.place(name)
      let target = Target.cell(2, of: bench.float)
      let exact = probe.conductance(
        bench.input, baseline: baseline, boundary: boundary, target: target,
        quadrature: Quadrature(.gaussLegendre, steps: 400))
      let expected = shape.rank == 3 ? exact.channelSums(shape) : exact.values
      let scale = expected.reduce(Float(1e-3)) { max($0, $1.magnitude) }
      var residuals: [Float] = []
      for steps in [8, 256] {
        var found = [Float](repeating: .nan, count: expected.count)
        let residual = bench.probe { $0.channelConductance(layer: layer, cell: 2, steps: steps, into: &found) }
        residuals.append(try #require(residual).magnitude)
        let sum = found.reduce(0.0) { $0 + Double($1) }
        let change = Double(exact.valueAtInput) - Double(try #require(exact.valueAtBaseline))
        #expect((Double(try #require(residual)) - (sum - change)).magnitude < 1e-5 * max(1, change.magnitude))
        guard steps == 256 else { continue }
        for (a, b) in zip(found, expected) { #expect((a - b).magnitude < 0.01 * scale, "\(name)") }
      }
      #expect(residuals[1] < 0.005 * scale && residuals[1] <= residuals[0] + 1e-6, "\(name): \(residuals)")
      #expect(bench.checksums == before, "probing changed \(name)")
    }
  }

  @Test func `integers, and layers before the last straight one, have no conductance`() throws {
    var layers = try FixedPointProbeTests.network(1).layers
    layers.insert(
      Layer(
        "bn1",
        .batchNormalization(
          BatchNormalization(
            axis: .channel, scale: [1, 2, 1, 1, 1, 1], shift: [0, 0, 1, 0, 0, 0], mean: [0, 0, 0, 0, 0, 0],
            variance: [1, 1, 1, 1, 1, 1]))), at: 1)
    let model = try Model(name: "small", inputShape: Shape(3, 12, 12), layers: layers)
    let program = try FloatProgram(try model.floatImage())
    var movie = Tensor(repeating: 0, shape: Shape(5, 12, 12))
    for index in movie.values.indices { movie.values[index] = Float(index % 7) - 3 }
    let inputs = try #require(InputSequence(movie, inputShape: model.inputShape))
    func contributions(_ name: String) throws -> ImageContributions? {
      let layer = try #require(program.layer(named: name))
      return ImageContributions(by: FloatImageProbe.self, program, inputs, layers: [layer], cell: 0, steps: 4)
    }
    #expect(try contributions("conv1") == nil)
    let found = try #require(try contributions("bn1"))
    #expect(found.layers[0].shape == Shape(3, 6) && found.rates.count == 3 && found.residuals.count == 3)

    let folded = try FoldedModel(model, stacks: .composed)
    let quantizer = FixedPointQuantizer(
      folded, Calibration(folded.model, inputs), QuantizationOptions(precision: .int16))
    let integers = try FixedPointProgram(try quantizer.model(golden: movie.values))
    let layer = try #require(integers.layer(named: "relu1"))
    func integerContributions(steps: Int?) -> ImageContributions? {
      ImageContributions(by: FixedPointProbe.self, integers, inputs, layers: [layer], cell: 0, steps: steps)
    }
    #expect(integerContributions(steps: 4) == nil)
    #expect(try #require(integerContributions(steps: nil)).residuals.isEmpty)
  }
}
