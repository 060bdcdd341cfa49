import RetinaEngine
import RetinaModel
import Testing

@testable import RetinaFit

/// Batch normalisation by running statistics.
@Suite struct FrozenStatisticsTests {
  private let movie: [Float]
  private let network: Network

  init() throws {
    var draw = GeneratorOfNumbers(seed: 9)
    movie = draw.values(30 * 12 * 12)
    var options = ArchitectureOptions(history: 4, height: 12, width: 12, cells: 2)
    (options.channels, options.kernels) = ([3, 2], [5, 3])
    network = try Network(
      NamedArchitecture.halfStackedBNCNN.architecture(options), clips: 2, clipLength: 5, threads: 2)
    network.statistics = draw.values(network.statistics.count).map { 0.5 + abs($0) }
  }

  private func loss() -> Double {
    let responses = (0..<20).map { Float($0 % 3) }
    return network.loss(
      movie: movie, firstFrames: [0, 11], responses: responses, loss: .poisson, keepsStatistics: true)
  }

  /// What is trained is what the model does that is written.
  @Test func ratesAreThoseOfTheModel() throws {
    let statistics = network.statistics
    _ = loss()
    #expect(network.statistics == statistics)
    let model = try network.model()
    let frames = try #require(Tensor(shape: Shape(30, 12, 12), values: movie))
    let rates = try #require(StreamPlan(model)?.run(frames, layers: [model.layers.count - 1], threads: 1)?.tensors[0])
    for (sample, window) in ([Int](0..<5) + [Int](11..<16)).enumerated() {
      for cell in 0..<2 {
        let (found, expected) = (network.rates[2 * sample + cell], rates.values[2 * window + cell])
        #expect(abs(found - expected) <= 1e-5 * max(1, expected), "sample \(sample), cell \(cell)")
      }
    }
  }

  /// Along random directions, by central differences; the kink of the relu is why a step is short.
  @Test func gradientsAreThoseOfTheLoss() {
    var draw = GeneratorOfNumbers(seed: 10)
    for slope in DirectionalSlope.all(of: network, step: 0.003, &draw, loss: loss) {
      #expect(abs(slope.found - slope.expected) <= 0.02 * slope.size, "\(slope)")
    }
  }
}
