/// Channels of a convolution in fixed point, and how its window moves.
///
/// A fully connected layer is a convolution whose window covers the whole input; a factor per channel is one with a window of 1 and as many
/// groups as channels.
public struct FixedPointConvolutionGeometry: Equatable, Sendable {
  /// How the window moves.
  public var window: FixedPointWindow
  /// Channels in and out.
  public var inputs, outputs: Int
  /// Groups of channels that do not see one another.
  public var groups: Int

  /// Creates a geometry.
  public init(window: FixedPointWindow, inputs: Int, outputs: Int, groups: Int = 1) {
    self.window = window
    self.inputs = inputs
    self.outputs = outputs
    self.groups = groups
  }

  /// Values that come out.
  public var outputCount: Int { outputs * window.outputPlane }
  /// Weights that belong to one output channel.
  public var weightsPerOutput: Int { inputs / groups * window.taps }
  /// Multiply-adds of one application, those outside the input included.
  public var multiplyAdds: Int { outputCount * weightsPerOutput }

  /// The first input channel that an output channel sees.
  @inline(__always)
  public func firstInput(of output: Int) -> Int { output / (outputs / groups) * (inputs / groups) }
}

/// The numbers of a convolution in fixed point.
public struct FixedPointConvolutionParameters {
  /// `[out, in / groups, height, width]`.
  public var weight: FixedPointValues
  /// One number per output channel at the scale of the sums, or none.
  public var bias: UnsafePointer<Int64>?
  /// One factor per output channel, from the scale of the sums to that of the output.
  public var multipliers: UnsafePointer<FixedPointMultiplier>
  /// How the factors are applied.
  public var rounding: FixedPointRounding

  /// Creates parameters.
  public init(
    weight: FixedPointValues, bias: UnsafePointer<Int64>?, multipliers: UnsafePointer<FixedPointMultiplier>,
    rounding: FixedPointRounding
  ) {
    self.weight = weight
    self.bias = bias
    self.multipliers = multipliers
    self.rounding = rounding
  }
}

/// The plain definition of a convolution in fixed point; every faster form gives the same integers.
public enum PlainFixedPointConvolution {
  /// `output[o] = clamp(round(multiplier[o] * sum) + zero point)`, where
  /// `sum = bias[o] + sum over i of (input[i] + offset) * (weight[o, i] + offset)` is an exact integer.
  ///
  /// Arrays are `[channel, height, width]`. Taps outside the input are left away: they would read the zero point.
  ///
  /// - Parameter firstPlane: where channel 0 of the input lies; the others follow in a ring, so that a stream never has to move its frames.
  public static func forward(
    _ geometry: FixedPointConvolutionGeometry, input: FixedPointValues, firstPlane: Int = 0,
    parameters: FixedPointConvolutionParameters, output: FixedPointOutput
  ) {
    let window = geometry.window
    let inputsPerGroup = geometry.inputs / geometry.groups
    for channel in 0..<geometry.outputs {
      let firstInput = geometry.firstInput(of: channel)
      for row in 0..<window.outputHeight {
        for column in 0..<window.outputWidth {
          var sum = parameters.bias?[channel] ?? 0
          for member in 0..<inputsPerGroup {
            let plane = (firstPlane + firstInput + member) % geometry.inputs * window.inputPlane
            let weight = (channel * inputsPerGroup + member) * window.taps
            window.forEachTap(row: row, column: column) { tap, place in
              sum &+= input[plane + place] &* parameters.weight[weight + tap]
            }
          }
          let result = parameters.multipliers[channel].apply(sum, parameters.rounding)
          output.store(result, at: (channel * window.outputHeight + row) * window.outputWidth + column)
        }
      }
    }
  }
}
