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

  /// The residual relative to the change of the target; nothing when either is unknown or the target does not change.
  public var relativeResidual: Float? {
    guard let residual, let valueAtBaseline, valueAtInput != valueAtBaseline else { return nil }
    return (residual / (valueAtInput - valueAtBaseline)).magnitude
  }

  /// Creates an attribution of a method that promises to add up to the change of the target.
  static func complete(_ values: [Float], input: Float, baseline: Float) -> Attribution {
    let sum = values.reduce(0.0) { $0 + Double($1) }
    return Attribution(
      values: values, valueAtInput: input, valueAtBaseline: baseline,
      residual: Float(sum - (Double(input) - Double(baseline))))
  }
}
