import RetinaKernels
import Testing

@testable import RetinaEngine

/// Integers that CMSIS-NN's own tests expect, where the folder that holds them is present.
@Suite(.enabled(if: SharedQuantisedCases.isPresent, SharedQuantisedCases.absence)) struct SharedQuantisedTests {
  @Test func `the file can be read and has cases`() throws {
    let file = try SharedQuantisedCases.file.get()
    #expect(file["schema"]?.integer == 1)
    #expect(!SharedQuantisedCases.all.isEmpty)
    #expect(file["count"]?.integer == SharedQuantisedCases.all.count)
  }

  @Test(arguments: SharedQuantisedCases.all) func `every integer is the expected one`(_ shared: SharedQuantisedCase)
    throws
  {
    let output = try shared.integers("output_dims")
    let expected = SharedQuantisedCase.channelsFirst(try shared.integers("expected"), output)
    switch shared.json["op"]?.string {
    case "conv2d", "fully_connected", "depthwise_conv2d", "depthwise_conv":
      for level in [nil] + ProcessorLevel.allCases.filter(\.isAvailable) {
        #expect(try convolve(shared, level) == expected, "\(level?.name ?? "plain definition")")
      }
    case "avg_pool": #expect(try pool(shared, PlainFixedPointPool.average) == expected)
    case "max_pool": #expect(try pool(shared, PlainFixedPointPool.maximum) == expected)
    default: throw SharedQuantisedCase.UnknownWord(word: shared.json["op"]?.string ?? "no op")
    }
  }

  /// By the definition, or by the fast forms of a level.
  private func convolve(_ shared: SharedQuantisedCase, _ level: ProcessorLevel?) throws -> [Int] {
    let (extents, results) = (try shared.integers("input_dims"), try shared.integers("output_dims"))
    let kernel = try shared.integers("filter_dims")
    let isDepthwise = shared.json["op"]?.string?.hasPrefix("depthwise") == true
    // The filter of a depthwise convolution is [1, height, width, out], that of others [out, height, width, in].
    let weights = SharedQuantisedCase.channelsFirst(try shared.integers("weights"), kernel)
    let geometry = FixedPointConvolutionGeometry(
      window: try shared.window(kernel: Array(kernel[1...2])), inputs: extents[3], outputs: results[3],
      groups: isDepthwise ? extents[3] : extents[3] / kernel[3])
    let inputs = SharedQuantisedCase.channelsFirst(try shared.integers("input"), extents)
    let multipliers = zip(try shared.integers("multiplier"), try shared.integers("shift")).map {
      FixedPointMultiplier(multiplier: Int32($0), shift: Int32($1))
    }
    let bias = shared.json["bias"]?.array?.compactMap { $0.integer.map(Int64.init) }
    let (packedInput, packedWeights) = (PackedIntegers(inputs, shared.type), PackedIntegers(weights, .int8))
    let offset = try shared.integer("input_offset")
    let rounding = try shared.rounding
    var found: [Int] = []
    for item in 0..<extents[0] {
      found += try PackedIntegers.collect(
        geometry.outputCount, shared.type, offset: try shared.integer("output_offset"),
        limits: try shared.integers("activation")
      ) { output in
        try packedInput.read(offset: offset, from: item * inputs.count / extents[0]) { input in
          try packedWeights.read(offset: try shared.integer("filter_offset")) { weight in
            try multipliers.withUnsafeBufferPointer { factors in
              try (bias ?? [0]).withUnsafeBufferPointer { biases in
                let parameters = FixedPointConvolutionParameters(
                  weight: weight, bias: bias == nil ? nil : biases.baseAddress,
                  multipliers: try #require(factors.baseAddress), rounding: rounding)
                convolve(geometry, level, input, offset, parameters, output)
              }
            }
          }
        }
      }
    }
    return found
  }

  private func convolve(
    _ geometry: FixedPointConvolutionGeometry, _ level: ProcessorLevel?, _ input: FixedPointValues, _ offset: Int,
    _ parameters: FixedPointConvolutionParameters, _ output: FixedPointOutput
  ) {
    guard let level else {
      PlainFixedPointConvolution.forward(geometry, input: input, parameters: parameters, output: output)
      return
    }
    let quantization = FixedPointQuantization(type: input.type, scale: 1, zeroPoint: Int32(-offset))
    let convolver = FixedPointConvolver(geometry, input: quantization, weight: .int8)
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: max(64, convolver.scratchBytes), alignment: 64)
    defer { scratch.deallocate() }
    convolver.forward(
      FixedPointKernelTable(level), input: input, firstPlane: 0, parameters: parameters, output: output,
      scratch: scratch)
  }

  private func pool(
    _ shared: SharedQuantisedCase, _ function: (FixedPointWindow, Int, FixedPointValues, FixedPointOutput) -> Void
  ) throws -> [Int] {
    let (extents, results) = (try shared.integers("input_dims"), try shared.integers("output_dims"))
    let window = try shared.window(kernel: Array(try shared.integers("filter_dims").suffix(2)))
    let inputs = SharedQuantisedCase.channelsFirst(try shared.integers("input"), extents)
    let packed = PackedIntegers(inputs, shared.type)
    var found: [Int] = []
    for item in 0..<extents[0] {
      found += try PackedIntegers.collect(
        extents[3] * results[1] * results[2], shared.type, offset: try shared.integer("output_offset"),
        limits: try shared.integers("activation")
      ) { output in
        packed.read(offset: try shared.integer("input_offset"), from: item * inputs.count / extents[0]) {
          function(window, extents[3], $0, output)
        }
      }
    }
    return found
  }
}
