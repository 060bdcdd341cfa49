import RetinaEngine
import RetinaModel
import RetinaProbe
import Testing

/// Every method on one small network, with numbers found by hand.
///
/// F(x) = relu(z0) + 2 relu(z1) with z0 = x0 + x1 - 1 and z1 = x0 - x1, at x = (3, 1) from the baseline (0, 0).
/// Along the path z0 = 4a - 1 crosses zero at a = 1/4, and z1 = 2a is above zero from the start.
/// F(x) = 3 + 4 = 7 and F(0, 0) = 0. Nodes in the middle of quarters see the crossing exactly.
@Suite struct MethodTests {
  /// What is asked, and the answer.
  struct Question: Sendable, CustomTestStringConvertible {
    var method: RetinaProbe.Method
    var layer = 0
    var neuron: Int?
    var steps = Request.Steps.count(4)
    var rule = Quadrature.Rule.riemannMiddle
    var multiplies = true
    var groups: [Int]?
    var replacement: [Float]?
    var window: [Int] = []
    var answer: [Double]

    var testDescription: String { "\(method.rawValue) after layer \(layer): \(answer)" }
  }

  private let input: [Float] = [3, 1]
  /// z = (0, -1), so that both relus are off.
  private let corrupt: [Float] = [0, 1]

  private func network() throws -> Network {
    try Network(2, layers: [.dense([[1, 1], [1, -1]], [-1, 0]), .activation(.relu), .dense([[1, 2]])])
  }

  private func answer(_ question: Question, baselines: [[Float]] = []) throws -> Attribution {
    let network = try network()
    let boundary = network.after(question.layer)
    let request = Request(
      question.method, boundary: boundary, target: network.cell,
      neuron: question.neuron.map { .unit($0, boundary: boundary) }, steps: question.steps, rule: question.rule,
      multipliesByInputs: question.multiplies, groups: question.groups, replacement: question.replacement,
      corrupt: corrupt, samples: question.method == .gradientShap ? 4000 : nil, shape: [2], window: question.window,
      strides: [1])
    return try network.answer(request, input, baselines: baselines)
  }

