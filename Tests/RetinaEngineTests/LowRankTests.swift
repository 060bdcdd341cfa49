import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaEngine

/// First layers in low-rank form: when they are chosen, and what they give.
@Suite struct LowRankTests {
  /// One convolution of 3 x 3 pixels over 40 frames, the sum of so many products per channel, with noise of some size.
  private func model(rank: Int, noise: Float = 0) throws -> Model {
    var generator = SeededRandom(seed: 77)
    var weight = Tensor(repeating: 0, shape: Shape(9, 40, 3, 3))
    for channel in 0..<9 {
      for _ in 0..<rank {
        let (course, kernel) = (generator.values(40, scale: 0.3), generator.values(9, scale: 0.3))
        for index in 0..<360 { weight.values[channel * 360 + index] += course[index / 9] * kernel[index % 9] }
      }
    }
    for (index, value) in generator.values(weight.shape.count, scale: noise).enumerated() {
      weight.values[index] += value
    }
    var builder = ModelBuilder(seed: 78, input: Shape(40, 21, 20))
    try builder.add(.convolution(Convolution(weight: weight, bias: generator.values(9))))
    try builder.add(.activation(.relu))
    try builder.dense(2)
    return try builder.model()
  }

  private func algorithm(_ model: Model, tolerance: Double = 0) throws -> PlannedLayer {
    try StreamPlan(planning: model, options: StreamOptions(tolerance: tolerance)).explanation[0]
  }

  @Test func `separable kernels of long histories are chosen when they are`() throws {
    #expect(try algorithm(model(rank: 1)).algorithm == "low rank 1, streamed")
    #expect(try algorithm(model(rank: 1)).leftOut < 1e-7)
    #expect(try !algorithm(model(rank: 9)).algorithm.hasPrefix("low rank"))
    // What is nearly separable is not separable.
    #expect(try !algorithm(model(rank: 1, noise: 1e-4)).algorithm.hasPrefix("low rank"))
  }

  @Test func `a tolerance that was asked for is kept, and what it leaves out is said`() throws {
    let model = try model(rank: 1, noise: 1e-3)
    let planned = try algorithm(model, tolerance: 0.1)
    #expect(planned.algorithm == "low rank 1, streamed")
    #expect(planned.leftOut > 1e-3 && planned.leftOut < 0.1)
    let movie = Movie(.random, model, frames: 60)
    let expected = WindowedLayers(model, movie)
    for (tolerance, bound) in [(0, 1e-5), (0.1, 0.1)] {
      let plan = try StreamPlan(planning: model, options: StreamOptions(tolerance: tolerance))
      let error = expected.error(of: StreamRecord(plan, movie, taps: Array(model.layers.indices)))
      #expect(error < bound && (tolerance == 0 || error > 1e-5), "tolerance \(tolerance): error \(error)")
    }
  }

  @Test func `kernels of zeros have a rank, too`() throws {
    var builder = ModelBuilder(seed: 79, input: Shape(4, 5, 6))
    try builder.add(
      .convolution(Convolution(weight: Tensor(repeating: 0, shape: Shape(3, 4, 2, 2)), bias: [1, -2, 3])))
    let plan = try StreamPlan.of(try builder.model(), .lowRank)
    #expect(plan.explanation[0].algorithm == "low rank 1, streamed" && plan.explanation[0].leftOut == 0)
    let record = StreamRecord(plan, Movie(.random, try builder.model(), frames: 9))
    #expect(record.rates.allSatisfy { $0.prefix(20).allSatisfy { Float(bitPattern: $0) == 1 } })
  }
}
