import RetinaKernels

extension FixedPointWindow {
  /// The window of a float convolution.
  init(_ geometry: ConvolutionGeometry) {
    self.init(
      inputHeight: geometry.inputHeight, inputWidth: geometry.inputWidth, outputHeight: geometry.outputHeight,
      outputWidth: geometry.outputWidth, kernelHeight: geometry.kernelHeight, kernelWidth: geometry.kernelWidth,
      strideVertical: geometry.strideVertical, strideHorizontal: geometry.strideHorizontal,
      paddingTop: geometry.paddingVertical, paddingLeft: geometry.paddingHorizontal,
      dilationVertical: geometry.dilationVertical, dilationHorizontal: geometry.dilationHorizontal)
  }

  /// The window of a float pool.
  init(_ geometry: PoolGeometry) {
    self.init(
      inputHeight: geometry.inputHeight, inputWidth: geometry.inputWidth, outputHeight: geometry.outputHeight,
      outputWidth: geometry.outputWidth, kernelHeight: geometry.kernelHeight, kernelWidth: geometry.kernelWidth,
      strideVertical: geometry.strideVertical, strideHorizontal: geometry.strideHorizontal)
  }
}
