import RetinaModel
import RetinaStimuli
import Testing

@testable import RetinaFit

@Suite struct KineticTests {
  private static let block = KineticBlock(logarithms: [0.2, -0.6, -1.1, -2.5, -3][...])

  @Test(arguments: [0.02, 0.1, 0.9]) func `occupancies sum to one and come to rest`(input: Double) {
    var states = KineticBlock.States(0.2, 0.3, 0.4, 0.1)
    for _ in 0..<5000 { states = KineticTests.block.step(states, input: input) }
    #expect(abs(states.sum() - 1) < 1e-9)
    let steady = KineticTests.block.steady(input: input)
    for state in 0..<4 { #expect(abs(states[state] - steady[state]) < 1e-7) }
  }

  /// A step by the definition: every flow is a rate times the occupancy that it leaves, after the frame.
  @Test func `a step balances its flows`() {
    let (block, before, input) = (KineticTests.block, KineticBlock.States(0.4, 0.2, 0.3, 0.1), 0.7)
    let after = block.step(before, input: input)
    let flows = [
      block.activation * input * after[0], block.inactivation * after[1], block.recovery * after[2],
      block.slowInactivation * after[2], block.slowRecovery * input * after[3],
    ]
    let expected = KineticBlock.States(
      before[0] - flows[0] + flows[2], before[1] + flows[0] - flows[1],
      before[2] + flows[1] - flows[2] - flows[3] + flows[4], before[3] + flows[3] - flows[4])
    for state in 0..<4 { #expect(abs(after[state] - expected[state]) < 1e-14) }
  }

  @Test func `a step of the input adapts`() {
    // Fast into activity, slowly back to rest.
    let block = KineticBlock(logarithms: [0.7, -0.35, -2.3, -6.2, -3][...])
    var states = block.steady(input: 0.05)
    let before = states[1]
    let active = (0..<30).map { _ in
      states = block.step(states, input: 0.9)
      return states[1]
    }
    let peak = active.max() ?? 0
    #expect(active[..<3].contains(peak) && peak > 3 * before)
    #expect(active[20] < 0.75 * peak)
  }

  @Test(arguments: 0..<6) func `gradients are central differences`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let course = (0..<40).map { _ in generator.normal() }
    let chain = LinearNonlinearKinetic.Chain(course: course, lags: 1..<5)
    let responses = (0..<40).map { $0 % 7 == 3 ? Double.nan : Double(generator.next() % 3) }
    var parameters = (0..<4).map { _ in generator.normal() }
    parameters +=
      [1.2, -0.4] + (0..<5).map { _ in generator.normal() - 1 } + [4 + generator.normal(), generator.normal()]
    var gradient: [Double] = []
    _ = chain.loss(parameters, responses, gradient: &gradient)
    let largest = gradient.reduce(0) { max($0, $1.magnitude) }
    for index in parameters.indices {
      func value(_ change: Double) -> Double {
        var (moved, ignored) = (parameters, [Double]())
        moved[index] += change
        return chain.loss(moved, responses, gradient: &ignored)
      }
      // Five points: an error of the fourth order.
      let step = 1e-3
      let slope = (8 * (value(step) - value(-step)) - (value(2 * step) - value(-2 * step))) / (12 * step)
      #expect(abs(gradient[index] - slope) < 1e-8 * largest, "parameter \(index)")
    }
  }

  @Test func `an adapting cell is predicted better than without kinetics`() throws {
    var generator = SeededGenerator(seed: 5)
    let frames = 4000
    // A contrast that changes every 100 frames makes the synapse adapt.
    var stimulus: [Float] = []
    for frame in 0..<frames {
      let contrast = frame / 100 % 2 == 0 ? 0.4 : 1.6
      let value = Float(contrast * generator.normal())
      stimulus += [value, value, value, value]
    }
    let chain = LinearNonlinearKinetic.Chain(
      course: stride(from: 0, to: 4 * frames, by: 4).map { Double(stimulus[$0]) }, lags: 0..<4)
    let truth = chain.rates([0.2, 0.7, -0.5, -0.2, 1.5, -3, 2, 0, -1.5, -5, -3, 40, -1.5])
    let responses = truth.map { Float(generator.poisson(mean: $0)) }
    let set = TrainingSet(
      stimulus: stimulus, frameCount: frames, height: 2, width: 2, responses: responses, cellCount: 1)
    let (cutOut, fit) = (CutOut(height: 2, width: 2), [10..<3000])
    let kinetic = LinearNonlinearKinetic(set, cell: 0, cutOut: cutOut, lags: 0..<4, frames: fit)
    let linear = LinearNonlinear(set, cell: 0, cutOut: cutOut, lags: 0..<4, frames: fit, form: .softplus)
    func score(_ rates: [Float]) throws -> Double {
      var sums = ResponseSums()
      for frame in 3000..<frames { sums.add(rate: Double(rates[frame]), response: truth[frame]) }
      return try #require(sums.pearson)
    }
    let (with, without) = (try score(kinetic.rates(stimulus, of: set)), try score(linear.rates(stimulus, of: set)))
    #expect(with > 0.95 && with > without + 0.03, "\(with) against \(without)")
  }
}
