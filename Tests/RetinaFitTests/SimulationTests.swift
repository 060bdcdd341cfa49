import RetinaFiles
import RetinaModel
import RetinaStimuli
import Testing

@testable import RetinaFit

@Suite struct SimulationTests {
  static func noise(_ frames: Int, size: Int = 20) throws -> RecordedStimulus {
    .generated(
      try GeneratedStimulus(
        generator: "white-noise",
        parameters: [
          "duration_frames": .number(Double(frames)), "seed": -9, "board_width": .number(Double(size)),
          "board_height": .number(Double(size)),
        ], height: size, width: size))
  }

  /// A movie of uniform contrasts.
  static func uniform(_ contrasts: [Float], size: Int = 12) -> Tensor {
    tensor([contrasts.count, size, size], contrasts.flatMap { [Float](repeating: $0, count: size * size) })
  }

  static func retina(without: Set<CascadeRetina.Part> = [], size: Int = 12, cells: Int = 2) -> CascadeRetina {
    var options = CascadeRetina.Options()
    (options.without, options.cells) = (without, cells)
    return CascadeRetina(height: size, width: size, options: options)
  }

  @Test func `grey changes nothing, and light and dark drive opposite cells`() {
    let retina = SimulationTests.retina()
    let grey = retina.traces(SimulationTests.uniform([Float](repeating: 0, count: 10)))
    #expect(grey.drive.allSatisfy { abs($0) < 1e-6 })
    let steps = [Float](repeating: 0, count: 5) + [Float](repeating: 0.5, count: 5)
    let brighter = retina.traces(SimulationTests.uniform(steps))
    let darker = retina.traces(SimulationTests.uniform(steps.map { -$0 }))
    // Cell 0 is ON, cell 1 OFF; the step comes in frame 5.
    #expect(brighter.drive[2 * 6] > 0.02 && brighter.drive[2 * 6 + 1] <= 1e-6)
    #expect(darker.drive[2 * 6 + 1] > 0.02 && darker.drive[2 * 6] <= 1e-6)
    #expect(retina.cells.map { $0.name } == ["on-1", "off-1"])
  }

  @Test func `parts that are taken out are missed`() {
    // A step of light that lasts 3 s.
    let movie = SimulationTests.uniform([0, 0] + [Float](repeating: 0.8, count: 90))
    func drive(_ without: Set<CascadeRetina.Part>) -> [Float] {
      let values = SimulationTests.retina(without: without).traces(movie).drive
      return stride(from: 0, to: values.count, by: 2).map { values[$0] }
    }
    let (whole, peak) = (drive([]), drive([]).max() ?? 0)
    // Adaptation makes a step's end lower, beside its own peak.
    let unadapted = drive([.adaptation])
    #expect(unadapted[90] / (unadapted.max() ?? 1) > 1.2 * (whole[90] / peak))
    // A surround takes from uniform light; amacrine cells inhibit.
    #expect(drive([.surround])[90] > 1.5 * whole[90].magnitude)
    #expect((drive([.amacrine]).max() ?? 0) > peak)
    // Without rectification ON and OFF are mirror images.
    let linear = SimulationTests.retina(without: [.rectification]).traces(movie)
    #expect(zip(linear.onBipolars, linear.offBipolars).allSatisfy { $0 == -$1 })
    let rectified = SimulationTests.retina().traces(movie)
    #expect((rectified.onBipolars + rectified.offBipolars).allSatisfy { $0 >= 0 })
  }

  /// A reversing grating that is finer than the receptive field: subunits answer at every reversal, a linear cell does not
  /// (the Y-cell signature of Hochstein and Shapley 1976).
  @Test func `rectified subunits answer to both phases of a fine grating`() {
    let (size, frames) = (36, 60)
    var values: [Float] = []
    for frame in 0..<frames {
      let sign: Float = frame / 10 % 2 == 0 ? 1 : -1
      for _ in 0..<size { for x in 0..<size { values.append(sign * (x / 3 % 2 == 0 ? 0.5 : -0.5)) } }
    }
    let movie = tensor([frames, size, size], values)
    func modulation(_ without: Set<CascadeRetina.Part>) -> Float {
      let drive = SimulationTests.retina(without: without, size: size).traces(movie).drive
      let late = (20..<frames).map { drive[2 * $0] }
      return (late.max() ?? 0) - (late.min() ?? 0)
    }
    #expect(modulation([.adaptation]) > 3 * modulation([.adaptation, .rectification]))
  }

