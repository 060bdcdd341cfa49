import Foundation
import RetinaModel
import Testing

@testable import RetinaInterpretation

@Suite struct JudgementTests {
  private func verdict(_ scores: [Double?], null: [Double?]) -> Verdict {
    PhenomenonResult(
      ChirpResponse().description, stimulus: "", scores: scores, nullScores: null, beyondRange: 0, curves: []
    ).verdict
  }

  @Test func `found needs the criterion, the null and enough cells`() {
    let high: [Double?] = (0..<20).map { 0.7 + 0.01 * Double($0) }
    #expect(verdict(high, null: high.map { $0.map { $0 - 0.2 } }) == .found)
    #expect(verdict(high, null: high.map { $0.map { $0 + 0.2 } }) == .notFound)
    #expect(verdict(high.map { $0.map { $0 - 0.4 } }, null: high.map { _ in 0 }) == .notFound)
    #expect(verdict([0.9, 0.9] + high.map { _ in nil }, null: high) == .noResponse)
    #expect(verdict([0.9], null: [0.1]) == .found)
    #expect(verdict([nil], null: [0.1]) == .noResponse)
  }

  @Test func `the median and its interval are those of the definition`() throws {
    let estimate = try #require(Estimate([3, 1, 2, 10]))
    #expect(estimate.median == 2.5)
    let interval = try #require(estimate.interval)
    #expect(interval.low >= 1 && interval.low <= 2 && interval.high >= 3 && interval.high <= 10)
    #expect(Estimate([4, 4, 4])?.interval?.low == 4)
    #expect(Estimate([7])?.interval == nil && Estimate([]) == nil)
  }

  @Test func `a peak lies between samples where a parabola has it`() throws {
    // 5 - (x - 2.3)^2.
    let found = try #require(peak((0..<6).map { 5 - (Double($0) - 2.3) * (Double($0) - 2.3) }))
    #expect(abs(found.place - 2.3) < 1e-12 && abs(found.value - 5) < 1e-12)
    #expect(try #require(peak([3, 2, 1])).place == 0)
    #expect(peak([]) == nil)
  }

  @Test func `a local peak must rise enough`() {
    #expect(localPeak([5, 1, 2, 1, 4, 0], prominence: 1) == 4)
    #expect(localPeak([5, 4, 3, 2], prominence: 0.1) == nil)
    #expect(localPeak([1, 1.05, 1], prominence: 0.1) == nil)
  }

  @Test func `amplitudes are those of the sines in a trace`() {
    let trace = (0..<40).map { place in
      3 * sin(2 * Double.pi * Double(place) / 10) + 1.5 * sin(2 * Double.pi * Double(place) / 5 + 1) + 7
    }
    #expect(abs(amplitude(trace, cyclesPerSample: 0.1) - 3) < 1e-9)
    #expect(abs(amplitude(trace, cyclesPerSample: 0.2) - 1.5) < 1e-9)
    #expect(slope([0, 1, 2], [1, 3, 5]) == 2 && slope([1, 1], [0, 2]) == nil)
    #expect(correlation([1, 2, 3], [6, 4, 2]) == -1)
  }
}
