import RetinaKernels
import RetinaModel
import Testing

@testable import RetinaEngine

/// A movie model of one convolution in integers, and a movie for it.
private struct FirstLayer {
  var model: FixedPointModel
  var movie: [Float]
  let frames: Int

  /// Any geometry; with extremes, all values at an end of their range, where errors are largest.
  init(seed: UInt64, extremes: Bool) {
    var generator = SeededRandom(seed: seed)
    let dilation = (generator.integer(1...2), generator.integer(1...2))
    let kernel = (generator.integer(1...5), generator.integer(1...6))
    // Three positions at least: two can lie in the padding, where sums never change.
    let window = FixedPointWindow(
      inputHeight: generator.integer(9...20), inputWidth: generator.integer(11...23),
      outputHeight: generator.integer(3...6), outputWidth: generator.integer(3...7), kernelHeight: kernel.0,
      kernelWidth: kernel.1, strideVertical: generator.integer(1...2), strideHorizontal: generator.integer(1...3),
      paddingTop: generator.integer(0...2), paddingLeft: generator.integer(0...2), dilationVertical: dilation.0,
      dilationHorizontal: dilation.1)
    let geometry = FixedPointConvolutionGeometry(
      window: window, inputs: generator.integer(1...20), outputs: generator.integer(1...17))
    self.init(&generator, geometry, generator.element([.int8, .int16]), .int8, extremes: extremes)
  }

  init(
    _ generator: inout SeededRandom, _ geometry: FixedPointConvolutionGeometry, _ input: FixedPointType,
    _ weight: FixedPointType, extremes: Bool
  ) {
    func value(_ type: FixedPointType) -> Int {
      let ends = [Int(type.minimum), Int(type.maximum)]
      return extremes ? generator.element([ends[0], ends[0], ends[1]]) : generator.integer(ends[0]...ends[1])
    }
    let window = geometry.window
    let zero = input == .int8 ? generator.integer(-128...127) : 0
    let isWide = input == .int16
    // The largest sums come near the largest output.
    let largest = Double(geometry.weightsPerOutput) * Double(1 << (input.rawValue + weight.rawValue - 1))
    let factor = 32_000 / largest
    model = FixedPointModel(
      name: "one layer", inputShape: Shape(geometry.inputs, window.inputHeight, window.inputWidth), lag: 0,
      normalization: .none, input: FixedPointQuantization(type: input, scale: 1, zeroPoint: Int32(zero)),
      layers: [
        FixedPointModel.Layer(
          names: ["layer"],
          operation: .convolution(
            FixedPointModel.Convolution(
              geometry: geometry,
              weight: (0..<geometry.outputs * geometry.weightsPerOutput).map { _ in Int16(value(weight)) },
              weightType: weight, bias: (0..<geometry.outputs).map { _ in Int64(generator.integer(-999...999)) },
              multipliers: (0..<geometry.outputs).map { _ in
                FixedPointMultiplier(factor) ?? FixedPointMultiplier(multiplier: 1 << 30, shift: 0)
              },
              rounding: isWide ? .wide : generator.element([.double, .single]))),
          shape: Shape(geometry.outputs, window.outputHeight, window.outputWidth),
          output: FixedPointQuantization(type: .int16, scale: 1, zeroPoint: 0), minimum: -32_768, maximum: 32_767)
      ], golden: [Int32](repeating: Int32(zero), count: geometry.inputs * window.inputPlane))
    // More than two blocks, the last of them begun.
    frames = geometry.inputs + 21
    movie = (0..<frames * window.inputPlane).map { _ in Float(value(input) - zero) }
  }

  /// The integers of the layer after every complete window, by windows run one by one.
  func expected(_ program: FixedPointProgram) throws -> [[Float]] {
    var tensor = Tensor(
      repeating: 0, shape: Shape(frames, model.inputShape[1], model.inputShape[2]))
    tensor.values = movie
    let windows = try #require(InputSequence(tensor, inputShape: model.inputShape))
    let stream = FixedPointStream(program)
    return (0..<windows.count).map { index in
      windows.withInput(index) { stream.run($0) }
      return stream.rates
    }
  }

  func push(_ frame: Int, _ stream: FixedPointStream) -> Bool {
    movie.withUnsafeBufferPointer { stream.push($0.baseAddress! + frame * stream.program.image.frameCount) }
  }

  /// The same by a stream.
  func found(_ stream: FixedPointStream) -> [[Float]] {
    (0..<frames).compactMap { push($0, stream) ? stream.rates : nil }
  }
}

