import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaEngine

/// Streams against the plain program on every window.
@Suite struct StreamTests {
  @Test(arguments: Example.all, Movie.Kind.allCases)
  func `every layer of every window agrees with the program`(example: Example, kind: Movie.Kind) throws {
    let model = try example.model()
    let movie = Movie(kind, model, frames: model.inputShape[0] + 18)
    let expected = WindowedLayers(model, movie)
    let taps = Array(model.layers.indices)
    for algorithm in StreamOptions.Algorithm.allCases {
      for level in ProcessorLevel.available {
        let plan = try StreamPlan.of(model, algorithm, level: level)
        let record = StreamRecord(plan, movie, taps: taps)
        #expect(expected.error(of: record) < 1e-5, "\(algorithm.name) on \(level.name)")
        #expect(record.layers.map { $0[taps.count - 1].bits } == record.rates, "\(algorithm.name) on \(level.name)")
        #expect(StreamRecord(plan, movie).rates == record.rates, "reading layers: \(algorithm.name) on \(level.name)")
      }
    }
  }

  @Test(arguments: (200..<320).map(Example.random))
  func `random models agree with the program`(example: Example) throws {
    let model = try example.model()
    let movie = Movie(.random, model, frames: model.inputShape[0] + 9)
    let expected = WindowedLayers(model, movie)
    for algorithm in StreamOptions.Algorithm.allCases {
      let plan = try StreamPlan.of(model, algorithm, block: 4)
      let record = StreamRecord(plan, movie, taps: Array(model.layers.indices))
      #expect(expected.error(of: record) < 1e-5, "\(algorithm.name)")
    }
  }

  @Test(arguments: ["deep retina", "linear-nonlinear", "padding, stride and dilation first", "a single pixel"])
  func `frames are normalised, by one number or by one per pixel`(name: String) throws {
    let example = try Example.named(name)
    let frame = try example.model().inputShape
    var generator = SeededRandom(seed: 31)
    var (mean, deviation) = (
      Tensor(repeating: 0, shape: Shape(frame[1], frame[2])), Tensor(repeating: 0, shape: Shape(frame[1], frame[2]))
    )
    mean.values = generator.values(mean.shape.count).map { 3 + $0 }
    deviation.values = generator.values(mean.shape.count).map { 0.6 + 0.5 * $0 }
    for normalization in [
      Normalization.scalar(mean: 2, standardDeviation: 0.4), .perPixel(mean: mean, standardDeviation: deviation),
    ] {
      let model = try example.model(facts: Facts(normalization: normalization))
      let movie = Movie(.random, model, frames: model.inputShape[0] + 10)
      let expected = WindowedLayers(model, movie)
      for algorithm in StreamOptions.Algorithm.allCases {
        let plan = try StreamPlan.of(model, algorithm)
        let record = StreamRecord(plan, movie, taps: Array(model.layers.indices))
        #expect(expected.error(of: record) < 1e-5, "\(algorithm.name)")
      }
    }
  }

  @Test(arguments: ["deep retina", "stacks", "padding, stride and dilation first", "one frame, one channel", "pools"])
  func `the bits do not depend on the block`(name: String) throws {
    let model = try Example.named(name).model()
    let movie = Movie(.random, model, frames: 75)
    for level in ProcessorLevel.available {
      for algorithm in [StreamOptions.Algorithm.spectral, .lowRank] {
        let expected = StreamRecord(try .of(model, algorithm, level: level, block: 1), movie).rates
        for block in 2...64 {
          let rates = StreamRecord(try .of(model, algorithm, level: level, block: block), movie).rates
          #expect(rates == expected, "\(algorithm.name), block \(block) on \(level.name)")
        }
      }
    }
  }

  @Test(arguments: Example.all)
  func `tapped layers have the same bits for every block`(example: Example) throws {
    let model = try example.model()
    let movie = Movie(.natural, model, frames: model.inputShape[0] + 20)
    let taps = Array(model.layers.indices)
    for algorithm in StreamOptions.Algorithm.allCases {
      let expected = StreamRecord(try .of(model, algorithm, block: 1), movie, taps: taps)
      for block in [4, 8, 16] {
        let record = StreamRecord(try .of(model, algorithm, block: block), movie, taps: taps)
        #expect(record.rates == expected.rates, "\(algorithm.name), block \(block)")
        #expect(
          record.layers.map { $0.map(\.bits) } == expected.layers.map { $0.map(\.bits) },
          "\(algorithm.name), block \(block)")
      }
    }
  }
}

extension Example {
  /// The example of a name.
  static func named(_ name: String) throws -> Example {
    try #require(all.first { $0.testDescription == name })
  }
}
