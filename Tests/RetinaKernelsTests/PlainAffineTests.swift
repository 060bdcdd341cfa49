import RetinaKernels
import Testing

@Suite struct PlainAffineTests {
  @Test(arguments: [(12, 1), (12, 4), (12, 12), (35, 7)])
  func `each run of values has its factor and constant`(count: Int, run: Int) {
    var generator = SeededRandom(seed: 3)
    let input = generator.values(count)
    let (scale, shift) = (generator.values(count / run), generator.values(count / run))
    var output = [Float](repeating: .nan, count: count)
    PlainAffine.forward(count: count, run: run, input: input, scale: scale, shift: shift, output: &output)
    let expected = (0..<count).map { Double(input[$0]) * Double(scale[$0 / run]) + Double(shift[$0 / run]) }
    #expect(relativeError(output, expected) < 2e-7)
    PlainAffine.forward(count: count, run: run, input: input, scale: scale, shift: nil, output: &output)
    #expect(output == (0..<count).map { input[$0] * scale[$0 / run] })
  }

  @Test(arguments: [1, 3])
  func `in lanes, each group of vectors has eight factors and constants`(vectors: Int) {
    var generator = SeededRandom(seed: 4)
    let input = generator.values(8 * vectors * 2)
    let (scale, shift) = (generator.values(16), generator.values(16))
    var values = input
    PlainAffine.forwardLanes(count: values.count, vectors: vectors, values: &values, scale: scale, shift: shift)
    let expected = input.indices.map { index in
      let place = index / (8 * vectors) * 8 + index % 8
      return Double(input[index]) * Double(scale[place]) + Double(shift[place])
    }
    #expect(relativeError(values, expected) < 2e-7)
  }
}
