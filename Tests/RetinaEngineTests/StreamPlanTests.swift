import RetinaModel
import Testing

@testable import RetinaEngine

@Suite struct StreamPlanTests {
  @Test func `only movie models are planned`() throws {
    var builder = ModelBuilder(seed: 41, input: Shape(5, 6))
    try builder.dense(2)
    let model = try builder.model()
    #expect(StreamPlan(model) == nil)
    let error = StreamError("model", expected: "an input [history, height, width]", found: "rank 2")
    #expect(throws: error) { try StreamPlan(planning: model) }
  }

  @Test(arguments: [Int.min, -1, 0, 65, .max])
  func `blocks out of bounds are refused`(block: Int) throws {
    let model = try Example.all[0].model()
    let options = StreamOptions(block: block)
    #expect(StreamPlan(model, options: options) == nil)
    let error = StreamError("block", expected: "1 to 64 frames", found: "\(block)")
    #expect(throws: error) { try StreamPlan(planning: model, options: options) }
  }

  @Test(arguments: [-1e-9, 1, .nan, .infinity])
  func `tolerances out of bounds are refused`(tolerance: Double) throws {
    let model = try Example.all[0].model()
    #expect(throws: StreamError.self) {
      try StreamPlan(planning: model, options: StreamOptions(tolerance: tolerance))
    }
  }

  @Test func `a plan knows its movie`() throws {
    let plan = try StreamPlan.of(try Example.named("deep retina").model(), .automatic)
    #expect(plan.frameCount == 14 * 15 && plan.history == 9 && plan.cells == 5)
    let stream = Stream(plan, taps: [3])
    #expect(stream.savedFloats == plan.stateFloats + 2)
    #expect(stream.rates.count == 5 && stream.layer(3)?.count == 12 * 5 * 6 && stream.layer(2) == nil)
  }

  @Test(arguments: Example.all)
  func `convolutions are done as asked for`(example: Example) throws {
    let model = try example.model()
    let direct = try StreamPlan.of(model, .direct).explanation
    #expect(!direct.contains { $0.algorithm.contains("spectral") })
    let spectral = try StreamPlan.of(model, .spectral).explanation
    for (index, layer) in model.layers.enumerated() {
      let stages = spectral.filter { $0.layer == layer.name && !["pack", "unpack"].contains($0.algorithm) }
      #expect(!stages.isEmpty && direct.contains { $0.layer == layer.name }, "\(layer.name)")
      switch layer.operation {
      case .convolution(let convolution) where convolution.groups == 1:
        #expect(stages.map { $0.algorithm.hasPrefix("spectral") } == [true], "\(layer.name)")
        #expect(stages[0].algorithm.hasSuffix("streamed") == (index == 0), "\(layer.name)")
      case .convolutionStack, .separableConvolution:
        #expect(stages.map { $0.algorithm.hasPrefix("spectral") } == [true], "\(layer.name)")
      case .convolution: #expect(stages.map(\.algorithm) == ["direct"], "\(layer.name)")
      default: #expect(!stages.contains { $0.algorithm.contains("spectral") }, "\(layer.name)")
      }
    }
  }

  @Test func `a large first layer is streamed, a 1 x 1 convolution is not`() throws {
    var builder = ModelBuilder(seed: 42, input: Shape(20, 40, 40))
    try builder.convolution(8, 15, 15)
    try builder.add(.activation(.relu))
    try builder.convolution(3, 1, 1)
    let plan = try StreamPlan.of(try builder.model(), .automatic)
    #expect(
      plan.explanation.map(\.algorithm) == [
        "spectral 40 x 40, streamed", "elementwise, along with layer 0", "direct", "unpack",
      ])
    #expect(plan.explanation.map(\.layer) == ["layer 0", "layer 1", "layer 2", "layer 2"])
    #expect(plan.explanation.map(\.outputBytes) == [8 * 676, 8 * 676, 8 * 676, 2032].map { $0 * 4 })
  }

  @Test(arguments: Example.all)
  func `outputs of stages lie in the arena, apart unless in place`(example: Example) throws {
    let model = try example.model()
    for algorithm in StreamOptions.Algorithm.allCases {
      let plan = try StreamPlan.of(model, algorithm)
      #expect(plan.stageOfLayer.count == model.layers.count)
      for (index, stage) in plan.stages.enumerated() {
        let place = stage.output..<stage.output + stage.layout.floats
        #expect(place.upperBound <= plan.arenaFloats && place.lowerBound % 16 == 0)
        if index > 0 { #expect(stage.input == plan.stages[index - 1].output) }
        for other in plan.stages[..<index] where other.output != stage.output {
          #expect(!place.overlaps(other.output..<other.output + other.layout.floats))
        }
      }
    }
  }
}
