import RetinaKernels

/// Layers by their definition in float64, written without regard to speed and without a line of the kernels they judge.
enum Float64Definition {
  /// Cross-correlation of `[channel, height, width]` with weights `[out, in / groups, height, width]`.
  static func convolution(
    _ geometry: ConvolutionGeometry, input: [Double], weight: [Double], bias: [Double]
  ) -> [Double] {
    let (rows, columns) = outputSize(geometry)
    var output = [Double](repeating: 0, count: geometry.outputs * rows * columns)
    for channel in 0..<geometry.outputs {
      for position in 0..<rows * columns { output[channel * rows * columns + position] = bias[channel] }
    }
    output.withUnsafeMutableBufferPointer { output in
      input.withUnsafeBufferPointer { input in
        weight.withUnsafeBufferPointer { weight in
          forEachProduct(geometry) { from, through, to in output[to] += input[from] * weight[through] }
        }
      }
    }
    return output
  }

  /// The gradient of `sum of output * outputGradient` in the input.
  static func convolutionInputGradient(
    _ geometry: ConvolutionGeometry, outputGradient: [Double], weight: [Double]
  ) -> [Double] {
    var gradient = [Double](repeating: 0, count: geometry.inputs * geometry.inputHeight * geometry.inputWidth)
    forEachProduct(geometry) { from, through, to in gradient[from] += outputGradient[to] * weight[through] }
    return gradient
  }

  /// The gradient of `sum of output * outputGradient` in the weights.
  static func convolutionWeightGradient(
    _ geometry: ConvolutionGeometry, outputGradient: [Double], input: [Double]
  ) -> [Double] {
    let kernel = geometry.kernelHeight * geometry.kernelWidth
    var gradient = [Double](repeating: 0, count: geometry.outputs * (geometry.inputs / geometry.groups) * kernel)
    forEachProduct(geometry) { from, through, to in gradient[through] += outputGradient[to] * input[from] }
    return gradient
  }

  /// Rows and columns of the output, counted one by one.
  static func outputSize(_ geometry: ConvolutionGeometry) -> (rows: Int, columns: Int) {
    func positions(_ length: Int, _ padding: Int, _ dilation: Int, _ kernel: Int, _ stride: Int) -> Int {
      var count = 0
      while count * stride + dilation * (kernel - 1) < length + 2 * padding { count += 1 }
      return count
    }
    return (
      positions(
        geometry.inputHeight, geometry.paddingVertical, geometry.dilationVertical, geometry.kernelHeight,
        geometry.strideVertical),
      positions(
        geometry.inputWidth, geometry.paddingHorizontal, geometry.dilationHorizontal, geometry.kernelWidth,
        geometry.strideHorizontal)
    )
  }

  /// Visits every product of a convolution: the places of its input, its weight and its output.
  private static func forEachProduct(_ geometry: ConvolutionGeometry, _ body: (Int, Int, Int) -> Void) {
    let (rows, columns) = outputSize(geometry)
    let inputsPerGroup = geometry.inputs / geometry.groups
    for output in 0..<geometry.outputs {
      let group = output * geometry.groups / geometry.outputs
      for member in 0..<inputsPerGroup {
        let input = group * inputsPerGroup + member
        for y in 0..<geometry.kernelHeight {
          for x in 0..<geometry.kernelWidth {
            let through = ((output * inputsPerGroup + member) * geometry.kernelHeight + y) * geometry.kernelWidth + x
            for row in 0..<rows {
              let fromRow = row * geometry.strideVertical + y * geometry.dilationVertical - geometry.paddingVertical
              guard fromRow >= 0, fromRow < geometry.inputHeight else { continue }
              for column in 0..<columns {
                let fromColumn =
                  column * geometry.strideHorizontal + x * geometry.dilationHorizontal - geometry.paddingHorizontal
                guard fromColumn >= 0, fromColumn < geometry.inputWidth else { continue }
                body(
                  (input * geometry.inputHeight + fromRow) * geometry.inputWidth + fromColumn, through,
                  (output * rows + row) * columns + column)
              }
            }
          }
        }
      }
    }
  }

  /// `bias + weight * input` for weights `[out, in]`.
  static func dense(input: [Double], weight: [Double], bias: [Double]) -> [Double] {
    bias.indices.map { row in
      input.indices.reduce(bias[row]) { $0 + weight[row * input.count + $1] * input[$1] }
    }
  }

  /// One value per window of `[channel, height, width]`.
  static func pool(_ geometry: PoolGeometry, input: [Double], _ summary: ([Double]) -> Double) -> [Double] {
    var output: [Double] = []
    for channel in 0..<geometry.channels {
      for top in stride(from: 0, through: geometry.inputHeight - geometry.kernelHeight, by: geometry.strideVertical) {
        for left in stride(from: 0, through: geometry.inputWidth - geometry.kernelWidth, by: geometry.strideHorizontal)
        {
          var window: [Double] = []
          for row in top..<top + geometry.kernelHeight {
            for column in left..<left + geometry.kernelWidth {
              window.append(input[(channel * geometry.inputHeight + row) * geometry.inputWidth + column])
            }
          }
          output.append(summary(window))
        }
      }
    }
    return output
  }
}

/// The largest difference, relative to the largest expected magnitude or `least`; infinite where something is missing or not a
/// number.
func relativeError(_ found: [Float], _ expected: [Double], least: Double = 0) -> Double {
  guard found.count == expected.count else { return .infinity }
  var (difference, magnitude) = (0.0, max(least, 1e-30))
  for index in found.indices {
    let distance = abs(Double(found[index]) - expected[index])
    guard !distance.isNaN else { return .infinity }
    difference = max(difference, distance)
    magnitude = max(magnitude, abs(expected[index]))
  }
  return difference / magnitude
}

/// The sum of products, in float64.
func product(_ a: [Float], _ b: [Float]) -> Double {
  a.indices.reduce(0.0) { $0 + Double(a[$1]) * Double(b[$1]) }
}

extension [Float] {
  /// The same values in float64.
  var float64: [Double] { map(Double.init) }

  /// The bits of the values, for comparisons in which every bit counts.
  var bits: [UInt32] { map(\.bitPattern) }
}
