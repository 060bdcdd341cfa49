import RetinaKernels

/// A convolution of a program with its weights in the order that the fast kernel reads, and the same for its adjoint.
///
/// The adjoint of a convolution with stride 1 is a convolution of the gradient with the turned kernels; the gradient is given a
/// margin of zeros on the left and right, so that every window lies inside.
///
/// A large convolution is done in the frequency domain where that costs less.
final class PackedConvolution: @unchecked Sendable {
  let geometry: ConvolutionGeometry
  /// The adjoint as a convolution of the widened gradient; nothing when strides, dilation or padding forbid it.
  let adjoint: ConvolutionGeometry?
  let weights: UnsafePointer<Float>
  let bias: UnsafePointer<Float>
  let adjointWeights: UnsafePointer<Float>
  private let zeros: UnsafePointer<Float>
  /// The same convolution in the frequency domain; nothing where the definition costs less.
  private let spectral: FeatureConvolution?
  private let memory: [UnsafeMutablePointer<Float>]

  /// Packs a convolution; nothing for one with groups.
  init?(
    _ geometry: ConvolutionGeometry, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>?, kernels: KernelTable
  ) {
    guard geometry.groups == 1 else { return nil }
    spectral = PackedConvolution.spectral(geometry, weight: weight, kernels: kernels)
    self.geometry = geometry
    adjoint = PackedConvolution.adjoint(of: geometry)
    let (rows, columns) = (geometry.kernelHeight, geometry.kernelWidth)
    let taps = rows * columns
    var forward = [Float](repeating: 0, count: (geometry.outputs + 7) / 8 * 8 * geometry.inputs * taps)
    var backward = [Float](
      repeating: 0, count: adjoint == nil ? 0 : (geometry.inputs + 7) / 8 * 8 * geometry.outputs * taps)
    for output in 0..<geometry.outputs {
      for input in 0..<geometry.inputs {
        for tap in 0..<taps {
          let value = weight[(output * geometry.inputs + input) * taps + tap]
          forward[(((output / 8) * geometry.inputs + input) * taps + tap) * 8 + output % 8] = value
          if adjoint != nil {
            backward[(((input / 8) * geometry.outputs + output) * taps + taps - 1 - tap) * 8 + input % 8] = value
          }
        }
      }
    }
    let lanes = (max(geometry.inputs, geometry.outputs) + 7) / 8 * 8
    var constants = [Float](repeating: 0, count: lanes)
    if let bias { for output in 0..<geometry.outputs { constants[output] = bias[output] } }
    let blocks = [forward, backward, constants, [Float](repeating: 0, count: lanes)].map { values in
      let block = UnsafeMutablePointer<Float>.allocate(capacity: max(1, values.count))
      block.initialize(from: values, count: values.count)
      return block
    }
    memory = blocks
    weights = UnsafePointer(blocks[0])
    adjointWeights = UnsafePointer(blocks[1])
    self.bias = UnsafePointer(blocks[2])
    zeros = UnsafePointer(blocks[3])
  }

  deinit {
    for block in memory { block.deallocate() }
  }

  /// Multiply-adds from which on the frequency domain is considered: below, what it saves is hardly worth its rounding.
  private static let leastForSpectral = 4_000_000

  private static func spectral(
    _ geometry: ConvolutionGeometry, weight: UnsafePointer<Float>, kernels: KernelTable
  ) -> FeatureConvolution? {
    let cost = PlannerCost.standard(.best)
    guard geometry.multiplyAdds >= leastForSpectral, let shape = SpectralKernels.shape(for: geometry) else {
      return nil
    }
    let spectral = SpectralConvolution(shape: shape, inputs: geometry.inputs, outputs: geometry.outputs)
    guard cost.seconds(.spectral(spectral)) < cost.seconds(.direct(geometry)) else { return nil }
    let values = [Float](UnsafeBufferPointer(start: weight, count: geometry.weightCount))
    return FeatureConvolution(geometry, weight: values, kernels: kernels)
  }

