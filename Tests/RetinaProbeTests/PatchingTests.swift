import RetinaEngine
import RetinaKernels
import RetinaModel
import RetinaProbe
import Testing

/// Units carried from the run on one stimulus into the run on another.
///
/// The numbers found by hand are in `MethodTests`.
@Suite struct PatchingTests {
  private let methods = [RetinaProbe.Method.activationPatching, .attributionPatching]

  @Test(arguments: [RandomNetwork.Flavour.smooth, .kinked], UInt64(23_000)..<23_030)
  func `patching all units of a layer gives the whole difference`(
    flavour: RandomNetwork.Flavour, seed: UInt64
  ) throws {
    let random = try RandomNetwork(seed: seed, flavour)
    for boundary in 0..<random.program.outputBoundary {
      let count = random.program.boundaryCounts[boundary]
      let request = Request(
        .activationPatching, boundary: boundary, target: random.network.cell,
        groups: [Int](repeating: 3, count: count), corrupt: random.baseline)
      let found = try random.answer(request)
      let corrupt = try #require(found.valueAtBaseline)
      let difference = found.valueAtInput - corrupt
      let scale = Double(max(found.valueAtInput.magnitude, corrupt.magnitude))
      let wanted = [Float](repeating: difference, count: count)
      expect(found.values, near: wanted, within: 5e-6 * scale, "boundary \(boundary)")
    }
  }

  @Test(arguments: UInt64(24_000)..<24_020)
  func `in a linear model both methods are one, and add up`(seed: UInt64) throws {
    var generator = SeededRandom(seed: seed)
    let network = try Network(
      3, 4,
      layers: [
        .flatten, .dense(Dense(weight: Tensor([5, 12], generator.floats(60, within: 1)), bias: [1, 2, 3, 4, 5])),
        .dense(Dense(weight: Tensor([1, 5], generator.floats(5, within: 1)))),
      ])
    let (clean, corrupt) = (generator.floats(12, within: 1), generator.floats(12, within: 1))
    for boundary in 0...network.program.outputBoundary {
      let found = try methods.map {
        try network.answer(Request($0, boundary: boundary, target: network.cell, corrupt: corrupt), clean)
      }
      expect(found[0].values, near: found[1].values, within: 1e-5, "boundary \(boundary)")
      let difference = Double(found[1].valueAtInput) - Double(try #require(found[1].valueAtBaseline))
      #expect((found[1].values.total - difference).magnitude < 2e-5)
      #expect(found[0].valueAtInput == found[1].valueAtInput && found[0].valueAtBaseline == found[1].valueAtBaseline)
    }
  }

  @Test func `two equal stimuli have nothing to patch`() throws {
    let random = try RandomNetwork(seed: 1, .kinked)
    for method in methods {
      let found = try random.answer(
        Request(method, boundary: 1, target: random.network.cell, corrupt: random.input))
      #expect(found.values.allSatisfy { $0 == 0 } && found.valueAtInput == found.valueAtBaseline)
    }
  }

  @Test func `the second stimulus must be there and finite`() throws {
    let network = try Network(2, layers: [.dense([[1, 1]])])
    for method in methods {
      var request = Request(method, target: network.cell)
      #expect(throws: ProbeError.missing("a second stimulus")) { try network.answer(request, [1, 2]) }
      request.corrupt = [1]
      #expect(throws: ProbeError.missing("a second stimulus")) { try network.answer(request, [1, 2]) }
      request.corrupt = [1, .infinity]
      #expect(throws: ProbeError.notFinite) { try network.answer(request, [1, 2]) }
    }
  }

  /// One second stimulus for each input, after the model's normalisation.
  @Test func `many inputs have a second stimulus each`() throws {
    var model = try Network(2, layers: [.dense([[1, 10]])]).model
    model.facts.normalization = .scalar(mean: 1, standardDeviation: 2)
    let program = Program(model)
    let request = Request(.activationPatching, target: .cell(0, of: program))
    let (inputs, corrupts): ([[Float]], [[Float]]) = ([[3, 5], [1, 1]], [[1, 1], [5, 9]])
    let tables = try Probe.run(
      program, [LayerQuestion(requests: [request], shape: model.inputShape)], reduction: .none, count: 2,
      input: { inputs[$0] }, baselines: [[0, 0]], corrupt: { corrupts[$0] }, threads: 2)
    #expect(tables[0].values.values == [1, 20, -2, -40])
  }
}
