import RetinaKernels
import Testing

@testable import RetinaEngine

/// A convolution in fixed point with numbers of its own, and what must come out of it.
private struct RandomFixedPointConvolution {
  var geometry: FixedPointConvolutionGeometry
  var inputType, weightType, outputType: FixedPointType
  var inputOffset, outputOffset: Int
  var firstPlane: Int
  var input, weight: [Int]
  var bias: [Int64]
  var multipliers: [FixedPointMultiplier]
  var rounding: FixedPointRounding

  /// - Parameter extremes: whether all values are at an end of their range, where sums are as large as they can be.
  init(_ generator: inout SeededRandom, extremes: Bool) {
    let groups = generator.element([1, 1, 1, 2, 3])
    let covers = generator.once(in: 4)
    let (height, width) = (generator.integer(1...9), generator.integer(1...40))
    let kernel = covers ? (height, width) : (generator.integer(1...4), generator.integer(1...5))
    let dilation = covers ? (1, 1) : (generator.integer(1...2), generator.integer(1...2))
    let padding = covers ? (0, 0) : (generator.integer(0...2), generator.integer(0...2))
    let stride = (generator.integer(1...3), generator.element([1, 1, 2]))
    // More or fewer outputs than the padding on the other side would give.
    let rows = covers ? 1 : generator.integer(1...(height - 1) / stride.0 + 2)
    let columns = covers ? 1 : generator.integer(1...(width - 1) / stride.1 + 2)
    let window = FixedPointWindow(
      inputHeight: height, inputWidth: width, outputHeight: rows, outputWidth: columns, kernelHeight: kernel.0,
      kernelWidth: kernel.1, strideVertical: stride.0, strideHorizontal: stride.1, paddingTop: padding.0,
      paddingLeft: padding.1, dilationVertical: dilation.0, dilationHorizontal: dilation.1)
    let geometry = FixedPointConvolutionGeometry(
      window: window, inputs: (covers ? 1 : groups) * generator.integer(1...4),
      outputs: (covers ? 1 : groups) * generator.integer(1...9), groups: covers ? 1 : groups)
    let (inputType, weightType) = (
      generator.element([FixedPointType.int8, .int16]), generator.element([FixedPointType.int8, .int16])
    )
    func values(_ count: Int, _ type: FixedPointType) -> [Int] {
      (0..<count).map { _ in
        let ends = [Int(type.minimum), Int(type.maximum)]
        return extremes ? generator.element([ends[0], ends[0], ends[1]]) : generator.integer(ends[0]...ends[1])
      }
    }
    (self.geometry, self.inputType, self.weightType) = (geometry, inputType, weightType)
    outputType = generator.element([.int8, .int16])
    inputOffset = inputType == .int8 ? generator.integer(-127...128) : 0
    outputOffset = generator.integer(-100...100)
    firstPlane = generator.integer(0...geometry.inputs - 1)
    input = values(geometry.inputs * window.inputPlane, inputType)
    weight = values(geometry.outputs * geometry.weightsPerOutput, weightType)
    bias = (0..<geometry.outputs).map { _ in Int64(generator.integer(-(1 << 20)...1 << 20)) }
    let shift = inputType == .int8 && weightType == .int8 ? -10 : inputType == weightType ? -26 : -18
    multipliers = (0..<geometry.outputs).map { _ in
      FixedPointMultiplier(
        multiplier: Int32(generator.integer(1 << 30...Int(Int32.max))), shift: Int32(shift + generator.integer(-2...2)))
    }
    // Sums of products of 16 bits do not fit 32.
    rounding = inputType == weightType && inputType == .int16 ? .wide : generator.element([.double, .single, .wide])
  }

  /// Many channels and a large kernel: sums that go over from 32 bits to 64 many times.
  init(deep generator: inout SeededRandom, _ inputType: FixedPointType, _ weightType: FixedPointType) {
    self.init(&generator, extremes: true)
    let window = FixedPointWindow(
      inputHeight: 12, inputWidth: 17, outputHeight: 2, outputWidth: 3, kernelHeight: 11, kernelWidth: 15)
    geometry = FixedPointConvolutionGeometry(window: window, inputs: generator.integer(20...40), outputs: 5)
    (self.inputType, self.weightType, rounding) = (inputType, weightType, .wide)
    (inputOffset, firstPlane) = (0, 7)
    // All of one sign, so that sums grow as large as they can.
    input = (0..<geometry.inputs * window.inputPlane).map { _ in
      generator.element([Int(inputType.minimum), Int(inputType.minimum) / 2])
    }
    weight = (0..<geometry.outputs * geometry.weightsPerOutput).map { _ in
      generator.element([Int(weightType.minimum), Int(weightType.minimum) + 1, Int(weightType.minimum) / 3])
    }
    (outputType, outputOffset) = (.int16, 0)
    bias = (0..<5).map { _ in Int64(generator.integer(-(1 << 20)...1 << 20)) }
    // The largest sums come near the largest output.
    let shift = Int32(inputType.rawValue + weightType.rawValue - 2)
    multipliers = (0..<5).map { _ in
      FixedPointMultiplier(multiplier: Int32(generator.integer(1 << 30...Int(Int32.max))), shift: 1 - shift)
    }
  }

