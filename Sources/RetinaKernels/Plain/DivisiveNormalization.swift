/// The plain definition of divisive normalisation: each of the first half of the values is divided by one plus what its partner in the
/// second half has above 0.
public enum PlainDivisiveNormalization {
  /// `output[i] = input[i] / (1 + max(0, input[count + i]))`.
  ///
  /// - Parameter count: values of the output, half of those of the input.
  public static func forward(count: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>) {
    for index in 0..<count { output[index] = input[index] / divisor(input[count + index]) }
  }

  /// The derivative along a direction, `inputTangent`, of the input.
  public static func pushForward(
    count: Int, input: UnsafePointer<Float>, inputTangent: UnsafePointer<Float>,
    outputTangent: UnsafeMutablePointer<Float>
  ) {
    for index in 0..<count {
      let divisor = divisor(input[count + index])
      let change = input[count + index] > 0 ? inputTangent[count + index] : 0
      outputTangent[index] = (inputTangent[index] - input[index] / divisor * change) / divisor
    }
  }

  /// The gradient of all values of the input from that of the output; that of a divisor is 0 at 0 and below.
  public static func pullBack(
    count: Int, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>
  ) {
    for index in 0..<count {
      let divisor = divisor(input[count + index])
      let slope = outputGradient[index] / divisor
      inputGradient[index] = slope
      inputGradient[count + index] = input[count + index] > 0 ? -slope * input[index] / divisor : 0
    }
  }

  /// A NaN stays one: what is wrong in the input must be seen in the output.
  private static func divisor(_ value: Float) -> Float { 1 + (value <= 0 ? 0 : value) }
}
