import Glibc
import RetinaKernels
import Testing

/// Compares with the functions of the C library in float64, over every exponent of float32.
@Suite struct ElementaryTests {
  @Test func `exp is within 1 unit in the last place`() {
    check(.exponential, bound: 1) { exp($0) }
  }

  @Test func `softplus is within 3 units in the last place`() {
    check(.softplus, bound: 3) { max($0, 0) + log1p(exp(-abs($0))) }
  }

  @Test func `sigmoid is within 2.5 units in the last place`() {
    check(.sigmoid, bound: 2.5) { $0 < 0 ? exp($0) / (1 + exp($0)) : 1 / (1 + exp(-$0)) }
  }

  @Test func `tanh is within 1.5 units in the last place`() {
    check(.tanh, bound: 1.5) { tanh($0) }
  }

  @Test func `special values have their limits`() {
    #expect(Elementary.exp(0) == 1 && Elementary.exp(-Float.zero) == 1)
    #expect(Elementary.exp(.infinity) == .infinity && Elementary.exp(-.infinity) == 0)
    #expect(Elementary.exp(88.72283).isFinite && Elementary.exp(Float(88.72283).nextUp) == .infinity)
    #expect(Elementary.exp(-87.33654) >= Float.leastNormalMagnitude && Elementary.exp(Float(-87.33654).nextDown) == 0)
    #expect(Elementary.softplus(.infinity) == .infinity && Elementary.softplus(-.infinity) == 0)
    #expect(Elementary.softplus(.greatestFiniteMagnitude) == .greatestFiniteMagnitude)
    #expect(Elementary.sigmoid(.infinity) == 1 && Elementary.sigmoid(-.infinity) == 0 && Elementary.sigmoid(0) == 0.5)
    #expect(Elementary.tanh(.infinity) == 1 && Elementary.tanh(-.infinity) == -1 && Elementary.tanh(0) == 0)
    #expect(Elementary.tanh(.leastNonzeroMagnitude) == .leastNonzeroMagnitude)
    for value in [Float.nan, -.nan, .signalingNaN] {
      #expect(Elementary.exp(value).isNaN && Elementary.softplus(value).isNaN)
      #expect(Elementary.sigmoid(value).isNaN && Elementary.tanh(value).isNaN)
    }
  }

  @Test func `eight lanes are eight separate values`() {
    let values: [Float] = [-100, -3, -0.5, -0, 0.25, 2, 50, 100]
    let lanes = SIMD8<Float>(values)
    for (lane, value) in values.enumerated() {
      #expect(Elementary.exp(lanes)[lane] == Elementary.exp(value))
      #expect(Elementary.softplus(lanes)[lane] == Elementary.softplus(value))
      #expect(Elementary.sigmoid(lanes)[lane] == Elementary.sigmoid(value))
      #expect(Elementary.tanh(lanes)[lane] == Elementary.tanh(value))
    }
  }

  /// Compares on the whole grid.
  ///
  /// Where the truth is below the least normal number, so must the result be.
  private func check(_ kind: ActivationKind, bound: Double, _ truth: (Double) -> Double) {
    let inputs = Grid.finite
    var outputs = inputs
    PlainActivation.forward(kind, count: inputs.count, input: inputs, output: &outputs)
    let least = Double(Float.leastNormalMagnitude)
    var worst = (error: 0.0, input: Float.zero)
    for (input, output) in zip(inputs, outputs) {
      let expected = truth(Double(input))
      if abs(expected) < least, kind != .tanh {
        #expect(output >= 0 && Double(output) <= least, "\(kind) of \(input)")
        continue
      }
      let rounded = Float(expected)
      guard rounded.isFinite else {
        #expect(output == rounded, "\(kind) of \(input)")
        continue
      }
      let error = abs(Double(output) - expected) / Double(rounded.ulp)
      if !(error <= worst.error) { worst = (error, input) }
    }
    #expect(worst.error < bound, "\(kind) of \(worst.input)")
  }
}

/// Values of float32 to compare functions at.
enum Grid {
  /// Both signs of every exponent with 24 mantissas each, and 2048 each where the functions change; zeros and subnormals too.
  static let finite: [Float] = {
    var generator = SeededRandom(seed: 5)
    var values: [Float] = [0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude]
    for exponent in UInt32(0)..<255 {
      let steps: UInt32 = (117...133).contains(exponent) ? 2048 : 24
      for step in 0..<steps {
        let width = (UInt32(1) << 23) / steps
        let mantissa = step * width + UInt32(truncatingIfNeeded: generator.next()) % width
        let magnitude = Float(bitPattern: exponent << 23 | mantissa)
        values += [magnitude, -magnitude]
      }
    }
    return values
  }()
}