@Suite struct FixedPointSpectraTests {
  @Test(arguments: 1...20 as ClosedRange<UInt64>, [false, true])
  func `spectra give the integers of windows at every level`(seed: UInt64, extremes: Bool) throws {
    let layer = FirstLayer(seed: seed, extremes: extremes)
    let program = try FixedPointProgram(layer.model)
    #expect(FixedPointSpectra.form(program.image) != nil)
    let expected = try layer.expected(program)
    #expect(Set(expected.joined()).count > 3, "sums that are all alike prove nothing")
    for level in ProcessorLevel.available {
      let stream = FixedPointStream(program, level: level, algorithm: .spectral)
      #expect(layer.found(stream) == expected, "seed \(seed), \(level.name)")
    }
  }

  /// The net of tools/bench_engine.py with values of 16 bits at the ends of their range: the largest sums that are still taken.
  @Test func `the largest sums are exact, too`() throws {
    var generator = SeededRandom(seed: 3)
    let window = FixedPointWindow(
      inputHeight: 50, inputWidth: 50, outputHeight: 36, outputWidth: 36, kernelHeight: 15, kernelWidth: 15)
    let geometry = FixedPointConvolutionGeometry(window: window, inputs: 40, outputs: 8)
    var layer = FirstLayer(&generator, geometry, .int16, .int8, extremes: true)
    // Few windows of all of them: the definition takes its time.
    layer.movie = Array(layer.movie.prefix(44 * 2500))
    let program = try FixedPointProgram(layer.model)
    let form = try #require(FixedPointSpectra.form(program.image))
    let bound = FixedPointSpectra.errorBound(
      form.convolution.geometry, form.convolution.parameters, program.image.input, shape: form.shape)
    #expect(bound > 0.01 && bound < 0.5)
    for level in ProcessorLevel.available {
      let (direct, spectral) = (
        FixedPointStream(program, level: level, algorithm: .direct),
        FixedPointStream(program, level: level, algorithm: .spectral)
      )
      for frame in 0..<44 where layer.push(frame, direct) && layer.push(frame, spectral) {
        #expect(direct.rates == spectral.rates, "\(level.name), frame \(frame)")
      }
    }
  }

  @Test func `sums that rounding could change are left to the direct form`() throws {
    var generator = SeededRandom(seed: 4)
    let window = FixedPointWindow(
      inputHeight: 60, inputWidth: 60, outputHeight: 2, outputWidth: 2, kernelHeight: 40, kernelWidth: 40)
    let geometry = FixedPointConvolutionGeometry(window: window, inputs: 9, outputs: 2)
    let layer = FirstLayer(&generator, geometry, .int16, .int16, extremes: true)
    let program = try FixedPointProgram(layer.model)
    #expect(FixedPointSpectra.form(program.image) == nil)
    #expect(layer.found(FixedPointStream(program, algorithm: .spectral)) == (try layer.expected(program)))
  }

  @Test(arguments: [0, 3, 8, 13]) func `a stream goes on from a restored state in the middle of a block`(late: Int)
    throws
  {
    let layer = FirstLayer(seed: 5, extremes: false)
    let program = try FixedPointProgram(layer.model)
    let history = try #require(program.image.history)
    let expected = try layer.expected(program)
    let (first, second) = (
      FixedPointStream(program, algorithm: .spectral), FixedPointStream(program, algorithm: .spectral)
    )
    for frame in 0..<history + late { _ = layer.push(frame, first) }
    // The other stream has seen as many frames, all of them others.
    for frame in 0..<history + late { _ = layer.push(frame + 2, second) }
    #expect(second.restore(first.saved))
    for frame in history + late..<layer.frames {
      #expect(layer.push(frame, second))
      #expect(second.rates == expected[frame - history + 1])
    }
    second.reset()
    #expect(layer.found(second) == expected)
  }

  @Test func `the planner takes what it counts faster`() throws {
    var generator = SeededRandom(seed: 6)
    for (kernel, isSpectral) in [(15, true), (2, false)] {
      let window = FixedPointWindow(
        inputHeight: 50, inputWidth: 50, outputHeight: 51 - kernel, outputWidth: 51 - kernel, kernelHeight: kernel,
        kernelWidth: kernel)
      let geometry = FixedPointConvolutionGeometry(window: window, inputs: 20, outputs: 8)
      let program = try FixedPointProgram(FirstLayer(&generator, geometry, .int8, .int8, extremes: false).model)
      // The image is a view of the program's memory.
      withExtendedLifetime(program) {
        let image = program.image
        for level in ProcessorLevel.allCases {
          let cost = FixedPointCost.standard(level)
          let (direct, spectral) = (cost.seconds(image, .direct), cost.seconds(image, .spectral))
          #expect((spectral < direct) == isSpectral, "\(level.name), kernels of \(kernel)")
          #expect(cost.seconds(image) == min(direct, spectral))
          #expect("\(cost.formName(image, 0, .automatic))" == (isSpectral ? "exact spectra" : "blocks"))
        }
      }
    }
  }
}
