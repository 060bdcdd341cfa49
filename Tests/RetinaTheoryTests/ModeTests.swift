import RetinaModel
import RetinaStimuli
import RetinaTheory
import Testing

@Suite struct ModeTests {
  @Test func `a network learns its modes when the theory says`() {
    // Three modes of strengths 3, 1.5 and 0.5.
    var generator = SeededGenerator(seed: 6)
    let left = CriticalStart.orthogonal(rows: 4, columns: 3, gain: 1, using: &generator)
    let right = CriticalStart.orthogonal(rows: 6, columns: 3, gain: 1, using: &generator)
    let correlation = left * .diagonal([3, 1.5, 0.5]) * right.transposed
    let modes = SingularValues(correlation)
    var network = LinearNetwork(alignedWith: correlation, hidden: 3, start: 1e-3)
    let rate = 0.01
    for step in 1...160 {
      network.train(on: correlation, rate: rate, steps: 10)
      for (s, found) in zip(modes.values, network.strengths(of: modes)).prefix(3) {
        let wanted = LearningCurve.strength(s, from: 1e-3, time: Double(10 * step), tau: 1 / rate)
        // Steps of rate * s = 0.03 are not quite continuous.
        #expect((found - wanted).magnitude < 0.03 * s, "strength \(s) after \(10 * step) steps")
      }
    }
  }

  @Test func `from random weights modes are learned strongest first`() {
    var generator = SeededGenerator(seed: 7)
    let left = CriticalStart.orthogonal(rows: 5, columns: 3, gain: 1, using: &generator)
    let right = CriticalStart.orthogonal(rows: 8, columns: 3, gain: 1, using: &generator)
    let correlation = left * .diagonal([4, 2, 1]) * right.transposed
    let modes = SingularValues(correlation)
    var network = LinearNetwork(inputs: 8, hidden: 5, outputs: 5, scale: 1e-4, seed: 8)
    var halves = [Int?](repeating: nil, count: 3)
    for step in 1...2000 {
      network.train(on: correlation, rate: 0.01, steps: 1)
      for (place, strength) in network.strengths(of: modes).prefix(3).enumerated()
      where halves[place] == nil && strength > modes.values[place] / 2 { halves[place] = step }
    }
    for place in 0..<3 {
      let predicted = LearningCurve.halfTime(modes.values[place], from: 1e-4, tau: 100)
      let found = Double(halves[place] ?? 0)
      #expect((found / predicted - 1).magnitude < 0.2, "mode \(place): \(found) and \(predicted), seeds 7 and 8")
    }
  }

  @Test(arguments: [1.0, 0.5]) func `noise moves singular values as predicted`(_ aspect: Double) {
    var generator = SeededGenerator(seed: 12)
    let (inputs, strength) = (160, 2.5)
    let outputs = Int(aspect * Double(inputs))
    let left = CriticalStart.orthogonal(rows: outputs, columns: 1, gain: 1, using: &generator)
    let right = CriticalStart.orthogonal(rows: inputs, columns: 1, gain: 1, using: &generator)
    let noise = Matrix(
      rows: outputs, columns: inputs,
      values: (0..<outputs * inputs).map { _ in generator.normal() / Double(inputs).squareRoot() })
    let found = SingularValues(strength * (left * right.transposed) + noise)
    let wanted = NoisyMode(strength: strength, aspect: aspect)
    #expect((found.values[0] - wanted.measured).magnitude < 0.1, "seed 12")
    let cosines = (0..<2).map { side in
      let (vector, truth) = side == 0 ? (found.left.row(0), left.column(0)) : (found.right.row(0), right.column(0))
      return zip(vector, truth).reduce(0) { $0 + $1.0 * $1.1 }
    }
    #expect(((cosines[0] * cosines[1]).magnitude - wanted.overlap).magnitude < 0.06, "seed 12")
    #expect((found.values[1] - MarchenkoPastur(aspect: aspect).edges.upper).magnitude < 0.1, "seed 12")
    let back = NoisyMode(measured: wanted.measured, aspect: aspect)
    #expect(((back?.strength ?? 0) - strength).magnitude < 1e-12)
    #expect(NoisyMode(measured: 1.2, aspect: aspect) == nil)
  }