  private static func adjoint(of geometry: ConvolutionGeometry) -> ConvolutionGeometry? {
    let marginVertical = geometry.kernelHeight - 1 - geometry.paddingVertical
    let marginHorizontal = geometry.kernelWidth - 1 - geometry.paddingHorizontal
    guard geometry.strideVertical == 1, geometry.strideHorizontal == 1, geometry.dilationVertical == 1,
      geometry.dilationHorizontal == 1, marginVertical >= 0, marginHorizontal >= 0
    else { return nil }
    return ConvolutionGeometry(
      inputs: geometry.outputs, outputs: geometry.inputs, inputHeight: geometry.outputHeight,
      inputWidth: geometry.outputWidth + 2 * marginHorizontal, kernelHeight: geometry.kernelHeight,
      kernelWidth: geometry.kernelWidth, paddingVertical: marginVertical)
  }

  /// Floats of scratch that both directions need.
  var scratchFloats: Int {
    if let spectral { return spectral.scratchFloats + spectral.inputFloats + spectral.outputFloats }
    return adjoint?.inputCount ?? 0
  }

  private var inputLayout: FeatureLayout {
    .lanes(channels: geometry.inputs, height: geometry.inputHeight, width: geometry.inputWidth)
  }

  private var outputLayout: FeatureLayout {
    .lanes(channels: geometry.outputs, height: geometry.outputHeight, width: geometry.outputWidth)
  }

  /// The convolution, with or without its bias.
  func forward(
    _ kernels: KernelTable, input: UnsafePointer<Float>, withBias: Bool, output: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    // Nothing in, nothing but the bias out: the baseline of most probes is a stimulus of zeros.
    if isZero(input, count: geometry.inputCount) {
      let plane = geometry.outputHeight * geometry.outputWidth
      for channel in 0..<geometry.outputs {
        (output + channel * plane).update(repeating: withBias ? bias[channel] : 0, count: plane)
      }
    } else if let spectral {
      let (packedInput, packedOutput) = (scratch, scratch + spectral.inputFloats)
      inputLayout.pack(input, into: packedInput)
      spectral.forward(packedInput, into: packedOutput, scratch: packedOutput + spectral.outputFloats)
      outputLayout.unpack(packedOutput, into: output)
      guard withBias else { return }
      let plane = geometry.outputHeight * geometry.outputWidth
      for channel in 0..<geometry.outputs {
        let (values, constant) = (output + channel * plane, bias[channel])
        for place in 0..<plane { values[place] += constant }
      }
    } else {
      kernels.convolvePlanes(geometry, input, weights, withBias ? bias : zeros, output)
    }
  }

  /// What the output's gradient sends back; false when there is no fast form.
  func pullBack(
    _ kernels: KernelTable, outputGradient: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>
  ) -> Bool {
    if let spectral {
      let (packedInput, packedOutput) = (scratch, scratch + spectral.inputFloats)
      outputLayout.pack(outputGradient, into: packedOutput)
      spectral.adjoint(packedOutput, into: packedInput, scratch: packedOutput + spectral.outputFloats)
      inputLayout.unpack(packedInput, into: inputGradient)
      return true
    }
    guard let adjoint else { return false }
    let (width, margin) = (geometry.outputWidth, (adjoint.inputWidth - geometry.outputWidth) / 2)
    scratch.update(repeating: 0, count: adjoint.inputCount)
    for row in 0..<geometry.outputs * geometry.outputHeight {
      (scratch + row * adjoint.inputWidth + margin).update(from: outputGradient + row * width, count: width)
    }
    kernels.convolvePlanes(adjoint, scratch, adjointWeights, zeros, inputGradient)
    return true
  }

  private func isZero(_ values: UnsafePointer<Float>, count: Int) -> Bool {
    for index in 0..<count where values[index] != 0 { return false }
    return true
  }
}
