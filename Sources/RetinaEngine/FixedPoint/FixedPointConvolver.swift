import RetinaKernels

/// A convolution in fixed point by the fastest form that fits, with the integers of ``PlainFixedPointConvolution``.
///
/// The input is first laid out in 16 bits with its offset added, with zeros around it; where the processor has products of 8 bits, in 8
/// bits with 128 added, which the bias then takes away again. A block of output channels is then summed at many
/// neighbouring positions at a time, over whole rows of the padded input: what lies between the rows of the output is summed, too, and
/// left away.
struct FixedPointConvolver {
  /// How the sums are found.
  enum Form {
    /// The window covers the whole input once: one sum of products per output.
    case whole
    /// Neighbouring outputs read neighbouring inputs: blocks of channels and positions.
    case blocks
    /// By the definition.
    case plain
  }

  let geometry: FixedPointConvolutionGeometry
  let form: Form
  /// The largest magnitude of an input, its offset added.
  private let largestInput: Int
  private let inputType, weightType: FixedPointType
  /// Size of an input channel with the zeros around it.
  private let paddedHeight, paddedWidth: Int

  init(
    _ geometry: FixedPointConvolutionGeometry, input: FixedPointQuantization, weight: FixedPointType
  ) {
    let window = geometry.window
    self.geometry = geometry
    largestInput = input.largestMagnitude
    (inputType, weightType) = (input.type, weight)
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
    // A sum of a whole kernel row must fit 32 bits, and a single tap is not worth a block.
    let isBlocked =
      window.strideHorizontal == 1 && window.kernelWidth <= 128 && geometry.weightsPerOutput > 1
    form = !fits ? .plain : covers ? .whole : isBlocked ? .blocks : .plain
  }

  // MARK: - Working memory

  private var plane: Int { paddedHeight * paddedWidth }
  private var members: Int { geometry.inputs / geometry.groups }
  /// Input channels of a group, rounded up to whole packs of every depth.
  private var paddedMembers: Int {
    let depth = FixedPointProductShape.maximumDepth
    return (members + depth - 1) / depth * depth
  }
  /// Rows of the output that are summed at a time: as many as keep the sums near the processor.
  private var stripRows: Int {
    geometry.window.strideVertical == 1 ? max(1, min(geometry.window.outputHeight, 1024 / paddedWidth)) : 1
  }
  private var stripPositions: Int {
    let block = FixedPointProductShape.block
    return ((stripRows - 1) * paddedWidth + geometry.window.outputWidth + block - 1) / block * block
  }

  private var inputBytes: Int {
    switch form {
    case .plain: return 0
    case .whole: return aligned(geometry.inputs * plane * 2)
    case .blocks:
      let slack = FixedPointProductShape.block * FixedPointProductShape.maximumDepth
      return aligned((geometry.groups * paddedMembers * plane + slack) * 2)
    }
  }
  private var weightBytes: Int {
    switch form {
    case .plain, .whole: return 0
    case .blocks: return aligned(paddedMembers * geometry.window.taps * FixedPointProductShape.maximumOutputs * 2)
    }
  }
  private var sumCount: Int { form == .blocks ? stripPositions * FixedPointProductShape.maximumOutputs : 0 }

  /// Bytes of working memory: input, weights of a block, sums in 32 and in 64 bits.
  var scratchBytes: Int { inputBytes + weightBytes + 12 * sumCount }

  private func aligned(_ bytes: Int) -> Int { (bytes + 63) / 64 * 64 }

  /// Multiply-adds that are carried out; a step of the definition counts as twenty.
  var products: Int {
    guard form == .blocks else { return geometry.multiplyAdds * (form == .plain ? 20 : 2) }
    let positions = (geometry.window.outputHeight - 1) * paddedWidth + geometry.window.outputWidth
    let outputs = (geometry.outputs / geometry.groups + 3) / 4 * 4 * geometry.groups
    return positions * outputs * paddedMembers * geometry.window.taps
  }

  // MARK: - Running

