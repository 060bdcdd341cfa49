/// What a probe found: a number per unit, and how well the numbers add up.
public struct Attribution: Sendable {
  /// One number per unit of the layer (or of the input), row-major.
  public var values: [Float]
  /// The target at the stimulus.
  public var valueAtInput: Float
  /// The target at the baseline; nothing for methods without a baseline.
  public var valueAtBaseline: Float?
  /// Sum of the values minus (target at input - target at baseline); nothing for methods that promise no sum.
  public var residual: Float?
  /// The largest standard error of a value; nothing for methods that do not sample.
  public var standardError: Float?

  /// The residual relative to the larger of the target's two values, which are float32 themselves: where the target
  /// hardly changes, a quotient by the change would show nothing but their rounding.
  ///
  /// Nothing when there is no residual.
  public var relativeResidual: Float? {
    guard let residual, let valueAtBaseline else { return nil }
    let largest = max(valueAtInput.magnitude, valueAtBaseline.magnitude)
    return largest > 0 ? residual.magnitude / largest : residual.magnitude
  }

  /// Creates an attribution of a method that promises to add up to the change of the target.
  static func complete(_ values: [Float], input: Float, baseline: Float) -> Attribution {
    let sum = Attribution.sum(values)
    return Attribution(
      values: values, valueAtInput: input, valueAtBaseline: baseline,
      residual: Float(sum - (Double(input) - Double(baseline))))
  }

  /// The sum in float64, in eight parts that do not wait for one another.
  private static func sum(_ values: [Float]) -> Double {
    values.withUnsafeBufferPointer { buffer in
      var parts = SIMD8<Double>.zero
      var index = 0
      while index + 8 <= buffer.count {
        for lane in 0..<8 { parts[lane] += Double(buffer[index + lane]) }
        index += 8
      }
      var sum = parts.sum()
      while index < buffer.count {
        sum += Double(buffer[index])
        index += 1
      }
      return sum
    }
  }
}
