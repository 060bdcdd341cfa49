/// The plain definition of the convolution and its two adjoints; every faster form is compared with these.
///
/// All arrays are row-major: features `[channel, height, width]`, weights `[out, in / groups, height, width]`.
public enum PlainConvolution {
  /// `output[o] = bias[o] + sum over i of weight[o, i] * input[i]` (cross-correlation).
  ///
  /// No bias where it is nil.
  ///
  /// - Parameter firstPlane: where channel 0 of the input lies; the others follow in a ring, so that a stream never has to move its frames.
  public static func forward(
    _ geometry: ConvolutionGeometry, input: UnsafePointer<Float>, firstPlane: Int = 0, weight: UnsafePointer<Float>,
    bias: UnsafePointer<Float>?, output: UnsafeMutablePointer<Float>
  ) {
    let plane = geometry.outputHeight * geometry.outputWidth
    for channel in 0..<geometry.outputs {
      (output + channel * plane).update(repeating: bias?[channel] ?? 0, count: plane)
    }
    forEachTap(geometry, firstPlane: firstPlane) { tap in
      addProduct(weight[tap.weight], input + tap.input, tap, to: output + tap.output)
    }
  }

  /// Adds to `inputGradient` what `outputGradient` sends back through the weights: the adjoint in the input.
  public static func accumulateInputGradient(
    _ geometry: ConvolutionGeometry, outputGradient: UnsafePointer<Float>, weight: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>
  ) {
    forEachTap(geometry) { tap in
      let factor = weight[tap.weight]
      let (source, target) = (outputGradient + tap.output, inputGradient + tap.input)
      for step in 0..<tap.count { target[step * tap.stride] += factor * source[step] }
    }
  }

  /// Adds to `weightGradient` the product of input and `outputGradient`: the adjoint in the weights.
  public static func accumulateWeightGradient(
    _ geometry: ConvolutionGeometry, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>
  ) {
    forEachTap(geometry) { tap in
      let (source, gradient) = (input + tap.input, outputGradient + tap.output)
      var sum: Float = 0
      for step in 0..<tap.count { sum += source[step * tap.stride] * gradient[step] }
      weightGradient[tap.weight] += sum
    }
  }

  /// One kernel value against one row: `count` outputs from `output` on, reading every `stride`-th input from `input` on.
  struct Tap {
    var weight, input, output, count, stride: Int
  }

  /// `target[step] += factor * source[step * stride]`: eight neighbours at a time where they lie side by side.
  @inline(__always)
  private static func addProduct(
    _ factor: Float, _ source: UnsafePointer<Float>, _ tap: Tap, to target: UnsafeMutablePointer<Float>
  ) {
    var step = 0
    if tap.stride == 1 {
      let (rawSource, rawTarget) = (UnsafeRawPointer(source), UnsafeMutableRawPointer(target))
      while step + 8 <= tap.count {
        let product = rawSource.loadUnaligned(fromByteOffset: 4 * step, as: SIMD8<Float>.self) * factor
        let sum = rawTarget.loadUnaligned(fromByteOffset: 4 * step, as: SIMD8<Float>.self) + product
        rawTarget.storeBytes(of: sum, toByteOffset: 4 * step, as: SIMD8<Float>.self)
        step += 8
      }
    }
    while step < tap.count {
      target[step] += factor * source[step * tap.stride]
      step += 1
    }
  }

  /// Visits every kernel value with every output row that it contributes to.
  @inline(__always)
  private static func forEachTap(_ geometry: ConvolutionGeometry, firstPlane: Int = 0, _ body: (Tap) -> Void) {
    let (rows, columns) = (geometry.outputHeight, geometry.outputWidth)
    let outputsPerGroup = geometry.outputs / geometry.groups
    let inputsPerGroup = geometry.inputs / geometry.groups
    var weight = 0
    for output in 0..<geometry.outputs {
      let firstInput = output / outputsPerGroup * inputsPerGroup
      for input in firstInput..<firstInput + inputsPerGroup {
        let source = (firstPlane + input) % geometry.inputs * geometry.inputHeight * geometry.inputWidth
        for kernelRow in 0..<geometry.kernelHeight {
          for kernelColumn in 0..<geometry.kernelWidth {
            let (range, firstColumn) = geometry.columns(tap: kernelColumn)
            if !range.isEmpty {
              for row in 0..<rows {
                guard let inputRow = geometry.inputRow(output: row, tap: kernelRow) else { continue }
                body(
                  Tap(
                    weight: weight, input: source + inputRow * geometry.inputWidth + firstColumn,
                    output: (output * rows + row) * columns + range.lowerBound, count: range.count,
                    stride: geometry.strideHorizontal))
              }
            }
            weight += 1
          }
        }
      }
    }
  }
}
