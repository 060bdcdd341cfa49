import RetinaModel
import RetinaStimuli
import Testing

@testable import RetinaFit

/// Figures computed with NumPy from the same few numbers.
@Suite struct ScoreTests {
  static let rates = [0.1, 0.5, 0.2, 0.8, 0.4, 0.3]
  static let responses = [0.0, 1, 0, 2, 0, 1]

  static func sums(_ rates: [Double], _ responses: [Double]) -> ResponseSums {
    var sums = ResponseSums()
    for (rate, response) in zip(rates, responses) { sums.add(rate: rate, response: response) }
    return sums
  }

  @Test func `scores of six bins`() throws {
    let sums = ScoreTests.sums(ScoreTests.rates, ScoreTests.responses)
    #expect(close(try #require(sums.pearson), 0.8548747339878578))
    #expect(close(try #require(sums.bitsPerSpike(mean: 0.5)), 0.40726618617033594))
    #expect(close(try #require(sums.deviance), 0.6765671495447306))
    #expect(close(try #require(sums.devianceExplained(mean: 0.5)), 0.3574623070647249))
    let line = try #require(sums.calibration)
    #expect(close(line.slope, 2.81081081081081) && close(line.intercept, -0.410810810810811))
  }

  @Test func `sums of parts are sums of the whole`() throws {
    var total = ScoreTests.sums(Array(ScoreTests.rates[..<2]), Array(ScoreTests.responses[..<2]))
    total += ScoreTests.sums(Array(ScoreTests.rates[2...]), Array(ScoreTests.responses[2...]))
    let whole = ScoreTests.sums(ScoreTests.rates, ScoreTests.responses)
    #expect(close(try #require(total.pearson), try #require(whole.pearson)))
    #expect(close(try #require(total.deviance), try #require(whole.deviance)))
  }

  @Test func `what is not defined is nothing, not a number`() {
    let silent = ScoreTests.sums([0.1, 0.2], [0, 0])
    #expect(silent.pearson == nil)
    #expect(silent.bitsPerSpike(mean: 0.1) == nil)
    #expect(silent.devianceExplained(mean: 0.1) == nil)
    #expect(ScoreTests.sums([0.1, 0.1], [0, 1]).pearson == 0)
    #expect(ScoreTests.sums([0.1, 0.1], [0, 1]).calibration == nil)
    #expect(ScoreTests.sums([], []).deviance == nil)
    // A rate of 0 where there is a spike costs a lot, but a finite lot.
    #expect(ScoreTests.sums([0, 0], [1, 0]).bitsPerSpike(mean: 0.5)?.isFinite == true)
  }

  @Test func `a perfect prediction has no deviance and a constant one explains nothing`() throws {
    let perfect = ScoreTests.sums([1, 2, 3], [1, 2, 3])
    #expect(try #require(perfect.deviance) == 0)
    #expect(try #require(perfect.devianceExplained(mean: 2)) == 1)
    let constant = ScoreTests.sums([2, 2, 2], [1, 2, 3])
    #expect(try close(#require(constant.devianceExplained(mean: 2)), 0))
    #expect(try close(#require(constant.bitsPerSpike(mean: 2)), 0))
  }

  // MARK: - Repeats

  static let trials: [[Float]] = [[0, 2, 1, 3, 0], [1, 2, 0, 4, 0], [0, 3, 1, 2, 1], [0, 2, 0, 3, 0]]

  @Test func `powers of four trials`() throws {
    let ceiling = try #require(NoiseCeiling(ScoreTests.trials))
    #expect(close(ceiling.signalPower, 1.5583333333333333) && close(ceiling.noisePower, 0.35))
    #expect(close(ceiling.ceiling, 0.9730546968377342) && close(ceiling.singleTrialCeiling, 0.9036558451439808))
    #expect(close(ceiling.explainableVariance, 0.8165938864628821))
    // The three ways to halve four trials have .8936, .8475 and .9803; a hundred random ones come near their mean.
    #expect(abs(try #require(ceiling.splitHalf) - 0.9071440412750507) < 0.02)
    let score = RepeatScore(rates: [0.2, 2, 0.5, 3, 0.3], responses: ScoreTests.trials, ceiling: ceiling)
    #expect(close(try #require(score.pearson), 0.9963066067909515))
    #expect(close(try #require(score.normalizedPearson), 0.9963066067909515 / 0.9730546968377342))
    #expect(close(try #require(score.explainedOfExplainable), 1.047486631016043))
  }

  @Test func `Spearman and Brown lengthen and shorten`() throws {
    var ceiling = try #require(NoiseCeiling(ScoreTests.trials))
    ceiling.splitHalf = 0.6
    // Halves of two trials: four have 2 x .6 / 1.6 = .75, one has .3 / .7.
    #expect(close(try #require(ceiling.splitHalfCeiling), 0.75.squareRoot()))
    #expect(close(try #require(ceiling.splitHalfSingleTrialCeiling), (3.0 / 7).squareRoot()))
    ceiling.splitHalf = -0.2
    #expect(ceiling.splitHalfCeiling == 0)
  }

