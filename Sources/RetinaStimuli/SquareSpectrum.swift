#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Complex values on a square grid and their Fourier transform in place, in double precision.
///
/// Radix 2, after Cooley and Tukey: for making an image now and then, not for the models' frames.
struct SquareSpectrum {
  /// Values along a side; a power of two.
  let side: Int
  /// Real parts, row-major.
  var real: [Double]
  /// Imaginary parts, row-major.
  var imaginary: [Double]
  private let cosines: [Double]
  private let sines: [Double]

  /// Creates a grid of zeros.
  init(side: Int) {
    self.side = side
    real = [Double](repeating: 0, count: side * side)
    imaginary = real
    let angles = (0..<side / 2).map { 2 * Double.pi * Double($0) / Double(side) }
    cosines = angles.map { cos($0) }
    sines = angles.map { -sin($0) }
  }

  /// Transforms rows, then columns; not scaled.
  mutating func transform() {
    for line in 0..<side { transformLine(first: line * side, stride: 1) }
    for line in 0..<side { transformLine(first: line, stride: side) }
  }

  private mutating func transformLine(first: Int, stride: Int) {
    var mirrored = 0
    for index in 1..<side {
      var bit = side / 2
      while mirrored & bit != 0 {
        mirrored ^= bit
        bit /= 2
      }
      mirrored ^= bit
      if index < mirrored {
        real.swapAt(first + index * stride, first + mirrored * stride)
        imaginary.swapAt(first + index * stride, first + mirrored * stride)
      }
    }
    var half = 1
    while half < side {
      let turn = side / (2 * half)
      for block in Swift.stride(from: 0, to: side, by: 2 * half) {
        for offset in 0..<half {
          let a = first + (block + offset) * stride
          let b = a + half * stride
          let (c, s) = (cosines[offset * turn], sines[offset * turn])
          let (x, y) = (real[b] * c - imaginary[b] * s, real[b] * s + imaginary[b] * c)
          (real[b], imaginary[b]) = (real[a] - x, imaginary[a] - y)
          (real[a], imaginary[a]) = (real[a] + x, imaginary[a] + y)
        }
      }
      half *= 2
    }
  }
}
