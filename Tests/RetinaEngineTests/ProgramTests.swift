import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaEngine

@Suite struct ProgramTests {
  @Test(arguments: Example.all + (0..<80).map(Example.random))
  func `every layer follows its definition in float64`(example: Example) throws {
    let model = try example.model()
    let program = Program(model)
    var generator = SeededRandom(seed: 1)
    let input = generator.values(program.inputCount)
    let values = program.values(of: input)
    let expected = Float64Model(model: model).run(input.float64)
    for (index, layer) in model.layers.enumerated() {
      let boundary = program.boundary(layer: index, side: .output)
      #expect(program.boundaryCounts[boundary] == model.shapes[index].count)
      let before = program.boundary(layer: index, side: .input)
      #expect(before == (index == 0 ? 0 : program.boundary(layer: index - 1, side: .output)))
      let error = relativeError(values[boundary], expected[index], least: values[before].magnitude)
      #expect(error < 1e-5, "\(layer.name)")
    }
  }

  @Test(arguments: 0..<40)
  func `a plan that keeps only the output gives the bits of one that keeps everything`(seed: Int) throws {
    var generator = SeededRandom(seed: UInt64(seed))
    let program = Program(try Example.random(seed).model())
    let input = generator.values(program.inputCount)
    let all = program.values(of: input)
    let isKept = program.boundaryCounts.indices.map { $0 == program.outputBoundary || generator.once(in: 3) }
    let plans = [
      MemoryPlan(program) { $0 == program.outputBoundary }, MemoryPlan(program) { _ in false },
      MemoryPlan(program) { isKept[$0] },
    ]
    for (index, plan) in plans.enumerated() {
      let workspace = Workspace(plan)
      workspace[0].update(from: input, count: input.count)
      program.run(workspace)
      for boundary in program.boundaryCounts.indices
      where boundary == program.outputBoundary || (index == 2 && isKept[boundary]) {
        #expect(workspace.values(boundary, of: program).bits == all[boundary].bits, "seed \(seed), plan \(index)")
      }
    }
  }

  @Test(arguments: 0..<10)
  func `running in parts gives the bits of running at once`(seed: Int) throws {
    var generator = SeededRandom(seed: UInt64(seed))
    let program = Program(try Example.random(seed).model())
    let input = generator.values(program.inputCount)
    let all = program.values(of: input)
    let workspace = Workspace(MemoryPlan(program) { _ in true })
    workspace[0].update(from: input, count: input.count)
    let middle = generator.integer(0...program.outputBoundary)
    program.run(workspace, to: middle)
    program.run(workspace, from: middle)
    #expect(program.boundaryCounts.indices.map { workspace.values($0, of: program).bits } == all.map(\.bits))
  }

  @Test(arguments: [Example.all[1], Example.all[2]])
  func `a stack equals the convolution it is composed to`(example: Example) throws {
    let model = try example.model()
    guard case .convolutionStack(let stack) = model.layers[0].operation else { return }
    let composed = Convolution(weight: stack.composed, bias: stack.bias)
    let single = try Model(
      name: "single", inputShape: model.inputShape, layers: [Layer("composed", .convolution(composed))])
    #expect(single.shapes[0] == model.shapes[0])
    var generator = SeededRandom(seed: 2)
    let input = generator.values(model.inputShape.count)
    let expected = Float64Model(model: model).run(input.float64)[0]
    #expect(relativeError(Program(single).values(of: input)[1], expected) < 1e-6)
  }

  @Test func `a separable convolution equals the convolution it is composed to`() throws {
    var builder = ModelBuilder(seed: 3, input: Shape(4, 6, 7))
    try builder.separable(3, rank: 2, 3, 5)
    let model = try builder.model()
    guard case .separableConvolution(let separable) = model.layers[0].operation else { return }
    let composed = separable.composed
    #expect(composed.shape == Shape(3, 4, 3, 5))
    var expected: [Double] = []
    for (output, input, place) in (0..<180).map({ ($0 / 60, $0 / 15 % 4, $0 % 15) }) {
      expected.append(
        (0..<2).reduce(0.0) {
          $0 + Double(separable.temporal.values[(output * 2 + $1) * 4 + input])
            * Double(separable.spatial.values[(output * 2 + $1) * 15 + place])
        })
    }
    #expect(relativeError(composed.values, expected) < 1e-7)
  }

