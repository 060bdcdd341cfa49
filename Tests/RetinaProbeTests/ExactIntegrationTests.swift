import RetinaEngine
import RetinaKernels
import RetinaModel
import RetinaProbe
import Testing

/// Integrals over the straight pieces of a path, without nodes.
@Suite struct ExactIntegrationTests {
  private func ask(
    _ random: RandomNetwork, _ method: RetinaProbe.Method, _ boundary: Int, _ steps: Request.Steps, cells: [Int] = [0]
  ) throws -> Attribution {
    let request = Request(
      method, boundary: boundary, target: .sum(cells, of: random.program), neuron: .unit(0, boundary: boundary),
      steps: steps, rule: .riemannMiddle)
    return try random.answer(request)
  }

  /// A stimulus of zeros as the baseline of layers without bias: every unit is exactly at zero where the path starts.
  @Test(arguments: UInt64(20_000)..<20_080)
  func `paths that start with every unit at zero`(seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, .straight)
    let layers = random.model.layers.map { layer -> Layer in
      switch layer.operation {
      case .dense(var dense):
        dense.bias = nil
        return Layer(layer.name, .dense(dense))
      case .convolution(var convolution):
        convolution.bias = nil
        return Layer(layer.name, .convolution(convolution))
      case .batchNormalization(var normalization):
        for unit in normalization.shift.indices { (normalization.shift[unit], normalization.mean[unit]) = (0, 0) }
        return Layer(layer.name, .batchNormalization(normalization))
      default: return layer
      }
    }
    let network = Network(try Model(name: "zeros", inputShape: random.model.inputShape, layers: layers))
    for boundary in 0...network.program.outputBoundary {
      for method in [RetinaProbe.Method.conductance, .layerIntegratedGradients] {
        func ask(_ steps: Request.Steps) throws -> Attribution {
          let request = Request(
            method, boundary: boundary, target: network.cell, steps: steps, rule: .riemannMiddle)
          return try network.answer(request, random.input)
        }
        let (found, near) = try (ask(.exact), ask(.count(400)))
        let tolerance = 1e-5 * (found.values.magnitudes + Double(found.valueAtInput.magnitude))
        #expect(Double(try #require(found.residual).magnitude) <= tolerance, "\(method) at boundary \(boundary)")
        #expect(try ask(.automatic).values == found.values, "\(method) at boundary \(boundary)")
        // Along a line through zero no unit switches, so that nodes have only the last function to miss.
        let largest = near.values.reduce(0) { max($0, Double($1.magnitude)) }
        expect(found.values, near: near.values, within: 1e-4 * largest + 1e-6, "\(method) at boundary \(boundary)")
      }
    }
  }

  /// With n nodes in the middle of equal stretches a jump of the integrand costs up to the jump over 2 n.
  @Test(arguments: UInt64(21_000)..<21_020)
  func `exact integrals are what many nodes come near to`(seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, .straight)
    for boundary in 0...random.program.outputBoundary {
      for method in [
        RetinaProbe.Method.conductance, .layerIntegratedGradients, .internalInfluence, .integratedGradients,
        .neuronConductance, .neuronIntegratedGradients,
      ] {
        let found = try ask(random, method, boundary, .exact, cells: [0, 1])
        let near = try ask(random, method, boundary, .count(1000), cells: [0, 1])
        let tolerance = 0.04 * (near.values.reduce(0) { max($0, Double($1.magnitude)) } + 1e-3)
        expect(found.values, near: near.values, within: tolerance, "\(method) at boundary \(boundary)")
        #expect(found.valueAtInput == near.valueAtInput && found.valueAtBaseline == near.valueAtBaseline)
      }
    }
  }

  /// One relu between affine steps, as subunits and a read-out have it, beside the walk from piece to piece, which a pool of one pixel asks for.
  @Test(arguments: UInt64(22_000)..<22_010)
  func `one layer of switches is what the pieces add up to`(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    func convolution(_ extents: [Int], padding: Int = 0) -> RetinaModel.Operation {
      let weight = Tensor(extents, random.floats(extents.reduce(1, *), within: 1))
      return .convolution(
        Convolution(weight: weight, bias: random.floats(extents[0], within: 0.5), padding: Spatial(padding, padding)))
    }
    let cells = (0..<2).map { _ in random.floats(18, within: 1) }
    let layers = [
      convolution([3, 2, 3, 3]), .activation(.relu), .averagePool(Pool(kernel: Spatial(1, 1), stride: Spatial(2, 2))),
      convolution([2, 3, 3, 3], padding: 1), .flatten, .dense(cells, random.floats(2, within: 1)),
    ]
    let network = try Network(2, 7, 7, layers: layers + [.activation(.softplus)])
    let pieces = try Network(
      2, 7, 7,
      layers: layers + [
        .reshape(Shape(2, 1, 1)), .maximumPool(Pool(kernel: Spatial(1, 1))), .flatten, .activation(.softplus),
      ])
    let (input, baseline) = (random.floats(98, within: 2), random.floats(98, within: 2))
    for boundary in 0...network.after(5) {
      for method in [RetinaProbe.Method.conductance, .internalInfluence] {
        func ask(_ network: Network) throws -> Attribution {
          let target = Target.sum([0, 1], of: network.program)
          return try network.answer(
            Request(method, boundary: boundary, target: target, steps: .exact), input, from: baseline)
        }
        let (found, wanted) = try (ask(network), ask(pieces))
        let largest = wanted.values.reduce(0) { max($0, Double($1.magnitude)) }
        #expect(largest > 0)
        // What excites and what inhibits nearly cancel in some: rounding is that of the rate.
        let tolerance = 1e-5 * (largest + Double(wanted.valueAtInput.magnitude))
        expect(found.values, near: wanted.values, within: tolerance, "\(method) at boundary \(boundary)")
      }
    }
  }

  /// F = 2 max(relu(x), relu(y)) from (-1, 1) to (1, -3): x is on in the second half of the path, y in the first quarter.
  ///
  /// In the quarter between them both are off and equal, and the first gets the slope, as it does at any node: (2 * 3/4, 2 * 1/4).
  @Test func `of equal units in a pool the first gets the slope`() throws {
    let network = try Network(
      2,
      layers: [
        .dense([[1, 0], [0, 1]]), .activation(.relu), .maximumPool(Pool(kernel: Spatial(1, 2))), .dense([[2]]),
      ])
    for steps in [Request.Steps.exact, .automatic, .count(8)] {
      let request = Request(
        .internalInfluence, boundary: 2, target: network.cell, steps: steps, rule: .riemannMiddle)
      expect(try network.answer(request, [1, -3], from: [-1, 1]).values, near: [1.5, 0.5], within: 1e-6, "\(steps)")
    }
  }

  /// F = relu(relu(x) + relu(y)) from (-1, 1) to (1, -3): in the second quarter of the path the sum stays at zero, where relu has no
  /// slope; F falls in the first quarter and rises in the second half.
  @Test func `a relu that stays at zero has no slope`() throws {
    let network = try Network(
      2, layers: [.maximumPool(Pool(kernel: Spatial(1, 1))), .activation(.relu), .dense([[1, 1]]), .activation(.relu)])
    for steps in [Request.Steps.exact, .automatic, .count(8)] {
      let request = Request(
        .internalInfluence, boundary: 3, target: network.cell, steps: steps, rule: .riemannMiddle)
      expect(try network.answer(request, [1, -3], from: [-1, 1]).values, near: [0.75], within: 1e-6, "\(steps)")
    }
  }

  /// F = softplus(x0 + 2 x1): the unit behind the last function is the target itself.
  @Test func `the conductance of an output is that of the target`() throws {
    let network = try Network(2, layers: [.dense([[1, 2], [3, 1]]), .activation(.softplus)])
    for steps in [Request.Steps.exact, .automatic] {
      func ask(_ method: RetinaProbe.Method, unit: Int) throws -> [Float] {
        let target = Target.sum([0, 0], of: network.program)
        let request = Request(
          method, boundary: 2, target: target, neuron: .unit(unit, boundary: 2), steps: steps)
        return try network.answer(request, [1, -0.75]).values
      }
      let gradients = try ask(.integratedGradients, unit: 0)
      expect(try ask(.neuronConductance, unit: 0), near: gradients, within: 1e-6, "\(steps)")
      #expect(try ask(.neuronConductance, unit: 1) == [0, 0], "\(steps)")
    }
  }

  @Test(arguments: UInt64(23_000)..<23_030)
  func `a probe that is asked again gives the same answers in any order`(seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, .straight)
    let probe = Probe(random.program)
    var requests: [Request] = []
    for boundary in 0...random.program.outputBoundary {
      for method in [RetinaProbe.Method.conductance, .internalInfluence, .neuronConductance, .layerDeepLIFT] {
        for cell in 0..<2 {
          requests.append(
            Request(
              method, boundary: boundary, target: .cell(cell, of: random.program),
              neuron: .unit(0, boundary: boundary), steps: .exact))
        }
      }
    }
    let wanted = try requests.map { try random.answer($0).values }
    var generator = SeededRandom(seed: seed)
    for place in requests.indices.shuffled(using: &generator) {
      let found = try probe.attribute(requests[place], input: random.input, baseline: random.baseline)
      #expect(found.values == wanted[place], "\(requests[place].method) at \(requests[place].boundary)")
    }
  }
}
