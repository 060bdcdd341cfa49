import RetinaEngine
import RetinaKernels

/// Channel importance of the last input of a fixed-point model, in memory that its owner provides.
///
/// The importance of a channel is `sum over its units of value * d rate / d value`: layer gradient times activation. The
/// values are those of the integers; the derivative runs back in float32 through the weights as the integers stand for them, stops where an
/// output is clamped (a relu at rest), and takes the slope of a table's line. The integers are only read: outputs stay the same to the bit.
public struct FixedPointProbe {
  /// What is probed.
  public let runner: FixedPointRunner
  private let memory: UnsafeMutablePointer<Float>
  private let stride: Int

  /// Floats of working memory for an image: two of its largest arrays.
  public static func floats(_ image: FixedPointImage) -> Int { 2 * largestCount(image) }

  private static func largestCount(_ image: FixedPointImage) -> Int {
    var largest = 0
    for layer in 0..<image.layerCount { largest = max(largest, image.outputCount(layer)) }
    return largest
  }

  /// Takes up ``floats(_:)`` floats of memory.
  public init(_ runner: FixedPointRunner, memory: UnsafeMutablePointer<Float>) {
    self.runner = runner
    self.memory = memory
    stride = FixedPointProbe.largestCount(runner.image)
  }

  /// Channels of a layer; a layer without axes for space has as many as units.
  public static func channels(_ layer: Int, of image: FixedPointImage) -> Int {
    image.outputRank(layer) == 3 ? image.outputExtent(layer, 0) : image.outputCount(layer)
  }

  /// Writes the importance of each channel of a layer for a cell.
  ///
  /// - Parameters:
  ///   - layer: at most the last.
  ///   - cell: a place in the output of the last layer.
  ///   - importance: room for ``channels(_:of:)`` numbers.
  public func channelImportance(layer: Int, cell: Int, into importance: UnsafeMutablePointer<Float>) {
    let image = runner.image
    let last = image.layerCount - 1
    var (gradient, next) = (memory, memory + stride)
    gradient.update(repeating: 0, count: image.outputCount(last))
    gradient[cell] = 1
    for step in Swift.stride(from: last, to: layer, by: -1) {
      next.update(repeating: 0, count: image.outputCount(step - 1))
      pullBack(image.layer(step), step, gradient: gradient, into: next)
      (gradient, next) = (next, gradient)
    }
    let channels = FixedPointProbe.channels(layer, of: image)
    let plane = image.outputCount(layer) / channels
    let output = image.output(layer)
    let values = FixedPointValues(output.type, runner.values(layer))
    for channel in 0..<channels {
      var sum = 0.0
      for unit in channel * plane..<(channel + 1) * plane {
        sum += Double(gradient[unit]) * Double(output.number(values.raw(unit)))
      }
      importance[channel] = Float(sum)
    }
  }

  /// Adds to `target`, the gradient of a step's input, what the gradient of its output sends back.
  private func pullBack(
    _ layer: FixedPointLayer, _ step: Int, gradient: UnsafeMutablePointer<Float>,
    into target: UnsafeMutablePointer<Float>
  ) {
    let results = FixedPointValues(layer.output.type, runner.values(step))
    let input = FixedPointValues(layer.input.type, runner.values(step - 1))
    // A clamped output does not move.
    for unit in 0..<layer.outputCount {
      let value = results.raw(unit)
      if value <= layer.minimum || value >= layer.maximum { gradient[unit] = 0 }
    }
    switch layer.operation {
    case .convolution(let geometry, let parameters):
      let scale = layer.output.scale / layer.input.scale
      pullBack(geometry, parameters, scale: scale, gradient: gradient, into: target)
    case .maximumPool(let window, let channels):
      window.forEachPosition(channels: channels) { plane, row, column, place in
        var best = -1
        window.forEachTap(row: row, column: column) { _, cell in
          if best < 0 || input.raw(plane + cell) > input.raw(best) { best = plane + cell }
        }
        if best >= 0 { target[best] += gradient[place] }
      }
    case .averagePool(let window, let channels):
      window.forEachPosition(channels: channels) { plane, row, column, place in
        var count: Float = 0
        window.forEachTap(row: row, column: column) { _, _ in count += 1 }
        window.forEachTap(row: row, column: column) { _, cell in target[plane + cell] += gradient[place] / count }
      }
    case .table(let table):
      let scale = layer.output.scale / layer.input.scale / 128
      for unit in 0..<layer.outputCount {
        let index = Int(input.raw(unit) >> 7) + 256
        target[unit] = gradient[unit] * Float(Int32(table[index + 1]) - Int32(table[index])) * scale
      }
    case .gather(let indices):
      for unit in 0..<layer.outputCount { target[Int(indices[unit])] += gradient[unit] }
    }
  }

  /// The adjoint of a convolution; a weight stands for `weight * multiplier * output scale / input scale`.
  private func pullBack(
    _ geometry: FixedPointConvolutionGeometry, _ parameters: FixedPointConvolutionParameters, scale: Float,
    gradient: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>
  ) {
    let window = geometry.window
    let inputs = geometry.inputs / geometry.groups
    for channel in 0..<geometry.outputs {
      let factor = Float(parameters.multipliers[channel].value) * scale
      let firstInput = geometry.firstInput(of: channel)
      for row in 0..<window.outputHeight {
        for column in 0..<window.outputWidth {
          let change = gradient[(channel * window.outputHeight + row) * window.outputWidth + column] * factor
          guard change != 0 else { continue }
          for member in 0..<inputs {
            let plane = target + (firstInput + member) * window.inputPlane
            let weights = (channel * inputs + member) * window.taps
            window.forEachTap(row: row, column: column) { tap, place in
              plane[place] += change * Float(parameters.weight.raw(weights + tap))
            }
          }
        }
      }
    }
  }
}