  @Test(arguments: [BatchNormalization.Axis.channel, .unit])
  func `batch normalisation is folded with small variances and large means`(axis: BatchNormalization.Axis) throws {
    var generator = SeededRandom(seed: 4)
    let shape = Shape(3, 2, 5)
    let count = axis == .unit ? 30 : 3
    var variance = generator.values(count).map(abs)
    (variance[0], variance[1]) = (0, 1e-12)
    let normalization = BatchNormalization(
      axis: axis, scale: generator.values(count, scale: 3), shift: generator.values(count),
      mean: generator.values(count, scale: 20), variance: variance, epsilon: 1e-5)
    let model = try Model(
      name: "folded", inputShape: shape, layers: [Layer("normalisation", .batchNormalization(normalization))])
    let program = Program(model)
    let input = generator.values(30, scale: 20)
    let found = program.values(of: input)[1]
    let expected = Float64Model(model: model).run(input.float64)[0]
    for index in 0..<30 {
      let place = axis == .unit ? index : index / 10
      let factor = abs(Double(normalization.scale[place])) / (Double(variance[place]) + 1e-5).squareRoot()
      #expect(abs(Double(found[index]) - expected[index]) < 3e-7 * (20 * factor + 1), "unit \(index)")
    }
  }

  @Test(arguments: [Float(0), 3, -40, 1000])
  func `inputs are normalised as in float64, however large their mean`(mean: Float) throws {
    var generator = SeededRandom(seed: 5)
    let shape = Shape(2, 3, 4)
    let means = generator.values(12).map { mean + $0 }
    let deviations = generator.values(12).map { 0.6 + 0.5 * $0 }
    let input = generator.values(24).map { mean + $0 }
    let layers = [Layer("sum", .dense(Dense(weight: Tensor(repeating: 1, shape: Shape(1, 24)))))]
    var output = [Float](repeating: .nan, count: 24)

    let perPixel = Facts(
      normalization: .perPixel(
        mean: try #require(Tensor(shape: Shape(3, 4), values: means)),
        standardDeviation: try #require(Tensor(shape: Shape(3, 4), values: deviations))))
    Program(try Model(name: "per pixel", inputShape: shape, layers: layers, facts: perPixel))
      .normalize(input, into: &output)
    let expected = (0..<24).map { (Double(input[$0]) - Double(means[$0 % 12])) / Double(deviations[$0 % 12]) }
    #expect(relativeError(output, expected) < 1e-6)

    let scalar = Facts(normalization: .scalar(mean: mean, standardDeviation: 0.7))
    Program(try Model(name: "scalar", inputShape: shape, layers: layers, facts: scalar))
      .normalize(input, into: &output)
    #expect(relativeError(output, input.map { (Double($0) - Double(mean)) / Double(Float(0.7)) }) < 1e-6)

    Program(try Model(name: "none", inputShape: shape, layers: layers)).normalize(input, into: &output)
    #expect(output == input)
  }

  @Test func `a tiny deviation makes large values, not broken ones`() throws {
    let layers = [Layer("same", .flatten)]
    let facts = Facts(normalization: .scalar(mean: 3, standardDeviation: .leastNonzeroMagnitude))
    let program = Program(try Model(name: "tiny", inputShape: Shape(1, 1, 2), layers: layers, facts: facts))
    var output: [Float] = [.nan, .nan]
    program.normalize([3, 4], into: &output)
    #expect(output == [0, .infinity])
  }

  @Test func `multiply-adds are counted`() throws {
    var builder = ModelBuilder(seed: 6, input: Shape(4, 6, 7))
    try builder.convolution(2, 3, 3, groups: 2)
    try builder.add(.activation(.relu))
    try builder.add(.maximumPool(Pool(kernel: Spatial(2, 2))))
    try builder.dense(3)
    let program = Program(try builder.model())
    #expect(program.steps.map(\.multiplyAdds) == [2 * 2 * 9 * 20, 40, 2 * 4 * 4, 3 * 8])
    #expect(program.multiplyAdds == 720 + 40 + 32 + 24)
    #expect(program.steps.map(\.isAffine) == [true, false, false, true])
    #expect(program.steps.map(\.isPiecewiseLinear) == [true, true, true, true])
    #expect(program.steps.map(\.layer) == [0, 1, 2, 3])
  }
}

extension Program {
  /// The values at every boundary for a normalised input.
  func values(of input: [Float]) -> [[Float]] {
    let workspace = Workspace(MemoryPlan(self) { _ in true })
    workspace[0].update(from: input, count: inputCount)
    run(workspace)
    return boundaryCounts.indices.map { workspace.values($0, of: self) }
  }
}

extension Workspace {
  /// A copy of the values at a boundary.
  func values(_ boundary: Int, of program: Program) -> [Float] {
    Array(UnsafeBufferPointer(start: self[boundary], count: program.boundaryCounts[boundary]))
  }
}

extension [Float] {
  /// The largest magnitude.
  var magnitude: Double { reduce(0.0) { Swift.max($0, abs(Double($1))) } }
}
