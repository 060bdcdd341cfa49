import RetinaFit
import RetinaModel
import RetinaStimuli
import RetinaTheory
import Testing

@testable import RetinaInterpretation

/// The parts of matching, each against its definition.
@Suite struct MatchingPartsTests {
  @Test(arguments: [2, 16, 21, 37, 64]) func `correlations at every shift are their sums`(length: Int) {
    var generator = SeededGenerator(seed: UInt64(length))
    let traces = (0..<16).map { _ in (0..<length).map { _ in Float(generator.normal()) } }
    let partner = (0..<length).map { _ in Float(generator.normal()) }
    let correlator = ShiftCorrelator(length: length)
    var (spectrum, room) = (correlator.room(), correlator.room())
    correlator.transform(
      { frame in
        var (low, high) = (ShiftCorrelator.Lanes.zero, ShiftCorrelator.Lanes.zero)
        for lane in 0..<8 { (low[lane], high[lane]) = (traces[lane][frame], traces[8 + lane][frame]) }
        return (low, high)
      }, into: &spectrum)
    var shifts = 0
    correlator.correlate(spectrum, with: correlator.partner(partner), room: &room) { shift, low, high in
      shifts += 1
      for lane in 0..<16 {
        let sum = (0..<length).reduce(0.0) { $0 + Double(partner[($1 + shift) % length]) * Double(traces[lane][$1]) }
        let found = Double(lane < 8 ? low[lane] : high[lane - 8])
        #expect(abs(found - sum) < 1e-5 * Double(length), "shift \(shift), trace \(lane)")
      }
    }
    #expect(shifts == length)
  }

  @Test(arguments: [(1, 1), (2, 5), (4, 4), (4, 6)]) func `the assignment is the best of all`(rows: Int, columns: Int) {
    var generator = SeededGenerator(seed: UInt64(10 * rows + columns))
    for _ in 0..<20 {
      let values = (0..<rows).map { _ in (0..<columns).map { _ in generator.normal() } }
      func best(_ row: Int, _ taken: Set<Int>) -> Double {
        guard row < rows else { return 0 }
        return (0..<columns).filter { !taken.contains($0) }.map { values[row][$0] + best(row + 1, taken.union([$0])) }
          .max()
          ?? 0
      }
      let found = OneToOne(rows: rows, columns: columns) { values[$0][$1] }.columns
      #expect(Set(found).count == rows)
      #expect(abs(zip(values, found).reduce(0) { $0 + $1.0[$1.1] } - best(0, [])) < 1e-12)
    }
  }

  @Test func `discovery rates of four tests`() {
    // Sorted .01, .02, .04, .5: times 4 over the rank .04, .04, .0533, .5; times 1 + 1/2 + 1/3 + 1/4 = 25/12, at most 1.
    let rates = falseDiscoveryRates([0.5, 0.02, 0.01, 0.04])
    for (found, expected) in zip(rates, [1, 1.0 / 12, 1.0 / 12, 1.0 / 9]) { #expect(abs(found - expected) < 1e-12) }
    #expect(falseDiscoveryRates([]).isEmpty)
  }

  /// A trace without relation is as likely at one turn as at any other: of all its turns, no more may count than the level says.
  @Test(arguments: [0.0, 0.9, 0.99], [0, 3])
  func `of all turns of a trace no more are found than the level says`(memory: Double, lags: Int) {
    var generator = SeededGenerator(seed: 21)
    var value = 0.0
    let correlations = (0..<800).map { _ -> Float in
      value = memory * value + (1 - memory) * generator.normal()
      return Float(value)
    }
    let probabilities = correlations.indices.map { turn in
      ShiftNull(Array(correlations[turn...] + correlations[..<turn]), lags: lags).probability
    }
    for level in [0.01, 0.05, 0.2, 0.5] {
      let found = probabilities.count { $0 <= level }
      #expect(Double(found) <= level * 800, "\(found) of 800 at \(level)")
      // Neighbours share a maximum and count together.
      #expect(Double(found) > level * 800 - Double(2 * lags + 1) * 4, "\(found) of 800 at \(level)")
    }
    #expect(probabilities.min() ?? 0 >= Double(1 + 2 * lags) / 800)
  }

  @Test func `the interval of a measured rate`() {
    // statsmodels, proportion_confint(9, 200, method="wilson").
    let interval = PermutedMatches(traces: 200, found: 9, alpha: 0.05).interval
    #expect(abs(interval.low - 0.023852543) < 1e-8 && abs(interval.high - 0.083296704) < 1e-8)
    let none = PermutedMatches(traces: 10, found: 0, alpha: 0.05).interval
    #expect(none.low.magnitude < 1e-12 && abs(none.high - 0.2775) < 1e-4)
  }

  @Test func `mixtures of a layer's units share its subspace and noise does not`() {
    var generator = SeededGenerator(seed: 4)
    let (frames, units) = (800, 40)
    // Three sources of different strength behind all units.
    let sources = (0..<frames).map { _ in (0..<3).map { 3 * generator.normal() / Double(1 + $0) } }
    let weights = (0..<units).map { _ in (0..<3).map { _ in generator.normal() } }
    var values = Tensor(repeating: 0, shape: Shape(frames, units))
    for index in values.values.indices {
      let (frame, unit) = (index / units, index % units)
      values.values[index] = Float(
        (0..<3).reduce(0.1 * generator.normal()) { $0 + sources[frame][$1] * weights[unit][$1] })
    }
    let mixed = [[1.0, 1, 0], [0, 1, 2], [1, -1, 1]].map { mix in
      sources.map { source in Float((0..<3).reduce(0) { $0 + mix[$1] * source[$1] }) }
    }
    let noise = (0..<3).map { _ in (0..<frames).map { _ in Float(generator.normal()) } }
    let shared = SharedSubspace(layer: "a", values: values, traces: mixed, gap: 5)
    #expect(shared.correlations.count == 3 && shared.correlations.allSatisfy { $0 > 0.99 })
    let other = SharedSubspace(layer: "a", values: values, traces: noise, gap: 5)
    #expect(other.correlations.allSatisfy { abs($0) < 0.2 })
  }

  @Test func `a linear-nonlinear cell is predicted, a chirp's, too`() {
    let movie = MatchTests.movie(frames: 900, size: 7)
    func trace(_ values: [Float]) -> [Float] {
      (0..<900).map { frame in
        guard frame >= 2 else { return 0 }
        // Two pixels, the newest frame less the one before.
        let drive = [23, 24].reduce(Float(0)) { $0 + values[frame * 49 + $1] - 0.6 * values[(frame - 1) * 49 + $1] }
        return max(0, drive - 0.5)
      }
    }
    func score(_ values: [Float]) -> Double {
      let stimulus = TraceRegression.Movie(values: values, height: 7, width: 7)
      let model = TraceRegression(stimulus, trace(values), frames: 4..<450, history: 4)
      return model.correlation(stimulus, trace(values), frames: 460..<900)
    }
    #expect(score(movie.values) > 0.95)
    // The same everywhere in the frame: the map is not determined, the prediction is.
    let uniform = (0..<900).flatMap { [Float](repeating: movie.values[$0 * 49], count: 49) }
    #expect(score(uniform) > 0.95)
  }
}
