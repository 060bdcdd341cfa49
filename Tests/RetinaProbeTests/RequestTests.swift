import RetinaEngine
import RetinaModel
import RetinaProbe
import Testing

/// Input that is degenerate, and requests that cannot be answered.
@Suite struct RequestTests {
  /// Three inputs, two hidden layers, two cells; a bias that switches the first relus off when it is low.
  private func network(bias: Float = 0.5) throws -> Network {
    try Network(
      3,
      layers: [
        .dense([[1, -0.5, 0.25], [0.5, 1, -1], [-1, 0.5, 2]], [bias, bias, bias]), .activation(.relu),
        .dense([[1, -1, 0.5], [0.25, 1, -0.5]]), .activation(.softplus),
      ])
  }

  private func methods(_ isIncluded: (RetinaProbe.Method) -> Bool) -> [RetinaProbe.Method] {
    RetinaProbe.Method.allCases.filter(isIncluded)
  }

  /// Nothing changes, so nothing is attributed; only means of slopes know no difference.
  @Test(arguments: RetinaProbe.Method.allCases.filter { $0.needsBaseline && $0 != .internalInfluence })
  func `a stimulus equal to its baseline gets zeros`(method: RetinaProbe.Method) throws {
    let network = try network()
    let input: [Float] = [0.75, -1.5, 2]
    let found = try network.answer(network.completeRequest(method, boundary: 2), input, from: input)
    #expect(found.values.allSatisfy { $0 == 0 })
    #expect(found.residual == nil || found.residual == 0)
    #expect(found.relativeResidual == found.residual)
    if let origin = found.valueAtBaseline { #expect(origin == found.valueAtInput) }
  }

  /// With nothing to integrate over, the mean slope is the slope.
  @Test func `internal influence without a change is the gradient`() throws {
    let network = try network()
    let input: [Float] = [0.75, -1.5, 2]
    let influence = try network.answer(network.completeRequest(.internalInfluence, boundary: 2), input, from: input)
    let gradient = try network.answer(network.completeRequest(.gradient, boundary: 2), input)
    expect(influence.values, near: gradient.values, within: 1e-7)
    #expect(influence.values[0] != 0)
  }

  @Test(arguments: RetinaProbe.Method.allCases.filter { $0 != .forward })
  func `units that are off all along get zeros`(method: RetinaProbe.Method) throws {
    let network = try network(bias: -100)
    for boundary in [1, 2] {
      let request = network.completeRequest(method, boundary: boundary)
      let found = try network.answer(request, [0.75, -1.5, 2], from: [-1, 0.5, 1])
      // Before the relu there are values, after it there are slopes: what comes after the layer is alive.
      switch method {
      case .layerActivation where boundary == 1: #expect(found.values.allSatisfy { $0 < -90 })
      case .gradient where boundary == 2, .saliency where boundary == 2, .internalInfluence where boundary == 2:
        #expect(found.values.allSatisfy { $0 != 0 })
      case .neuronGradient where boundary == 1, .neuronIntegratedGradients where boundary == 1,
        .neuronDeepLIFT where boundary == 1, .neuronFeatureAblation where boundary == 1:
        #expect(found.values.allSatisfy { $0.isFinite && $0 != 0 })
      // Deconvolution does not ask which units are on.
      case .deconvolution: #expect(found.values.contains { $0 != 0 })
      default: #expect(found.values.allSatisfy { $0 == 0 }, "boundary \(boundary)")
      }
      #expect(found.residual == nil || found.residual == 0)
    }
  }

  /// The slope of a relu at exactly 0 is 0.
  ///
  /// Its change from there to 2 is 2 and counts fully, from -2 to there it is nothing.
  @Test func `a relu exactly at zero`() throws {
    let network = try Network(1, layers: [.dense([[1]], [-1]), .activation(.relu)])
    func ask(_ method: RetinaProbe.Method, _ input: Float, _ baseline: Float) throws -> [Float] {
      let request = Request(method, target: network.cell, steps: .count(8))
      return try network.answer(request, [input], from: [baseline]).values
    }
    #expect(try ask(.gradient, 1, 0) == [0])
    for method in [RetinaProbe.Method.deepLIFT, .integratedGradients, .featureAblation] {
      #expect(try ask(method, 1, 1) == [0], "\(method)")
      expect(try ask(method, 3, 1), near: [2.0], within: 1e-6, "\(method)")
      expect(try ask(method, 1, 3), near: [-2.0], within: 1e-6, "\(method)")
      #expect(try ask(method, 1, -1) == [0], "\(method)")
    }
  }

  @Test(arguments: RetinaProbe.Method.allCases, [Float.nan, .infinity, -.infinity])
  func `a value that is not finite is refused`(method: RetinaProbe.Method, value: Float) throws {
    let network = try network()
    let request = network.completeRequest(method, boundary: 2)
    let (good, bad): ([Float], [Float]) = ([1, 2, 3], [1, value, 3])
    #expect(throws: ProbeError.notFinite) { try network.answer(request, bad, from: good) }
    #expect(throws: ProbeError.notFinite) { try network.answer(request, good, from: bad) }
    #expect(throws: ProbeError.notFinite) { try network.answer(request, good, from: good, baselines: [good, bad]) }
    var replaced = request
    replaced.replacement = bad
    #expect(throws: ProbeError.notFinite) { try network.answer(replaced, good, from: good) }
    #expect(throws: ProbeError.notFinite) {
      try Probe.run(
        network.program, [LayerQuestion(requests: [request], shape: network.shape(method, layer: 1))],
        reduction: .none, count: 9,
        input: { $0 == 7 ? bad : good }, baselines: [good], threads: 2)
    }
  }

