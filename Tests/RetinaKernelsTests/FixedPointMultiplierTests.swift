import Glibc
import RetinaKernels
import Testing

/// Requantisation written down as LiteRT's source does it, with C's division towards zero.
private enum LiteRT {
  static func double(_ x: Int64, _ multiplier: Int64, _ shift: Int64) -> Int64 {
    let shifted = x << max(shift, 0)
    let product = shifted * multiplier
    let nudge: Int64 = product >= 0 ? 1 << 30 : 1 - 1 << 30
    let high = (product + nudge) / (1 << 31)
    let exponent = max(-shift, 0)
    let mask = Int64(1) << exponent - 1
    let threshold = mask >> 1 + (high < 0 ? 1 : 0)
    return high >> exponent + (high & mask > threshold ? 1 : 0)
  }

  static func single(_ x: Int64, _ multiplier: Int64, _ shift: Int64) -> Int64 {
    (x * multiplier + 1 << (30 - shift)) >> (31 - shift)
  }

  static func wide(_ x: Int64, _ multiplier: Int64, _ shift: Int64) -> Int64 {
    let reduced = multiplier < 0x7FFF_0000 ? (multiplier + 1 << 15) >> 16 : 0x7FFF
    return (x * reduced + 1 << (14 - shift)) >> (15 - shift)
  }
}

@Suite struct FixedPointMultiplierTests {
  /// A product, and what each rounding makes of it.
  struct Product: Sendable {
    var sum: Int64
    var multiplier: Int32
    var shift: Int32
    var double, single, wide: Int32

    init(_ sum: Int64, _ multiplier: Int32, _ shift: Int32, _ double: Int32, _ single: Int32, _ wide: Int32) {
      (self.sum, self.multiplier, self.shift) = (sum, multiplier, shift)
      (self.double, self.single, self.wide) = (double, single, wide)
    }
  }

  /// Worked out by hand.
  static let products: [Product] = [
    // A quarter: rounded once it is 0, rounded twice first 1, then 1. A half below zero goes away from zero only in the second step.
    Product(1, 1 << 30, -1, 1, 0, 0), Product(-1, 1 << 30, -1, 0, 0, 0), Product(-2, 1 << 30, -1, -1, 0, 0),
    Product(-6, 1 << 30, -1, -2, -1, -1), Product(2, 1 << 30, -1, 1, 1, 1), Product(3, 1 << 30, 0, 2, 2, 2),
    Product(-3, 1 << 30, 0, -1, -1, -1),
    // The lower half of the multiplier is rounded away when sums are wide, and cannot be rounded up at the end of the range.
    Product(100_000, 0x4000_7FFF, -2, 12501, 12500, 12500), Product(100_000, 0x4000_8000, -2, 12501, 12500, 12501),
    Product(12345, 0x7FFF_FFFF, 5, 395_040, 395_040, 395_028),
    // The largest shift to the right.
    Product(Int64(Int32.max), 1 << 30, -31, 1, 0, 0), Product(Int64(Int32.min), 1 << 30, -31, -1, 0, 0),
  ]

  @Test(arguments: products) func `roundings differ where they should`(_ product: Product) {
    let factor = FixedPointMultiplier(multiplier: product.multiplier, shift: product.shift)
    #expect(factor.apply(product.sum, .double) == product.double)
    #expect(factor.apply(product.sum, .single) == product.single)
    #expect(factor.apply(product.sum, .wide) == product.wide)
  }

