import Testing

@testable import RetinaReport

@Suite struct AxisTests {
  @Test(arguments: [
    (0.0, 10.0, 5, ["0", "2", "4", "6", "8", "10"]),
    (0, 1, 4, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    (-0.1, 0.1, 4, ["−0.10", "−0.05", "0", "0.05", "0.10"]),
    (0.4, 6.4, 6, ["1", "2", "3", "4", "5", "6"]),
    (0, 3e7, 3, ["0", "1×10⁷", "2×10⁷", "3×10⁷"]),
    (0, 2.5e-6, 5, ["0", "0.5×10⁻⁶", "1.0×10⁻⁶", "1.5×10⁻⁶", "2.0×10⁻⁶", "2.5×10⁻⁶"]),
    (100_000, 100_004, 4, ["100000", "100001", "100002", "100003", "100004"]),
  ])
  func ticks(lower: Double, upper: Double, count: Int, labels: [String]) {
    #expect(Ticks(from: lower, through: upper, about: count).labels == labels)
  }

  @Test func tickValuesAreTheNearestToTheirLabels() {
    #expect(Ticks(from: 0, through: 0.7, about: 7).values == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
  }

  @Test func ticksKeepToTheSmallestStep() {
    #expect(Ticks(from: -0.5, through: 2.5, about: 10, smallestStep: 1).labels == ["0", "1", "2"])
  }

  @Test(arguments: [(1.0, 1.0), (2, 1), (.nan, 1), (0, .infinity), (1e15, 1e15 + 1), (0, .leastNonzeroMagnitude)])
  func noTicks(lower: Double, upper: Double) {
    #expect(Ticks(from: lower, through: upper, about: 5).values.isEmpty)
  }

  @Test func positions() {
    let axis = Axis(from: -1, through: 3, start: 100, end: 20, ticks: 4)
    #expect(axis.position(of: -1) == 100)
    #expect(axis.position(of: 1) == 60)
    #expect(axis.position(of: 3) == 20)
  }

  @Test(arguments: [
    (4.0, 4.0), (0, 0), (.nan, .nan), (.infinity, -.infinity), (-.greatestFiniteMagnitude, .greatestFiniteMagnitude),
    (1e30, 1e30), (3, 2),
  ])
  func anyIntervalGivesAnAxis(lower: Double, upper: Double) {
    let axis = Axis(from: lower, through: upper, start: 0, end: 100, ticks: 5)
    #expect(axis.lower < axis.upper)
    #expect(axis.position(of: axis.upper) == 100)
    #expect(!axis.ticks.values.isEmpty)
  }
}
