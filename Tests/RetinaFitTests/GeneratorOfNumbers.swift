import RetinaStimuli

/// Normal deviates from a seed.
struct GeneratorOfNumbers {
  private var generator: SeededGenerator

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  mutating func values(_ count: Int) -> [Float] {
    var values: [Float] = []
    for _ in 0..<count { values.append(Float(generator.normal())) }
    return values
  }
}