  // MARK: - Requests that do not fit

  @Test(arguments: RetinaProbe.Method.allCases)
  func `too few or too many values are refused`(method: RetinaProbe.Method) throws {
    let network = try network()
    let request = network.completeRequest(method, boundary: 2)
    let probe = Probe(network.program)
    let good: [Float] = [1, 2, 3]
    for bad in [[], [1, 2], [1, 2, 3, 4]] as [[Float]] {
      let stimulus = ProbeError.wrongCount(of: "values of the stimulus", expected: 3, found: bad.count)
      #expect(throws: stimulus) { try probe.attribute(request, input: bad, baseline: good) }
      let baseline = ProbeError.wrongCount(of: "values of the baseline", expected: 3, found: bad.count)
      #expect(throws: baseline) { try probe.attribute(request, input: good, baseline: bad) }
      #expect(throws: baseline) { try probe.attribute(request, input: good, baseline: good, baselines: [good, bad]) }
    }
  }

  @Test(arguments: RetinaProbe.Method.allCases)
  func `cells, units, layers and groups that do not exist are refused`(method: RetinaProbe.Method) throws {
    let network = try network()
    func refuses(_ error: ProbeError, _ change: (inout Request) -> Void) {
      var request = network.completeRequest(method, boundary: 2)
      change(&request)
      #expect(throws: error, "\(method)") { try network.answer(request, [1, 2, 3]) }
    }
    for boundary in [-1, 5] {
      refuses(.outOfRange("boundary", count: 5, found: boundary)) { $0.boundary = boundary }
    }
    if method.needsTarget {
      for cell in [-1, 2, Int.max] {
        refuses(.outOfRange("cell", count: 2, found: cell)) { $0.target = .cell(cell, of: network.program) }
      }
      refuses(.wrongCount(of: "cells of the surprisal", expected: 2, found: 1)) {
        $0.target = .surprisal(QuadraticForm(center: [0], matrix: [1]), of: network.program)
      }
      if !method.needsNeuron {
        refuses(.outOfRange("boundary before that of the target", count: 2, found: 2)) {
          $0.target = .unit(0, boundary: 1)
        }
      }
    }
    if method.needsNeuron {
      for unit in [-1, 3] {
        refuses(.outOfRange("unit", count: 3, found: unit)) { $0.neuron = .unit(unit, boundary: 2) }
      }
      refuses(.outOfRange("boundary of the unit", count: 5, found: 5)) { $0.neuron = .unit(0, boundary: 5) }
    }
    if method.takesGroups {
      refuses(.outOfRange("group", count: 1 << 24, found: -1)) { $0.groups = [0, 1, -1] }
      refuses(.wrongCount(of: "units in groups", expected: 3, found: 2)) { $0.groups = [0, 1] }
    }
    if method.replacesLayer {
      refuses(.wrongCount(of: "replaced units", expected: 3, found: 4)) { $0.replacement = [0, 0, 0, 0] }
    }
    for steps in [0, -1] {
      refuses(.missing("at least one step")) { $0.steps = .count(steps) }
      refuses(.missing("at least one sample")) { $0.samples = steps }
    }
  }

