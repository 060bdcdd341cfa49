internal import RetinaLanes

#if RETINA_VARIANT
  import RetinaKernels
#endif

/// Sums of a block: four output channels at two vectors of positions, or eight at one.
private struct BlockSums {
  private var a0 = retina_sums.zero, a1 = retina_sums.zero, a2 = retina_sums.zero, a3 = retina_sums.zero
  private var b0 = retina_sums.zero, b1 = retina_sums.zero, b2 = retina_sums.zero, b3 = retina_sums.zero

  #if arch(arm64)
    /// Half of the channels of a block.
    static let outputs = 8
    static let positions = Int(retina_lanes)
  #else
    static let outputs = 4
    static let positions = 2 * Int(retina_lanes)
  #endif

  /// Adds the products of one tap.
  @inline(__always)
  mutating func add(_ inputs: UnsafePointer<Int16>, _ weights: UnsafePointer<Int16>) {
    let raw = UnsafeRawPointer(inputs)
    let w = retina_load_weights(weights)
    let x = raw.loadUnaligned(as: retina_factors.self)
    a0 = retina_add_weighted(a0, x, w, 0)
    a1 = retina_add_weighted(a1, x, w, 1)
    a2 = retina_add_weighted(a2, x, w, 2)
    a3 = retina_add_weighted(a3, x, w, 3)
    #if arch(arm64)
      b0 = retina_add_weighted(b0, x, w, 4)
      b1 = retina_add_weighted(b1, x, w, 5)
      b2 = retina_add_weighted(b2, x, w, 6)
      b3 = retina_add_weighted(b3, x, w, 7)
    #else
      let y = raw.loadUnaligned(fromByteOffset: MemoryLayout<retina_factors>.size, as: retina_factors.self)
      b0 = retina_add_weighted(b0, y, w, 0)
      b1 = retina_add_weighted(b1, y, w, 1)
      b2 = retina_add_weighted(b2, y, w, 2)
      b3 = retina_add_weighted(b3, y, w, 3)
    #endif
  }

  /// Stores the sums of all channels, a stride apart.
  @inline(__always)
  func store(_ sums: UnsafeMutablePointer<Int32>, stride: Int) {
    #if arch(arm64)
      let step = 4 * stride
    #else
      let step = Int(retina_lanes)
    #endif
    store(a0, sums)
    store(a1, sums + stride)
    store(a2, sums + 2 * stride)
    store(a3, sums + 3 * stride)
    store(b0, sums + step)
    store(b1, sums + step + stride)
    store(b2, sums + step + 2 * stride)
    store(b3, sums + step + 3 * stride)
  }

  @inline(__always)
  private func store(_ values: retina_sums, _ target: UnsafeMutablePointer<Int32>) {
    UnsafeMutableRawPointer(target).storeBytes(of: values, as: retina_sums.self)
  }
}

extension Kernels {
  /// Input channels whose values at a position lie side by side for ``fixedPointProducts(_:input:weights:sums:)``.
  public static var fixedPointDepth: Int { Int(retina_depth) }
  /// Output channels that it sums at a time.
  public static var fixedPointOutputs: Int { BlockSums.outputs }

  /// Lays values of 8 or 16 bits out side by side in 16 bits, with an offset added: those of one channel, or of two for a depth of 2.
  ///
  /// - Parameter second: the channel beside the first; zeros without one.
  @inline(never)
  public static func fixedPointPack(
    _ count: Int, _ type: FixedPointType, first: UnsafeRawPointer, second: UnsafeRawPointer?, offset: Int16,
    into target: UnsafeMutablePointer<Int16>
  ) {
    switch (type, retina_depth == 2) {
    case (.int8, false):
      let values = first.assumingMemoryBound(to: Int8.self)
      for index in 0..<count { target[index] = Int16(values[index]) &+ offset }
    case (.int16, false):
      let values = first.assumingMemoryBound(to: Int16.self)
      for index in 0..<count { target[index] = values[index] &+ offset }
    case (.int8, true):
      let (values, others) = (first.assumingMemoryBound(to: Int8.self), second?.assumingMemoryBound(to: Int8.self))
      if let others {
        for index in 0..<count {
          target[2 * index] = Int16(values[index]) &+ offset
          target[2 * index + 1] = Int16(others[index]) &+ offset
        }
      } else {
        for index in 0..<count {
          target[2 * index] = Int16(values[index]) &+ offset
          target[2 * index + 1] = 0
        }
      }
    case (.int16, true):
      let (values, others) = (first.assumingMemoryBound(to: Int16.self), second?.assumingMemoryBound(to: Int16.self))
      if let others {
        for index in 0..<count {
          target[2 * index] = values[index] &+ offset
          target[2 * index + 1] = others[index] &+ offset
        }
      } else {
        for index in 0..<count {
          target[2 * index] = values[index] &+ offset
          target[2 * index + 1] = 0
        }
      }
    }
  }

