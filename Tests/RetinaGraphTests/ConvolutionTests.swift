import RetinaGraph
import RetinaKernels
import Testing

/// A convolution as its definition says, in float64, position by position.
private struct Definition {
  var input, weight: [Int]
  var stride, dilation, before, after: [Int]
  var groups: Int

  func output(_ x: [Float], _ w: [Float], _ bias: [Float]) -> (extents: [Int], values: [Double]) {
    let axes = input.count - 2
    var extents: [Int] = []
    for axis in 0..<axes {
      let reach = dilation[axis] * (weight[axis + 2] - 1) + 1
      extents.append((input[axis + 2] + before[axis] + after[axis] - reach) / stride[axis] + 1)
    }
    let taps = weight[2...].reduce(1, *)
    var values: [Double] = []
    for n in 0..<input[0] {
      for o in 0..<weight[0] {
        for place in 0..<extents.reduce(1, *) {
          var sum = Double(bias[o])
          let first = o / (weight[0] / groups) * weight[1]
          for i in 0..<weight[1] {
            for tap in 0..<taps {
              var (position, restPlace, restTap, step, inside) = (0, place, tap, 1, true)
              for axis in (0..<axes).reversed() {
                let start = restPlace % extents[axis] * stride[axis] - before[axis]
                let index = start + restTap % weight[axis + 2] * dilation[axis]
                restPlace /= extents[axis]
                restTap /= weight[axis + 2]
                inside = inside && index >= 0 && index < input[axis + 2]
                position += index * step
                step *= input[axis + 2]
              }
              guard inside else { continue }
              let factor = w[(o * weight[1] + i) * taps + tap]
              sum += Double(factor) * Double(x[(n * input[1] + first + i) * step + position])
            }
          }
          values.append(sum)
        }
      }
    }
    return ([input[0], weight[0]] + extents, values)
  }
}

