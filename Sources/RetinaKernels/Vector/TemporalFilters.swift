#if RETINA_VARIANT
  import RetinaKernels
#endif

extension Kernels {
  /// Puts the maps of a frame, `[rank][group][position][8]`, at a place of the ring.
  @inline(never)
  public static func keepMaps(
    _ shape: TemporalFilterShape, maps: UnsafePointer<Float>, slot: Int, ring: UnsafeMutablePointer<Float>
  ) {
    let step = shape.pairStride
    let place = ring + slot / shape.block &* shape.blockStride + slot % shape.block &* shape.frameStride
    for rank in 0..<shape.ranks {
      for group in 0..<shape.groups {
        let source = maps + (rank &* shape.groups &+ group) &* shape.positions &* 8
        let target = place + group &* shape.pairs &* step + rank &* 16
        for position in 0..<shape.positions {
          store(load(source + 8 &* position), target + (position >> 1) &* step + (position & 1) &* 8)
        }
      }
    }
  }

  /// Adds the maps of past frames to results four at a time, each with its place in a filter in time.
  ///
  /// `result[4 q + j] += sum over t, over ranks, of filter[first - 4 q - j + t][rank] * maps[t][rank]`, in the order of t, for j in
  /// 0..<4 and the t whose place in the filter is not below zero. Four results use a map while it is in a register, all quads
  /// while it is in the nearest cache.
  ///
  /// - Parameters:
  ///   - slot: place in the ring of the frame t = 0.
  ///   - terms: number of t.
  ///   - filter: `[place][rank][group][8]`.
  ///   - first: place in the filter of t = 0 for the first result; may be below zero.
  ///   - quads: results divided by four.
  ///   - isFirst: whether the results are taken to be zero before.
  ///   - results: one after another.
  @inline(never)
  public static func filterFour(
    _ shape: TemporalFilterShape, ring: UnsafePointer<Float>, slot: Int, terms: Int, filter: UnsafePointer<Float>,
    first: Int, quads: Int, isFirst: Bool, results: UnsafeMutablePointer<Float>
  ) {
    let (stride, resultFloats) = (shape.filterStride, shape.resultFloats)
    for group in 0..<shape.groups {
      for pair in group &* shape.pairs..<(group &+ 1) &* shape.pairs {
        let maps = ring + pair &* shape.pairStride
        for quad in 0..<quads {
          let place = results + 4 &* quad &* resultFloats + pair &* 16
          var sum0 = isFirst ? Pair.zero : loadPair(place)
          var sum1 = isFirst ? Pair.zero : loadPair(place + resultFloats)
          var sum2 = isFirst ? Pair.zero : loadPair(place + 2 &* resultFloats)
          var sum3 = isFirst ? Pair.zero : loadPair(place + 3 &* resultFloats)
          // Frames before the first result's window are in nobody's; the next three are not yet in everybody's.
          var term = max(0, 4 &* quad &- first)
          var frame = RingPlace(shape, slot &+ term)
          while term < terms, first &- 4 &* quad &+ term < 3 {
            let index = first &- 4 &* quad &+ term
            for rank in 0..<shape.ranks {
              let value = loadPair(maps + frame.offset + rank &* 16)
              let factors = filter + index &* stride + (rank &* shape.groups &+ group) &* 8
              sum0 = multiplyAdd(factors, value, sum0)
              if index >= 1 { sum1 = multiplyAdd(factors - stride, value, sum1) }
              if index >= 2 { sum2 = multiplyAdd(factors - 2 &* stride, value, sum2) }
            }
            term &+= 1
            frame.advance(shape, by: 1)
          }
          while term < terms {
            let run = min(terms &- term, frame.run(shape))
            var map = maps + frame.offset
            var factors = filter + (first &- 4 &* quad &+ term) &* stride + group &* 8
            for _ in 0..<run &* shape.ranks {
              let value = loadPair(map)
              sum0 = multiplyAdd(factors, value, sum0)
              sum1 = multiplyAdd(factors - stride, value, sum1)
              sum2 = multiplyAdd(factors - 2 &* stride, value, sum2)
              sum3 = multiplyAdd(factors - 3 &* stride, value, sum3)
              map += 16
              factors += shape.groups &* 8
            }
            term &+= run
            frame.advance(shape, by: run)
          }
          storePair(sum0, place)
          storePair(sum1, place + resultFloats)
          storePair(sum2, place + 2 &* resultFloats)
          storePair(sum3, place + 3 &* resultFloats)
        }
      }
    }
  }