  /// Normalises numbers and turns them into integers: ``FixedPointScale/value(of:scale:zeroPoint:type:)`` of
  /// `(number - mean) / deviation`.
  ///
  /// - Parameter step: 1 for a mean and a deviation of every number, 0 for one of all.
  @inline(never)
  public static func fixedPointQuantize(
    _ count: Int, numbers: UnsafePointer<Float>, mean: UnsafePointer<Float>, deviation: UnsafePointer<Float>,
    step: Int, scale: Float, zeroPoint: Int32, _ type: FixedPointType, into target: UnsafeMutableRawPointer
  ) {
    let (lanes, low, high) = (Int(retina_lanes), type.minimum, type.maximum)
    let scales = retina_numbers(repeating: scale)
    var index = 0
    while index &+ lanes <= count {
      func load(_ pointer: UnsafePointer<Float>) -> retina_numbers {
        UnsafeRawPointer(pointer).loadUnaligned(as: retina_numbers.self)
      }
      let means = step == 0 ? retina_numbers(repeating: mean[0]) : load(mean + index)
      let deviations = step == 0 ? retina_numbers(repeating: deviation[0]) : load(deviation + index)
      let steps = retina_nearest((load(numbers + index) - means) / deviations / scales)
      let values = retina_clamped(steps &+ retina_sums(repeating: zeroPoint), low, high)
      switch type {
      case .int8: target.storeBytes(of: retina_as_bytes(values), toByteOffset: index, as: retina_bytes.self)
      case .int16: target.storeBytes(of: retina_as_halves(values), toByteOffset: 2 &* index, as: retina_halves.self)
      }
      index &+= lanes
    }
    let output = FixedPointOutput(type, target, minimum: low, maximum: high)
    while index < count {
      let number = (numbers[index] - mean[step &* index]) / deviation[step &* index]
      output.store(FixedPointScale.value(of: number, scale: scale, zeroPoint: zeroPoint, type: type), at: index)
      index &+= 1
    }
  }

  /// Sums of products of a block of ``fixedPointOutputs`` output channels of a convolution with a horizontal stride of 1, modulo 2^32.
  ///
  /// - Parameters:
  ///   - input: `[packs, positions, depth]`, from what the first position reads; readable for ``FixedPointProductShape/block`` positions
  ///     past the last.
  ///   - weights: `[rows, kernelWidth, outputs, depth]`.
  ///   - sums: `[outputs, sumStride]`, with room for the positions rounded up to a multiple of the block.
  @inline(never)
  public static func fixedPointProducts(
    _ shape: FixedPointProductShape, input: UnsafePointer<Int16>, weights: UnsafePointer<Int16>,
    sums: UnsafeMutablePointer<Int32>
  ) {
    let depth = Int(retina_depth)
    let (rowStep, columnStep) = (depth * shape.tapRowStride, depth * shape.tapColumnStride)
    let weightStep = depth * BlockSums.outputs
    let packStep = depth * shape.packStride - (shape.kernelHeight - 1) * rowStep
    let firstKernelRow = shape.firstRow % shape.kernelHeight
    let start = input + depth * (shape.firstRow / shape.kernelHeight * shape.packStride) + firstKernelRow * rowStep
    var position = 0
    while position < shape.positions {
      var block = BlockSums()
      var (source, weight, kernelRow) = (start + depth * position, weights, firstKernelRow)
      for _ in 0..<shape.rows {
        var (tap, columns) = (source, shape.kernelWidth)
        while columns >= 3 {
          block.add(tap, weight)
          block.add(tap + columnStep, weight + weightStep)
          block.add(tap + 2 &* columnStep, weight + 2 &* weightStep)
          tap += 3 &* columnStep
          weight += 3 &* weightStep
          columns &-= 3
        }
        while columns > 0 {
          block.add(tap, weight)
          tap += columnStep
          weight += weightStep
          columns &-= 1
        }
        kernelRow &+= 1
        if kernelRow == shape.kernelHeight {
          kernelRow = 0
          source += packStep
        } else {
          source += rowStep
        }
      }
      block.store(sums + position, stride: shape.sumStride)
      position &+= BlockSums.positions
    }
  }

  /// The sum of products of two rows of 16-bit values.
  ///
  /// - Parameter interval: products that a sum of 32 bits can hold.
  @inline(never)
  public static func fixedPointDot(
    count: Int, interval: Int, _ a: UnsafePointer<Int16>, _ b: UnsafePointer<Int16>
  ) -> Int64 {
    let step = MemoryLayout<retina_factors>.size / 2
    let (left, right) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
    let perLane = interval / Int(retina_depth)
    var sum: Int64 = 0
    var index = 0
    while perLane > 0, index + step <= count {
      let end = perLane < count / step ? index + perLane * step : count
      var lanes = retina_sums.zero
      while index + step <= min(end, count) {
        lanes = retina_add_products(
          lanes, left.loadUnaligned(fromByteOffset: 2 * index, as: retina_factors.self),
          right.loadUnaligned(fromByteOffset: 2 * index, as: retina_factors.self))
        index += step
      }
      for lane in 0..<Int(retina_lanes) { sum &+= Int64(lanes[lane]) }
    }
    while index < count {
      sum &+= Int64(a[index]) &* Int64(b[index])
      index += 1
    }
    return sum
  }

