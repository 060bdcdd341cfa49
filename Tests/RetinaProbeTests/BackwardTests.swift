import RetinaEngine
import RetinaKernels
import RetinaModel
import RetinaProbe
import Testing

/// Methods with rules of their own on the way back, on the network of Captum's tests: a convolution of ones into two channels, relu, a
/// matrix of ones whose last three entries are -1, and relu, for the image 0...15.
///
/// The convolution gives (-5, 4, 31, 40) and (-30, -21, 6, 15), and the target is 4 + 31 + 40 - 6 - 15 = 54.
@Suite struct BackwardTests {
  private let image = (0..<16).map { Float($0) }

  private func network() throws -> Network {
    try Network(
      1, 4, 4,
      layers: [
        .convolution(
          Convolution(weight: Tensor([2, 1, 3, 3], [Float](repeating: 1, count: 18)), bias: [-50, -75])),
        .activation(.relu), .flatten, .dense([[1, 1, 1, 1, 1, -1, -1, -1]]), .activation(.relu),
      ])
  }

  private func ask(_ method: RetinaProbe.Method, layer: Int = 0) throws -> [Float] {
    let network = try network()
    let request = network.completeRequest(method, boundary: network.after(layer))
    let found = try network.answer(request, image)
    #expect(found.valueAtInput == 54 && found.residual == nil)
    return found.values
  }

  @Test func `guided backpropagation`() throws {
    #expect(try ask(.guidedBackprop) == [0, 1, 1, 1, 1, 3, 3, 2, 1, 3, 3, 2, 1, 2, 2, 1])
  }

  @Test func deconvolution() throws {
    #expect(try ask(.deconvolution) == [2, 3, 3, 1, 3, 5, 5, 2, 3, 5, 5, 2, 1, 2, 2, 1])
  }

  @Test func `relevance of the stimulus and of a layer`() throws {
    expect(try ask(.relevance), near: [0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 0, 0, 0.0], within: 1e-5)
    expect(try ask(.layerRelevance), near: [0, 4, 31, 40, 0, 0, -6, -15.0], within: 1e-5)
  }

  @Test func `channels weighted by their gradient`() throws {
    #expect(try ask(.layerGradCAM) == [11.25, 13.5, 20.25, 22.5])
    #expect(try ask(.layerGradCAM, layer: 1) == [0, 4, 28, 32.5])
  }

  /// Without biases all of the target comes from the stimulus.
  @Test(arguments: UInt64(29_000)..<29_030)
  func `relevance is conserved where there are no biases`(seed: UInt64) throws {
    var generator = SeededRandom(seed: seed)
    let network = try Network(
      2, 5, 5,
      layers: [
        .convolution(Convolution(weight: Tensor([3, 2, 2, 2], generator.floats(24, within: 1)))), .activation(.relu),
        .maximumPool(Pool(kernel: Spatial(2, 2))), .flatten,
        .dense(Dense(weight: Tensor([4, 12], generator.floats(48, within: 1)))), .activation(.relu),
        .dense(Dense(weight: Tensor([1, 4], generator.floats(4, within: 1)))),
      ])
    let input = generator.floats(50, within: 1)
    for boundary in 0..<network.program.outputBoundary {
      let found = try network.answer(Request(.layerRelevance, boundary: boundary, target: network.cell), input)
      let tolerance = 1e-5 * (found.values.magnitudes + 1)
      #expect((found.values.total - Double(found.valueAtInput)).magnitude <= tolerance, "boundary \(boundary)")
    }
  }

  @Test(arguments: UInt64(30_000)..<30_010) func `saliency is the magnitude of the gradient`(seed: UInt64) throws {
    let random = try RandomNetwork(seed: seed, .kinked)
    for boundary in 0...random.program.outputBoundary {
      let (slope, magnitude) = try (
        random.answer(Request(.gradient, boundary: boundary, target: random.network.cell)).values,
        random.answer(Request(.saliency, boundary: boundary, target: random.network.cell)).values
      )
      #expect(magnitude == slope.map { $0.magnitude })
    }
  }
}
