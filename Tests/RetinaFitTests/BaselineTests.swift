import RetinaFiles
import RetinaModel
import RetinaStimuli
import Testing

@testable import RetinaFit

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct BaselineTests {
  // MARK: - Poisson regression

  /// Forty bins with three regressors made of small whole numbers.
  static func regression() -> PoissonRegression {
    let bins = Array(0..<40)
    return PoissonRegression(
      [
        bins.map { Float($0 * 7 % 11 - 5) / 4 }, bins.map { Float($0 * 5 % 13 - 6) / 5 },
        bins.map { Float($0 * 3 % 7 - 3) / 3 },
      ], responses: bins.map { Float($0 * $0 % 5) })
  }

  static let penalties = [0, 0.1, 0.1, 0.02]

  @Test func `a fit is that of Newton's method in NumPy`() {
    let regression = BaselineTests.regression()
    let bins = Array(0..<40)
    let found = QuasiNewton(tolerance: 1e-15).minimize(regression.start(bins)) { weights, gradient in
      regression.loss(weights, bins: bins, penalties: BaselineTests.penalties, gradient: &gradient)
    }
    let expected = [0.6909711033173298, -0.09223072325065494, 0.08717171913460078, 0.07819194537441619]
    // Regressors are float32 in Swift.
    for (found, expected) in zip(found.point, expected) { #expect(close(found, expected, 1e-6)) }
    #expect(close(found.value, 0.6022993106289443, 1e-7))
  }

  @Test func `gradients of the regression are those of central differences`() {
    let regression = BaselineTests.regression()
    var generator = SeededGenerator(seed: 3)
    let bins = Array(3..<37)
    for _ in 0..<5 {
      let weights = (0..<4).map { _ in generator.normal() }
      var (gradient, unused) = (weights, weights)
      _ = regression.loss(weights, bins: bins, penalties: BaselineTests.penalties, gradient: &gradient)
      for index in weights.indices {
        func loss(_ step: Double) -> Double {
          var moved = weights
          moved[index] += step
          return regression.loss(moved, bins: bins, penalties: BaselineTests.penalties, gradient: &unused)
        }
        let difference = (loss(1e-5) - loss(-1e-5)) / 2e-5
        #expect(abs(gradient[index] - difference) <= 1e-6 * max(1, abs(difference)), "\(weights)")
      }
    }
  }

  @Test func `the quasi-Newton method finds the end of a curved valley`() {
    // Rosenbrock's function.
    let found = QuasiNewton(iterations: 500, tolerance: 0).minimize([-1.2, 1]) { x, gradient in
      let (a, b) = (1 - x[0], x[1] - x[0] * x[0])
      gradient = [-2 * a - 400 * x[0] * b, 200 * b]
      return a * a + 100 * b * b
    }
    #expect(close(found.point[0], 1, 1e-6) && close(found.point[1], 1, 1e-6))
    // Where the function is not finite is too far.
    let half = QuasiNewton().minimize([3]) { x, gradient in
      gradient = [1 - 1 / x[0]]
      return x[0] > 0 ? x[0] - log(x[0]) : .nan
    }
    #expect(close(half.point[0], 1, 1e-3))
  }

  @Test func `humps cover every lag evenly`() {
    let humps = RaisedCosines.linear(count: 6, length: 21)
    for time in 4...16 { #expect(close(humps.reduce(0) { $0 + $1[time] }, 2)) }
    #expect(humps[0][0] == 1 && humps[5][20] == 1)
    let slow = RaisedCosines.logarithmic(count: 4, length: 30)
    // Peaks at log(1), log(30) / 3 ...: the second at 30^(1/3) - 1 = 2.1 frames.
    #expect(slow.map { hump in hump.indices.max { hump[$0] < hump[$1] } } == [0, 2, 9, 29])
    #expect(RaisedCosines.linear(count: 1, length: 3) == [[1, 1, 1]])
  }

  @Test func `a rank-one matrix is taken apart as by the singular value decomposition`() {
    let parts = RankOne([1, 2, 3, 2, 4, 7, -1, 0, 1], rows: 3)
    let sign: Float = parts.right[0] > 0 ? -1 : 1
    for (found, expected) in zip(parts.left, [-3.73329307, -8.30632687, -0.60271521] as [Float]) {
      #expect(abs(sign * found - expected) < 1e-5)
    }
    for (found, expected) in zip(parts.right, [-0.23702551, -0.4885227, -0.83974072] as [Float]) {
      #expect(abs(sign * found - expected) < 1e-6)
    }
    #expect(RankOne([0, 0, 0, 0], rows: 2).left == [0, 0])
  }

  // MARK: - Models with a known truth

  /// White noise of 6 x 6 pixels and a cell whose rate is exp(1.2 x drive - 1.6), the drive being pixel (2, 3) of two frames
  /// before less that of three frames before, over 2; every spike lowers the next bin's log rate by 1.5.
  static func example(frames: Int = 6000, history: Bool) throws -> (recording: Recording, set: TrainingSet) {
    let recipe = try GeneratedStimulus(
      generator: "white-noise",
      parameters: ["duration_frames": .number(Double(frames)), "seed": -77, "board_width": 6, "board_height": 6],
      height: 6, width: 6)
    let movie = try RecordedStimulus.generated(recipe).movie()
    var generator = SeededGenerator(seed: 11)
    var responses = [Float](repeating: 0, count: frames)
    for frame in 3..<frames {
      let drive = (movie.values[(frame - 2) * 36 + 15] - movie.values[(frame - 3) * 36 + 15]) / 2
      let before = history ? responses[frame - 1] : 0
      responses[frame] = Float(generator.poisson(mean: exp(1.2 * Double(drive) - 1.6 - 1.5 * Double(before))))
    }
    let recording = Recording(
      stimulus: .generated(recipe), frameRate: 30, normalization: Normalization.none,
      cells: [Cell(name: "a", centre: (3, 2))], responses: responses, lag: 1)
    return (recording, try TrainingSet(recording, history: 5, lag: 1))
  }

  @Test(arguments: LinearNonlinear.Form.allCases)
  func `the filter and the rates of a linear-nonlinear cell are found`(form: LinearNonlinear.Form) throws {
    let (_, set) = try BaselineTests.example(history: false)
    let cutOut = CutOut(row: 2, column: 3, radius: 2, height: 6, width: 6)
    let model = LinearNonlinear(set, cell: 0, cutOut: cutOut, lags: 1..<6, frames: [0..<5000], form: form)
    #expect((cutOut.rows, cutOut.columns) == (0..<5, 1..<6))
    let filter = model.temporal.map { $0 * model.spatial[2 * 5 + 2] }
    // Lags 1...5: only 2 and 3 matter, with opposite signs.
    #expect(filter[1] > 5 * filter[0].magnitude && filter[2] < -5 * filter[3].magnitude, "\(filter)")
    #expect(model.spatial[12].magnitude > 0.95)
    let rates = model.rates(set.stimulus, of: set)
    let pairs = (5000..<6000).map { (predicted: Double(rates[$0]), truth: truth(set, $0)) }
    #expect(try #require(ScoreTests.sums(pairs.map { $0.predicted }, pairs.map { $0.truth }).pearson) > 0.9)
  }

  /// A cell that answers to contrast of either sign has no linear filter; the kernels of wide networks see it all the same.
  @Test(arguments: [false, true]) func `kernel regression finds what no filter does`(isTangent: Bool) throws {
    var (_, set) = try BaselineTests.example(frames: 3000, history: false)
    var generator = SeededGenerator(seed: 15)
    let truth = (0..<3000).map { frame -> Double in
      guard frame >= 3 else { return 0.1 }
      let drive = Double(set.stimulus[(frame - 2) * 36 + 15] - set.stimulus[(frame - 3) * 36 + 15]) / 2
      return drive * drive + 0.1
    }
    set.responses = truth.map { Float(generator.poisson(mean: $0)) }
    let cutOut = CutOut(row: 2, column: 3, radius: 0, height: 6, width: 6)
    var options = GeneralizedLinearModel.Options()
    (options.historyCount, options.temporalCount) = (0, 5)
    let design = GeneralizedDesign(
      set.stimulus, set.responses, of: set, cell: 0, cutOut: cutOut, lags: 1..<6, options: options)
    let split = TimeSplit(train: [5..<2000], validation: [2000..<2400], test: [2400..<3000])
    func correlation(_ rates: [Float]) -> Double? {
      ScoreTests.sums((2400..<3000).map { Double(rates[$0]) }, Array(truth[2400...])).pearson
    }
    let rates = KernelRates(design, split: split, isTangent: isTangent, most: 100).rates(design)
    let found = try #require(correlation(rates))
    #expect(found > 0.9, "\(found), seed 15")
    #expect(rates.allSatisfy { $0 > 0 })
    let linear = GeneralizedLinearModel(design, frames: [5..<2400], penalty: 0.01)
    #expect(try #require(correlation(linear.rates(design))) < 0.3, "seed 15")
  }

  @Test func `a point process and its spike history are found`() throws {
    let (recording, set) = try BaselineTests.example(history: true)
    let cutOut = CutOut(row: 2, column: 3, radius: 0, height: 6, width: 6)
    var options = GeneralizedLinearModel.Options()
    options.temporalCount = 5
    let design = GeneralizedDesign(
      set.stimulus, set.responses, of: set, cell: 0, cutOut: cutOut, lags: 1..<6, options: options)
    let model = GeneralizedLinearModel(design, frames: [0..<5000], penalty: 1e-5)
    let humps = RaisedCosines.logarithmic(count: options.historyCount, length: options.historyLength)
    let weights = model.weights.suffix(options.historyCount)
    let suppression = zip(humps, weights).reduce(0) { $0 + $1.0[0] * $1.1 }
    #expect(abs(suppression + 1.5) < 0.5, "\(suppression)")
    let rates = model.rates(set.stimulus, set.responses, of: set)
    #expect(rates == model.rates(design))
    let predicted = (5000..<6000).map { Double(rates[$0]) }
    let expected = (5000..<6000).map { truth(set, $0) * exp(-1.5 * Double(set.responses[$0 - 1])) }
    let agreement = try #require(ScoreTests.sums(predicted, expected).pearson)
    #expect(agreement > 0.93)
    let split = try TimeSplit(recording, history: 5, lag: 1)
    let chosen = GeneralizedLinearModel(design, penalties: [10, 1e-5], split: split)
    #expect(chosen.objective < GeneralizedLinearModel(design, frames: [0..<4800], penalty: 10).objective)
  }

  @Test func `an average points at lag and pixel`() throws {
    let (_, set) = try BaselineTests.example(history: false)
    let whole = CutOut(height: 6, width: 6)
    let average = SpikeTriggeredAverage(of: set, cell: 0, lags: -2..<8, cutOut: whole, frames: [0..<6000])
    #expect(average.peak.pixel == 15 && (2...3).contains(average.peak.lag))
    let energy = average.energy
    #expect(energy[4] > 50 && energy[5] > 50)
    for lag in [0, 1, 2, 3, 6, 7, 8, 9] { #expect(energy[lag].magnitude < 40, "lag \(lag - 2): \(energy[lag])") }
    let few = SpikeTriggeredAverage(of: set, cell: 0, lags: -2..<8, cutOut: whole, frames: [0..<6000], limit: 200)
    #expect(few.peak.score.magnitude < average.peak.score.magnitude)
  }

  @Test func `baselines stand beside each other on the same bins`() throws {
    let (recording, _) = try BaselineTests.example(frames: 3000, history: true)
    var request = EvaluationRequest(recording)
    request.history = 5
    request.baselines = [.ln, .lnSoftplus, .glm, .glmStimulus, .glmCoupled]
    request.compares = true
    let evaluation = try request.run()
    #expect(evaluation.frames == [2400..<3000])
    #expect(evaluation.models.map { $0.name } == ["ln", "ln-softplus", "glm", "glm-stimulus", "glm-coupled"])
    #expect(evaluation.comparisons.count == 10)
    for model in evaluation.models {
      let interval = try #require(model.meanPearsonInterval)
      let mean = try #require(model.meanPearson)
      #expect(mean > 0.2 && interval.low < mean && mean < interval.high)
      #expect(try #require(model.meanBitsPerSpike) > 0.1)
    }
    // Spikes are rarer after spikes: only the model with history knows.
    #expect(try #require(evaluation.models[2].meanPearson) > #require(evaluation.models[3].meanPearson))
    // Alone, a cell has nobody to be coupled with.
    #expect(evaluation.models[4].cells == evaluation.models[2].cells)
    let same = try request.run()
    #expect(same.models == evaluation.models)
  }

  /// The rate without spike history.
  private func truth(_ set: TrainingSet, _ frame: Int) -> Double {
    exp(1.2 * Double(set.stimulus[(frame - 2) * 36 + 15] - set.stimulus[(frame - 3) * 36 + 15]) / 2 - 1.6)
  }
}
