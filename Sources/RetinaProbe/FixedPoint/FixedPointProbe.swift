import RetinaEngine
import RetinaKernels

/// Importance of channels for the last input of a model in integers, see ``ImageProbe``.
///
/// The derivative runs back in float32 through the weights as the integers stand for them, stops where an output is clamped (a relu at
/// rest), and takes the slope of a table's line.
public struct FixedPointProbe: ImageProbe {
  /// What is probed.
  public let runner: FixedPointRunner
  /// ``floats(_:)`` floats of working memory.
  public let memory: UnsafeMutablePointer<Float>

  /// Floats of working memory for an image: two of its largest arrays.
  public static func floats(_ image: FixedPointImage) -> Int { 2 * largestCount(image) }

  /// Takes up ``floats(_:)`` floats of memory.
  public init(_ runner: FixedPointRunner, memory: UnsafeMutablePointer<Float>) {
    self.runner = runner
    self.memory = memory
  }

  /// The number that an integer stands for.
  public func number(_ layer: Int, _ unit: Int) -> Float {
    let output = runner.image.output(layer)
    return output.number(FixedPointValues(output.type, runner.values(layer)).raw(unit))
  }

  /// Nothing: between a stimulus and its half the integers are rounded anew.
  public func channelConductance(
    layer: Int, cell: Int, steps: Int, into conductance: UnsafeMutablePointer<Float>
  ) -> Float? {
    nil
  }

  /// The adjoint of a step.
  public func pullBack(_ step: Int, gradient: UnsafeMutablePointer<Float>, into target: UnsafeMutablePointer<Float>) {
    let layer = runner.image.layer(step)
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
