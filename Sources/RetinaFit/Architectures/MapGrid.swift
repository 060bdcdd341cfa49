import RetinaModel

/// Where the units of a feature map lie in the frame: the middles of what they see, in pixels along one direction.
struct MapGrid: Equatable {
  /// The pixel of the first unit, and pixels between neighbours.
  var (origin, step) = (0.0, 1.0)

  /// A unit for each pixel, in the middle of a frame.
  init(units: Int, pixels: Int) { origin = Double(pixels - units) / 2 }

  /// A window that goes over the map.
  mutating func pass(kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1) {
    origin += step * (Double((kernel - 1) * dilation) / 2 - Double(padding))
    step *= Double(stride)
  }

  /// The place of a pixel in units of the map.
  func place(of pixel: Double) -> Double { (pixel - origin) / step }
}

extension RetinaModel.Operation {
  /// Follows what the layer does to a map.
  func pass(_ rows: inout MapGrid, _ columns: inout MapGrid, input: Shape, output: Shape) {
    switch self {
    case .convolution(let layer):
      let kernel = layer.weight.shape
      rows.pass(
        kernel: kernel[2], stride: layer.stride.vertical, padding: layer.padding.vertical,
        dilation: layer.dilation.vertical)
      columns.pass(
        kernel: kernel[3], stride: layer.stride.horizontal, padding: layer.padding.horizontal,
        dilation: layer.dilation.horizontal)
    case .maximumPool(let pool), .averagePool(let pool):
      rows.pass(kernel: pool.kernel.vertical, stride: pool.stride.vertical)
      columns.pass(kernel: pool.kernel.horizontal, stride: pool.stride.horizontal)
    case .convolutionStack, .separableConvolution:
      rows.pass(kernel: input[1] - output[1] + 1)
      columns.pass(kernel: input[2] - output[2] + 1)
    default: break
    }
  }
}