  @Test func `masked frames are left out and too little is nothing`() throws {
    var masked = ScoreTests.trials.map { $0 + [9] }
    masked[2][5] = .nan
    #expect(NoiseCeiling(masked) == NoiseCeiling(ScoreTests.trials))
    #expect(NoiseCeiling([[1, 2, 3]]) == nil)
    #expect(NoiseCeiling([[1, .nan], [2, 3]]) == nil)
    #expect(try #require(NoiseCeiling([[1, 1, 1], [1, 1, 1]])).splitHalf == nil)
  }

  /// Poisson counts of a known rate: the truth predicts as well as anything can, so its correlation with the mean of the
  /// trials is the ceiling, and signal and noise power are the variance and the mean of the rate.
  @Test(arguments: [(2, 0.5), (4, 0.5), (10, 0.1), (21, 1.0)])
  func `both ceilings find the truth of simulated trials`(count: Int, mean: Double) throws {
    var generator = SeededGenerator(seed: 17)
    let rates = (0..<20_000).map { _ in mean * 2 * generator.uniform() * generator.uniform() * 2 }
    let trials = (0..<count).map { _ in rates.map { Float(generator.poisson(mean: $0)) } }
    let ceiling = try #require(NoiseCeiling(trials))
    let average = rates.indices.reduce(into: ResponseSums()) { sums, frame in
      sums.add(rate: rates[frame], response: trials.reduce(0) { $0 + Double($1[frame]) } / Double(count))
    }
    let truth = try #require(average.pearson)
    #expect(abs(ceiling.ceiling - truth) < 0.02, "\(ceiling.ceiling) for \(truth)")
    #expect(abs(try #require(ceiling.splitHalfCeiling) - truth) < 0.02)
    let single = rates.indices.reduce(into: ResponseSums()) { $0.add(rate: rates[$1], response: Double(trials[0][$1])) }
    #expect(abs(ceiling.singleTrialCeiling - (try #require(single.pearson))) < 0.03)
    #expect(abs(try #require(ceiling.splitHalfSingleTrialCeiling) - (try #require(single.pearson))) < 0.03)
    let meanRate = rates.reduce(0, +) / 20_000
    #expect(abs(ceiling.noisePower / meanRate - 1) < 0.05)
    let score = RepeatScore(rates: rates.map { Float($0) }, responses: trials, ceiling: ceiling)
    #expect(abs(try #require(score.explainedOfExplainable) - 1) < 0.1)
    #expect(abs(try #require(score.normalizedPearson) - 1) < 0.03)
  }

  // MARK: - Intervals

  @Test func `blocks do not reach over the end of a run`() {
    let bootstrap = BlockBootstrap(blockLength: 4)
    #expect(bootstrap.blocks(of: [0..<10, 20..<24]) == [0..<4, 4..<8, 8..<10, 20..<24])
    #expect(bootstrap.draws(blocks: 7).allSatisfy { $0.reduce(0, +) == 7 })
    #expect(bootstrap.draws(blocks: 7) == bootstrap.draws(blocks: 7))
  }

  @Test func `quantiles are NumPy's`() throws {
    let sorted = [1.0, 2, 4, 8, 16]
    #expect(close(quantile(sorted, 0.025), 1.1) && quantile(sorted, 0.5) == 4 && close(quantile(sorted, 0.9), 12.8))
    #expect(BlockBootstrap(blockLength: 1).interval([3]) == nil)
  }

  /// The interval of a mean of independent bins is known: 1.96 standard errors on each side.
  @Test func `an interval has the width that theory gives`() throws {
    var generator = SeededGenerator(seed: 5)
    let values = (0..<2000).map { _ in generator.normal() }
    let bootstrap = BlockBootstrap(blockLength: 10)
    let blocks = bootstrap.blocks(of: [0..<2000])
    let means = bootstrap.draws(blocks: blocks.count).map { times in
      zip(blocks, times).reduce(0) { sum, draw in
        sum + Double(draw.1) * draw.0.reduce(0) { $0 + values[$1] } / 2000
      }
    }
    let interval = try #require(bootstrap.interval(means))
    #expect(abs((interval.high - interval.low) / (2 * 1.96 / 2000.0.squareRoot()) - 1) < 0.1)
  }

  @Test func `calibration groups by predicted rate`() {
    let pairs = (0..<20).map { (rate: Float(19 - $0), response: Float(2 * (19 - $0))) }
    let curve = CalibrationCurve(pairs, groups: 4)
    #expect(curve.points.map { $0.predicted } == [2, 7, 12, 17])
    #expect(curve.points.map { $0.observed } == [4, 14, 24, 34])
    #expect(curve.points.allSatisfy { $0.count == 5 })
    #expect(CalibrationCurve([]).points.isEmpty)
  }
}

func close(_ found: Double, _ expected: Double, _ tolerance: Double = 1e-9) -> Bool {
  abs(found - expected) <= tolerance * max(1, abs(expected))
}