  /// Adds sums of 32 bits, shifted to the left, to sums of 64.
  @inline(never)
  public static func fixedPointWiden(
    _ count: Int, _ sums: UnsafePointer<Int32>, shift: Int64, into target: UnsafeMutablePointer<Int64>
  ) {
    for index in 0..<count { target[index] &+= Int64(sums[index]) &<< shift }
  }

  /// Brings sums of 32 bits to the scale of the output, in place: `multiplier.apply(sum + bias, rounding)`.
  @inline(never)
  public static func fixedPointRound(
    _ count: Int, bias: Int64, _ multiplier: FixedPointMultiplier, _ rounding: FixedPointRounding,
    sums: UnsafeMutablePointer<Int32>
  ) {
    let (factor, shift) = (Int64(multiplier.multiplier), multiplier.shift)
    switch rounding {
    case .double where shift <= 0:
      let start = Int32(truncatingIfNeeded: bias)
      let exponent = 0 &- shift
      let mask = Int32(truncatingIfNeeded: (Int64(1) &<< Int64(exponent)) &- 1)
      let threshold = mask &>> 1
      for index in 0..<count {
        let product = Int64(sums[index] &+ start) &* factor &+ (1 &<< 30)
        let high = Int32(truncatingIfNeeded: product &>> 31)
        let limit = threshold &+ (high < 0 ? 1 : 0)
        sums[index] = (high &>> exponent) &+ (high & mask > limit ? 1 : 0)
      }
    case .double:
      for index in 0..<count { sums[index] = multiplier.apply(Int64(sums[index]) &+ bias, rounding) }
    case .single:
      let start = Int32(truncatingIfNeeded: bias)
      let (total, half) = (Int64(31 &- shift), Int64(1) &<< Int64(30 &- shift))
      for index in 0..<count { sums[index] = saturated((Int64(sums[index] &+ start) &* factor &+ half) &>> total) }
    case .wide:
      let reduced = wideFactor(factor)
      let (total, half) = (Int64(15 &- shift), Int64(1) &<< Int64(14 &- shift))
      for index in 0..<count { sums[index] = saturated(((Int64(sums[index]) &+ bias) &* reduced &+ half) &>> total) }
    }
  }

  /// Brings sums of 64 bits to the scale of the output, with the wide rounding.
  @inline(never)
  public static func fixedPointRoundWide(
    _ count: Int, bias: Int64, _ multiplier: FixedPointMultiplier, _ sums: UnsafePointer<Int64>,
    into target: UnsafeMutablePointer<Int32>
  ) {
    let reduced = wideFactor(Int64(multiplier.multiplier))
    let total = Int64(15 &- multiplier.shift)
    let half = Int64(1) &<< (total &- 1)
    for index in 0..<count { target[index] = saturated(((sums[index] &+ bias) &* reduced &+ half) &>> total) }
  }

  /// Stores results: an offset is added, then they are clamped and cut to their width.
  ///
  /// - Parameters:
  ///   - place: of the first result in the output.
  @inline(never)
  public static func fixedPointStore(
    _ count: Int, _ results: UnsafePointer<Int32>, _ output: FixedPointOutput, at place: Int
  ) {
    let offset = output.offset
    // Clamped before the offset is added: so that nothing can overflow.
    let (low, high) = (output.minimum &- offset, output.maximum &- offset)
    switch output.type {
    case .int8:
      let target = output.start.assumingMemoryBound(to: Int8.self) + place
      for index in 0..<count {
        target[index] = Int8(truncatingIfNeeded: clamped(results[index], low, high) &+ offset)
      }
    case .int16:
      let target = output.start.assumingMemoryBound(to: Int16.self) + place
      for index in 0..<count {
        target[index] = Int16(truncatingIfNeeded: clamped(results[index], low, high) &+ offset)
      }
    }
  }

  /// The multiplier in 16 bits.
  @inline(__always)
  private static func wideFactor(_ factor: Int64) -> Int64 { factor < 0x7FFF_0000 ? (factor &+ 0x8000) &>> 16 : 0x7FFF }

  @inline(__always)
  private static func clamped(_ value: Int32, _ low: Int32, _ high: Int32) -> Int32 {
    let bounded = value < low ? low : value
    return bounded > high ? high : bounded
  }

  @inline(__always)
  private static func saturated(_ value: Int64) -> Int32 {
    let bounded = value < -0x8000_0000 ? -0x8000_0000 : value
    return Int32(truncatingIfNeeded: bounded > 0x7FFF_FFFF ? 0x7FFF_FFFF : bounded)
  }
}