  static let questions = [
    Question(method: .forward, answer: [7]),
    Question(method: .layerActivation, answer: [3, 2]),
    // dF/dz = (1, 2), dF/dx0 = 1 + 2, dF/dx1 = 1 - 2.
    Question(method: .gradient, answer: [1, 2]),
    Question(method: .saliency, answer: [1, 2]),
    // All that arrives at the relus is above zero, and so are they.
    Question(method: .guidedBackprop, answer: [3, -1]),
    Question(method: .deconvolution, answer: [3, -1]),
    // 3 of z0 = 3 + 1 - 1 and 4 of z1 = 3 - 1: x0 gets 3 * 3 / 3 + 4 * 3 / 2, x1 gets 3 * 1 / 3 - 4 * 1 / 2.
    Question(method: .relevance, answer: [9, -1]),
    Question(method: .layerRelevance, answer: [3, 4]),
    // No positions: the sum of units times gradients.
    Question(method: .layerGradCAM, answer: [7]),
    Question(method: .inputTimesGradient, answer: [9, -1]),
    Question(method: .layerGradientTimesActivation, answer: [3, 4]),
    // Mean gradient: relu(z0) counts for 3/4 of the path. dF/dx0 = 3/4 + 2, dF/dx1 = 3/4 - 2.
    Question(method: .integratedGradients, answer: [8.25, -1.25]),
    Question(method: .integratedGradients, multiplies: false, answer: [2.75, -1.25]),
    Question(method: .expectedGradients, answer: [8.25, -1.25]),
    Question(method: .expectedGradients, multiplies: false, answer: [2.75, -1.25]),
    Question(method: .gradientShap, answer: [8.25, -1.25]),
    Question(method: .gradientShap, multiplies: false, answer: [2.75, -1.25]),
    // z0 moves by 4 and counts for 3/4 of the way; z1 moves by 2 and counts twice.
    Question(method: .layerIntegratedGradients, answer: [3, 4]),
    Question(method: .layerIntegratedGradients, multiplies: false, answer: [0.75, 2]),
    Question(method: .layerIntegratedGradients, layer: 1, answer: [3, 4]),
    Question(method: .conductance, answer: [3, 4]),
    Question(method: .conductance, layer: 1, answer: [3, 4]),
    Question(method: .conductance, layer: 2, answer: [7]),
    Question(method: .internalInfluence, answer: [0.75, 2]),
    Question(method: .internalInfluence, layer: 1, answer: [1, 2]),
    // Nodes 0, 1/4, ... 1 and gradients on the left: relu(z0) has slope 0 at 0 and at 1/4 (z0 is exactly 0 there), z0 moves
    // by 1 in each of the last two stretches; relu(z1) has slope 0 at 0, and z1 moves by 1/2 in the last three.
    Question(method: .layerConductance, rule: .trapezoid, answer: [2, 3]),
    // Five nodes, gradients on the right: only the first of four stretches of z0 is lost, none of z1.
    Question(method: .conductanceRight, steps: .count(5), answer: [3, 4]),
    // Change of output over change of input: relu(z0) goes from 0 to 3 while z0 goes from -1 to 3.
    Question(method: .deepLIFT, answer: [8.25, -1.25]),
    Question(method: .deepLIFT, multiplies: false, answer: [2.75, -1.25]),
    Question(method: .layerDeepLIFT, answer: [3, 4]),
    Question(method: .layerDeepLIFT, multiplies: false, answer: [0.75, 2]),
    Question(method: .layerDeepLIFT, layer: 1, multiplies: false, answer: [1, 2]),
    Question(method: .deepLIFTShap, answer: [8.25, -1.25]),
    Question(method: .neuronGradient, neuron: 1, answer: [1, -1]),
    Question(method: .neuronGradient, layer: 1, neuron: 0, answer: [1, 1]),
    // relu(z0) grows by 3 along the path: 3/4 of x0 + x1.
    Question(method: .neuronIntegratedGradients, layer: 1, neuron: 0, answer: [2.25, 0.75]),
    Question(method: .neuronIntegratedGradients, layer: 1, neuron: 0, multiplies: false, answer: [0.75, 0.75]),
    Question(method: .neuronConductance, layer: 1, neuron: 0, answer: [2.25, 0.75]),
    Question(method: .neuronConductance, layer: 1, neuron: 1, answer: [6, -2]),
    Question(method: .neuronConductance, layer: 0, neuron: 1, multiplies: false, answer: [2, -2]),
    Question(method: .neuronDeepLIFT, layer: 1, neuron: 0, answer: [2.25, 0.75]),
    // F(0, 1) = 0 and F(3, 0) = 2 + 6.
    Question(method: .featureAblation, answer: [7, -1]),
    Question(method: .featureAblation, groups: [0, 0], answer: [7, 7]),
    // With z0 := 1 the target is 1 + 4, with z1 := 1 it is 3 + 2.
    Question(method: .layerFeatureAblation, replacement: [1, 1], answer: [2, 2]),
    Question(method: .layerFeatureAblation, layer: 1, answer: [3, 4]),
    Question(method: .layerFeatureAblation, layer: 1, groups: [5, 5], answer: [7, 7]),
    Question(method: .channelAblation, replacement: [1, 1], answer: [2, 2]),
    Question(method: .channelAblation, layer: 1, answer: [3, 4]),
    // From both off to z0 = 3 and z1 = 2. Before the relus there are no slopes to see it by.
    Question(method: .activationPatching, answer: [3, 4]),
    Question(method: .activationPatching, layer: 1, groups: [0, 0], answer: [7, 7]),
    Question(method: .attributionPatching, answer: [0, 0]),
    Question(method: .attributionPatching, layer: 1, answer: [3, 4]),
    // relu(z0) is 3; without x0 it is 0, without x1 it is 2.
    Question(method: .neuronFeatureAblation, layer: 1, neuron: 0, answer: [3, 1]),
    Question(method: .occlusion, window: [1], answer: [7, -1]),
    Question(method: .occlusion, window: [2], answer: [7, 7]),
    // x0 first: 8 - 0; x0 last: 7 - 0. x1 first: 0; x1 last: 7 - 8.
    Question(method: .shapleyValues, answer: [7.5, -0.5]),
    Question(method: .shapleyValues, groups: [0, 0], answer: [7, 7]),
    Question(method: .layerShapleyValues, answer: [3, 4]),
    Question(method: .layerShapleyValues, replacement: [3, 1], answer: [0, 2]),
  ]

