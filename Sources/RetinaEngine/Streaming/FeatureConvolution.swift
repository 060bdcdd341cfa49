import RetinaKernels
import RetinaModel

/// A convolution between two feature maps and its adjoint in the frequency domain.
///
/// Features lie in groups of eight channels, `[(channels + 7) / 8, height, width, 8]`; lanes of channels that do not exist must be
/// zero. There is no bias.
public final class FeatureConvolution: @unchecked Sendable {
  /// The convolution.
  public let geometry: ConvolutionGeometry
  private let kernels: KernelTable
  private let forwardPlan, adjointPlan: Direction
  private let rowTable, columnTable: FourierTable
  private let zeros: UnsafeMutablePointer<Float>
  /// Floats of scratch that both directions need.
  public let scratchFloats: Int

  /// One of the two directions: transform, multiply, transform back.
  private struct Direction {
    var shape: SpectralShape
    var inputs, outputs: Int
    var weights: UnsafeMutablePointer<Float>
  }

  /// Prepares a convolution without groups, stride, padding or dilation; nothing for others.
  ///
  /// - Parameter weight: kernels `[out, in, height, width]`.
  public init?(_ geometry: ConvolutionGeometry, weight: [Float], kernels: KernelTable) {
    guard geometry.groups == 1, geometry.isPlain, let shape = SpectralKernels.shape(for: geometry),
      let kernelShape = Shape(
        checking: [geometry.outputs, geometry.inputs, geometry.kernelHeight, geometry.kernelWidth]),
      let tensor = Tensor(shape: kernelShape, values: weight)
    else { return nil }
    let spectra = SpectralKernels(tensor, geometry: geometry, shape: shape)
    self.geometry = geometry
    self.kernels = kernels
    rowTable = FourierTable(length: shape.fieldWidth)
    columnTable = FourierTable(length: shape.fieldHeight)
    forwardPlan = Direction(
      shape: shape, inputs: geometry.inputs, outputs: geometry.outputs,
      weights: alignedFloats(
        copying: spectra.packed(
          outputs: geometry.outputs, inputs: geometry.inputs, inputsInMemory: (geometry.inputs + 7) / 8 * 8)))
    var back = shape
    (back.imageHeight, back.imageWidth) = (geometry.outputHeight, geometry.outputWidth)
    (back.resultHeight, back.resultWidth) = (geometry.inputHeight, geometry.inputWidth)
    adjointPlan = Direction(
      shape: back, inputs: geometry.outputs, outputs: geometry.inputs,
      weights: alignedFloats(
        copying: spectra.packedAdjoint(outputs: geometry.outputs, inputs: geometry.inputs)))
    let groups = (max(geometry.inputs, geometry.outputs) + 7) / 8
    zeros = alignedFloats(groups * 8)
    scratchFloats = shape.featureScratch + (groups + 1) * shape.bins * 16
  }

  deinit {
    for block in [forwardPlan.weights, adjointPlan.weights, zeros] { block.deallocate() }
  }

  /// Floats of the input in memory.
  public var inputFloats: Int { (geometry.inputs + 7) / 8 * 8 * geometry.inputHeight * geometry.inputWidth }

  /// Floats of the output in memory.
  public var outputFloats: Int { (geometry.outputs + 7) / 8 * 8 * geometry.outputHeight * geometry.outputWidth }

  /// The convolution.
  public func forward(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    run(forwardPlan, input, output, scratch)
  }

  /// What a gradient of the output sends back to the input.
  public func adjoint(
    _ gradient: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    run(adjointPlan, gradient, output, scratch)
  }

  private func run(
    _ plan: Direction, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    let shape = plan.shape
    let (rows, columns) = (FourierLayout(rowTable), FourierLayout(columnTable))
    let (inputGroups, outputGroups) = ((plan.inputs + 7) / 8, (plan.outputs + 7) / 8)
    let images = scratch + shape.featureScratch
    let products = images + inputGroups * shape.bins * 16
    for group in 0..<inputGroups {
      kernels.transformFeatures(
        shape, rows, columns, input + group * shape.imageHeight * shape.imageWidth * 8, scratch,
        images + group * shape.bins * 16)
    }
    for group in 0..<outputGroups {
      kernels.multiplyFeatures(
        shape.bins, plan.inputs, plan.weights + group * shape.paddedBins * inputGroups * 8 * 16, images,
        shape.bins * 16, products)
      kernels.restoreFeatures(
        shape, rows, columns, products, zeros, .none, scratch,
        output + group * shape.outputHeight * shape.outputWidth * 8)
    }
  }
}
