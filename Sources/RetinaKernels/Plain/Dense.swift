/// The plain definition of the fully connected layer and its adjoints; weights are `[out, in]`.
public enum PlainDense {
  /// `output[o] = bias[o] + sum over i of weight[o, i] * input[i]`.
  ///
  /// No bias where it is nil.
  public static func forward(
    inputs: Int, outputs: Int, input: UnsafePointer<Float>, weight: UnsafePointer<Float>,
    bias: UnsafePointer<Float>?, output: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<outputs {
      output[row] = (bias?[row] ?? 0) + dot(weight + row * inputs, input, count: inputs)
    }
  }

  /// Adds `weight transposed * outputGradient` to `inputGradient`.
  public static func accumulateInputGradient(
    inputs: Int, outputs: Int, outputGradient: UnsafePointer<Float>, weight: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<outputs where outputGradient[row] != 0 {
      let (factor, values) = (outputGradient[row], weight + row * inputs)
      for column in 0..<inputs { inputGradient[column] += factor * values[column] }
    }
  }

  /// Adds the outer product of `outputGradient` and `input` to `weightGradient`.
  public static func accumulateWeightGradient(
    inputs: Int, outputs: Int, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<outputs where outputGradient[row] != 0 {
      let (factor, values) = (outputGradient[row], weightGradient + row * inputs)
      for column in 0..<inputs { values[column] += factor * input[column] }
    }
  }

  /// Sum of products in a fixed order: eight partial sums, then their sum.
  @inline(__always)
  static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
    var partial = SIMD8<Float>.zero
    let (rawA, rawB) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
    var index = 0
    while index + 8 <= count {
      partial +=
        rawA.loadUnaligned(fromByteOffset: 4 * index, as: SIMD8<Float>.self)
        * rawB.loadUnaligned(fromByteOffset: 4 * index, as: SIMD8<Float>.self)
      index += 8
    }
    var sum = partial.sum()
    while index < count {
      sum += a[index] * b[index]
      index += 1
    }
    return sum
  }
}
