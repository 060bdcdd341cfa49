/// The numbers that say how a pooling window moves.
public struct PoolGeometry: Equatable, Sendable {
  /// Channels, and size of an input channel.
  public var channels, inputHeight, inputWidth: Int
  /// Size of the window.
  public var kernelHeight, kernelWidth: Int
  /// Step between windows.
  public var strideVertical, strideHorizontal: Int

  /// Creates a geometry.
  public init(
    channels: Int, inputHeight: Int, inputWidth: Int, kernelHeight: Int, kernelWidth: Int, strideVertical: Int,
    strideHorizontal: Int
  ) {
    self.channels = channels
    self.inputHeight = inputHeight
    self.inputWidth = inputWidth
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.strideVertical = strideVertical
    self.strideHorizontal = strideHorizontal
  }

  /// Height of an output channel; a window that would stick out is left away.
  public var outputHeight: Int { (inputHeight - kernelHeight) / strideVertical + 1 }
  /// Width of an output channel.
  public var outputWidth: Int { (inputWidth - kernelWidth) / strideHorizontal + 1 }
  /// Values that come out.
  public var outputCount: Int { channels * outputHeight * outputWidth }

  /// Visits every window: the place of the output and the place of the window's first input.
  @inline(__always)
  public func forEachWindow(_ body: (_ output: Int, _ firstInput: Int) -> Void) {
    var output = 0
    for channel in 0..<channels {
      for row in 0..<outputHeight {
        for column in 0..<outputWidth {
          body(
            output,
            (channel * inputHeight + row * strideVertical) * inputWidth + column * strideHorizontal)
          output += 1
        }
      }
    }
  }

  /// The places of the inputs of every window.
  public var windows: [[Int]] {
    var windows: [[Int]] = []
    forEachWindow { _, first in
      windows.append(
        (0..<kernelHeight * kernelWidth).map { first + $0 / kernelWidth * inputWidth + $0 % kernelWidth })
    }
    return windows
  }

  /// The place of the window's largest input; the first in row-major order wins ties.
  @inline(__always)
  public func largest(_ input: UnsafePointer<Float>, from first: Int) -> Int {
    var best = first
    for row in 0..<kernelHeight {
      for column in 0..<kernelWidth {
        let index = first + row * inputWidth + column
        // A NaN is taken too: what is wrong in the input must be seen in the output.
        if input[index] > input[best] || (input[index].isNaN && !input[best].isNaN) { best = index }
      }
    }
    return best
  }
}

/// The plain definition of maximum pooling.
public enum PlainMaximumPool {
  /// The maximum of every window.
  public static func forward(
    _ geometry: PoolGeometry, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    geometry.forEachWindow { place, first in output[place] = input[geometry.largest(input, from: first)] }
  }

  /// Reads from `values`, for every window, the unit that is largest in `input`: the derivative along a direction.
  public static func select(
    _ geometry: PoolGeometry, input: UnsafePointer<Float>, values: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>
  ) {
    geometry.forEachWindow { place, first in output[place] = values[geometry.largest(input, from: first)] }
  }

  /// Adds every output gradient to the unit that was largest.
  public static func accumulateInputGradient(
    _ geometry: PoolGeometry, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>
  ) {
    geometry.forEachWindow { place, first in
      inputGradient[geometry.largest(input, from: first)] += outputGradient[place]
    }
  }
}

/// The plain definition of average pooling.
public enum PlainAveragePool {
  /// The mean of every window.
  public static func forward(
    _ geometry: PoolGeometry, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    let scale = 1 / Float(geometry.kernelHeight * geometry.kernelWidth)
    geometry.forEachWindow { place, first in
      var sum: Float = 0
      for row in 0..<geometry.kernelHeight {
        for column in 0..<geometry.kernelWidth { sum += input[first + row * geometry.inputWidth + column] }
      }
      output[place] = sum * scale
    }
  }

  /// Adds every output gradient, shared equally, to the units of its window.
  public static func accumulateInputGradient(
    _ geometry: PoolGeometry, outputGradient: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>
  ) {
    let scale = 1 / Float(geometry.kernelHeight * geometry.kernelWidth)
    geometry.forEachWindow { place, first in
      for row in 0..<geometry.kernelHeight {
        for column in 0..<geometry.kernelWidth {
          inputGradient[first + row * geometry.inputWidth + column] += outputGradient[place] * scale
        }
      }
    }
  }
}
