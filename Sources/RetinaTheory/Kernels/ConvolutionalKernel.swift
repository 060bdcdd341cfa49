#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The tangent kernel of infinitely wide convolutional relu networks (CNTK; Arora et al., NeurIPS 2019), with zero
/// padding, in the normalisation of its authors, for small images.
///
/// With a read-out from every position by itself (flatten), only products of pixels at the same place matter: `H W`
/// values per pair and layer, in place of the `(H W)^2` of a mean over all positions.
public struct ConvolutionalKernel: Sendable {
  /// How the last layer is read.
  public enum Readout: String, CaseIterable, Sendable {
    /// Each position has weights of its own: the trace of the last kernel.
    case flatten
    /// The mean over all positions (global average pooling).
    case average
  }

  /// Convolutions plus one.
  public var depth: Int
  /// Height and width of the kernels, odd.
  public var kernelSize: Int
  /// How the last layer is read.
  public var readout: Readout
  /// Whether the first and last layer are held as they started.
  public var fixesEnds: Bool

  /// Creates a kernel.
  ///
  /// - Throws: ``TheoryError`` for a depth below 2 or an even kernel.
  public init(
    depth: Int, kernelSize: Int = 3, readout: Readout = .flatten, fixesEnds: Bool = true
  ) throws(TheoryError) {
    guard depth >= 2, depth <= 1000, kernelSize >= 1, kernelSize <= 101, kernelSize % 2 == 1 else {
      throw TheoryError(
        "convolutional kernel", expected: "a depth of at least 2 and an odd kernel",
        found: "depth \(depth), kernel \(kernelSize)")
    }
    (self.depth, self.kernelSize, self.readout, self.fixesEnds) = (depth, kernelSize, readout, fixesEnds)
  }

  /// Images of one size, `[channel, height, width]` each.
  public struct Images: Sendable {
    /// Extents of each image.
    public let channels, height, width: Int
    /// The values, one image after another.
    public let values: [Double]
    /// Number of images.
    public var count: Int { values.count / (channels * height * width) }

    /// Creates images; traps when the values do not fill them.
    public init(channels: Int, height: Int, width: Int, values: [Double]) {
      precondition(values.count % (channels * height * width) == 0, "images are whole")
      (self.channels, self.height, self.width, self.values) = (channels, height, width, values)
    }
  }

  /// The kernel of all pairs of images.
  public func gram(_ images: Images, threads: Int = 1) -> Matrix {
    let count = images.count
    let sizes = parallelMap(count, threads: threads) { norms(images, $0) }
    let rows = parallelMap(count, threads: threads) { row in
      (0...row).map { value(images, row, $0, sizes[row], sizes[$0]) }
    }
    var gram = Matrix(rows: count, columns: count)
    for row in 0..<count {
      for column in 0...row { (gram[row, column], gram[column, row]) = (rows[row][column], rows[row][column]) }
    }
    return gram
  }

  /// Root mean squares of every unit of an image before each nonlinearity.
  private func norms(_ images: Images, _ image: Int) -> [[Double]] {
    let plane = Plane(images, kernelSize, isFlat: true)
    var sums = plane.summed(plane.products(images, image, image))
    var norms: [[Double]] = []
    for layer in 1..<depth {
      let lengths = sums.map { max(0, $0).squareRoot() }
      norms.append(lengths)
      for place in sums.indices { sums[place] = step(sums[place], lengths[place] * lengths[place]).product }
      if layer < depth - 1 { sums = plane.summed(sums) }
    }
    return norms
  }

  /// What relu makes of a covariance of units of these lengths (their product): the mean of the product of the outputs,
  /// and that of the slopes, over the number of taps.
  ///
  /// Near the correlation 1 the angle amplifies rounding to its square root: the kernel of an image with itself is good to
  /// 1e-9.
  private func step(_ covariance: Double, _ lengths: Double) -> (product: Double, slopes: Double) {
    let scale = Double.pi * Double(kernelSize * kernelSize)
    let cosine = lengths > 0 ? max(-1, min(1, covariance / lengths)) : 0
    let angle = Double.pi - acos(cosine)
    let product = (cosine * angle + max(0, 1 - cosine * cosine).squareRoot()) * lengths / scale
    return (product, angle / scale)
  }

  private func value(
    _ images: Images, _ first: Int, _ second: Int, _ left: [[Double]], _ right: [[Double]]
  ) -> Double {
    let plane = Plane(images, kernelSize, isFlat: readout == .flatten)
    var covariance = plane.summed(plane.products(images, first, second))
    var tangent = fixesEnds ? [Double](repeating: 0, count: covariance.count) : covariance
    for layer in 1..<depth {
      for place in covariance.indices {
        let (row, column) = plane.positions(place)
        let (product, slopes) = step(covariance[place], left[layer - 1][row] * right[layer - 1][column])
        tangent[place] = tangent[place] * slopes + product
        covariance[place] = product
      }
      if layer < depth - 1 {
        covariance = plane.summed(covariance)
        tangent = plane.summed(tangent)
      }
    }
    if fixesEnds { for place in tangent.indices { tangent[place] -= covariance[place] } }
    let sum = tangent.reduce(0, +)
    return readout == .flatten ? sum : sum / Double(tangent.count)
  }
}

/// Pairs of positions of two images: those at the same place (flat), or all.
private struct Plane {
  let height, width, radius: Int
  let isFlat: Bool

  init(_ images: ConvolutionalKernel.Images, _ kernelSize: Int, isFlat: Bool) {
    (height, width, radius, self.isFlat) = (images.height, images.width, kernelSize / 2, isFlat)
  }

  private var size: Int { height * width }

  /// The positions of a pair.
  func positions(_ place: Int) -> (Int, Int) { isFlat ? (place, place) : (place / size, place % size) }

  /// Products of pixels, summed over channels.
  func products(_ images: ConvolutionalKernel.Images, _ first: Int, _ second: Int) -> [Double] {
    let image = images.channels * size
    return (0..<(isFlat ? size : size * size)).map { place in
      let (row, column) = positions(place)
      return (0..<images.channels).reduce(0) {
        $0 + images.values[first * image + $1 * size + row] * images.values[second * image + $1 * size + column]
      }
    }
  }

  /// Sums over the window of a kernel, which moves over both images alike; zeros beyond the borders.
  func summed(_ values: [Double]) -> [Double] {
    (0..<values.count).map { place in
      let (row, column) = positions(place)
      let (y, x, v, u) = (row / width, row % width, column / width, column % width)
      var sum = 0.0
      for down in -radius...radius where (0..<height).contains(y + down) && (0..<height).contains(v + down) {
        for across in -radius...radius where (0..<width).contains(x + across) && (0..<width).contains(u + across) {
          let (near, far) = ((y + down) * width + x + across, (v + down) * width + u + across)
          sum += values[isFlat ? near : near * size + far]
        }
      }
      return sum
    }
  }
}
