import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaEngine

@Suite struct PlannerCostTests {
  private func cost(_ speeds: [Double], memory: [(Double, Double)] = []) -> PlannerCost {
    PlannerCost(
      name: "test", direct: speeds[0], matrix: speeds[1], product: speeds[2], transform: speeds[3],
      elementwise: speeds[4], memory: memory.map { .init(workingSet: $0.0, secondsPerByte: $0.1) })
  }

  @Test func `seconds are counts divided by speeds, and bytes cost by their distance`() {
    let work = StageWork(
      direct: 2, matrix: 6, product: 12, transform: 20, elementwise: 30, traffic: 100, resident: 0x1p20)
    let near = cost([2, 3, 4, 5, 6])
    #expect(near.seconds(work) == 1 + 2 + 3 + 4 + 5 && work.operations == 70)
    let far = cost([2, 3, 4, 5, 6], memory: [(0x1p20, 0), (0x1p22, 0.5), (0x1p26, 1)])
    for (workingSet, perByte) in [
      (0.0, 0), (0x1p20, 0), (0x1p21, 0.25), (0x1p22, 0.5), (0x1p24, 0.75), (0x1p26, 1), (0x1p30, 1),
    ] {
      #expect(abs(far.seconds(work, workingSet: workingSet) - 15 - 100 * perByte) < 1e-9, "\(workingSet)")
    }
    #expect(far.seconds(work) == 15)
  }

  @Test func `convolutions are counted by their definition, channels in groups of eight`() {
    let geometry = ConvolutionGeometry(
      inputs: 3, outputs: 9, inputHeight: 7, inputWidth: 8, kernelHeight: 2, kernelWidth: 3)
    let work = StageWork.direct(geometry)
    let (weights, values) = (3 * 6 * 16, 3 * 56 + 16 * 36)
    #expect(work.operations == Double(2 * weights * 36))
    #expect(work.traffic == Double(4 * (weights + values)))
  }

  @Test(arguments: [4, 8, 16])
  func `a block shares the kernels of the past`(block: Int) {
    func stage(_ block: Int) -> TemporalSpectral {
      let shape = SpectralShape(
        imageHeight: 50, imageWidth: 50, top: 0, left: 0, fieldHeight: 50, fieldWidth: 50, resultHeight: 36,
        resultWidth: 36, strideVertical: 1, strideHorizontal: 1)
      return TemporalSpectral(shape: shape, history: 40, outputs: 8, block: block)
    }
    let (one, many) = (StageWork.spectral(stage(1)), StageWork.spectral(stage(block)))
    #expect(one.product == 64 * 1304 * 40 && many.product >= one.product && many.product < 1.5 * one.product)
    #expect(many.traffic < one.traffic / 2)
  }

  @Test(arguments: Example.all)
  func `whatever the planner takes the machine to be, the numbers are right`(example: Example) throws {
    let model = try example.model()
    let movie = Movie(.random, model, frames: model.inputShape[0] + 9)
    let expected = WindowedLayers(model, movie)
    var generator = SeededRandom(seed: 5)
    for _ in 0..<4 {
      let speeds = (0..<5).map { _ in Double(1 + generator.integer(0...1_000_000)) }
      let cost = cost(speeds, memory: [(1, 0), (0x1p24, Double(generator.integer(0...3)))])
      let plan = try StreamPlan(planning: model, options: StreamOptions(cost: cost))
      #expect(plan.cost == cost)
      let error = expected.error(of: StreamRecord(plan, movie, taps: Array(model.layers.indices)))
      #expect(error < 1e-5, "seed 5, \(speeds): \(plan.explanation.map(\.algorithm))")
    }
  }
}
