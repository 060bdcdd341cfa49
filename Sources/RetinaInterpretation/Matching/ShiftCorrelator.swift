import RetinaKernels

/// Inner products of sixteen traces with another at every circular shift, by Fourier transforms.
///
/// Eight traces lie in the lanes of the real parts and eight in those of the imaginary parts, which a real partner keeps
/// apart. Transforms go to bit-reversed order and come back from it (decimation in frequency, then in time; Cooley and Tukey
/// 1965). A length that is no power of two is filled with zeros to twice as much and folded, which is exact.
struct ShiftCorrelator {
  typealias Lanes = SIMD8<Float>

  /// Traces that are taken at a time.
  static let width = 16

  /// Frames of a trace.
  let length: Int
  private let size: Int
  /// `e^(-2 pi i k / size)` for the first half of the circle.
  private let cosines, sines: [Float]

  init(length: Int) {
    precondition(length > 1, "a trace of one frame has no shifts")
    self.length = length
    var size = 2
    while size < length { size *= 2 }
    self.size = size == length ? size : 2 * size
    var (cosines, sines) = ([Float](), [Float]())
    for index in 0..<self.size / 2 {
      let (cosine, sine) = UnitCircle.point(-index, of: self.size)
      cosines.append(Float(cosine))
      sines.append(Float(sine))
    }
    (self.cosines, self.sines) = (cosines, sines)
  }

  /// Complex numbers in the order of a transform.
  struct Spectrum {
    fileprivate var real, imaginary: [Lanes]
  }

  /// Room for one transform.
  func room() -> Spectrum {
    Spectrum(real: [Lanes](repeating: .zero, count: size), imaginary: [Lanes](repeating: .zero, count: size))
  }

  /// Transforms traces, given frame by frame as sixteen values.
  func transform(_ frame: (Int) -> (Lanes, Lanes), into spectrum: inout Spectrum) {
    for index in 0..<length { (spectrum.real[index], spectrum.imaginary[index]) = frame(index) }
    for index in length..<max(length, size) { (spectrum.real[index], spectrum.imaginary[index]) = (.zero, .zero) }
    cosines.withUnsafeBufferPointer { cosines in
      sines.withUnsafeBufferPointer { sines in
        spectrum.real.withUnsafeMutableBufferPointer { real in
          spectrum.imaginary.withUnsafeMutableBufferPointer { imaginary in
            forward(real, imaginary, cosines, sines)
          }
        }
      }
    }
  }

  /// The spectrum of one real trace, as pairs.
  func partner(_ trace: [Float]) -> [(real: Float, imaginary: Float)] {
    var spectrum = room()
    transform({ (Lanes(repeating: trace[$0]), .zero) }, into: &spectrum)
    return (0..<size).map { (spectrum.real[$0][0], spectrum.imaginary[$0][0]) }
  }

  /// For every shift `s` from 0 below ``length``, `sum over t of partner(t + s) trace(t)` of the sixteen traces, round the end.
  func correlate(
    _ spectrum: Spectrum, with partner: [(real: Float, imaginary: Float)], room: inout Spectrum,
    _ shift: (Int, Lanes, Lanes) -> Void
  ) {
    let scale = 1 / Float(size)
    for index in 0..<size {
      let (a, b) = (spectrum.real[index], spectrum.imaginary[index])
      // Times the conjugate of the partner.
      let (c, d) = (partner[index].real * scale, -partner[index].imaginary * scale)
      room.real[index] = a * c - b * d
      room.imaginary[index] = a * d + b * c
    }
    cosines.withUnsafeBufferPointer { cosines in
      sines.withUnsafeBufferPointer { sines in
        room.real.withUnsafeMutableBufferPointer { real in
          room.imaginary.withUnsafeMutableBufferPointer { imaginary in
            backward(real, imaginary, cosines, sines)
            // Place s holds the sum over t of partner(t) trace(t + s).
            for s in 0..<length {
              let place = s == 0 ? 0 : size - s
              if size == length || s == 0 {
                shift(s, real[place], imaginary[place])
              } else {
                shift(s, real[place] + real[length - s], imaginary[place] + imaginary[length - s])
              }
            }
          }
        }
      }
    }
  }

  private func forward(
    _ real: UnsafeMutableBufferPointer<Lanes>, _ imaginary: UnsafeMutableBufferPointer<Lanes>,
    _ cosines: UnsafeBufferPointer<Float>, _ sines: UnsafeBufferPointer<Float>
  ) {
    var half = size / 2
    while half >= 1 {
      let step = size / (2 * half)
      for start in stride(from: 0, to: size, by: 2 * half) {
        for index in 0..<half {
          let (top, bottom) = (start + index, start + index + half)
          let (a, b) = (real[top] - real[bottom], imaginary[top] - imaginary[bottom])
          real[top] += real[bottom]
          imaginary[top] += imaginary[bottom]
          let (c, d) = (cosines[index * step], sines[index * step])
          real[bottom] = a * c - b * d
          imaginary[bottom] = a * d + b * c
        }
      }
      half /= 2
    }
  }

  private func backward(
    _ real: UnsafeMutableBufferPointer<Lanes>, _ imaginary: UnsafeMutableBufferPointer<Lanes>,
    _ cosines: UnsafeBufferPointer<Float>, _ sines: UnsafeBufferPointer<Float>
  ) {
    var half = 1
    while half < size {
      let step = size / (2 * half)
      for start in stride(from: 0, to: size, by: 2 * half) {
        for index in 0..<half {
          let (top, bottom) = (start + index, start + index + half)
          let (c, d) = (cosines[index * step], -sines[index * step])
          let a = real[bottom] * c - imaginary[bottom] * d
          let b = real[bottom] * d + imaginary[bottom] * c
          real[bottom] = real[top] - a
          imaginary[bottom] = imaginary[top] - b
          real[top] += a
          imaginary[top] += b
        }
      }
      half *= 2
    }
  }
}
