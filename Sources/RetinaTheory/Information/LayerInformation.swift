import RetinaStimuli

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a layer keeps about the stimulus and about its class, in bits, with ceilings and chance.
public struct LayerInformation: Sendable {
  /// A lower and an upper bound.
  public struct Bounds: Equatable, Sendable {
    /// The lower bound, in bits.
    public var lower: Double
    /// The upper bound, in bits.
    public var upper: Double

    /// Whether the bounds are near enough to speak of one number: within half of the upper one.
    public var isTight: Bool { upper - lower <= 0.5 * upper }
  }

  /// About which stimulus was shown.
  public let stimulus: Bounds
  /// About the class of the stimulus; estimates between which the truth is likely, see ``NoisyLayerInformation``.
  public let classes: Bounds
  /// The most that can be found about the stimulus: log2 of their number.
  public let stimulusCeiling: Double
  /// The most that can be found about the class: its entropy.
  public let classCeiling: Double
  /// What shuffled labels give for the class: mean and largest of the upper estimates.
  public let shuffled: (mean: Double, largest: Double)
  /// Variance of the noise of each unit.
  public let noiseVariance: Double
  /// What to keep in mind when reading the numbers.
  public let notes: [String]

  /// Measures a layer with noise.
  ///
  /// - Throws: ``TheoryError`` for a noise of 0 or less (the information is then infinite), a layer that is the same for
  ///   all stimuli, or fewer than 4 stimuli.
  public init(
    _ responses: LabelledResponses, noiseVariance: Double, shuffles: Int = 20, seed: UInt64 = 1, threads: Int = 1
  ) throws(TheoryError) {
    guard noiseVariance > 0, noiseVariance.isFinite else {
      throw TheoryError(
        "noise", expected: "a variance above 0: without noise the information of a continuous layer is infinite",
        found: "\(noiseVariance)")
    }
    let count = responses.total
    guard count >= 4 else { throw TheoryError("stimuli", expected: "at least 4", found: "\(count)") }
    let values = responses.samples.flatMap { $0 }
    guard
      (1..<count).contains(where: { row in
        (0..<responses.units).contains { values[row * responses.units + $0] != values[$0] }
      })
    else {
      throw TheoryError("layer", expected: "responses that differ", found: "the same response to every stimulus")
    }
    var labels = responses.classes.indices.flatMap { [Int](repeating: $0, count: responses.count($0)) }
    let measured = NoisyLayerInformation(values, units: responses.units, threads: threads)
    func bits(_ bounds: (lower: Double, upper: Double)) -> Bounds {
      Bounds(lower: max(0, bounds.lower) / M_LN2, upper: max(0, bounds.upper) / M_LN2)
    }
    stimulus = bits(measured.bounds(noiseVariance: noiseVariance))
    let found = measured.classBounds(noiseVariance: noiseVariance, labels: labels)
    classes = bits((min(found.lower, found.upper), max(found.lower, found.upper)))
    stimulusCeiling = log2(Double(count))
    classCeiling = DiscreteInformation.entropy(labels)
    var generator = SeededGenerator(seed: seed)
    var chance: [Double] = []
    for _ in 0..<max(1, shuffles) {
      let keys = labels.map { _ in generator.next() }
      labels = labels.indices.sorted { keys[$0] < keys[$1] }.map { labels[$0] }
      let bounds = measured.classBounds(noiseVariance: noiseVariance, labels: labels)
      chance.append(max(bounds.lower, bounds.upper) / M_LN2)
    }
    shuffled = (chance.reduce(0, +) / Double(chance.count), chance.max() ?? 0)
    self.noiseVariance = noiseVariance
    var notes: [String] = []
    if stimulus.lower > 0.95 * stimulusCeiling {
      notes.append("at the ceiling: every stimulus is told apart; more stimuli or more noise are needed to see a loss")
    }
    if !stimulus.isTight { notes.append("the bounds are more than half apart: no single number") }
    if classes.upper < 1.5 * shuffled.largest { notes.append("the class is hardly above what shuffled labels give") }
    self.notes = notes
  }
}