  @Test func `methods about a unit need one`() throws {
    let network = try network()
    for method in methods(\.needsNeuron) {
      var request = network.completeRequest(method, boundary: 2)
      request.neuron = nil
      #expect(throws: ProbeError.missing("a unit of the layer"), "\(method)") {
        try network.answer(request, [1, 2, 3])
      }
    }
    #expect(methods(\.needsNeuron).count == 5)
  }

  @Test func `recipes of finite differences need a number of steps`() throws {
    let network = try network()
    for method in [RetinaProbe.Method.layerConductance, .conductanceRight] {
      for steps in [Request.Steps.exact, .automatic] {
        let request = Request(method, boundary: 2, target: network.cell, steps: steps)
        #expect(throws: ProbeError.missing("a number of steps"), "\(method)") {
          try network.answer(request, [1, 2, 3])
        }
      }
    }
  }

  @Test func `a cell that is named twice counts twice`() throws {
    let network = try network()
    let input: [Float] = [0.75, -1.5, 2]
    for method in methods(\.needsTarget) {
      let (one, two) = try (
        network.answer(network.completeRequest(method, boundary: 2), input),
        network.answer(
          network.completeRequest(method, boundary: 2, target: .sum([0, 0], of: network.program)), input)
      )
      expect(two.values, near: one.values.map { 2 * $0 }, within: 1e-5, "\(method)")
      #expect(two.valueAtInput == 2 * one.valueAtInput)
    }
  }

  /// A sigmoid between two layers bends the path; one at the end does not.
  @Test func `an exact integral needs straight pieces before the last function`() throws {
    let bent = try Network(1, layers: [.dense([[1]]), .activation(.sigmoid), .dense([[2]])])
    let straight = try Network(1, layers: [.dense([[1]]), .activation(.sigmoid)])
    for method in [RetinaProbe.Method.integratedGradients, .conductance, .internalInfluence, .neuronConductance] {
      func request(_ network: Network, _ steps: Request.Steps) -> Request {
        Request(method, boundary: 1, target: network.cell, neuron: .unit(0, boundary: 1), steps: steps)
      }
      #expect(throws: ProbeError.notPiecewiseLinear, "\(method)") { try bent.answer(request(bent, .exact), [1]) }
      let smooth = try bent.answer(request(bent, .automatic), [1]).values
      let exact = try straight.answer(request(straight, .exact), [1]).values
      expect(smooth, near: exact.map { 2 * $0 }, within: 1e-6, "\(method)")
    }
  }

  @Test func `errors say what is wrong`() {
    #expect(ProbeError.missing("a unit of the layer").description == "the method needs a unit of the layer")
    #expect(ProbeError.notFinite.description.contains("not finite"))
    #expect(ProbeError.outOfRange("cell", count: 5, found: 7).description == "cell: expected 0 to 4, found 7")
    #expect(ProbeError.wrongCount(of: "values", expected: 5, found: 7).description == "values: expected 5, found 7")
    #expect(ProbeError.notPiecewiseLinear.description.contains("straight pieces"))
  }

  @Test func `methods have the names of the command line, once each`() {
    let names = RetinaProbe.Method.allCases.map(\.rawValue)
    #expect(Set(names).count == names.count)
    #expect(names.allSatisfy { name in name.utf8.allSatisfy { $0 == UInt8(ascii: "-") || (97...122).contains($0) } })
    #expect(Method(rawValue: "conductance-fd-right") == .conductanceRight)
    #expect(methods(\.replacesLayer) == [.layerFeatureAblation, .channelAblation, .layerShapleyValues])
  }
}
