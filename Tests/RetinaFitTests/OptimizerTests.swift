import Testing

@testable import RetinaFit

/// Steps of optimisers, schedules and penalties, computed by hand or by PyTorch 2.15 in float64.
@Suite struct OptimizerTests {
  private let groups = [
    ParameterGroup(name: "a.weight", shape: [2], role: .weight, range: 0..<2),
    ParameterGroup(name: "a.bias", shape: [1], role: .bias, range: 2..<3),
  ]

  private func run(_ rule: OptimizerRule, decay: Double) -> [Float] {
    var optimizer = Optimizer(rule, weightDecay: decay, count: 3)
    var parameters: [Float] = [1, -2, 0.5]
    for gradient: [Float] in [[0.1, -0.3, 2], [0.4, 0.2, -1]] {
      optimizer.step(&parameters, gradient: gradient, groups: groups) { $0.role == .bias ? 0.02 : 0.1 }
    }
    return parameters
  }

  private func expect(_ found: [Float], _ expected: [Float]) {
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < 2e-6, "\(found), expected \(expected)") }
  }

  @Test func stepsAreThoseOfPyTorch() {
    expect(run(.adam(), decay: 0), OptimizerTests.adam)
    expect(run(.adam(), decay: 0.5), OptimizerTests.adamDecay)
    expect(run(.adamW(), decay: 0.5), OptimizerTests.adamW)
    expect(run(.momentum(), decay: 0.5), OptimizerTests.momentum)
  }

  private static let adam: [Float] = [0.81156236, -1.88554795, 0.47467326]
  private static let adamDecay: [Float] = [0.80056807, -1.80476763, 0.47467326]
  private static let adamW: [Float] = [0.71906236, -1.69554795, 0.47467326]
  private static let momentum: [Float] = [0.799, -1.6795, 0.444]
  private static let oneCycle: [Double] = [
    0.04, 0.52, 1.0, 0.950484632013, 0.81174565395, 0.611262021936, 0.388741978064, 0.18825834605, 0.049519367987,
    4e-06,
  ]

  @Test func theCosineIsTheOneCycleOfPyTorch() {
    let schedule = Schedule.cosine(warmUp: 0.3)
    let found = (0..<10).map { schedule.factor(step: $0, of: 10, epoch: 0, stalls: 0) }
    for (a, b) in zip(found, OptimizerTests.oneCycle) { #expect(abs(a - b) < 1e-9, "\(found)") }
  }

  @Test func otherSchedules() {
    #expect(Schedule.constant.factor(step: 9, of: 10, epoch: 3, stalls: 1) == 1)
    let step = Schedule.step(epochs: [2, 4], factor: 0.5)
    #expect((0..<6).map { step.factor(step: 0, of: 1, epoch: $0, stalls: 0) } == [1, 1, 0.5, 0.5, 0.25, 0.25])
    #expect(Schedule.plateau(patience: 3, factor: 0.1).factor(step: 0, of: 1, epoch: 9, stalls: 2) == 0.1 * 0.1)
    #expect(abs(Schedule.exponential(perStep: 1.01).factor(step: 100, of: 200, epoch: 0, stalls: 0) - 2.7048138) < 1e-6)
  }

  @Test(arguments: Penalty.Measure.allCases)
  func aPenaltyAddsItsDerivative(_ measure: Penalty.Measure) {
    let group = ParameterGroup(name: "w", shape: [2, 1, 3, 2], role: .weight, range: 1..<13)
    let parameters = (0..<14).map { Float(($0 * 7) % 5) - 1.75 }
    let penalty = Penalty(measure, factor: 0.3)
    func value(_ parameters: [Float]) -> Double {
      var unused = parameters
      return penalty.add(parameters, groups: [group], gradient: &unused)
    }
    var gradient = [Float](repeating: 0, count: 14)
    _ = penalty.add(parameters, groups: [group], gradient: &gradient)
    for index in 0..<14 {
      var (above, below) = (parameters, parameters)
      above[index] += 1 / 64
      below[index] -= 1 / 64
      #expect(abs((value(above) - value(below)) * 32 - Double(gradient[index])) < 2e-4, "\(index)")
    }
    #expect(penalty.add(parameters, groups: [group], gradient: &gradient) > 0)
  }

  @Test func roughnessCountsEdges() {
    // One value of 2 alone has four neighbours that are zero.
    let group = ParameterGroup(name: "w", shape: [1, 1, 1, 1], role: .weight, range: 0..<1)
    var gradient: [Float] = [0]
    #expect(Penalty(.roughness, factor: 1).add([2], groups: [group], gradient: &gradient) == 16)
    #expect(gradient == [16])
  }
}
