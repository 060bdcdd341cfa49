import RetinaEngine
import RetinaKernels

/// Importance and conductance of channels for the last input of an image in float32, the same bits on every processor.
public struct FloatImageProbe: ImageProbe {
  /// What is probed.
  public let runner: FloatRunner
  /// ``floats(_:)`` floats of working memory.
  public let memory: UnsafeMutablePointer<Float>

  /// Floats of working memory: two gradients, then values and gradient at the last point of a path, and the end of a straight line.
  public static func floats(_ image: FloatImage) -> Int {
    let straight = image.straightLayers
    return 4 * largestCount(image) + (straight == 0 ? 0 : image.outputCount(straight - 1))
  }

  /// Takes up ``floats(_:)`` floats of memory.
  public init(_ runner: FloatRunner, memory: UnsafeMutablePointer<Float>) {
    self.runner = runner
    self.memory = memory
  }

  /// The adjoint of a step.
  public func pullBack(_ step: Int, gradient: UnsafeMutablePointer<Float>, into target: UnsafeMutablePointer<Float>) {
    runner.image.step(step).pullBack(
      runner.image.parameters, count: runner.image.outputCount(step - 1), input: runner.floats(step - 1),
      outputGradient: gradient, inputGradient: target)
  }

  /// A value of a layer.
  public func number(_ layer: Int, _ unit: Int) -> Float { runner.floats(layer)[unit] }

  /// Conductance (Dhamdhere, Sundararajan, Yan 2018), `integral of d rate / d value * d value`, by the trapezoidal rule; see ``ImageProbe``.
  ///
  /// What comes before the first nonlinearity lies on straight lines, so that a step costs the layers after it. The residual falls with the
  /// square of the number of steps where functions are smooth, and linearly where they have kinks. The layers hold the last input
  /// afterwards, to the bit.
  public func channelConductance(
    layer: Int, cell: Int, steps: Int, into conductance: UnsafeMutablePointer<Float>
  ) -> Float? {
    let image = runner.image
    let (straight, last) = (image.straightLayers - 1, image.layerCount - 1)
    guard let resting = image.resting, layer >= straight else { return nil }
    let largest = FloatImageProbe.largestCount(image)
    let (values, slopes, end) = (memory + 2 * largest, memory + 3 * largest, memory + 4 * largest)
    let line = runner.floats(straight)
    let lineCount = image.outputCount(straight)
    end.update(from: line, count: lineCount)
    let rate = runner.floats(last)[cell]
    let (count, channels) = (image.outputCount(layer), image.channels(layer))
    conductance.update(repeating: 0, count: channels)
    var restingRate: Float = 0
    for step in 0...steps {
      if step == steps {
        line.update(from: end, count: lineCount)
      } else {
        let a = Float(step) / Float(steps)
        for unit in 0..<lineCount { line[unit] = resting[unit] + a * (end[unit] - resting[unit]) }
      }
      runner.run(after: straight)
      let (current, slope) = (runner.floats(layer), gradient(layer: layer, cell: cell))
      if step == 0 {
        restingRate = runner.floats(last)[cell]
      } else {
        addTrapezoids(
          from: (values, slopes), to: (current, slope), count: count, channels: channels, into: conductance)
      }
      values.update(from: current, count: count)
      slopes.update(from: slope, count: count)
    }
    var sum = 0.0
    for channel in 0..<channels { sum += Double(conductance[channel]) }
    return Float(sum - (Double(rate) - Double(restingRate)))
  }

  /// Adds the mean of two slopes times the change of the value, summed over the units of every channel.
  private func addTrapezoids(
    from old: (values: UnsafeMutablePointer<Float>, slopes: UnsafeMutablePointer<Float>),
    to new: (values: UnsafeMutablePointer<Float>, slopes: UnsafeMutablePointer<Float>), count: Int, channels: Int,
    into conductance: UnsafeMutablePointer<Float>
  ) {
    let plane = count / channels
    for channel in 0..<channels {
      var sum = 0.0
      for unit in channel * plane..<(channel + 1) * plane {
        let slope = (Double(old.slopes[unit]) + Double(new.slopes[unit])) / 2
        sum += slope * (Double(new.values[unit]) - Double(old.values[unit]))
      }
      conductance[channel] += Float(sum)
    }
  }
}