  /// Convolves; see ``PlainFixedPointConvolution``.
  func forward(
    _ kernels: FixedPointKernelTable, input: FixedPointValues, firstPlane: Int,
    parameters: FixedPointConvolutionParameters, output: FixedPointOutput, scratch: UnsafeMutableRawPointer
  ) {
    let values = scratch.assumingMemoryBound(to: Int16.self)
    let weights = (scratch + inputBytes).assumingMemoryBound(to: Int16.self)
    // Weights with a zero point, which no image has, are left to the definition.
    switch parameters.weight.offset == 0 ? form : .plain {
    case .plain:
      PlainFixedPointConvolution.forward(
        geometry, input: input, firstPlane: firstPlane, parameters: parameters, output: output)
    case .whole:
      for channel in 0..<geometry.inputs {
        widen(
          input, from: (firstPlane + channel) % geometry.inputs * plane, count: plane, into: values + channel * plane)
      }
      dots(kernels, values, parameters, output)
    case .blocks:
      let layout = layout(kernels, parameters)
      pack(kernels, layout, input, firstPlane: firstPlane, into: values)
      let sums = (scratch + inputBytes + weightBytes).assumingMemoryBound(to: Int32.self)
      let wideSums = (scratch + inputBytes + weightBytes + 4 * sumCount).assumingMemoryBound(to: Int64.self)
      let perGroup = geometry.outputs / geometry.groups
      for group in 0..<geometry.groups {
        let source = values + group * packs(layout) * layout.step * plane
        for first in stride(from: 0, to: perGroup, by: kernels.outputs) {
          let outputs = group * perGroup + first..<group * perGroup + min(perGroup, first + kernels.outputs)
          sumBlock(kernels, layout, outputs, source, input.offset, parameters, weights, sums, wideSums, output)
        }
      }
    }
  }

  // MARK: - A window that covers the input

