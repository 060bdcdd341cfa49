import RetinaEngine
import RetinaKernels
import RetinaModel

/// Contributions of channels to a cell, frame by frame, while a movie streams through a model.
///
/// For models of the chain affine, relu, convolution and factors, relu, affine, and a smooth function of single units at the end (see
/// ``TwoLayerSweep``). The path from the stimulus of zeros to the window is walked in a few equal steps. On each step every
/// nonlinearity is replaced by its secant, so that the contributions of both layers add up to the change of the rate whatever the
/// number of steps, and converge to the conductance as it grows: DeepLIFT's rescale rule (Shrikumar, Greenside, Kundaje 2017) on
/// every stretch of the path. A step costs one convolution and one adjoint of the second layer.
public final class StreamProbe {
  /// The stream that is probed; push frames with ``push(_:)``.
  public let stream: Stream
  /// Place in the model of the two layers whose channels are explained.
  public let layers: (first: Int, second: Int)
  /// The contribution of each channel of the first layer to the cell, after ``explain()``.
  public private(set) var first: [Float]
  /// The same for the second layer.
  public private(set) var second: [Float]
  /// The rate at the baseline.
  public let valueAtBaseline: Float
  /// The rate of the window, after ``explain()``.
  public private(set) var valueAtInput: Float = 0

  private let steps: Int
  private let cell: Int
  private let tap: Int
  private let kernels: KernelTable
  private let convolution: FeatureConvolution
  private let final: FinalNonlinearity
  /// The last straight value at the baseline.
  private let baselineEnd: Double
  private let planeBelow: Int
  /// The first layer: baseline line, direction, units, their change, and the gradient.
  private let origin, direction, units, changes, gradientBelow: UnsafeMutablePointer<Float>
  /// The values of the first layer at the baseline.
  private let unitsAtBaseline: UnsafeMutablePointer<Float>
  /// The second layer: what the convolution gives, factor, constant, weight in the cell, lines, lines at the baseline, gradient.
  private let map, scale, constant, weights, lines, linesAtBaseline, gradientAbove: UnsafeMutablePointer<Float>
  private let sums, scratch: UnsafeMutablePointer<Float>

  /// Sets up the probe of one cell; nothing for models of another form and cells that do not exist.
  ///
  /// - Parameter steps: steps of the path, at least 1.
  public init?(_ plan: StreamPlan, cell: Int, steps: Int = 8) {
    let program = Program(plan.model, level: plan.options.level)
    let target = Target.cell(cell, of: program)
    let affineEnd = program.endOfAffineSteps(from: 0, limit: target.boundary)
    guard steps >= 1, (0..<program.outputCount).contains(cell),
      let chain = TwoLayerSweep.chain(program, affineEnd: affineEnd, end: target.boundary),
      let map = program.scaledConvolution(from: chain.first + 1, to: chain.second),
      let convolution = FeatureConvolution(map.geometry, weight: map.weight, kernels: program.kernels),
      let tap = program.layerBoundaries.firstIndex(of: chain.first),
      let first = program.layerBoundaries.firstIndex(of: chain.first + 1),
      let second = program.layerBoundaries.firstIndex(of: chain.second + 1),
      let final = FinalNonlinearity(
        chain.hasFinal ? program.steps[target.boundary - 1] : nil, unit: cell, of: program)
    else { return nil }
    let probe = Probe(program)
    let zeros = program.normalized([Float](repeating: 0, count: program.inputCount))
    probe.run(zeros, into: probe.baselineValues)
    // What the second layer and the cell are when everything below is off.
    probe.values[chain.first + 1].update(repeating: 0, count: probe.count(chain.first + 1))
    program.run(probe.values, from: chain.first + 1, to: chain.second)
    let constants = probe.copy(probe.values, chain.second)
    Target.unit(cell, boundary: chain.straightEnd).seed(probe.gradients, count: probe.count(chain.straightEnd))
    program.pullBack(probe.gradients, at: probe.baselineValues, from: chain.straightEnd, to: chain.second + 1)

    stream = Stream(plan, taps: [tap])
    layers = (first, second)
    self.first = [Float](repeating: 0, count: map.geometry.inputs)
    self.second = [Float](repeating: 0, count: map.geometry.outputs)
    valueAtBaseline = target.value(probe.baselineValues)
    self.steps = steps
    self.cell = cell
    self.tap = tap
    kernels = program.kernels
    self.convolution = convolution
    self.final = final
    baselineEnd = Double(probe.baselineValues[chain.straightEnd][cell])
    planeBelow = map.geometry.inputHeight * map.geometry.inputWidth
    let planeAbove = map.geometry.outputHeight * map.geometry.outputWidth
    let (below, above) = (convolution.inputFloats, convolution.outputFloats)
    func packed(_ values: [Float], plane: Int, count: Int) -> UnsafeMutablePointer<Float> {
      let block = alignedFloats(count)
      for unit in values.indices { block[TwoLayerSweep.place(unit, plane: plane)] = values[unit] }
      return block
    }
    let baseline = probe.copy(probe.baselineValues, chain.first)
    origin = packed(baseline, plane: planeBelow, count: below)
    unitsAtBaseline = packed(baseline.map { max($0, 0) }, plane: planeBelow, count: below)
    (direction, units, changes, gradientBelow) = (
      alignedFloats(below), alignedFloats(below), alignedFloats(below), alignedFloats(below)
    )
    scale = packed(map.scale, plane: planeAbove, count: above)
    constant = packed(constants, plane: planeAbove, count: above)
    weights = packed(probe.copy(probe.gradients, chain.second + 1), plane: planeAbove, count: above)
    linesAtBaseline = packed(probe.copy(probe.baselineValues, chain.second), plane: planeAbove, count: above)
    (self.map, lines, gradientAbove) = (alignedFloats(above), alignedFloats(above), alignedFloats(above))
    scratch = alignedFloats(convolution.scratchFloats)
    sums = alignedFloats((max(map.geometry.inputs, map.geometry.outputs) + 7) / 8 * 8)
  }

