import Testing

@testable import RetinaStimuli

@Suite struct SeededGeneratorTests {
  @Test func `the bits are those of SplitMix64`() {
    // The test vector of the reference implementation for this seed.
    var generator = SeededGenerator(seed: 1_234_567)
    let expected: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
      16_408_922_859_458_223_821,
    ]
    #expect(expected.map { _ in generator.next() } == expected)
  }

  @Test(arguments: [0, 1, 42, UInt64.max])
  func `uniform numbers fill 0 to 1 evenly`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var (sum, squares) = (0.0, 0.0)
    let count = 20_000
    for _ in 0..<count {
      let value = generator.uniform()
      guard value >= 0 && value < 1 else {
        Issue.record("\(value) for seed \(seed)")
        return
      }
      sum += value
      squares += value * value
    }
    // Five standard errors: sqrt(1/12 / n) and sqrt(4/45 / n).
    #expect(abs(sum / Double(count) - 0.5) < 0.0102, "seed \(seed)")
    #expect(abs(squares / Double(count) - 1.0 / 3) < 0.0106, "seed \(seed)")
  }

  @Test(arguments: [0, 1, 42, UInt64.max])
  func `normal deviates have the moments of the normal distribution`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let count = 40_000
    var moments = [0.0, 0.0, 0.0, 0.0]
    for _ in 0..<count {
      let value = generator.normal()
      for power in 0..<4 {
        var term = value
        for _ in 0..<power { term *= value }
        moments[power] += term / Double(count)
      }
    }
    // Five standard errors: sqrt(1/n), sqrt(2/n), sqrt(15/n), sqrt(96/n).
    for (power, (expected, tolerance)) in [(0.0, 0.025), (1.0, 0.0354), (0.0, 0.0969), (3.0, 0.245)].enumerated() {
      #expect(abs(moments[power] - expected) < tolerance, "moment \(power + 1), seed \(seed)")
    }
  }

  @Test func `the same seed gives the same deviates and another seed others`() {
    var (a, b, c) = (SeededGenerator(seed: 5), SeededGenerator(seed: 5), SeededGenerator(seed: 6))
    let deviates = (0..<50).map { _ in a.normal() }
    #expect((0..<50).map { _ in b.normal() } == deviates)
    #expect((0..<50).map { _ in c.normal() } != deviates)
  }
}
