import RetinaKernels
import Testing

/// What one unit changes in the next layer, against the definition of a convolution.
@Suite struct ReachKernelsTests {
  @Test(arguments: Level.available, 0..<40)
  func `a unit changes what a convolution of it alone changes`(level: Level, seed: Int) {
    var generator = SeededRandom(seed: UInt64(seed))
    var geometry = ConvolutionGeometry.random(&generator, grouped: false)
    (geometry.inputs, geometry.outputs) = (generator.integer(1...10), generator.integer(1...10))
    let weight = generator.values(geometry.weightCount)
    let unit = generator.integer(0...geometry.inputCount - 1)
    let change = generator.values(1)[0]
    var alone = [Double](repeating: 0, count: geometry.inputCount)
    alone[unit] = Double(change)
    let expected = Float64Definition.convolution(
      geometry, input: alone, weight: weight.float64, bias: [Double](repeating: 0, count: geometry.outputs))

    let groups = (geometry.outputs + 7) / 8
    let perOutput = geometry.weightCount / geometry.outputs
    let results = geometry.outputHeight * geometry.outputWidth
    var packed = [Float](repeating: 0, count: groups * perOutput * 8)
    for index in weight.indices {
      let output = index / perOutput
      packed[(output / 8 * perOutput + index % perOutput) * 8 + output % 8] = weight[index]
    }
    func lane(_ index: Int) -> Int { (index / results / 8 * results + index % results) * 8 + index / results % 8 }
    let count = groups * results * 8
    let (scale, values, readout) = (generator.values(count), generator.values(count), generator.values(count))
    let plane = geometry.inputHeight * geometry.inputWidth
    let place = SweepUnit(
      channel: unit / plane, row: unit % plane / geometry.inputWidth, column: unit % geometry.inputWidth)
    packed.withUnsafeBufferPointer { weights in
      scale.withUnsafeBufferPointer { factors in
        guard let weights = weights.baseAddress, let factors = factors.baseAddress else { return }
        let shape = ReachShape(geometry: geometry, weights: weights, scale: factors)
        var changes = [Float](repeating: 0, count: count)
        level.kernels.spreadChange(shape, unit: place, change: change, changes: &changes)
        let found = (0..<geometry.outputCount).map { changes[lane($0)] }
        let wanted = expected.indices.map { expected[$0] * Double(scale[lane($0)]) }
        #expect(relativeError(found, wanted) < 1e-6, "seed \(seed), \(geometry)")

        let room = shape.largestReach
        var reached = [Float](repeating: .nan, count: 3 * max(8, room))
        let number = level.kernels.reachedUnits(
          shape, unit: place, change: change, values: values, outcomes: values, readout: readout, reached: &reached)
        #expect(number % 8 == 0 && number <= room)
        let sum = reached.withUnsafeBufferPointer { numbers -> Float in
          guard let numbers = numbers.baseAddress else { return .nan }
          return level.kernels.weightedChange(
            count: number, weights: numbers + room, from: numbers + 2 * room, to: numbers)
        }
        let total = wanted.indices.reduce(0) { $0 + wanted[$1] * Double(readout[lane($1)]) }
        #expect((Double(sum) - total).magnitude < 1e-5, "seed \(seed), \(geometry)")
      }
    }
  }
}