  @Test(arguments: questions) func `a method gives the numbers found by hand`(_ question: Question) throws {
    let found = try answer(question)
    let error = found.standardError.map { 4 * Double($0) } ?? 1e-6
    expect(found.values, near: question.answer, within: error)
    if question.method.needsTarget { #expect(found.valueAtInput == 7) }
  }

  @Test func `every method has a question`() {
    #expect(Set(MethodTests.questions.map(\.method)) == Set(Method.allCases))
  }

  /// The change of the target is 7 for most methods; Captum's recipe found 5 of it.
  @Test func `the residual is the sum less the change of the target`() throws {
    let exact = try answer(Question(method: .conductance, answer: []))
    #expect(exact.valueAtInput == 7 && exact.valueAtBaseline == 0)
    #expect(exact.residual == 0 && exact.relativeResidual == 0)
    let recipe = try answer(Question(method: .layerConductance, rule: .trapezoid, answer: []))
    #expect(recipe.residual == -2 && recipe.relativeResidual == 2.0 / 7)
    let unmultiplied = try answer(Question(method: .integratedGradients, multiplies: false, answer: []))
    #expect(unmultiplied.residual == nil && unmultiplied.relativeResidual == nil)
  }

  /// From the baseline (3, 1) nothing changes, so the mean of both is half of the answer for (0, 0).
  @Test func `deeplift over several baselines is a mean`() throws {
    let found = try answer(Question(method: .deepLIFTShap, answer: []), baselines: [[3, 1], [0, 0]])
    #expect(found.values == [4.125, -0.625])
    #expect(found.valueAtBaseline == 3.5 && found.residual == 0)
  }

  /// F = relu(h0 - 2 h1 - 1/2) with h0 = relu(x) and h1 = relu(x - 1), from 0 to x = 5/4.
  ///
  /// Along the path F rises between x = 1/2 and 1 and falls after it. Conductance: h0 moves from 1/2 to 5/4 while F follows it,
  /// h1 from 0 to 1/4, twice and downwards. In the space of the layer the path is straight to (5/4, 1/4), F rises by 3/4 a,
  /// counting for the last third: 5/12 and -2/12. DeepLIFT: h0 - 2 h1 - 1/2 goes from -1/2 to 1/4 and F from 0 to 1/4, a third.
  @Test func `conductance, integrated gradients and deeplift of a deeper layer differ`() throws {
    let network = try Network(
      1,
      layers: [
        .dense([[1], [1]], [0, -1]), .activation(.relu), .dense([[1, -2]], [-0.5]), .activation(.relu),
      ])
    func ask(_ method: RetinaProbe.Method, steps: Int) throws -> [Float] {
      let request = Request(
        method, boundary: network.after(1), target: network.cell, steps: .count(steps), rule: .riemannMiddle)
      return try network.answer(request, [1.25]).values
    }
    expect(try ask(.conductance, steps: 5), near: [0.75, -0.5], within: 1e-6)
    expect(try ask(.layerIntegratedGradients, steps: 3), near: [5.0 / 12, -2.0 / 12], within: 1e-6)
    expect(try ask(.layerDeepLIFT, steps: 1), near: [5.0 / 12, -2.0 / 12], within: 1e-6)
    expect(try ask(.internalInfluence, steps: 5), near: [0.6, -1.2], within: 1e-6)
  }
}
