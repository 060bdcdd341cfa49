import Glibc
import RetinaKernels
import Testing

@Suite struct ActivationTests {
  static let kinds: [ActivationKind] = [
    .relu, .softplus, .sigmoid, .tanh, .elu(alpha: 1), .elu(alpha: 0.3), .exponential,
  ]

  @Test(arguments: kinds)
  func `functions and derivatives follow their definition`(kind: ActivationKind) {
    // Everywhere where the exponential is finite, relative to the larger of 1 and the truth.
    let inputs = Grid.finite.filter { kind != .exponential || $0 < 88.7 }
    var (outputs, slopes) = (inputs, inputs)
    PlainActivation.forward(kind, count: inputs.count, input: inputs, output: &outputs)
    PlainActivation.derivative(kind, count: inputs.count, input: inputs, derivative: &slopes)
    var worst = (forward: 0.0, derivative: 0.0)
    for index in inputs.indices {
      let (value, slope) = kind.truth(Double(inputs[index]))
      let (forward, derivative) = (
        abs(Double(outputs[index]) - value) / max(1, abs(value)),
        abs(Double(slopes[index]) - slope) / max(1, abs(slope))
      )
      worst = (
        forward.isNaN ? .infinity : max(worst.forward, forward),
        derivative.isNaN ? .infinity : max(worst.derivative, derivative)
      )
    }
    #expect(worst.forward < 2.5e-7)
    #expect(worst.derivative < 2.5e-7)
  }

  @Test(arguments: Level.available, kinds)
  func `every processor level has the bits of the plain functions`(level: Level, kind: ActivationKind) {
    var generator = SeededRandom(seed: 7)
    var found = [.nan, .infinity, -.infinity, 0, -0, 88.8, -88.8, 1e-30] + generator.values(1024, scale: 20)
    var wanted = found
    PlainActivation.forward(kind, count: wanted.count, input: wanted, output: &wanted)
    level.kernels.activate(kind, count: found.count, values: &found)
    #expect(found.bits == wanted.bits)
  }

  @Test(arguments: kinds)
  func `a NaN gives a NaN`(kind: ActivationKind) {
    var output: [Float] = [1, .nan, 2]
    PlainActivation.forward(kind, count: 3, input: output, output: &output)
    #expect(!output[0].isNaN && output[1].isNaN && !output[2].isNaN)
  }

  @Test(arguments: kinds)
  func `infinities give limits`(kind: ActivationKind) {
    var output: [Float] = [.infinity, -.infinity]
    var slope = output
    PlainActivation.derivative(kind, count: 2, input: output, derivative: &slope)
    PlainActivation.forward(kind, count: 2, input: output, output: &output)
    switch kind {
    case .relu: #expect(output == [.infinity, 0] && slope == [1, 0])
    case .softplus: #expect(output == [.infinity, 0] && slope == [1, 0])
    case .sigmoid: #expect(output == [1, 0] && slope == [0, 0])
    case .tanh: #expect(output == [1, -1] && slope == [0, 0])
    case .elu(let alpha): #expect(output == [.infinity, -alpha] && slope == [1, 0])
    case .exponential: #expect(output == [.infinity, 0] && slope == [.infinity, 0])
    }
  }

  @Test(arguments: kinds)
  func `the last few of a count are values like the others`(kind: ActivationKind) {
    var generator = SeededRandom(seed: 6)
    let input = generator.values(32, scale: 4)
    var all = input
    PlainActivation.forward(kind, count: 32, input: input, output: &all)
    for count in 1..<18 {
      var output = [Float](repeating: 7, count: 32)
      PlainActivation.forward(kind, count: count, input: input, output: &output)
      #expect(output.bits == (all[..<count] + [Float](repeating: 7, count: 32 - count)).bits, "\(count) values")
    }
  }

  @Test func `the derivative of relu is 0 at 0`() {
    var slope: [Float] = [0, 0, 0]
    PlainActivation.derivative(
      .relu, count: 3, input: [0, -0.0, .leastNonzeroMagnitude], derivative: &slope)
    #expect(slope == [0, 0, 1])
  }
}

extension ActivationKind {
  /// The function and its derivative in float64.
  func truth(_ x: Double) -> (value: Double, slope: Double) {
    let logistic = x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x))
    switch self {
    case .relu: return (max(x, 0), x > 0 ? 1 : 0)
    case .softplus: return (max(x, 0) + log1p(exp(-abs(x))), logistic)
    case .sigmoid: return (logistic, logistic * (1 - logistic))
    case .tanh: return (Glibc.tanh(x), 1 - Glibc.tanh(x) * Glibc.tanh(x))
    case .elu(let alpha): return x > 0 ? (x, 1) : (Double(alpha) * expm1(x), Double(alpha) * exp(x))
    case .exponential: return (exp(x), exp(x))
    }
  }
}