  private func dots(
    _ kernels: FixedPointKernelTable, _ values: UnsafePointer<Int16>, _ parameters: FixedPointConvolutionParameters,
    _ output: FixedPointOutput
  ) {
    let (count, type) = (geometry.weightsPerOutput, parameters.weight.type)
    let interval = max(1, Int(Int32.max) / (largestInput * -Int(weightType.minimum)))
    for channel in 0..<geometry.outputs {
      let weights = parameters.weight.start + channel * count * type.bytes
      let sum = kernels.dot(count, interval, values, weights, type) &+ (parameters.bias?[channel] ?? 0)
      output.store(parameters.multipliers[channel].apply(sum, parameters.rounding), at: channel)
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

  // MARK: - Blocks

  /// How input channels lie side by side.
  private struct Layout {
    #if arch(x86_64)
      /// Whether values keep their 8 bits.
      var isBytes = false
    #else
      var isBytes: Bool { false }
    #endif
    /// Channels in a pack.
    var depth: Int
    /// Room of a pack at a position, in values of 16 bits.
    var step: Int
  }

  private func layout(_ kernels: FixedPointKernelTable, _ parameters: FixedPointConvolutionParameters) -> Layout {
    #if arch(x86_64)
      // Sums with 128 too much in every input fit modulo 2^32 alone.
      if kernels.byteDepth > 0, inputType == .int8, weightType == .int8, parameters.rounding != .wide {
        return Layout(isBytes: true, depth: kernels.byteDepth, step: kernels.depth)
      }
    #endif
    return Layout(depth: kernels.depth, step: kernels.depth)
  }

  /// Packs of a group.
  private func packs(_ layout: Layout) -> Int { (members + layout.depth - 1) / layout.depth }

  /// Lays the channels out in order, in packs, with the offset added and zeros around them.
  private func pack(
    _ kernels: FixedPointKernelTable, _ layout: Layout, _ input: FixedPointValues, firstPlane: Int,
    into values: UnsafeMutablePointer<Int16>
  ) {
    let window = geometry.window
    let isPadded = paddedHeight != window.inputHeight || paddedWidth != window.inputWidth
    // Rows without zeros between them are one long row.
    let (rows, width) = isPadded ? (window.inputHeight, window.inputWidth) : (1, plane)
    let margin = isPadded ? window.paddingTop * paddedWidth + window.paddingLeft : 0
    let packs = packs(layout)
    if isPadded { clear(layout, input, values, count: geometry.groups * packs * plane) }
    for group in 0..<geometry.groups {
      for pack in 0..<packs {
        let first = pack * layout.depth
        func source(_ member: Int) -> UnsafeRawPointer? {
          guard first + member < members else { return nil }
          let channel = (firstPlane + group * members + first + member) % geometry.inputs
          return input.start + channel * window.inputPlane * input.type.bytes
        }
        let target = values + ((group * packs + pack) * plane + margin) * layout.step
        for row in 0..<rows {
          let (place, rowTarget) = (row * width * input.type.bytes, target + row * paddedWidth * layout.step)
          packRow(kernels, layout, input, width, rowTarget) { source($0).map { $0 + place } }
        }
      }
    }
  }

  /// Lays out values that stand for zero.
  private func clear(
    _ layout: Layout, _ input: FixedPointValues, _ values: UnsafeMutablePointer<Int16>, count: Int
  ) {
    #if arch(x86_64)
      if layout.isBytes {
        let zero = UInt8(truncatingIfNeeded: 128 &- input.offset)
        UnsafeMutableRawPointer(values).initializeMemory(as: UInt8.self, repeating: zero, count: count * layout.depth)
        return
      }
    #endif
    values.update(repeating: 0, count: count * layout.step)
  }

  /// Lays out a row of the channels of a pack; one that is missing is nothing.
  @inline(__always)
  private func packRow(
    _ kernels: FixedPointKernelTable, _ layout: Layout, _ input: FixedPointValues, _ width: Int,
    _ target: UnsafeMutablePointer<Int16>, _ member: (Int) -> UnsafeRawPointer?
  ) {
    guard let first = member(0) else { return }
    #if arch(x86_64)
      if layout.isBytes {
        func bytes(_ values: UnsafeRawPointer?) -> UnsafePointer<Int8>? { values?.assumingMemoryBound(to: Int8.self) }
        kernels.packBytes(
          width, first.assumingMemoryBound(to: Int8.self), bytes(member(1)), bytes(member(2)), bytes(member(3)),
          UnsafeMutableRawPointer(target).assumingMemoryBound(to: UInt8.self))
        return
      }
    #endif
    kernels.pack(
      width, input.type, first, layout.depth > 1 ? member(1) : nil, Int16(truncatingIfNeeded: input.offset), target)
  }

  /// Which bits of the weights go into a sum: `weight = 256 high + low`, both between -128 and 128.
  private enum WeightPart: Int { case all, high, low }

  /// Computes a block of output channels.
  private func sumBlock(
    _ kernels: FixedPointKernelTable, _ layout: Layout, _ outputs: Range<Int>, _ values: UnsafePointer<Int16>,
    _ inputOffset: Int32, _ parameters: FixedPointConvolutionParameters, _ weights: UnsafeMutablePointer<Int16>,
    _ sums: UnsafeMutablePointer<Int32>, _ wideSums: UnsafeMutablePointer<Int64>, _ output: FixedPointOutput
  ) {
    let (window, depth) = (geometry.window, layout.depth)
    let rows = packs(layout) * window.kernelHeight
    // What a kernel row of a pack can add to the magnitude of a sum, for all bits of the weights and for eight of them.
    let perRow = window.kernelWidth * depth * largestInput
    let (most, mostOfPart) = (perRow * -Int(weightType.minimum), perRow * 128)
    let limit = Int(Int32.max)
    // Sums that are rounded in 32 bits may pass them in between.
    let isNarrow = parameters.rounding != .wide || most * rows <= limit
    let isSplit = !isNarrow && most > limit
    let chunk = isNarrow ? rows : limit / (isSplit ? mostOfPart : most)
    var shape = FixedPointProductShape(
      positions: 0, firstRow: 0, rows: rows, kernelHeight: window.kernelHeight, kernelWidth: window.kernelWidth,
      packStride: plane, tapRowStride: window.dilationVertical * paddedWidth,
      tapColumnStride: window.dilationHorizontal, sumStride: stripPositions)
    if isNarrow {
      if layout.isBytes {
        packByteWeights(kernels, layout, outputs, parameters.weight, into: UnsafeMutableRawPointer(weights))
      } else {
        packWeights(kernels, outputs, parameters.weight, 0..<rows, .all, into: weights)
      }
    }
    for firstRow in stride(from: 0, to: window.outputHeight, by: stripRows) {
      let strip = firstRow..<min(window.outputHeight, firstRow + stripRows)
      let source = values + layout.step * firstRow * window.strideVertical * paddedWidth
      shape.positions = (strip.count - 1) * paddedWidth + window.outputWidth
      if isNarrow {
        narrowProducts(kernels, layout, shape, source, weights, sums)
      } else {
        wideSums.update(repeating: 0, count: outputs.count * stripPositions)
        for first in stride(from: 0, to: rows, by: chunk) {
          (shape.firstRow, shape.rows) = (first, min(chunk, rows - first))
          for number in isSplit ? 1...2 : 0...0 {
            let part = WeightPart(rawValue: number) ?? .all
            packWeights(kernels, outputs, parameters.weight, first..<first + shape.rows, part, into: weights)
            kernels.products(shape, source, weights, sums)
            kernels.widen(outputs.count * stripPositions, sums, part == .high ? 8 : 0, wideSums)
          }
        }
      }
      // Whole vectors: the sums of no position are rounded, too, and left away.
      let rounded =
        (shape.positions + FixedPointProductShape.block - 1) / FixedPointProductShape.block
        * FixedPointProductShape.block
      for (index, channel) in outputs.enumerated() {
        let multiplier = parameters.multipliers[channel]
        let bias = (parameters.bias?[channel] ?? 0) &+ excess(layout, inputOffset, parameters.weight, channel)
        let results = sums + index * stripPositions
        if isNarrow {
          kernels.round(rounded, bias, multiplier, parameters.rounding, results)
        } else {
          kernels.roundWide(rounded, bias, multiplier, wideSums + index * stripPositions, results)
        }
        for row in strip {
          kernels.store(
            window.outputWidth, results + (row - firstRow) * paddedWidth, output,
            (channel * window.outputHeight + row) * window.outputWidth)
        }
      }
    }
  }

  private func narrowProducts(
    _ kernels: FixedPointKernelTable, _ layout: Layout, _ shape: FixedPointProductShape,
    _ source: UnsafePointer<Int16>, _ weights: UnsafePointer<Int16>, _ sums: UnsafeMutablePointer<Int32>
  ) {
    #if arch(x86_64)
      if layout.isBytes { return kernels.byteProducts(shape, source, weights, sums) }
    #endif
    kernels.products(shape, source, weights, sums)
  }

  /// What a sum over inputs with another offset than theirs has to be corrected by.
  private func excess(_ layout: Layout, _ offset: Int32, _ weight: FixedPointValues, _ channel: Int) -> Int64 {
    guard layout.isBytes else { return 0 }
    let weights = weight.start.assumingMemoryBound(to: Int8.self) + channel * geometry.weightsPerOutput
    var sum: Int32 = 0
    for index in 0..<geometry.weightsPerOutput { sum &+= Int32(weights[index]) }
    return Int64(offset &- 128) &* Int64(sum)
  }

  /// Lays weights of 8 bits out: `[rows, kernelWidth, outputs, depth]`, zeros where there are none.
  private func packByteWeights(
    _ kernels: FixedPointKernelTable, _ layout: Layout, _ outputs: Range<Int>, _ weight: FixedPointValues,
    into target: UnsafeMutableRawPointer
  ) {
    let (taps, step) = (geometry.window.taps, kernels.outputs * layout.depth)
    let bytes = target.initializeMemory(as: Int8.self, repeating: 0, count: packs(layout) * taps * step)
    for (index, channel) in outputs.enumerated() {
      for member in 0..<members {
        let source = weight.start.assumingMemoryBound(to: Int8.self) + (channel * members + member) * taps
        let first = member / layout.depth * taps * step + index * layout.depth + member % layout.depth
        for tap in 0..<taps { bytes[first &+ tap &* step] = source[tap] }
      }
    }
  }

  /// Lays the weights of a block out as they are multiplied: `[rows, kernelWidth, outputs, depth]`, zeros where there are none.
  private func packWeights(
    _ kernels: FixedPointKernelTable, _ outputs: Range<Int>, _ weight: FixedPointValues, _ rows: Range<Int>,
    _ part: WeightPart, into target: UnsafeMutablePointer<Int16>
  ) {
    let (window, depth) = (geometry.window, kernels.depth)
    let step = kernels.outputs * depth
    if outputs.count < kernels.outputs || members < paddedMembers {
      target.update(repeating: 0, count: rows.count * window.kernelWidth * step)
    }
    for pack in rows.lowerBound / window.kernelHeight...(rows.upperBound - 1) / window.kernelHeight {
      let inPack = pack * window.kernelHeight..<(pack + 1) * window.kernelHeight
      let here = rows.clamped(to: inPack)
      let firstTap = (here.lowerBound - inPack.lowerBound) * window.kernelWidth
      let count = here.count * window.kernelWidth
      for member in pack * depth..<min(members, (pack + 1) * depth) {
        for (index, channel) in outputs.enumerated() {
          let place = (here.lowerBound - rows.lowerBound) * window.kernelWidth * step + index * depth + member % depth
          let first = (channel * members + member) * window.taps + firstTap
          copy(weight, from: first, count: count, part, into: target + place, step: step)
        }
      }
    }
  }

  /// Copies a part of weights to places a step apart.
  private func copy(
    _ weight: FixedPointValues, from first: Int, count: Int, _ part: WeightPart,
    into target: UnsafeMutablePointer<Int16>, step: Int
  ) {
    switch (weight.type, part) {
    case (.int8, _):
      let values = weight.start.assumingMemoryBound(to: Int8.self) + first
      for index in 0..<count { target[index &* step] = Int16(values[index]) }
    case (.int16, .all):
      let values = weight.start.assumingMemoryBound(to: Int16.self) + first
      for index in 0..<count { target[index &* step] = values[index] }
    case (.int16, .low):
      let values = weight.start.assumingMemoryBound(to: Int16.self) + first
      for index in 0..<count { target[index &* step] = Int16(Int8(truncatingIfNeeded: values[index])) }
    case (.int16, .high):
      let values = weight.start.assumingMemoryBound(to: Int16.self) + first
      for index in 0..<count {
        // The low part is negative from its 128 on: then the high one is one more.
        target[index &* step] = Int16(truncatingIfNeeded: (Int32(values[index]) &+ 128) &>> 8)
      }
    }
  }
}