  /// A fine grating that reverses in a disc before a background that stands or reverses with it.
  @Test func `wide-field amacrine cells silence what moves with its background`() {
    let (size, frames) = (50, 60)
    func drive(_ without: Set<CascadeRetina.Part>, global: Bool) -> [Float] {
      var movie = Tensor(repeating: 0, shape: Shape(frames, size, size))
      for index in movie.values.indices {
        let (time, y, x) = (index / (size * size), index / size % size - 25, index % size - 25)
        let isMoving = global || x * x + y * y < 64
        movie.values[index] = (x + 30) / 3 % 2 == 0 ? 0.5 : -0.5
        if isMoving, time / 10 % 2 == 1 { movie.values[index] *= -1 }
      }
      var options = CascadeRetina.Options()
      (options.without, options.cells, options.margin) = (without.union([.adaptation, .amacrine]), 1, 24.5)
      return Array(CascadeRetina(height: size, width: size, options: options).traces(movie).drive[20...])
    }
    func ratio(_ without: Set<CascadeRetina.Part>) -> Float {
      (drive(without, global: true).max() ?? 0) / (drive(without, global: false).max() ?? 0)
    }
    // .65 and 1.05 by an independent calculation in NumPy.
    #expect(abs(ratio([]) - 0.647) < 0.01 && abs(ratio([.wideField]) - 1.052) < 0.01)
    // Without rectification the sum of ON and OFF is 0: there is nothing to inhibit with.
    #expect(
      drive([.rectification], global: true) == drive([.rectification, .wideField], global: true))
  }

  @Test func `lasting drive lowers the gain`() {
    let movie = SimulationTests.uniform((0..<300).map { $0 < 150 ? 0 : Float($0 % 10 < 5 ? 0.9 : -0.9) })
    func late(_ without: Set<CascadeRetina.Part>) -> Float {
      let retina = SimulationTests.retina(without: without)
      let traces = retina.traces(movie)
      var point = retina.workingPoint(traces)
      point.scale = [1, 1]
      let rates = retina.rates(traces, at: point)
      return (200..<300).reduce(0) { $0 + rates[2 * $1] }
    }
    #expect(late([]) < 0.8 * late([.gain]))
  }

  @Test func `a recording is seeded, marked, and has the rate that was asked for`() throws {
    var options = CascadeRetina.Options()
    (options.cells, options.meanRate) = (4, 12)
    func record() throws -> Recording {
      try CascadeRetina.record(
        SimulationTests.noise(900), options: options, trials: 3, testFrames: 100, file: "simulated.npz")
    }
    let recording = try record()
    try recording.check()
    #expect(recording.isSimulated && recording.provenance.contains { $0.text.contains("simulated") })
    #expect(recording.frameCount == 800 && recording.repeats?.stimulus.frameCount == 100)
    // The test goes on where the stimulus ends, and both stay recipes.
    let whole = try SimulationTests.noise(900).movie().values
    #expect(try recording.stimulus.movie().values + (recording.repeats?.stimulus.movie().values ?? []) == whole)
    if case .movie = recording.stimulus { Issue.record("the recipe was lost") }
    let rate = recording.responses.reduce(0, +) / 4 / 800 * 30
    // 1280 spikes: 2.8 % deviation.
    #expect(abs(rate / 12 - 1) < 0.12, "\(rate)")
    #expect(recording.interior.map { $0.name } == ["bipolar-on", "bipolar-off", "amacrine-on", "amacrine-off"])
    #expect(recording.interior[0].trace.shape == Shape(800, 49))
    #expect(try record().responses == recording.responses)
    options.seed = 2
    #expect(try record().responses != recording.responses)
    let short = #expect(throws: FileError.self) {
      try CascadeRetina.record(
        SimulationTests.noise(101), options: options, trials: 3, testFrames: 100, file: "simulated.npz")
    }
    #expect("\(short as Any)".contains("more than 101 frames"))
  }

  /// The true rates are known: they are the best prediction there is, and reach the ceiling that the repeats give.
  @Test func `the noise ceiling of a simulated recording is what the true rates reach`() throws {
    var options = CascadeRetina.Options()
    options.cells = 6
    let stimulus = try SimulationTests.noise(2400)
    let recording = try CascadeRetina.record(stimulus, options: options, trials: 20, testFrames: 600, file: "simulated")
    let test = try #require(recording.repeats)
    let retina = CascadeRetina(height: 20, width: 20, options: options)
    let point = retina.workingPoint(retina.traces(try recording.stimulus.movie()))
    func truth(_ stimulus: RecordedStimulus) throws -> [Float] {
      retina.rates(retina.traces(try stimulus.movie()), at: point).map { $0 / 30 }
    }
    let prediction = Prediction(
      name: "truth", rates: try truth(recording.stimulus), repeatRates: try truth(test.stimulus))
    let evaluation = Evaluation(
      [prediction], recording: recording, responses: recording.responses, training: [0..<1400], test: [1400..<1800],
      bootstrap: BlockBootstrap(blockLength: 60))
    for (cell, ceiling) in zip(evaluation.models[0].cells, evaluation.ceilings) {
      let (ceiling, score) = (try #require(ceiling), try #require(cell.repeats))
      let pearson = try #require(score.pearson)
      #expect(abs(ceiling.ceiling - pearson) < 0.03, "\(ceiling.ceiling) for \(pearson)")
      #expect(abs(try #require(ceiling.splitHalfCeiling) - pearson) < 0.03)
      #expect(abs(try #require(score.explainedOfExplainable) - 1) < 0.1)
      #expect(pearson > 0.8)
    }
    #expect(evaluation.isSimulated && evaluation.json["simulated"]?.boolean == true)
  }

  /// Of a long recording only what is scored is computed: the same rates, from the window of the first such frame on.
  @Test func `rates from a frame on are those of the whole movie`() throws {
    let recording = try CascadeRetina.record(
      SimulationTests.noise(120), options: .init(), trials: 2, testFrames: 40, file: "simulated")
    var options = ArchitectureOptions(history: 7, height: 20, width: 20, cells: recording.cells.count)
    (options.channels, options.kernels) = ([2, 2], [7, 5])
    let model = try NamedArchitecture.halfStackedBNCNN.architecture(options).model(facts: Facts(lag: 1))
    func prediction(from frame: Int) throws -> Prediction {
      try Prediction(
        name: "model", model: model, recording: recording, movie: try recording.stimulus.movie(), from: frame,
        threads: 1)
    }
    let (whole, part) = (try prediction(from: 0), try prediction(from: 50))
    let cells = recording.cells.count
    #expect(whole.rates[..<(7 * cells)].allSatisfy { $0.isNaN } && !whole.rates[7 * cells].isNaN)
    #expect(part.rates[..<(50 * cells)].allSatisfy { $0.isNaN })
    #expect(part.rates[(50 * cells)...] == whole.rates[(50 * cells)...] && part.rates.count == whole.rates.count)
    #expect(part.repeatRates?.suffix(cells) == whole.repeatRates?.suffix(cells))
    #expect(try prediction(from: 3).rates[(7 * cells)...] == whole.rates[(7 * cells)...])
  }

  @Test func `Poisson counts have their mean and variance`() {
    var generator = SeededGenerator(seed: 8)
    for mean in [0.0, 0.1, 3, 600] {
      let draws = (0..<4000).map { _ in Double(generator.poisson(mean: mean)) }
      let average = draws.reduce(0, +) / 4000
      let variance = draws.reduce(0) { $0 + ($1 - average) * ($1 - average) } / 3999
      // Four deviations of the mean, and of the variance, which is about mean x sqrt(2 / n) + a little for few counts.
      #expect(abs(average - mean) <= 4 * (mean / 4000).squareRoot())
      #expect(abs(variance - mean) <= 4 * ((2 * mean * mean + mean) / 4000).squareRoot())
    }
  }
}