  /// Completes one result: adds the maps of the newest frames, the bias, and what the epilogue says.
  ///
  /// - Parameters:
  ///   - filter: the places of these frames, `[term][rank][group][8]`.
  ///   - sums: what older frames have contributed, laid out like a result.
  ///   - bias: `[group][8]`.
  ///   - output: `[group][position][8]`.
  @inline(never)
  public static func filterNewest(
    _ shape: TemporalFilterShape, ring: UnsafePointer<Float>, slot: Int, terms: Int, filter: UnsafePointer<Float>,
    sums: UnsafePointer<Float>, bias: UnsafePointer<Float>, epilogue: Epilogue, output: UnsafeMutablePointer<Float>
  ) {
    let start = RingPlace(shape, slot)
    for group in 0..<shape.groups {
      let constant = load(bias + 8 &* group)
      let end = epilogue.group(group, positions: shape.positions)
      let features = output + group &* shape.positions &* 8
      for pair in 0..<shape.pairs {
        let place = group &* shape.pairs &+ pair
        let maps = ring + place &* shape.pairStride
        var sum = loadPair(sums + place &* 16)
        var factors = filter + group &* 8
        var (frame, left) = (start, terms)
        while left > 0 {
          let run = min(left, frame.run(shape))
          var map = maps + frame.offset
          for _ in 0..<run &* shape.ranks {
            sum = multiplyAdd(factors, loadPair(map), sum)
            map += 16
            factors += shape.groups &* 8
          }
          left &-= run
          frame.advance(shape, by: run)
        }
        let position = 2 &* pair
        store(end.finish(sum.lowHalf + constant, at: position), features + position &* 8)
        if position &+ 1 < shape.positions {
          store(end.finish(sum.highHalf + constant, at: position &+ 1), features + (position &+ 1) &* 8)
        }
      }
    }
  }
}

/// Where a frame lies in the ring.
private struct RingPlace {
  var offset: Int
  private var slot, within: Int

  /// A slot, at most once round.
  @inline(__always)
  init(_ shape: TemporalFilterShape, _ slot: Int) {
    self.slot = slot >= shape.slots ? slot &- shape.slots : slot
    within = self.slot % shape.block
    offset = self.slot / shape.block &* shape.blockStride &+ within &* shape.frameStride
  }

  /// Frames from here to the end of the block, which lie one after another.
  @inline(__always)
  func run(_ shape: TemporalFilterShape) -> Int { shape.block &- within }

  /// Goes on within the block, or to the start of the next.
  @inline(__always)
  mutating func advance(_ shape: TemporalFilterShape, by frames: Int) {
    (slot, within, offset) = (slot &+ frames, within &+ frames, offset &+ frames &* shape.frameStride)
    guard within == shape.block else { return }
    within = 0
    offset &+= shape.blockStride &- shape.pairStride
    if slot == shape.slots { (slot, offset) = (0, 0) }
  }
}

/// Eight channels of two positions.
private typealias Pair = SIMD16<Float>

@inline(__always)
private func loadPair(_ pointer: UnsafePointer<Float>) -> Pair {
  UnsafeRawPointer(pointer).loadUnaligned(as: Pair.self)
}

@inline(__always)
private func storePair(_ value: Pair, _ pointer: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: Pair.self)
}

/// The eight factors at a place, for both positions, times `b`, plus `c`.
@inline(__always)
private func multiplyAdd(_ factors: UnsafePointer<Float>, _ b: Pair, _ c: Pair) -> Pair {
  let lanes = load(factors)
  return Pair(
    lowHalf: multiplyAdd(lanes, b.lowHalf, c.lowHalf), highHalf: multiplyAdd(lanes, b.highHalf, c.highHalf))
}
