import RetinaKernels

/// A convolution in fixed point by the fastest form that fits, with the integers of ``PlainFixedPointConvolution``.
///
/// The input is first copied to 16 bits with its offset added, with zeros around it; then whole rows are summed at a time.
struct FixedPointConvolver {
  /// How the sums are found.
  enum Form {
    /// The window covers the whole input once: one sum of products per output.
    case whole
    /// Neighbouring outputs read neighbouring inputs: sixteen outputs at a time.
    case rows
    /// By the definition.
    case plain
  }

  let geometry: FixedPointConvolutionGeometry
  let form: Form
  /// The largest magnitude of an input, its offset added.
  private let largestInput: Int
  private let largestWeight: Int
  /// Size of an input channel with the zeros around it.
  private let paddedHeight, paddedWidth: Int

  init(
    _ geometry: FixedPointConvolutionGeometry, input: FixedPointQuantization, weight: FixedPointType
  ) {
    let window = geometry.window
    self.geometry = geometry
    largestInput = max(
      Int(input.type.maximum) - Int(input.zeroPoint), Int(input.zeroPoint) - Int(input.type.minimum))
    largestWeight = -Int(weight.minimum)
    paddedHeight = max(
      window.inputHeight + window.paddingTop,
      (window.outputHeight - 1) * window.strideVertical + (window.kernelHeight - 1) * window.dilationVertical + 1)
    paddedWidth = max(
      window.inputWidth + window.paddingLeft,
      (window.outputWidth - 1) * window.strideHorizontal + (window.kernelWidth - 1) * window.dilationHorizontal + 1)
    let covers =
      window.outputPlane == 1 && geometry.groups == 1 && window.paddingTop == 0 && window.paddingLeft == 0
      && window.kernelHeight == window.inputHeight && window.kernelWidth == window.inputWidth
      && window.dilationVertical == 1 && window.dilationHorizontal == 1
    let fits = largestInput <= 32_768 && (input.type == .int8 || input.zeroPoint == 0)
    form = !fits ? .plain : covers ? .whole : window.strideHorizontal == 1 ? .rows : .plain
  }

  private var inputBytes: Int { aligned((geometry.inputs * paddedHeight * paddedWidth + 16) * 2) }
  private var weightBytes: Int { aligned(geometry.weightsPerOutput * 2) }
  private var sumBytes: Int { (geometry.window.outputWidth + 15) / 16 * 16 * 8 }

  /// Bytes of working memory.
  var scratchBytes: Int {
    switch form {
    case .plain: return 0
    case .whole: return inputBytes + weightBytes
    case .rows: return inputBytes + weightBytes + sumBytes
    }
  }

  private func aligned(_ bytes: Int) -> Int { (bytes + 63) / 64 * 64 }

  /// Convolves; see ``PlainFixedPointConvolution``.
  func forward(
    _ kernels: FixedPointKernelTable, input: FixedPointValues, firstPlane: Int,
    parameters: FixedPointConvolutionParameters,
    output: FixedPointOutput, scratch: UnsafeMutableRawPointer
  ) {
    guard form != .plain else {
      PlainFixedPointConvolution.forward(
        geometry, input: input, firstPlane: firstPlane, parameters: parameters, output: output)
      return
    }
    let values = scratch.assumingMemoryBound(to: Int16.self)
    let weights = (scratch + inputBytes).assumingMemoryBound(to: Int16.self)
    let sums = (scratch + inputBytes + weightBytes).assumingMemoryBound(to: Int64.self)
    spread(input, firstPlane: firstPlane, into: values)
    let window = geometry.window
    let (perOutput, plane) = (geometry.weightsPerOutput, paddedHeight * paddedWidth)
    let shape = FixedPointRowShape(
      columns: window.outputWidth, planes: geometry.inputs / geometry.groups, planeStride: plane,
      kernelHeight: window.kernelHeight, kernelWidth: window.kernelWidth,
      tapRowStride: window.dilationVertical * paddedWidth, tapColumnStride: window.dilationHorizontal,
      limit: Int32(min(1 << 30, Int(Int32.max) / largestInput)))
    for channel in 0..<geometry.outputs {
      widen(parameters.weight, from: channel * perOutput, count: perOutput, into: weights)
      let bias = parameters.bias?[channel] ?? 0
      let multiplier = parameters.multipliers[channel]
      if form == .whole {
        let interval = max(1, Int(Int32.max) / (largestInput * largestWeight))
        let sum = kernels.dot(perOutput, interval, values, weights) &+ bias
        output.store(multiplier.apply(sum, parameters.rounding), at: channel)
        continue
      }
      let start = values + geometry.firstInput(of: channel) * plane
      for row in 0..<window.outputHeight {
        kernels.row(shape, start + row * window.strideVertical * paddedWidth, weights, bias, sums)
        let place = (channel * window.outputHeight + row) * window.outputWidth
        for column in 0..<window.outputWidth {
          output.store(multiplier.apply(sums[column], parameters.rounding), at: place + column)
        }
      }
    }
  }

  /// Copies the channels in order, with the offset added and zeros around them.
  private func spread(_ input: FixedPointValues, firstPlane: Int, into values: UnsafeMutablePointer<Int16>) {
    let window = geometry.window
    let (height, width) = (window.inputHeight, window.inputWidth)
    let isPadded = paddedHeight != height || paddedWidth != width
    if isPadded { values.update(repeating: 0, count: geometry.inputs * paddedHeight * paddedWidth) }
    for channel in 0..<geometry.inputs {
      let source = (firstPlane + channel) % geometry.inputs * window.inputPlane
      let target = values + (channel * paddedHeight + window.paddingTop) * paddedWidth + window.paddingLeft
      for row in 0..<height {
        widen(input, from: source + row * width, count: width, into: target + row * paddedWidth)
      }
    }
  }

  /// Copies values to 16 bits, with the offset added.
  private func widen(
    _ source: FixedPointValues, from first: Int, count: Int, into target: UnsafeMutablePointer<Int16>
  ) {
    let offset = Int16(truncatingIfNeeded: source.offset)
    switch source.type {
    case .int8:
      let values = source.start.assumingMemoryBound(to: Int8.self) + first
      for index in 0..<count { target[index] = Int16(values[index]) &+ offset }
    case .int16:
      let values = source.start.assumingMemoryBound(to: Int16.self) + first
      for index in 0..<count { target[index] = values[index] &+ offset }
    }
  }
}
