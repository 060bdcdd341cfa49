import RetinaKernels
import Testing

@Suite struct TemporalFilterTests {
  /// A ring filled with random maps, frame by frame, and NaN where no frame is.
  private struct Ring {
    let shape: TemporalFilterShape
    let slot: Int
    var maps: [[Float]] = []
    var ring: [Float]

    init(_ level: Level, _ generator: inout SeededRandom, frames: Int) {
      let block = generator.integer(1...5)
      shape = TemporalFilterShape(
        slots: (frames + block - 1) / block * block + block, block: block, ranks: generator.integer(1...3),
        groups: generator.integer(1...2), positions: generator.integer(1...7))
      slot = generator.integer(0...shape.slots - 1)
      ring = [Float](repeating: .nan, count: shape.ringFloats)
      for frame in 0..<frames {
        maps.append(generator.values(shape.ranks * shape.groups * shape.positions * 8))
        level.kernels.keepMaps(shape, maps: maps[frame], slot: (slot + frame) % shape.slots, ring: &ring)
      }
    }

    /// The sum of one value over frames and ranks, by its definition.
    func sum(
      _ filter: [Float], group: Int, position: Int, lane: Int, _ place: (_ frame: Int) -> Int?
    ) -> Double {
      var sum = 0.0
      for frame in maps.indices {
        guard let place = place(frame) else { continue }
        for rank in 0..<shape.ranks {
          let factor = filter[((place * shape.ranks + rank) * shape.groups + group) * 8 + lane]
          let map = maps[frame][((rank * shape.groups + group) * shape.positions + position) * 8 + lane]
          sum += Double(factor) * Double(map)
        }
      }
      return sum
    }
  }

  @Test(arguments: Level.available, 0..<40)
  func `four results and more take each frame at its place in the filter`(level: Level, seed: Int) {
    var generator = SeededRandom(seed: UInt64(seed))
    let (terms, quads) = (generator.integer(0...11), generator.integer(1...2))
    let ring = Ring(level, &generator, frames: terms)
    let shape = ring.shape
    let first = generator.integer(-3...4)
    let filter = generator.values(max(1, first + terms) * shape.filterStride)
    let isFirst = seed % 2 == 0
    let start = generator.values(4 * quads * shape.resultFloats)
    var results = start
    level.kernels.filterFour(
      shape, ring: ring.ring, slot: ring.slot, terms: terms, filter: filter, first: first, quads: quads,
      isFirst: isFirst, results: &results)
    var (found, expected) = ([Float](), [Double]())
    for result in 0..<4 * quads {
      for value in 0..<shape.groups * shape.positions * 8 {
        let (lane, position, group) = (value % 8, value / 8 % shape.positions, value / 8 / shape.positions)
        let place = result * shape.resultFloats + (group * shape.pairs * 2 + position) * 8 + lane
        found.append(results[place])
        let sum = ring.sum(filter, group: group, position: position, lane: lane) { frame in
          first - result + frame >= 0 ? first - result + frame : nil
        }
        expected.append(sum + (isFirst ? 0 : Double(start[place])))
      }
    }
    #expect(relativeError(found, expected) < 1e-6, "seed \(seed), \(shape)")
  }

  @Test(arguments: Level.available, 0..<20)
  func `the newest frames, the bias and the epilogue complete a result`(level: Level, seed: Int) {
    var generator = SeededRandom(seed: UInt64(seed))
    let terms = generator.integer(0...5)
    let ring = Ring(level, &generator, frames: terms)
    let shape = ring.shape
    let filter = generator.values(max(1, terms) * shape.filterStride)
    let (sums, bias) = (generator.values(shape.resultFloats), generator.values(shape.groups * 8))
    let (scale, shift) = (
      generator.values(shape.groups * shape.positions * 8), generator.values(shape.groups * shape.positions * 8)
    )
    var output = [Float](repeating: .nan, count: shape.groups * shape.positions * 8)
    scale.withUnsafeBufferPointer { scale in
      shift.withUnsafeBufferPointer { shift in
        level.kernels.filterNewest(
          shape, ring: ring.ring, slot: ring.slot, terms: terms, filter: filter, sums: sums, bias: bias,
          epilogue: Epilogue(scale: scale.baseAddress, shift: shift.baseAddress, step: 8, rectifies: seed % 2 == 0),
          output: &output)
      }
    }
    let expected = output.indices.map { value in
      let (lane, position, group) = (value % 8, value / 8 % shape.positions, value / 8 / shape.positions)
      let sum = ring.sum(filter, group: group, position: position, lane: lane) { $0 }
      let all = sum + Double(sums[(group * shape.pairs * 2 + position) * 8 + lane]) + Double(bias[group * 8 + lane])
      let result = all * Double(scale[value]) + Double(shift[value])
      return seed % 2 == 0 ? max(0, result) : result
    }
    #expect(relativeError(output, expected) < 1e-6, "seed \(seed), \(shape)")
  }
}