  /// The sums written down with an image that has its zeros around it.
  var expected: [Int] {
    let window = geometry.window
    let (inputs, outputs) = (geometry.inputs / geometry.groups, geometry.outputs / geometry.groups)
    var found: [Int] = []
    for output in 0..<geometry.outputs {
      for row in 0..<window.outputHeight {
        for column in 0..<window.outputWidth {
          var sum = bias[output]
          for index in 0..<geometry.weightsPerOutput {
            let (member, tap) = (index / window.taps, index % window.taps)
            let channel = (output / outputs * inputs + member + firstPlane) % geometry.inputs
            let y =
              row * window.strideVertical + tap / window.kernelWidth * window.dilationVertical - window.paddingTop
            let x =
              column * window.strideHorizontal + tap % window.kernelWidth * window.dilationHorizontal
              - window.paddingLeft
            guard (0..<window.inputHeight).contains(y), (0..<window.inputWidth).contains(x) else { continue }
            let value = input[(channel * window.inputHeight + y) * window.inputWidth + x] + inputOffset
            sum += Int64(value * weight[output * geometry.weightsPerOutput + index])
          }
          let result = Int(multipliers[output].apply(sum, rounding)) + outputOffset
          found.append(min(max(result, Int(outputType.minimum)), Int(outputType.maximum)))
        }
      }
    }
    return found
  }

  /// The same by the definition, or by the fast forms of a level.
  func found(_ level: ProcessorLevel?) -> [Int] {
    let (packedInput, packedWeights) = (PackedIntegers(input, inputType), PackedIntegers(weight, weightType))
    let quantization = FixedPointQuantization(type: inputType, scale: 1, zeroPoint: Int32(-inputOffset))
    let convolver = FixedPointConvolver(geometry, input: quantization, weight: weightType)
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: convolver.scratchBytes + 64, alignment: 64)
    defer { scratch.deallocate() }
    // Filler shows what is read without having been written.
    scratch.initializeMemory(as: UInt8.self, repeating: 0xA5, count: convolver.scratchBytes + 64)
    let limits = [Int(outputType.minimum), Int(outputType.maximum)]
    let values = PackedIntegers.collect(geometry.outputCount, outputType, offset: outputOffset, limits: limits) {
      output in
      packedInput.read(offset: inputOffset) { input in
        packedWeights.read { weight in
          multipliers.withUnsafeBufferPointer { factors in
            bias.withUnsafeBufferPointer { biases in
              guard let factors = factors.baseAddress else { return }
              let parameters = FixedPointConvolutionParameters(
                weight: weight, bias: biases.baseAddress, multipliers: factors, rounding: rounding)
              if let level {
                convolver.forward(
                  FixedPointKernelTable(level), input: input, firstPlane: firstPlane, parameters: parameters,
                  output: output,
                  scratch: scratch)
              } else {
                PlainFixedPointConvolution.forward(
                  geometry, input: input, firstPlane: firstPlane, parameters: parameters, output: output)
              }
            }
          }
        }
      }
    }
    let beyond = UnsafeRawBufferPointer(start: scratch + convolver.scratchBytes, count: 64)
    #expect(beyond.allSatisfy { $0 == 0xA5 }, "wrote beyond the working memory")
    return values
  }
}

@Suite struct FixedPointConvolutionTests {
  @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6], [false, true])
  func `every form gives the integers of the definition`(seed: UInt64, extremes: Bool) {
    var generator = SeededRandom(seed: seed)
    for index in 0..<40 {
      let random = RandomFixedPointConvolution(&generator, extremes: extremes)
      let expected = random.expected
      #expect(random.found(nil) == expected, "seed \(seed), case \(index): \(random.geometry)")
      for level in ProcessorLevel.allCases where level.isAvailable {
        #expect(random.found(level) == expected, "seed \(seed), case \(index), \(level.name): \(random.geometry)")
      }
    }
  }

  @Test(arguments: [FixedPointType.int8, .int16], [FixedPointType.int8, .int16])
  func `deep sums pass 32 bits and stay exact`(input: FixedPointType, weight: FixedPointType) {
    var generator = SeededRandom(seed: 11)
    for _ in 0..<3 {
      let random = RandomFixedPointConvolution(deep: &generator, input, weight)
      let expected = random.expected
      #expect(Set(expected).count > 3, "outputs at the end of their range prove nothing")
      #expect(random.found(nil) == expected)
      for level in ProcessorLevel.allCases where level.isAvailable {
        #expect(random.found(level) == expected, "\(level.name): \(random.geometry)")
      }
    }
  }
}