  @Test(arguments: [UInt64(1), 2, 3]) func `the arithmetic is that of LiteRT`(seed: UInt64) {
    var generator = SeededRandom(seed: seed)
    var differences = [0, 0]
    for _ in 0..<20_000 {
      let shift = generator.integer(-31...7)
      let multiplier = generator.integer(1 << 30...Int(Int32.max))
      // Few bits make ties; the product must stay within 32 bits, which is where LiteRT says what happens.
      let bits = generator.integer(0...(31 - max(shift, 0)))
      let limit = 1 << bits
      let sum = Int64(generator.integer(-limit...limit - 1))
      let tie = generator.once(in: 2) ? 1 << 30 : multiplier
      let factor = FixedPointMultiplier(multiplier: Int32(tie), shift: Int32(shift))
      let (x, m, s) = (sum, Int64(tie), Int64(shift))
      let found = (factor.apply(sum, .double), factor.apply(sum, .single), factor.apply(sum, .wide))
      #expect(Int64(found.0) == LiteRT.double(x, m, s), "seed \(seed): \(x) * \(m) >> \(s)")
      #expect(Int64(found.1) == LiteRT.single(x, m, s), "seed \(seed): \(x) * \(m) >> \(s)")
      #expect(Int64(found.2) == LiteRT.wide(x, m, s), "seed \(seed): \(x) * \(m) >> \(s)")
      differences[0] += found.0 != found.1 ? 1 : 0
      differences[1] += found.1 != found.2 ? 1 : 0
    }
    #expect(differences.allSatisfy { $0 > 50 }, "the cases must tell the roundings apart: \(differences)")
  }

  @Test func `results beyond 32 bits saturate`() {
    let large = FixedPointMultiplier(multiplier: Int32.max, shift: 7)
    for rounding in [FixedPointRounding.double, .single, .wide] {
      #expect(large.apply(Int64(Int32.max), rounding) >= Int32.max - (1 << 16))
      #expect(large.apply(Int64(Int32.min), rounding) <= Int32.min + (1 << 16))
    }
    // The one product that NEON saturates.
    #expect(FixedPointMultiplier(multiplier: .min, shift: 0).apply(Int64(Int32.min), .double) == .max)
    // Sums of 64 bits are not cut to 32.
    let small = FixedPointMultiplier(multiplier: 1 << 30, shift: -31)
    #expect(small.apply(1 << 46, .wide) == 1 << 14)
    #expect(small.apply(-(1 << 46), .wide) == -(1 << 14))
  }

  static let factors: [(Double, FixedPointMultiplier)] = [
    (0.5, FixedPointMultiplier(multiplier: 1 << 30, shift: 0)),
    (1, FixedPointMultiplier(multiplier: 1 << 30, shift: 1)),
    (0.75, FixedPointMultiplier(multiplier: 3 << 29, shift: 0)),
    (1 / 3.0, FixedPointMultiplier(multiplier: 1_431_655_765, shift: -1)),
    (0, FixedPointMultiplier(multiplier: 0, shift: 0)), (1e-12, FixedPointMultiplier(multiplier: 0, shift: 0)),
    // Rounded up to 2^31, which becomes 2^30 and one shift more.
    (1 - 1e-12, FixedPointMultiplier(multiplier: 1 << 30, shift: 1)),
    (0.25 - 1e-13, FixedPointMultiplier(multiplier: 1 << 30, shift: -1)),
    (1_000_000, FixedPointMultiplier(multiplier: 2_048_000_000, shift: 20)),
  ]

  @Test(arguments: factors) func `a factor is split as LiteRT does`(factor: Double, parts: FixedPointMultiplier) throws
  {
    let found = try #require(FixedPointMultiplier(factor))
    #expect(found == parts)
    #expect((found.value - factor).magnitude <= factor * 0x1p-31 + 1e-12)
  }

  @Test(arguments: [-1.0, .nan, .infinity, 1_073_741_824]) func `other numbers are no factors`(factor: Double) {
    #expect(FixedPointMultiplier(factor) == nil)
  }
}

@Suite struct FixedPointScaleTests {
  /// A number and the value nearest to it.
  struct Rounded: Sendable {
    var number: Float
    var scale: Float = 1
    var zeroPoint: Int32 = 0
    var value: Int32
  }

