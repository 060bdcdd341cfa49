import Testing

@testable import RetinaStimuli

/// The seeds, bits and digest that published white-noise recordings give.
@Suite struct Ran1Tests {
  @Test(arguments: [
    (-10_000, "0101111011010000001011110000101101000000100111001111011011001011"),
    (-1000, "0011011111010100011100001010000111111010111001101110001010001101"),
  ])
  func `the first 64 draws are those of the recordings`(seed: Int, bits: String) {
    var generator = Ran1(seed: seed)
    let draws = (0..<64).map { _ in generator.next() >= 0.5 ? "1" : "0" }.joined()
    #expect(draws == bits, "seed \(seed)")
    var signs = [Int8](repeating: 0, count: 64)
    generator = Ran1(seed: seed)
    generator.fill(&signs)
    #expect(signs.map { $0 == 1 ? "1" : "0" }.joined() == bits, "seed \(seed)")
  }

  @Test func `draws are those of Numerical Recipes in double precision`() {
    var generator = Ran1(seed: -1000)
    for expected in [0.19059444460579866, 0.4645137076566525, 0.928777586169903] {
      #expect(abs(generator.next() - expected) < 1e-16)
    }
  }

  @Test func `ten frames of the recording have the published digest`() {
    var generator = Ran1(seed: -10_000)
    var signs = [Int8](repeating: 0, count: 10 * 200 * 150)
    generator.fill(&signs)
    #expect(
      sha256(signs.map { UInt8(bitPattern: $0) })
        == "f6e6ff1abbd586901612629ac1e16b9cf510cf3c6cdc1cc2f1512cf460f843ce")
  }

  @Test func `a draw that single precision would round to one half is below it`() {
    var generator = Ran1(seed: -10_000)
    var signs = [Int8](repeating: 0, count: 2_933_441)
    generator.fill(&signs)
    let draw = generator.next()
    #expect(draw < 0.5)
    #expect(Float(draw) == 0.5)
  }

  @Test func `filling in parts and drawing one by one go on from one another`() {
    var (parts, single) = (Ran1(seed: -7), Ran1(seed: -7))
    var signs = [Int8](repeating: 0, count: 33)
    for _ in 0..<5 {
      parts.fill(&signs)
      for sign in signs { #expect(sign == (single.next() >= 0.5 ? 1 : -1)) }
      #expect(parts.next() == single.next())
    }
  }

  @Test func `a copy draws on its own`() {
    var original = Ran1(seed: -3)
    var copy = original
    let draws = (0..<100).map { _ in original.next() }
    #expect((0..<100).map { _ in copy.next() } == draws)
  }

  @Test func `draws lie between 0 and 1 for the outermost seeds`() {
    for seed in [Ran1.seeds.lowerBound, Ran1.seeds.upperBound] {
      var generator = Ran1(seed: seed)
      for _ in 0..<10_000 {
        let draw = generator.next()
        #expect(draw > 0 && draw < 1, "seed \(seed)")
      }
    }
  }

  @Test func `the digest itself is right`() {
    #expect(sha256([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(sha256(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}
