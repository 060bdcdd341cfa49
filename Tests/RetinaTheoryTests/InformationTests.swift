import RetinaStimuli
import RetinaTheory
import Testing

@Suite struct InformationTests {
  @Test func `bounds lie around the information of a normal channel`() throws {
    var generator = SeededGenerator(seed: 71)
    let values = (0..<600).map { _ in Float(generator.normal()) }
    let found = NoisyLayerInformation(values, units: 1).bounds(noiseVariance: 0.25)
    let truth = GaussianChannel.bits(signalVariances: [1], noiseVariance: 0.25) * 0.6931471805599453
    #expect(found.lower < truth && truth < found.upper, "\(found) \(truth), seed 71")
  }

  @Test func `a layer says which class, a shuffle does not`() throws {
    let found = try LayerInformation(responses(noise: 0.1), noiseVariance: 0.04)
    #expect((found.classCeiling - 2).magnitude < 1e-12)
    #expect(found.classes.upper > 1.9 && found.classes.upper <= found.classCeiling + 1e-9)
    #expect(found.shuffled.largest < 0.5 * found.classes.upper)
    #expect(found.stimulus.upper <= found.stimulusCeiling + 1e-9)
    #expect(found.stimulus.lower <= found.stimulus.upper)
  }

  @Test func `threads do not change the numbers, and the ceiling is named`() throws {
    let responses = try responses(noise: 1)
    let alone = try LayerInformation(responses, noiseVariance: 1e-6)
    let shared = try LayerInformation(responses, noiseVariance: 1e-6, threads: 3)
    #expect(alone.stimulus == shared.stimulus && alone.classes == shared.classes)
    #expect(alone.notes.contains { $0.contains("at the ceiling") })
  }

  @Test func `what has no information to measure is refused`() throws {
    #expect(throws: TheoryError.self) { try LayerInformation(self.responses(noise: 1), noiseVariance: 0) }
    let dead = try LabelledResponses([1, 1, 1, 1, 1, 1], units: 1, labels: ["a", "b", "a", "b", "a", "b"])
    #expect(throws: TheoryError.self) { try LayerInformation(dead, noiseVariance: 1) }
    #expect(throws: TheoryError.self) { try PoissonInformation.bits(counts: [1, -1]) }
    #expect(throws: TheoryError.self) { try NeighbourInformation.nats(Matrix([[1]]), Matrix([[1]])) }
    #expect(PoissonInformation.bitsPerSpike(rates: [0, 0]) == nil)
    #expect(try PoissonInformation.bits(counts: [0, 0]) == 0)
  }

  @Test func `counts that never overlap tell all stimuli apart`() throws {
    #expect((try PoissonInformation.bits(counts: [0, 1000]) - 1).magnitude < 1e-9)
    #expect(try PoissonInformation.bits(counts: [3, 3, 3]) < 1e-12)
  }

  @Test func `a population of one cell says what the cell says`() throws {
    var generator = SeededGenerator(seed: 72)
    let counts = [0.1, 0.5, 2, 40]
    let found = PoissonInformation.population(
      counts: Matrix(rows: 4, columns: 1, values: counts), draws: 20_000, using: &generator)
    let wanted = try PoissonInformation.bits(counts: counts)
    #expect((found.bits - wanted).magnitude < 4 * found.error, "\(found) \(wanted), seed 72")
  }

  @Test func `nearest neighbours find the information of normal pairs`() throws {
    var generator = SeededGenerator(seed: 73)
    let pairs = (0..<800).map { _ in
      let (x, y) = (generator.normal(), generator.normal())
      return (x, 0.8 * x + 0.6 * y)
    }
    let found = try NeighbourInformation.nats(Matrix(pairs.map { [$0.0] }), Matrix(pairs.map { [$0.1] }))
    // -1/2 ln(1 - 0.8^2)
    #expect((found - 0.5108).magnitude < 0.08, "\(found), seed 73")
  }

  @Test func `nearest neighbours of five pairs are counted by hand`() throws {
    // The example in the documentation of the published code, which prints 0.168 bits.
    let (x, y) = ([1.3, 3.7, 5.1, 2.4, 3.4], [1.5, 3.32, 5.3, 2.3, 3.3])
    let found = try NeighbourInformation.nats(Matrix(x.map { [$0] }), Matrix(y.map { [$0] }))
    #expect((found - 7.0 / 60).magnitude < 1e-12)
    #expect(
      (try NeighbourInformation.bits(Matrix(x.map { [$0] }), Matrix(y.map { [$0] })) - 0.168314421437).magnitude < 1e-9)
    #expect((NeighbourInformation.digamma(1) + 0.5772156649015329).magnitude < 1e-12)
    #expect((NeighbourInformation.digamma(0.5) + 1.9635100260214235).magnitude < 1e-12)
  }

  @Test func `bins over an interval lump together what lies beyond it`() {
    let found = DiscreteInformation.bins([-3, -1, -0.01, 0, 0.99, 7], units: 1, count: 4, over: -1...1)
    #expect(found == [[0], [0], [1], [2], [3], [3]])
    #expect((DiscreteInformation.entropy(found) - 1.9182958340544896).magnitude < 1e-12)
    #expect(DiscreteInformation.bins([0.2, -0.2], units: 2, count: 2, over: -1...1) == [[1, 0]])
  }

  @Test func `narrower bins give more until every sample has its own`() {
    let values: [Float] = [0.01, 0.12, 0.31, 0.33, 0.55, 0.56]
    let entropies = [0.5, 0.1, 0.001].map { width in
      DiscreteInformation.entropy(DiscreteInformation.bins(values, units: 1, width: width))
    }
    #expect(entropies[0] < entropies[1] && entropies[1] < entropies[2])
    #expect((entropies[2] - 2.584962500721156).magnitude < 1e-12)
    #expect(DiscreteInformation.bins([-0.1, 0.1], units: 2, width: 0.2) == [[-1, 0]])
  }

  /// 4 classes of 20 samples in 8 units.
  private func responses(noise: Double) throws -> LabelledResponses {
    var generator = SeededGenerator(seed: 70)
    let values = (0..<80).flatMap { row in
      (0..<8).map { unit in Float((unit == row / 20 ? 3 : 0) + noise * generator.normal()) }
    }
    return try LabelledResponses(values, units: 8, labels: (0..<80).map { "class \($0 / 20)" })
  }
}
