import Testing

@testable import RetinaReport

@Suite struct ColourScaleTests {
  @Test func divergingScaleIsWhiteAtZeroOnly() {
    let scale = ColourScale.diverging(limit: 2)
    #expect(scale.colour(of: 0) == Colour(0xFFFFFF))
    #expect(scale.colour(of: -2) == Colour(0x0B3C6F))
    #expect(scale.colour(of: 2) == Colour(0x6E2C05))
    #expect(scale.colour(of: -100) == scale.colour(of: -2))
    #expect(scale.palette.count { $0 == Colour(0xFFFFFF) } == 1)
  }

  @Test func oppositeValuesAreEquallyFarFromTheMiddle() {
    let scale = ColourScale.diverging(limit: 1)
    for value: Float in [0.01, 0.1, 0.5, 0.77, 1] {
      #expect(Int(scale.index(of: value)) + Int(scale.index(of: -value)) == 254, "\(value)")
    }
  }

  @Test func valuesThatAreNotFiniteAreGrey() {
    for scale in [ColourScale.diverging(limit: 1), .sequential(lower: 0, upper: 1)] {
      #expect(scale.palette.count == 256)
      for value: Float in [.nan, .infinity, -.infinity] { #expect(scale.colour(of: value) == ColourScale.missing) }
    }
  }

  @Test func limitHoldsTheFiniteValues() {
    #expect(ColourScale.diverging(holding: [1, -3, .infinity, .nan]).upper == 3)
    #expect(ColourScale.diverging(holding: [Float]()).upper == 1)
    #expect(ColourScale.diverging(holding: [0, 0]).upper == 1)
  }

  @Test func sequentialScale() {
    let scale = ColourScale.sequential(lower: 10, upper: 20)
    #expect(scale.colour(of: 10) == Colour(0x440154))
    #expect(scale.colour(of: 20) == Colour(0xFDE725))
    #expect(ColourScale.sequential(lower: 3, upper: 3).upper == 1)
  }

  @Test func hexadecimal() {
    #expect(Colour(0x0A00FF).hexadecimal == "#0a00ff")
  }
}