  @Test func `test error falls, and rises when noise is learned, as predicted`() {
    var generator = SeededGenerator(seed: 14)
    let size = 60
    let left = CriticalStart.orthogonal(rows: size, columns: 1, gain: 1, using: &generator)
    let right = CriticalStart.orthogonal(rows: size, columns: 1, gain: 1, using: &generator)
    let truth = 3 * (left * right.transposed)
    let noise = Matrix(
      rows: size, columns: size, values: (0..<size * size).map { _ in generator.normal() / Double(size).squareRoot() })
    let curve = GeneralizationCurve(strengths: [3], hidden: size, aspect: 1, start: 1e-5, tau: 50)
    var network = LinearNetwork(alignedWith: truth + noise, hidden: size, start: 1e-5)
    var errors: [Double] = []
    for step in 1...12 {
      network.train(on: truth + noise, rate: 0.02, steps: 25)
      errors.append((network.product - truth).squaredNorm / 9)
      let wanted = curve.error(at: Double(25 * step))
      // The edge of the noise of a small matrix is not sharp, and its modes grow exponentially.
      #expect((errors[step - 1] - wanted).magnitude < 0.4 * wanted, "after \(25 * step) steps, seed 14")
    }
    let best = curve.best()
    let least = errors.indices.reduce(0) { errors[$1] < errors[$0] ? $1 : $0 }
    #expect((best.time - Double(25 * (least + 1))).magnitude <= 25)
    #expect(errors[11] > 5 * errors[least])
  }

