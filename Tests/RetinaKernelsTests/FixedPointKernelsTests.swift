import RetinaKernels
import Testing

/// The vector forms of rounding, storing and quantising give the integers of the definitions of one value.
@Suite struct FixedPointKernelsTests {
  /// Sums around ties and at the ends of 32 bits, then random ones.
  private static func sums(_ generator: inout SeededRandom, _ shift: Int32) -> [Int32] {
    var sums: [Int32] = [.min, .min + 1, -1, 0, 1, .max - 1, .max]
    // With a multiplier of 2^30, half a step of the output is 2^-shift.
    let half = Int32(1) << min(30, max(0, 0 - shift))
    for odd in stride(from: Int32(-9), through: 9, by: 2) {
      for near in [-1, 0, 1] as [Int32] { sums.append((odd &* half) &+ near) }
    }
    for _ in 0..<90 {
      let wide = Int32(truncatingIfNeeded: generator.next())
      sums.append(wide >> Int32(generator.next() % 30))
    }
    return sums
  }

  @Test(arguments: Level.available, [FixedPointRounding.double, .single, .wide])
  func `rows are rounded like single sums`(level: Level, rounding: FixedPointRounding) {
    var generator = SeededRandom(seed: 5)
    for shift in Int32(-31)...7 {
      for multiplier in [Int32(1 << 30), 1 << 30 + 1, 0x5A82_799A, 0x7FFE_FFFF, 0x7FFF_0000, .max, 0] {
        let factor = FixedPointMultiplier(multiplier: multiplier, shift: shift)
        let sums = Self.sums(&generator, shift)
        for bias in [Int64(0), -1, 12_345, -(1 << 30), rounding == .wide ? 1 << 40 : 1 << 30] {
          var found = sums
          found.withUnsafeMutableBufferPointer { found in
            level.kernels.fixedPointRound(found.count, bias: bias, factor, rounding, sums: found.baseAddress!)
          }
          let expected = sums.map { factor.apply(Int64($0) + bias, rounding) }
          #expect(found == expected, "\(factor), bias \(bias)")
          guard rounding == .wide else { continue }
          let wide = sums.map { Int64($0) << 12 }
          level.kernels.fixedPointRoundWide(wide.count, bias: bias, factor, wide, into: &found)
          #expect(found == wide.map { factor.apply($0 + bias, .wide) }, "\(factor), bias \(bias), 64 bits")
        }
      }
    }
  }

  @Test(arguments: Level.available, [FixedPointType.int8, .int16])
  func `rows of results are stored like single ones`(level: Level, type: FixedPointType) {
    let results: [Int32] = (-70...70).map { $0 &* 1_001 } + [.min, .max, 127, 128, -128, -129, 0]
    for offset in [Int32(0), -128, 100, type.maximum] {
      for (low, high) in [(type.minimum, type.maximum), (offset, type.maximum), (-3, 5)] {
        var (found, expected) = ([Int16](repeating: 0, count: 200), [Int16](repeating: 0, count: 200))
        found.withUnsafeMutableBytes { bytes in
          let output = FixedPointOutput(type, bytes.baseAddress!, offset: offset, minimum: low, maximum: high)
          level.kernels.fixedPointStore(results.count, results, output, at: 3)
        }
        expected.withUnsafeMutableBytes { bytes in
          let output = FixedPointOutput(type, bytes.baseAddress!, offset: offset, minimum: low, maximum: high)
          for (index, result) in results.enumerated() { output.store(result, at: index + 3) }
        }
        #expect(found == expected, "offset \(offset), \(low)...\(high)")
      }
    }
  }

  @Test(arguments: Level.available, [FixedPointType.int8, .int16])
  func `rows of numbers become the integers of single ones`(level: Level, type: FixedPointType) {
    var generator = SeededRandom(seed: 6)
    var numbers: [Float] = [
      .nan, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5,
      0.49999997, -0.49999997, 126.5, 127.5, -128.5, 32_766.5, 131_072, -131_073,
    ]
    numbers += (0..<50).map { _ in Float(Int32(truncatingIfNeeded: generator.next()) >> 20) / 8 }
    let means = numbers.indices.map { Float($0 % 3) / 4 }
    let deviations = numbers.indices.map { Float($0 % 4 + 1) / 2 }
    for (step, scale, zeroPoint) in [(0, Float(1), Int32(0)), (1, 1, 0), (1, 0.25, -100), (0, 0.3, 127)] {
      var (found, expected) = ([Int16](repeating: 0, count: 80), [Int16](repeating: 0, count: 80))
      found.withUnsafeMutableBytes { bytes in
        level.kernels.fixedPointQuantize(
          numbers.count, numbers: numbers, mean: means, deviation: deviations, step: step, scale: scale,
          zeroPoint: zeroPoint, type, into: bytes.baseAddress!)
      }
      expected.withUnsafeMutableBytes { bytes in
        let output = FixedPointOutput(type, bytes.baseAddress!, minimum: type.minimum, maximum: type.maximum)
        for (index, number) in numbers.enumerated() {
          let normalized = (number - means[step * index]) / deviations[step * index]
          output.store(
            FixedPointScale.value(of: normalized, scale: scale, zeroPoint: zeroPoint, type: type), at: index)
        }
      }
      #expect(found == expected, "step \(step), scale \(scale), zero at \(zeroPoint)")
    }
  }
}
