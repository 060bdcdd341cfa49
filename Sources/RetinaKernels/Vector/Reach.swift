#if RETINA_VARIANT
  import RetinaKernels
#endif

extension Kernels {
  /// Visits the groups of eight units that one unit reaches through a convolution, with the place of the weights in
  /// `[(outputs + 7) / 8][input][kernel row][kernel column][8]`.
  @inline(__always)
  static func forEachReached(
    _ geometry: ConvolutionGeometry, _ unit: SweepUnit, _ body: (_ place: Int, _ weight: Int) -> Void
  ) {
    let (outputHeight, outputWidth) = (geometry.outputHeight, geometry.outputWidth)
    for group in 0..<(geometry.outputs + 7) / 8 {
      for kernelRow in 0..<geometry.kernelHeight {
        let row = unit.row + geometry.paddingVertical - kernelRow * geometry.dilationVertical
        guard row >= 0, row % geometry.strideVertical == 0, row / geometry.strideVertical < outputHeight else {
          continue
        }
        let line = (group * outputHeight + row / geometry.strideVertical) * outputWidth
        let weights =
          ((group * geometry.inputs + unit.channel) * geometry.kernelHeight + kernelRow) * geometry.kernelWidth
        for kernelColumn in 0..<geometry.kernelWidth {
          let column = unit.column + geometry.paddingHorizontal - kernelColumn * geometry.dilationHorizontal
          guard column >= 0, column % geometry.strideHorizontal == 0,
            column / geometry.strideHorizontal < outputWidth
          else { continue }
          body((line + column / geometry.strideHorizontal) * 8, (weights + kernelColumn) * 8)
        }
      }
    }
  }
}
