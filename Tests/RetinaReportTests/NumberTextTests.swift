import Testing

@testable import RetinaReport

@Suite struct NumberTextTests {
  @Test(arguments: [
    (0.0, "0"), (-0.0, "0"), (1, "1"), (-1.5, "-1.5"), (0.05, "0.05"), (-0.004, "0"), (123.456, "123.46"),
    (100, "100"), (.nan, "0"), (-.infinity, "0"), (1e300, "1000000000"),
  ])
  func coordinates(value: Double, text: String) {
    #expect(NumberText.coordinate(value) == text)
  }

  @Test(arguments: [
    (0.0, "0"), (2.314, "2.31"), (9.999, "10.0"), (-0.046, "−0.0460"), (1234.5, "1230"), (1.2e-7, "1.20×10⁻⁷"),
    (-6.022e23, "−6.02×10²³"), (.nan, "not a number"), (.infinity, "∞"), (-.infinity, "−∞"),
    (.leastNonzeroMagnitude, "0"), (999_999, "1.00×10⁶"), (.greatestFiniteMagnitude, "1.80×10³⁰⁸"),
  ])
  func significantDigits(value: Double, text: String) {
    #expect(NumberText.significant(value) == text)
  }

  @Test func signs() {
    #expect(NumberText.signed(2.5, digits: 2) == "+2.5")
    #expect(NumberText.signed(-2.5, digits: 2) == "−2.5")
    #expect(NumberText.signed(0) == "0")
  }

  @Test func decimals() {
    #expect(NumberText.decimal(5, exponent: -3) == "0.005")
    #expect(NumberText.decimal(1234, exponent: -2) == "12.34")
    #expect(NumberText.decimal(7, exponent: 2) == "700")
    #expect(NumberText.superscript(-10) == "⁻¹⁰")
  }

  @Test func exponentsAreExactAtPowersOfTen() {
    for exponent in -20...20 {
      #expect(NumberText.decimalExponent(NumberText.powerOfTen(exponent)) == exponent)
      #expect(NumberText.decimalExponent(NumberText.powerOfTen(exponent).nextDown) == exponent - 1)
    }
  }
}
