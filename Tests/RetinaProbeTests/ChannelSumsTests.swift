import RetinaEngine
import RetinaModel
import RetinaProbe
import Testing

/// Sums over space, and their excitatory and inhibitory parts.
@Suite struct ChannelSumsTests {
  private func attribution(_ values: [Float]) throws -> Attribution {
    let network = try Network(values.count, layers: [.dense([values])])
    let ones = [Float](repeating: 1, count: values.count)
    return try network.answer(Request(.inputTimesGradient, target: network.cell), ones)
  }

  @Test func `units above and below zero are summed apart`() throws {
    let found = try attribution([1, -2, 0, 4, -8, -16, -32, -64])
    let shape = Shape(2, 2, 2)
    #expect(found.channelSums(shape) == [3, -120])
    #expect(found.channelSums(shape, counting: .excitatory) == [5, 0])
    #expect(found.channelSums(shape, counting: .inhibitory) == [-2, -120])
    #expect(found.channelSums(Shape(8), counting: .inhibitory) == [0, -2, 0, 0, -8, -16, -32, -64])
  }

  /// Every unit of a group has the value of the group: it counts once, and a quarter of it in a channel with a quarter of its units.
  @Test func `a group counts once`() throws {
    let found = try attribution([6, 6, 6, 6, 6, 8, 8, 3])
    let groups = [4, 4, 4, 4, 4, 2, 2, 0]
    expect(found.channelSums(Shape(2, 2, 2), groups: groups), near: [4.8, 12.2], within: 1e-6)
    #expect(found.channelSums(Shape(8), groups: groups) == found.values)
  }

  @Test(arguments: UInt64(31_000)..<31_020) func `the parts add up to the sums`(seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, .kinked)
    let network = random.network
    let requests = (0..<2).map {
      network.completeRequest(.conductance, boundary: 1, target: .cell($0, of: network.program))
    }
    let question = LayerQuestion(requests: requests, shape: network.model.shapes[0])
    func ask(_ reduction: Reduction) throws -> AttributionTable {
      try Probe.run(
        network.program, [question], reduction: reduction, count: 2,
        input: { $0 == 0 ? random.input : random.baseline.map { 1 - $0 } }, baselines: [random.baseline], threads: 1)[0]
    }
    let (whole, sums, split) = try (ask(.none), ask(.channel), ask(.splitChannel))
    let parts = try #require(split.parts)
    #expect(sums.parts == nil && whole.parts == nil && split.values == sums.values)
    #expect(parts.excitatory.shape == sums.values.shape && parts.inhibitory.shape == sums.values.shape)
    #expect(parts.excitatory.values.allSatisfy { $0 >= 0 } && parts.inhibitory.values.allSatisfy { $0 <= 0 })
    let added = zip(parts.excitatory.values, parts.inhibitory.values).map { $0 + $1 }
    expect(added, near: sums.values.values, within: 1e-6 * parts.excitatory.values.magnitudes + 1e-7)
  }
}
