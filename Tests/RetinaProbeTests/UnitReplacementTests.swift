import RetinaEngine
import RetinaKernels
import RetinaModel
import RetinaProbe
import Testing

/// Replacing units by following what they change gives what running the model again gives.
@Suite struct UnitReplacementTests {
  /// The change of a cell when groups of units are replaced, by running the rest of the model in float64.
  private func runAgain(
    _ random: RandomNetwork, layer: Int, replacement: [Float], groups: [Int]
  ) throws -> (values: [Double], whole: Double) {
    let reference = Reference(model: random.model)
    let units = try reference.run(random.inputs, to: layer + 1)
    let whole = try reference.run(units, from: layer + 1)[0]
    let effects = try (0...(groups.max() ?? 0)).map { group in
      let values = units.indices.map { groups[$0] == group ? Double(replacement[$0]) : units[$0] }
      return whole - (try reference.run(values, from: layer + 1)[0])
    }
    return (groups.map { effects[$0] }, whole)
  }

  /// Units one by one, in groups of neighbours and by channel, after every layer; some of them take the slow way.
  @Test(arguments: [RandomNetwork.Flavour.smooth, .kinked], UInt64(20_000)..<20_060)
  func `groups of any size in any layer`(flavour: RandomNetwork.Flavour, seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, flavour)
    let probe = Probe(random.program)
    var generator = SeededRandom(seed: seed)
    for layer in random.model.layers.indices.dropLast() {
      let shape = random.model.shapes[layer]
      let replacement = generator.floats(shape.count, within: 1)
      let size = Int.random(in: 1...3, using: &generator)
      let channel = shape.count / shape[0]
      for size in [1, size, channel] {
        let groups = (0..<shape.count).map { $0 / size }
        let wanted = try runAgain(random, layer: layer, replacement: replacement, groups: groups)
        let request = Request(
          .layerFeatureAblation, boundary: random.network.after(layer), target: random.network.cell, groups: groups,
          replacement: replacement)
        let found = try probe.attribute(request, input: random.input, baseline: random.baseline)
        let largest = wanted.values.reduce(0) { max($0, $1.magnitude) }
        expect(
          found.values, near: wanted.values, within: 5e-6 * max(largest, wanted.whole.magnitude), "layer \(layer)")
      }
    }
  }

  /// F = 2 relu(3 y0 - y1 - 1) - relu(y1) with y = (2, 1): 2 * 4 - 1 = 7.
  ///
  /// Without y0 it is -1, without y1 it is 10, with y1 := 8 it is -8.
  @Test func `a hidden unit that switches off stops counting`() throws {
    let network = try Network(
      2, layers: [.dense([[3, -1], [0, 1]], [-1, 0]), .activation(.relu), .dense([[2, -1]])])
    func ask(_ replacement: [Float], groups: [Int]? = nil) throws -> [Float] {
      let request = Request(.layerFeatureAblation, target: network.cell, groups: groups, replacement: replacement)
      return try network.answer(request, [2, 1]).values
    }
    #expect(try ask([0, 0]) == [8, -3])
    #expect(try ask([2, 8]) == [0, 15])
    #expect(try ask([0, 0], groups: [0, 0]) == [7, 7])
  }

  /// The last run is kept; a question about other stimuli, cells and layers in between must not disturb it.
  @Test(arguments: UInt64(21_000)..<21_020)
  func `answers do not depend on what was asked before`(seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, .kinked)
    let probe = Probe(random.program)
    for round in 0..<2 {
      for layer in random.model.layers.indices.dropLast() {
        for cell in 0..<2 {
          for input in [random.input, random.baseline] {
            let request = Request(
              .layerFeatureAblation, boundary: random.network.after(layer), target: .cell(cell, of: random.program))
            let found = try probe.attribute(request, input: input, baseline: random.baseline)
            #expect(
              found.values == (try random.network.answer(request, input).values), "round \(round), layer \(layer)")
          }
        }
      }
    }
  }

  /// Channel means of space: one number per channel, the same as for its units in one group.
  @Test(arguments: UInt64(22_000)..<22_020)
  func `a channel is the group of its units`(seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, .kinked)
    for (layer, shape) in random.model.shapes.dropLast().enumerated() {
      let plane = shape.count / shape[0]
      let boundary = random.network.after(layer)
      let channels = try random.answer(
        Request(.channelAblation, boundary: boundary, target: random.network.cell, shape: shape.dimensions))
      let units = try random.answer(
        Request(
          .layerFeatureAblation, boundary: boundary, target: random.network.cell,
          groups: (0..<shape.count).map { $0 / plane }))
      #expect(channels.values == stride(from: 0, to: shape.count, by: plane).map { units.values[$0] })
    }
  }

  @Test func `a method about channels needs the shape of the layer`() throws {
    let network = try Network(2, layers: [.dense([[1, 1]])])
    for method in [RetinaProbe.Method.channelAblation, .layerGradCAM] {
      #expect(throws: ProbeError.missing("the extents of the layer")) {
        try network.answer(Request(method, target: network.cell, shape: [3]), [1, 2])
      }
    }
  }
}
