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

  #if arch(x86_64)
    /// Adds the products of one tap of 8 bits.
    @inline(__always)
    mutating func addBytes(_ inputs: UnsafePointer<Int16>, _ weights: UnsafePointer<Int16>) {
      let raw = UnsafeRawPointer(inputs)
      let w = retina_load_weights(weights)
      let x = raw.loadUnaligned(as: retina_factors.self)
      let y = raw.loadUnaligned(fromByteOffset: MemoryLayout<retina_factors>.size, as: retina_factors.self)
      a0 = retina_add_weighted_bytes(a0, x, w, 0)
      a1 = retina_add_weighted_bytes(a1, x, w, 1)
      a2 = retina_add_weighted_bytes(a2, x, w, 2)
      a3 = retina_add_weighted_bytes(a3, x, w, 3)
      b0 = retina_add_weighted_bytes(b0, y, w, 0)
      b1 = retina_add_weighted_bytes(b1, y, w, 1)
      b2 = retina_add_weighted_bytes(b2, y, w, 2)
      b3 = retina_add_weighted_bytes(b3, y, w, 3)
    }
  #endif

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
    let (lanes, raw) = (Int(retina_lanes), UnsafeMutableRawPointer(target))
    switch (type, retina_depth == 2) {
    case (.int8, false):
      let offsets = retina_halves(repeating: offset)
      var index = 0
      while index &+ lanes <= count {
        let values = first.loadUnaligned(fromByteOffset: index, as: retina_bytes.self)
        raw.storeBytes(of: retina_widened(values) &+ offsets, toByteOffset: 2 &* index, as: retina_halves.self)
        index &+= lanes
      }
      let values = first.assumingMemoryBound(to: Int8.self)
      while index < count {
        target[index] = Int16(values[index]) &+ offset
        index &+= 1
      }
    case (.int16, false):
      let offsets = retina_halves(repeating: offset)
      var index = 0
      while index &+ lanes <= count {
        let values = first.loadUnaligned(fromByteOffset: 2 &* index, as: retina_halves.self)
        raw.storeBytes(of: values &+ offsets, toByteOffset: 2 &* index, as: retina_halves.self)
        index &+= lanes
      }
      let values = first.assumingMemoryBound(to: Int16.self)
      while index < count {
        target[index] = values[index] &+ offset
        index &+= 1
      }
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
    products(shape, Int(retina_depth), input, weights, sums) { $0.add($1, $2) }
  }

  #if arch(x86_64)
    /// Input channels of 8 bits side by side for ``fixedPointByteProducts(_:input:weights:sums:)``; 0 at levels without such products.
    public static var fixedPointByteDepth: Int { Int(retina_byte_depth) }

    /// The same for inputs of 8 bits without a sign and weights of 8 bits.
    ///
    /// - Parameters:
    ///   - input, weights: as above, with ``fixedPointByteDepth`` bytes side by side.
    @inline(never)
    public static func fixedPointByteProducts(
      _ shape: FixedPointProductShape, input: UnsafeRawPointer, weights: UnsafeRawPointer,
      sums: UnsafeMutablePointer<Int32>
    ) {
      // Four bytes take the place of two values of 16 bits.
      products(
        shape, Int(retina_depth), input.assumingMemoryBound(to: Int16.self),
        weights.assumingMemoryBound(to: Int16.self), sums
      ) { $0.addBytes($1, $2) }
    }

    /// Lays values of 8 bits of four channels out side by side, with 128 added so that they have no sign; zeros for missing channels.
    @inline(never)
    public static func fixedPointPackBytes(
      _ count: Int, _ first: UnsafePointer<Int8>, _ second: UnsafePointer<Int8>?, _ third: UnsafePointer<Int8>?,
      _ fourth: UnsafePointer<Int8>?, into target: UnsafeMutablePointer<UInt8>
    ) {
      let sign: UInt32 = 0x8080_8080
      let fours = UnsafeMutableRawPointer(target)
      if let second, let third, let fourth {
        for index in 0..<count {
          let low = UInt32(UInt8(bitPattern: first[index])) | UInt32(UInt8(bitPattern: second[index])) &<< 8
          let high = UInt32(UInt8(bitPattern: third[index])) | UInt32(UInt8(bitPattern: fourth[index])) &<< 8
          fours.storeBytes(of: (low | high &<< 16) ^ sign, toByteOffset: 4 &* index, as: UInt32.self)
        }
      } else {
        for index in 0..<count {
          let low = UInt32(UInt8(bitPattern: first[index])) | UInt32(UInt8(bitPattern: second?[index] ?? 0)) &<< 8
          let high = UInt32(UInt8(bitPattern: third?[index] ?? 0))
          fours.storeBytes(of: (low | high &<< 16) ^ sign, toByteOffset: 4 &* index, as: UInt32.self)
        }
      }
    }
  #endif

  @inline(__always)
  private static func products(
    _ shape: FixedPointProductShape, _ depth: Int, _ input: UnsafePointer<Int16>, _ weights: UnsafePointer<Int16>,
    _ sums: UnsafeMutablePointer<Int32>,
    add: (inout BlockSums, UnsafePointer<Int16>, UnsafePointer<Int16>) -> Void
  ) {
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
          add(&block, tap, weight)
          add(&block, tap + columnStep, weight + weightStep)
          add(&block, tap + 2 &* columnStep, weight + 2 &* weightStep)
          tap += 3 &* columnStep
          weight += 3 &* weightStep
          columns &-= 3
        }
        while columns > 0 {
          add(&block, tap, weight)
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

  /// The sum of products of a row of 16-bit values and one of 8 or 16 bits.
  ///
  /// - Parameter interval: products that a sum of 32 bits can hold.
  @inline(never)
  public static func fixedPointDot(
    count: Int, interval: Int, _ a: UnsafePointer<Int16>, _ b: UnsafeRawPointer, _ type: FixedPointType
  ) -> Int64 {
    let step = MemoryLayout<retina_factors>.size / 2
    let left = UnsafeRawPointer(a)
    let perLane = interval / Int(retina_depth)
    var (sum, index) = (Int64(0), 0)
    while perLane > 0, index &+ step <= count {
      let end = perLane < count / step ? index &+ perLane &* step : count
      var lanes = retina_sums.zero
      while index &+ step <= (end < count ? end : count) {
        let x = left.loadUnaligned(fromByteOffset: 2 &* index, as: retina_factors.self)
        let y =
          type == .int8
          ? retina_widened_factors(b.loadUnaligned(fromByteOffset: index, as: retina_small_factors.self))
          : b.loadUnaligned(fromByteOffset: 2 &* index, as: retina_factors.self)
        lanes = retina_add_products(lanes, x, y)
        index &+= step
      }
      for lane in 0..<Int(retina_lanes) { sum &+= Int64(lanes[lane]) }
    }
    let values = FixedPointValues(type, b)
    while index < count {
      sum &+= Int64(a[index]) &* values[index]
      index &+= 1
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
    let (lanes, shift) = (Int(retina_lanes), multiplier.shift)
    let starts = retina_sums(repeating: Int32(truncatingIfNeeded: bias))
    var index = 0
    func each(_ round: (retina_sums) -> retina_sums) {
      while index &+ lanes <= count {
        let place = UnsafeMutableRawPointer(sums + index)
        place.storeBytes(of: round(place.loadUnaligned(as: retina_sums.self)), as: retina_sums.self)
        index &+= lanes
      }
    }
    switch rounding {
    case .double where shift <= 0:
      each { retina_round_twice($0 &+ starts, multiplier.multiplier, 0 &- shift) }
    // Only shifts to the left can pass 32 bits on the way.
    case .double: break
    case .single:
      let half = Int64(1) &<< Int64(30 &- shift)
      each { retina_round_once($0 &+ starts, multiplier.multiplier, half, 31 &- shift) }
    case .wide:
      let addend = bias &* Int64(wideFactor(multiplier)) &+ (1 &<< Int64(14 &- shift))
      each { retina_round_once($0, wideFactor(multiplier), addend, 15 &- shift) }
    }
    while index < count {
      sums[index] = multiplier.apply(Int64(sums[index]) &+ bias, rounding)
      index &+= 1
    }
  }

  /// Brings sums of 64 bits to the scale of the output, with the wide rounding.
  @inline(never)
  public static func fixedPointRoundWide(
    _ count: Int, bias: Int64, _ multiplier: FixedPointMultiplier, _ sums: UnsafePointer<Int64>,
    into target: UnsafeMutablePointer<Int32>
  ) {
    let (lanes, factor) = (Int(retina_lanes), wideFactor(multiplier))
    let addend = bias &* Int64(factor) &+ (1 &<< Int64(14 &- multiplier.shift))
    var index = 0
    while index &+ lanes <= count {
      let wide = UnsafeRawPointer(sums + index).loadUnaligned(as: retina_longs.self)
      UnsafeMutableRawPointer(target + index).storeBytes(
        of: retina_round_long(wide, factor, addend, 15 &- multiplier.shift), as: retina_sums.self)
      index &+= lanes
    }
    while index < count {
      target[index] = multiplier.apply(sums[index] &+ bias, .wide)
      index &+= 1
    }
  }

  /// Stores results: an offset is added, then they are clamped and cut to their width.
  ///
  /// - Parameter place: that of the first result in the output.
  @inline(never)
  public static func fixedPointStore(
    _ count: Int, _ results: UnsafePointer<Int32>, _ output: FixedPointOutput, at place: Int
  ) {
    let (lanes, offset) = (Int(retina_lanes), retina_sums(repeating: output.offset))
    // Clamped before the offset is added: so that nothing can overflow.
    let (low, high) = (output.minimum &- output.offset, output.maximum &- output.offset)
    guard count >= lanes else {
      for index in 0..<count { output.store(results[index], at: place &+ index) }
      return
    }
    var index = 0
    while index < count {
      // The last vector goes back as far as it must: some results are stored twice.
      let first = index &+ lanes <= count ? index : count &- lanes
      let loaded = UnsafeRawPointer(results + first).loadUnaligned(as: retina_sums.self)
      let values = retina_clamped(loaded, low, high) &+ offset
      let target = output.start + (place &+ first) &* (output.type == .int8 ? 1 : 2)
      switch output.type {
      case .int8: target.storeBytes(of: retina_as_bytes(values), as: retina_bytes.self)
      case .int16: target.storeBytes(of: retina_as_halves(values), as: retina_halves.self)
      }
      index &+= lanes
    }
  }

  /// The multiplier in 16 bits.
  @inline(__always)
  private static func wideFactor(_ multiplier: FixedPointMultiplier) -> Int32 {
    multiplier.multiplier < 0x7FFF_0000 ? (multiplier.multiplier &+ 0x8000) &>> 16 : 0x7FFF
  }
}