@Suite struct ConvolutionTests {
  /// One to three axes with random strides, dilations, groups and padding that differs on the two sides.
  @Test(arguments: 1...3, 0..<12 as Range<UInt64>)
  func agreesWithTheDefinition(axes: Int, seed: UInt64) throws {
    var generator = SeededRandom(seed: seed &* 31 &+ UInt64(axes))
    func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    let groups = number(1...3)
    let inputsPerGroup = number(1...2)
    func list(_ range: ClosedRange<Int>) -> [Int] { (0..<axes).map { _ in number(range) } }
    let definition = Definition(
      input: [number(1...2), groups * inputsPerGroup] + list(7...9),
      weight: [groups * number(1...2), inputsPerGroup] + list(1...3), stride: list(1...3), dilation: list(1...3),
      before: list(0...3), after: list(0...3), groups: groups)
    func values(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1...1, using: &generator) } }
    let (x, w) = (values(definition.input.reduce(1, *)), values(definition.weight.reduce(1, *)))
    let bias = values(definition.weight[0])
    let arrays = [
      TypedArray(x, extents: definition.input), TypedArray(w, extents: definition.weight),
      TypedArray(bias, extents: [bias.count]),
    ]
    let result = try run(
      "Conv", arrays,
      [
        ("dilations", .integers(definition.dilation)), ("group", .integer(groups)),
        ("pads", .integers(definition.before + definition.after)), ("strides", .integers(definition.stride)),
      ])[0]
    let expected = definition.output(x, w, bias)
    #expect(result.extents == expected.extents)
    let found = try #require(result.singles)
    for (a, b) in zip(found, expected.values) { #expect(abs(Double(a) - b) < 1e-5, "seed \(seed): \(definition)") }
  }

  @Test(arguments: ["SAME_UPPER", "SAME_LOWER", "VALID"]) func autoPadSplitsTheRest(_ mode: String) throws {
    // 5 positions, kernel [1, 1, 1] of 3 taps, stride 2: SAME has 3 outputs and 2 zeros in all.
    let x = try floats([1, 2, 3, 4, 5], 1, 1, 5)
    let w = try floats([1, 10, 100], 1, 1, 3)
    let y = try run("Conv", [x, w], [("auto_pad", .text(mode)), ("strides", .integers([2]))])[0]
    #expect(y.singles == (mode == "VALID" ? [321, 543] : [210, 432, 54]))
    // An even kernel leaves one zero, behind or before.
    let even = try floats([1, 10], 1, 1, 2)
    let z = try run("Conv", [x, even], [("auto_pad", .text(mode))])[0]
    let expected: [Float] =
      switch mode {
      case "SAME_UPPER": [21, 32, 43, 54, 5]
      case "SAME_LOWER": [10, 21, 32, 43, 54]
      default: [21, 32, 43, 54]
      }
    #expect(z.singles == expected)
  }

  /// Zero divisors, huge settings and shapes that do not fit (classes 1, 7 and 8).
  @Test(
    arguments: [
      ("group", .integer(0)), ("group", .integer(-1)), ("group", .integer(2)), ("group", .integer(Int.max)),
      ("strides", .integers([0, 1])), ("strides", .integers([Int.max, 1])), ("strides", .integers([1])),
      ("dilations", .integers([0, 1])), ("dilations", .integers([1 << 19, 1])), ("dilations", .integers([Int.max, 1])),
      ("pads", .integers([-1, 0, 0, 0])), ("pads", .integers([Int.max, 0, Int.max, 0])), ("pads", .integers([0, 0])),
      ("pads", .integers([1 << 20, 1 << 20, 1 << 20, 1 << 20])), ("kernel_shape", .integers([2, 3])),
      ("kernel_shape", .integers([0, 0])), ("auto_pad", .text("SAME")), ("group", .text("1")), ("x", .integer(1)),
    ] as [(String, GraphAttribute)])
  func settingsThatCannotBeAreRefused(_ name: String, _ value: GraphAttribute) throws {
    let x = try floats([Float](repeating: 1, count: 9), 1, 1, 3, 3)
    let w = try floats([1, 1, 1, 1], 1, 1, 2, 2)
    #expect(try !failure("Conv", [x, w], [(name, value)]).expected.isEmpty)
  }

  @Test func shapesThatCannotBeAreRefused() throws {
    let x = try floats([1, 1, 1, 1], 1, 1, 2, 2)
    for w in [
      try floats([1]), try floats([1, 1], 1, 2, 1, 1), try floats([1, 1, 1], 1, 1, 1, 3), try floats([], 0, 1, 1, 1),
    ] {
      #expect(try !failure("Conv", [x, w, floats([1, 1])]).expected.isEmpty)
    }
    #expect(try failure("Conv", [x, nil]).expected == "an input 1")
    #expect(try failure("Conv", [x, integers([1], .signed8, extents: [1, 1, 1, 1])]).expected == "arrays of one type")
  }

  /// In pieces with the state carried along, a causal convolution gives what it gives at once.
  @Test(arguments: 1...6) func causalConvolutionInPieces(_ cut: Int) throws {
    var generator = SeededRandom(seed: 5)
    let x = (0..<2 * 7).map { _ in Float.random(in: -1...1, using: &generator) }
    let w = try floats([0.5, -1, 2, 1, 0.25, -0.125], 2, 1, 3)
    let bias = try floats([0.1, -0.2])
    func part(_ range: Range<Int>) throws -> TypedArray {
      let values = Array(x[range]) + Array(x[7 + range.lowerBound..<7 + range.upperBound])
      return try #require(TypedArray(values, extents: [1, 2, range.count]))
    }
    let whole = try run("CausalConvWithState", [part(0..<7), w, bias, nil], outputs: 2, opset: 27)
    let first = try run("CausalConvWithState", [part(0..<cut), w, bias, nil], outputs: 2, opset: 27)
    let second = try run("CausalConvWithState", [part(cut..<7), w, bias, first[1]], outputs: 2, opset: 27)
    let joined = try run("Concat", [first[0], second[0]], [("axis", .integer(2))])
    #expect(joined[0] == whole[0])
    #expect(second[1] == whole[1])
    // The definition at one place: channel 1, time 4.
    let future = 0.25 * x[10] - 0.125 * x[11]
    let direct = -0.2 + x[9] + future
    #expect(abs(try #require(whole[0].singles)[7 + 4] - direct) < 1e-6)
  }
}