  @Test func `modes of a recording are found, and noise is not`() throws {
    var generator = SeededGenerator(seed: 40)
    let (samples, dimensions) = (1500, 12)
    let filter = CriticalStart.orthogonal(rows: dimensions, columns: 2, gain: 1, using: &generator)
    let stimulus = Matrix(
      rows: samples, columns: dimensions, values: (0..<samples * dimensions).map { _ in generator.normal() })
    let weights = Matrix([[2, 0], [2, 0], [0, 1], [0, 0]])
    var responses = stimulus * filter * weights.transposed
    for place in responses.values.indices { responses.values[place] += generator.normal() }
    let found = try StimulusResponseModes(stimulus: stimulus, responses: responses, rank: dimensions)
    #expect(found.modes.map { $0.signal != nil } == [true, true, false, false])
    let first = found.modes[0]
    let cosine = zip(first.stimulus, filter.column(0)).reduce(0) { $0 + $1.0 * $1.1 }
    let length = first.stimulus.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect((cosine / length).magnitude > 0.98, "seed 40")
    #expect((try #require(first.signal).strength - 8.0.squareRoot()).magnitude < 0.3)
    #expect(first.halfTime < found.modes[1].halfTime)
    #expect(found.modes[2].measured < 1.6 * found.noiseEdge && found.shuffled.largest < 2 * found.noiseEdge)
    let best = try #require(found.best)
    #expect(best.error < 0.1 && best.steps > first.halfTime)

    // Standardised responses have the same patterns of the stimulus in other proportions, and their noise is known.
    let standard = try StimulusResponseModes(stimulus: stimulus, responses: responses, standardizes: true)
    #expect(standard.directions == dimensions)
    #expect((standard.noise * Double(samples).squareRoot() - 1).magnitude < 0.1)

    #expect(throws: TheoryError.self) {
      try StimulusResponseModes(
        stimulus: Matrix(rows: 10, columns: 3, repeating: 1),
        responses: Matrix(rows: 10, columns: 1, values: (0..<10).map(Double.init)), rank: 3)
    }
    #expect(throws: TheoryError.self) {
      try StimulusResponseModes(
        stimulus: stimulus, responses: Matrix(rows: samples, columns: 2, repeating: 3), rank: 3)
    }
  }

  @Test func `a network that is trained on a recording learns and forgets when predicted`() throws {
    var generator = SeededGenerator(seed: 44)
    let (samples, dimensions, cells) = (600, 60, 40)
    let left = CriticalStart.orthogonal(rows: cells, columns: 2, gain: 1, using: &generator)
    let right = CriticalStart.orthogonal(rows: dimensions, columns: 2, gain: 1, using: &generator)
    let truth = left * .diagonal([1.5, 0.9]) * right.transposed
    func sample(_ count: Int) -> (stimulus: Matrix, responses: Matrix) {
      func normal(_ rows: Int, _ columns: Int) -> Matrix {
        Matrix(rows: rows, columns: columns, values: (0..<rows * columns).map { _ in generator.normal() })
      }
      let stimulus = normal(count, dimensions)
      return (stimulus, stimulus * truth.transposed + normal(count, cells))
    }
    let (known, held) = (sample(samples), sample(4000))
    let found = try StimulusResponseModes(
      stimulus: known.stimulus, responses: known.responses, rank: dimensions, ridge: 0, start: 1e-4, rate: 0.02)
    let heldOut = found.heldOut(stimulus: held.stimulus, responses: held.responses)
    #expect((heldOut.error(of: Matrix(rows: cells, columns: dimensions)) - heldOut.power).magnitude < 1e-9)
    // What the best network leaves is the noise of the cells.
    #expect((heldOut.error(of: found.correlation) / Double(cells) - 1).magnitude < 0.2)
    let trial = LearningTrial(found, heldOut: heldOut)
    for place in 0..<2 {
      let half = try #require(trial.halfTimes[place])
      #expect((half / found.modes[place].halfTime - 1).magnitude < 0.2, "mode \(place), seed 44")
    }
    let (predicted, trained) = (try #require(found.best), try #require(trial.best))
    #expect((Double(trained.step) / predicted.steps - 1).magnitude < 0.35, "\(trained) \(predicted), seed 44")
    #expect((trained.error - predicted.error).magnitude < 0.15, "\(trained) \(predicted), seed 44")
    #expect(try #require(trial.errors.last) > trained.error)
  }

  @Test func `windows are frames in order with the response that follows`() throws {
    // 5 frames of 2 x 3 pixels: frame t holds 10 t and the place.
    let movie = (0..<5).flatMap { time in (0..<6).map { Float(10 * time + $0) } }
    let responses: [Float] = [0, 0, 1, 10, 2, 20, .nan, 30, 4, 40]
    let found = try StimulusWindows(
      movie: movie, height: 2, width: 3, responses: responses, cells: 2, history: 2, lag: 1, pool: 2, frames: 0..<5)
    // Frames 2 and 4 have whole windows and responses; a square of 2 x 2 pixels has the mean of places 0, 1, 3 and 4.
    #expect(found.stimulus == Matrix([[2, 12], [22, 32]]))
    #expect(found.responses == Matrix([[2, 20], [4, 40]]))
    #expect(found.shape == Shape(2, 1, 1) && found.pool == 2)
    let whole = try StimulusWindows(
      movie: movie, height: 2, width: 3, responses: responses, cells: 2, history: 1, lag: 0, frames: [1])
    #expect(whole.stimulus == Matrix([[10, 11, 12, 13, 14, 15]]) && whole.pool == 1)
    for (history, pool, frames) in [(2, 3, 0..<5), (6, 1, 0..<5), (1, 1, 3..<4)] {
      #expect(throws: TheoryError.self) {
        try StimulusWindows(
          movie: movie, height: 2, width: 3, responses: responses, cells: 2, history: history, lag: 0, pool: pool,
          frames: frames)
      }
    }
    #expect(throws: TheoryError.self) {
      try StimulusWindows(
        movie: [Float](repeating: 0, count: 3000 * 3), height: 50, width: 60, responses: [1, 1, 1], cells: 1,
        history: 1,
        lag: 0, pool: 1, frames: 0..<3)
    }
  }
}
