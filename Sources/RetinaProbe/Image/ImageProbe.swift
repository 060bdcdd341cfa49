import RetinaEngine

/// Channel importance of the last input of an image at work, in memory that its owner provides.
///
/// The importance of a channel is `sum over its units of value * d rate / d value`: layer gradient times activation. The values are only
/// read: outputs stay the same to the bit. All sums are taken in one order, without fused multiplications, so that the importance has the
/// same bits on every processor.
public protocol ImageProbe {
  /// What kind of image is probed.
  associatedtype Image: ModelImage

  /// What is probed.
  var runner: Image.Runner { get }
  /// ``floats(_:)`` floats of working memory.
  var memory: UnsafeMutablePointer<Float> { get }

  /// Floats of working memory for an image.
  static func floats(_ image: Image) -> Int

  /// Takes up memory.
  init(_ runner: Image.Runner, memory: UnsafeMutablePointer<Float>)

  /// Adds to `target`, zeros as yet, what the gradient of a step's output sends back to its input.
  ///
  /// - Parameter gradient: is not needed any more after the call.
  func pullBack(_ step: Int, gradient: UnsafeMutablePointer<Float>, into target: UnsafeMutablePointer<Float>)

  /// The number that a unit of a layer stands for.
  func number(_ layer: Int, _ unit: Int) -> Float

  /// Writes the conductance of each channel of a layer for a cell, along the straight path from a stimulus of zeros to the last input.
  ///
  /// - Parameters:
  ///   - steps: at least 1.
  ///   - conductance: room for as many numbers as the layer has channels.
  /// - Returns: the sum over channels less the difference of the rates; nothing, and nothing is written, for images in integers and for
  ///   layers before the last one that lies on a straight line.
  func channelConductance(
    layer: Int, cell: Int, steps: Int, into conductance: UnsafeMutablePointer<Float>
  ) -> Float?
}

extension ImageProbe {
  /// Values of the largest layer.
  static func largestCount(_ image: Image) -> Int {
    var largest = 0
    for layer in 0..<image.layerCount { largest = max(largest, image.outputCount(layer)) }
    return largest
  }

  /// The gradient of a cell's rate in the units of a layer, in one of two buffers at the start of the memory.
  func gradient(layer: Int, cell: Int) -> UnsafeMutablePointer<Float> {
    let image = runner.image
    let last = image.layerCount - 1
    var (gradient, next) = (memory, memory + Self.largestCount(image))
    gradient.update(repeating: 0, count: image.outputCount(last))
    gradient[cell] = 1
    for step in stride(from: last, to: layer, by: -1) {
      next.update(repeating: 0, count: image.outputCount(step - 1))
      pullBack(step, gradient: gradient, into: next)
      (gradient, next) = (next, gradient)
    }
    return gradient
  }

  /// Writes the importance of each channel of a layer for a cell.
  ///
  /// - Parameters:
  ///   - layer: at most the last.
  ///   - cell: a place in the output of the last layer.
  ///   - importance: room for as many numbers as the layer has channels.
  public func channelImportance(layer: Int, cell: Int, into importance: UnsafeMutablePointer<Float>) {
    let gradient = gradient(layer: layer, cell: cell)
    let channels = runner.image.channels(layer)
    let plane = runner.image.outputCount(layer) / channels
    for channel in 0..<channels {
      var sum = 0.0
      for unit in channel * plane..<(channel + 1) * plane {
        sum += Double(gradient[unit]) * Double(number(layer, unit))
      }
      importance[channel] = Float(sum)
    }
  }
}