  deinit {
    for block in [
      origin, direction, units, changes, gradientBelow, unitsAtBaseline, map, scale, constant, weights, lines,
      linesAtBaseline, gradientAbove, sums, scratch,
    ] { block.deallocate() }
  }

  /// Takes the next frame, `[height, width]` before normalisation.
  ///
  /// - Returns: whether the window is complete, so that ``explain()`` makes sense.
  @discardableResult
  public func push(_ frame: UnsafePointer<Float>) -> Bool { stream.push(frame) }

  /// The difference between the sum of a layer's contributions and the change of the rate.
  public func residual(_ contributions: [Float]) -> Float {
    let sum = contributions.reduce(0.0) { $0 + Double($1) }
    return Float(sum - (Double(valueAtInput) - Double(valueAtBaseline)))
  }

  /// Explains the rate of the last window: fills ``first`` and ``second``.
  public func explain() {
    guard let end = stream.layer(tap)?.baseAddress else { return }
    let geometry = convolution.geometry
    for channel in 0..<geometry.inputs {
      let place = ((channel >> 3) * planeBelow) * 8 + (channel & 7)
      let (source, target, start) = (end + channel * planeBelow, direction + place, origin + place)
      for position in 0..<planeBelow { target[8 * position] = source[position] - start[8 * position] }
    }
    units.update(from: unitsAtBaseline, count: convolution.inputFloats)
    lines.update(from: linesAtBaseline, count: convolution.outputFloats)
    for channel in first.indices { first[channel] = 0 }
    for channel in second.indices { second[channel] = 0 }
    var z = baselineEnd
    for step in 1...steps { z = walk(to: Float(step) / Float(steps), from: z) }
    valueAtInput = Float(final.value(z))
  }

  /// One step of the path; gives the last straight value at its end.
  private func walk(to a: Float, from z: Double) -> Double {
    let geometry = convolution.geometry
    let planeAbove = geometry.outputHeight * geometry.outputWidth
    kernels.secantMove(convolution.inputFloats / 8, a, origin, direction, units, changes)
    convolution.forward(units, into: map, scratch: scratch)
    let (inputGroups, outputGroups) = ((geometry.inputs + 7) / 8, (geometry.outputs + 7) / 8)
    sums.update(repeating: 0, count: outputGroups * 8)
    for group in 0..<outputGroups {
      let place = group * planeAbove * 8
      kernels.secantRectify(
        planeAbove, map + place, scale + place, constant + place, weights + place, lines + place,
        gradientAbove + place, sums + 8 * group)
    }
    var end = z
    for channel in second.indices { end += Double(sums[channel]) }
    let slope = Float(final.integralOfDerivative(from: z, to: end, length: 1))
    for channel in second.indices { second[channel] += slope * sums[channel] }
    convolution.adjoint(gradientAbove, into: gradientBelow, scratch: scratch)
    sums.update(repeating: 0, count: inputGroups * 8)
    for group in 0..<inputGroups {
      let place = group * planeBelow * 8
      kernels.secantSum(planeBelow, gradientBelow + place, changes + place, sums + 8 * group)
    }
    for channel in first.indices { first[channel] += slope * sums[channel] }
    return end
  }
}
