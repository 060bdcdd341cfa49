import RetinaEngine
import RetinaKernels
import RetinaModel
import RetinaProbe
import Testing

/// The target that is about all cells together.
@Suite struct SurprisalTests {
  /// Rates (1, 2), (3, 2), (1, 6), (3, 6): means 2 and 4, variances 1 and 4, no covariance; the mean variance is 2.5.
  @Test func `mean and covariance come from the rates`() {
    let form = QuadraticForm(surprisalOf: [1, 2, 3, 2, 1, 6, 3, 6], cells: 2)
    #expect(form.center == [2, 4])
    let wanted = [1 / 1.0025, 0, 0, 1 / 4.0025]
    compare(form, wanted)
  }

  /// Rates (0, 0) and (2, 1): covariances 1, 1/2, 1/4, regularised by 0.000625; the inverse by Cramer's rule.
  @Test func `cells that vary together leave an invertible covariance`() {
    let form = QuadraticForm(surprisalOf: [0, 0, 2, 1], cells: 2)
    let (a, b, d) = (1.000625, 0.5, 0.250625)
    let wanted = [d, -b, -b, a].map { $0 / (a * d - b * b) }
    compare(form, wanted)
  }

  private func compare(_ form: QuadraticForm, _ matrix: [Double]) {
    #expect(form.matrix.count == matrix.count)
    for (found, wanted) in zip(form.matrix, matrix) {
      let error = (found - wanted).magnitude
      #expect(error <= 1e-9 * (1 + wanted.magnitude))
    }
  }

  @Test func `rates that never change surprise nobody`() throws {
    let form = QuadraticForm(surprisalOf: [3, 5, 3, 5], cells: 2)
    #expect(form.center == [3, 5] && form.matrix == [1, 0, 0, 1])
    #expect(QuadraticForm(surprisalOf: [], cells: 2).matrix == [1, 0, 0, 1])
  }

  /// r = (x0, x0 + x1), m = (1, 1), P = ((2, 1), (1, 3)) at x = (2, 1): r - m = (1, 2), value 2 + 4 + 12 = 18, 2 P (r - m) = (8, 14).
  @Test func `value and gradient by hand`() throws {
    let network = try Network(2, layers: [.dense([[1, 0], [1, 1]])])
    let form = QuadraticForm(center: [1, 1], matrix: [2, 1, 1, 3])
    let target = Target.surprisal(form, of: network.program)
    let found = try network.answer(Request(.gradient, target: target), [2, 1])
    #expect(found.values == [22, 14] && found.valueAtInput == 18)
    // x1 := 0: r - m = (1, 1), value 7. x0 := 0: r - m = (-1, 0), value 2.
    #expect(try network.answer(Request(.featureAblation, target: target), [2, 1]).values == [16, 11])
    #expect(try network.answer(Request(.inputTimesGradient, target: target), [2, 1]).values == [44, 14])
  }

  @Test(arguments: [RandomNetwork.Flavour.smooth, .kinked], UInt64(27_000)..<27_020)
  func `attributions of surprisal add up`(flavour: RandomNetwork.Flavour, seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, flavour)
    var generator = SeededRandom(seed: seed)
    let inputs = [random.input, random.baseline] + (0..<6).map { _ in generator.floats(random.input.count, within: 1) }
    let target = try Probe.surprisal(random.program, count: 8, input: { inputs[$0] }, threads: 2)
    let form = try #require(target.quadratic)
    let rates = try inputs.flatMap { try random.network.answer(Request(.forward, target: target), $0).values }
    #expect(form == QuadraticForm(surprisalOf: rates, cells: 2))
    let steps = Request.Steps.automatic
    for boundary in 0..<random.program.outputBoundary {
      let found = try random.answer(Request(.layerDeepLIFT, boundary: boundary, target: target))
      let residual = try #require(found.residual).magnitude
      #expect(Double(residual) <= 1e-4 * (found.values.magnitudes + 1), "deeplift, boundary \(boundary)")
      guard flavour == .smooth else { continue }
      let flow = try random.answer(Request(.conductance, boundary: boundary, target: target, steps: steps))
      #expect(
        Double(try #require(flow.residual).magnitude) <= 2e-5 * (flow.values.magnitudes + 1), "boundary \(boundary)")
    }
    guard flavour == .smooth else { return }
    #expect(throws: ProbeError.notPiecewiseLinear) {
      try random.answer(Request(.conductance, boundary: 1, target: target, steps: .exact))
    }
  }

  /// Over straight pieces the integral of a quadratic form has no error of nodes, in the sweep of two layers and piece by piece.
  @Test(arguments: UInt64(29_000)..<29_080)
  func `exact attributions of surprisal add up at every layer`(seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, .straight)
    var target = Target.surprisal(
      QuadraticForm(center: [0.5, -0.25], matrix: [2, 0.5, 0.5, 1]), of: random.program)
    if seed % 2 == 0 { target.terms = Target.sum([1, 1], of: random.program).terms }
    func ask(_ method: RetinaProbe.Method, _ boundary: Int, _ steps: Request.Steps) throws -> Attribution {
      try random.answer(
        Request(
          method, boundary: boundary, target: target, neuron: .unit(0, boundary: boundary), steps: steps,
          rule: .riemannMiddle))
    }
    for boundary in 0...random.program.outputBoundary {
      let flow = try ask(.conductance, boundary, .exact)
      let tolerance = 1e-5 * (flow.values.magnitudes + Double(flow.valueAtInput.magnitude))
      #expect(Double(try #require(flow.residual).magnitude) <= tolerance, "boundary \(boundary)")
      for method in [
        RetinaProbe.Method.conductance, .internalInfluence, .layerIntegratedGradients, .neuronConductance,
      ] {
        let found = try ask(method, boundary, .exact)
        #expect(try ask(method, boundary, .automatic).values == found.values, "\(method) at boundary \(boundary)")
        let near = try ask(method, boundary, .count(1000))
        let largest = near.values.reduce(0) { max($0, Double($1.magnitude)) }
        expect(
          found.values, near: near.values, within: 0.04 * (largest + 1e-2), "\(method) at boundary \(boundary)")
        #expect(found.valueAtInput == near.valueAtInput && found.valueAtBaseline == near.valueAtBaseline)
      }
    }
  }

  @Test(arguments: UInt64(28_000)..<28_020)
  func `ablation knows all cells`(seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, .kinked)
    let form = QuadraticForm(center: [0.5, -0.25], matrix: [2, 0.5, 0.5, 1])
    let target = Target.surprisal(form, of: random.program)
    let reference = Reference(model: random.model)
    func surprisal(_ rates: [Double]) -> Double {
      let (x, y) = (rates[0] - 0.5, rates[1] + 0.25)
      return 2 * x * x + x * y + y * y
    }
    for layer in random.model.layers.indices.dropLast() {
      let units = try reference.run(random.inputs, to: layer + 1)
      let whole = surprisal(try reference.run(units, from: layer + 1))
      let wanted = try units.indices.map { unit in
        var values = units
        values[unit] = 0
        return whole - surprisal(try reference.run(values, from: layer + 1))
      }
      let found = try random.answer(
        Request(.layerFeatureAblation, boundary: random.network.after(layer), target: target))
      expect(found.values, near: wanted, within: 1e-5 * (1 + whole), "layer \(layer)")
    }
  }
}
