#if RETINA_VARIANT
  import RetinaKernels
#endif

// Loops over what a unit is connected with. The place of a tap is found by adding, without a check for overflow: in the middle of
// a kernel those would cost more than the arithmetic.
extension Kernels {
  /// Visits the groups of eight units that one unit reaches through a convolution, with the place of the weights in
  /// `[(outputs + 7) / 8][input][kernel row][kernel column][8]`.
  @inline(__always)
  static func forEachReached(
    _ geometry: ConvolutionGeometry, _ unit: SweepUnit, _ body: (_ place: Int, _ weight: Int) -> Void
  ) {
    let (outputHeight, outputWidth) = (geometry.outputHeight, geometry.outputWidth)
    let (kernelHeight, kernelWidth) = (geometry.kernelHeight, geometry.kernelWidth)
    let (stride, dilation) = (geometry.strideHorizontal, geometry.dilationHorizontal)
    // A tap of a row reaches column (start - tap * dilation) / stride, when that is a whole number of one: every so many taps.
    let start = unit.column &+ geometry.paddingHorizontal
    var every = 1
    while every &* dilation % stride != 0 { every &+= 1 }
    var first = start < outputWidth &* stride ? 0 : (start &- outputWidth &* stride) / dilation &+ 1
    while first < kernelWidth, (start &- first &* dilation) % stride != 0 { first &+= 1 }
    let last = start / dilation < kernelWidth ? start / dilation : kernelWidth &- 1
    guard first <= last else { return }
    let firstColumn = (start &- first &* dilation) / stride
    let placeStep = every &* dilation / stride &* 8
    for group in 0..<(geometry.outputs &+ 7) / 8 {
      for kernelRow in 0..<kernelHeight {
        let row = unit.row &+ geometry.paddingVertical &- kernelRow &* geometry.dilationVertical
        guard row >= 0, row % geometry.strideVertical == 0, row / geometry.strideVertical < outputHeight else {
          continue
        }
        let line = (group &* outputHeight &+ row / geometry.strideVertical) &* outputWidth
        let weights = ((group &* geometry.inputs &+ unit.channel) &* kernelHeight &+ kernelRow) &* kernelWidth
        var (place, weight, tap) = ((line &+ firstColumn) &* 8, (weights &+ first) &* 8, first)
        while tap <= last {
          body(place, weight)
          place &-= placeStep
          weight &+= every &* 8
          tap &+= every
        }
      }
    }
  }

  /// Visits the groups of eight units that feed one unit through a convolution, with the place of the weights in
  /// `[output][(inputs + 7) / 8][kernel row][kernel column][8]`.
  @inline(__always)
  static func forEachFeeding(
    _ geometry: ConvolutionGeometry, _ unit: SweepUnit, _ body: (_ place: Int, _ weight: Int) -> Void
  ) {
    let (inputHeight, inputWidth) = (geometry.inputHeight, geometry.inputWidth)
    let (kernelHeight, kernelWidth) = (geometry.kernelHeight, geometry.kernelWidth)
    let dilation = geometry.dilationHorizontal
    // A tap of a row comes from column start + tap * dilation.
    let start = unit.column &* geometry.strideHorizontal &- geometry.paddingHorizontal
    let first = start < 0 ? (dilation &- 1 &- start) / dilation : 0
    guard start < inputWidth else { return }
    let rest = (inputWidth &- 1 &- start) / dilation
    let last = rest < kernelWidth ? rest : kernelWidth &- 1
    guard first <= last else { return }
    let groups = (geometry.inputs &+ 7) / 8
    for group in 0..<groups {
      for kernelRow in 0..<kernelHeight {
        let row =
          unit.row &* geometry.strideVertical &+ kernelRow &* geometry.dilationVertical &- geometry.paddingVertical
        guard row >= 0, row < inputHeight else { continue }
        let line = (group &* inputHeight &+ row) &* inputWidth
        let weights = ((unit.channel &* groups &+ group) &* kernelHeight &+ kernelRow) &* kernelWidth
        var (place, weight, tap) = ((line &+ start &+ first &* dilation) &* 8, (weights &+ first) &* 8, first)
        while tap <= last {
          body(place, weight)
          place &+= dilation &* 8
          weight &+= 8
          tap &+= 1
        }
      }
    }
  }
}