  static let rounded: [Rounded] = [
    Rounded(number: 0.5, value: 1), Rounded(number: -0.5, value: -1), Rounded(number: 0.49999997, value: 0),
    Rounded(number: -0.49999997, value: 0), Rounded(number: 1.5, value: 2), Rounded(number: 2.5, value: 3),
    Rounded(number: -2.5, value: -3), Rounded(number: 1, scale: 0.1, zeroPoint: -128, value: -118),
    Rounded(number: 1e30, zeroPoint: 5, value: 127), Rounded(number: -1e30, zeroPoint: 5, value: -128),
    Rounded(number: .infinity, value: 127), Rounded(number: -.infinity, value: -128),
    Rounded(number: .nan, zeroPoint: 7, value: 7),
  ]

  @Test(arguments: rounded) func `numbers become the nearest value, ties away from zero`(_ rounded: Rounded) {
    let found = FixedPointScale.value(
      of: rounded.number, scale: rounded.scale, zeroPoint: rounded.zeroPoint, type: .int8)
    #expect(found == rounded.value)
  }

  @Test func `values of 16 bits use their whole range`() {
    #expect(FixedPointScale.value(of: 40_000, scale: 1, zeroPoint: -100, type: .int16) == 32_767)
    #expect(FixedPointScale.value(of: -32_768, scale: 1, zeroPoint: 0, type: .int16) == -32_768)
    #expect(FixedPointScale.number(-128, scale: 0.5, zeroPoint: -28) == -50)
  }
}

@Suite struct FixedPointTableTests {
  @Test func `entries are met and lines between them rounded upwards at ties`() {
    var table = [Int16](repeating: 0, count: FixedPointTable.count)
    for index in table.indices { table[index] = Int16(index - 256) }
    (table[256], table[257], table[258]) = (10, 11, 9)
    #expect(FixedPointTable.value(table, at: .min) == -256)
    #expect(FixedPointTable.value(table, at: 0) == 10)
    // 10 + 64/128 and 11 - 2 * 32/128 are ties.
    #expect([63, 64, 127, 128, 160, 161].map { FixedPointTable.value(table, at: $0) } == [10, 11, 11, 11, 11, 10])
    // The last entry only ends the last line.
    #expect(FixedPointTable.value(table, at: .max) == 256)
  }

  /// A function, the ends of its input, the largest result and the largest second derivative.
  struct Smooth: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let end, largest, curvature: Double
    let value: @Sendable (Double) -> Double
  }

  static let functions = [
    Smooth(testDescription: "softplus", end: 8, largest: 9, curvature: 0.25) { log1p(exp(-$0.magnitude)) + max($0, 0) },
    Smooth(testDescription: "sigmoid", end: 12, largest: 1, curvature: 1 / (6 * 3.0.squareRoot())) {
      1 / (1 + exp(-$0))
    },
    Smooth(testDescription: "tanh", end: 6, largest: 1, curvature: 4 / (3 * 3.0.squareRoot())) { tanh($0) },
    Smooth(testDescription: "exponential", end: 3, largest: 21, curvature: exp(3)) { exp($0) },
  ]

  @Test(arguments: functions) func `a table follows a smooth function within its stated error`(_ smooth: Smooth) {
    let (step, unit) = (smooth.end / 32_768, smooth.largest / 32_767)
    let table = (0..<FixedPointTable.count).map { index in
      Int16((smooth.value(Double(128 * (index - 256)) * step) / unit).rounded())
    }
    // 128^2 / 8 of the largest second derivative, and 1.
    let allowed = 2048 * step * step * smooth.curvature / unit + 1
    var largest = 0.0
    for input in Int16.min...Int16.max {
      let exact = smooth.value(Double(input) * step) / unit
      largest = max(largest, (Double(FixedPointTable.value(table, at: input)) - exact).magnitude)
    }
    #expect(largest <= allowed)
    // The bound is near: half of it is reached.
    #expect(largest > allowed / 2)
  }
}
