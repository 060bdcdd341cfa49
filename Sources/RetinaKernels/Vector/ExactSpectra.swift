// Convolutions of integers by way of spectra in float64. The errors of all roundings together stay below one half, so that the nearest
// integers are the sums themselves; FixedPoint/README.md has the bound.

#if RETINA_VARIANT
  import RetinaKernels
#endif

/// Eight numbers in float64: rows, columns or channels.
private typealias WideLanes = SIMD8<Double>

extension Kernels {
  /// Transforms one frame of integers and keeps its spectrum in a ring, and again behind it, so that every window lies in one piece.
  ///
  /// As ``transformImage(_:rows:columns:image:scratch:re:im:)``.
  ///
  /// - Parameters:
  ///   - frame: `[imageHeight, imageWidth]`; the offset is added.
  ///   - slot, slots: the place in the ring, and how many places it has.
  ///   - scratch: ``SpectralShape/exactScratch`` numbers.
  ///   - ring: `[paddedBins / 8, 2 * slots]` packs; lanes are bins.
  @inline(never)
  public static func exactTransform(
    _ shape: SpectralShape, rows: FourierMatrixLayout, columns: FourierMatrixLayout, frame: FixedPointValues,
    slot: Int, slots: Int, scratch: UnsafeMutablePointer<Double>, ring: UnsafeMutablePointer<Double>
  ) {
    let (height, width, binColumns) = (shape.fieldHeight, shape.fieldWidth, shape.binColumns)
    let half = (shape.imageHeight + 1) / 2
    let columnGroups = (binColumns + 7) / 8
    let sequence = scratch
    let transformed = sequence + width * packFloats
    let work = transformed + width * packFloats
    let middle = work + 2 * max(width, height) * packFloats
    let spectrum = middle + height * columnGroups * packFloats
    let (re, im) = (
      spectrum + height * columnGroups * packFloats,
      spectrum + height * columnGroups * packFloats + shape.paddedBins + 8
    )
    middle.update(repeating: 0, count: height * columnGroups * packFloats)
    for group in 0..<(half + 7) / 8 {
      let lanes = min(8, half - 8 * group)
      sequence.update(repeating: 0, count: width * packFloats)
      for lane in 0..<lanes {
        let upper = (8 * group + lane) * shape.imageWidth
        let lower = upper + half * shape.imageWidth
        let hasLower = 8 * group + lane + half < shape.imageHeight
        var place = sequence + shape.left * packFloats + lane
        for x in 0..<shape.imageWidth {
          place[0] = Double(frame.raw(upper &+ x) &+ frame.offset)
          place[8] = hasLower ? Double(frame.raw(lower &+ x) &+ frame.offset) : 0
          place += packFloats
        }
      }
      transform(rows, WideRow(sequence, stride: packFloats), WideRow(transformed, stride: packFloats), scratch: work)
      for k in 0..<binColumns {
        let (z, m) = (
          WidePack(transformed + k * packFloats), WidePack(transformed + (k == 0 ? 0 : width - k) * packFloats)
        )
        // The transforms of the two real rows: (Z[k] + conj Z[-k]) / 2 and (Z[k] - conj Z[-k]) / 2i.
        let (upperRe, upperIm) = ((z.re + m.re) * 0.5, (z.im - m.im) * 0.5)
        let (lowerRe, lowerIm) = ((z.im + m.im) * 0.5, (m.re - z.re) * 0.5)
        let column = middle + (k / 8) * packFloats + k % 8
        for lane in 0..<lanes {
          let upper = column + (shape.top + 8 * group + lane) * columnGroups * packFloats
          (upper[0], upper[8]) = (upperRe[lane], upperIm[lane])
          if 8 * group + lane + half < shape.imageHeight {
            let lower = upper + half * columnGroups * packFloats
            (lower[0], lower[8]) = (lowerRe[lane], lowerIm[lane])
          }
        }
      }
    }
    for group in 0..<columnGroups {
      transform(
        columns, WideRow(middle + group * packFloats, stride: columnGroups * packFloats),
        WideRow(spectrum + group * packFloats, stride: columnGroups * packFloats), scratch: work)
    }
    // Rows of whole packs become rows of binColumns numbers; what a store writes too much, the next one overwrites.
    for row in 0..<height {
      for group in 0..<columnGroups {
        let value = WidePack(spectrum + (row * columnGroups + group) * packFloats)
        keep(value.re, re + row * binColumns + 8 * group)
        keep(value.im, im + row * binColumns + 8 * group)
      }
    }
    for group in 0..<shape.paddedBins / 8 {
      let value = WidePack(re: load(re + 8 * group), im: load(im + 8 * group))
      let first = ring + (group * 2 * slots + slot) * packFloats
      value.store(first)
      value.store(first + slots * packFloats)
    }
  }

  /// Adds kernel times frame spectra to the spectra of four results, for eight bins, as
  /// ``multiplyAddFour(terms:kernels:kernelStride:images:isFirst:results:resultStride:)`` but in float64 and from zero.
  @inline(never)
  public static func exactMultiplyFour(
    terms: Int, kernels: UnsafePointer<Double>, kernelStride: Int, images: UnsafePointer<Double>,
    results: UnsafeMutablePointer<Double>, resultStride: Int
  ) {
    for bin in 0..<8 {
      let place = results + bin * packFloats
      var (first, second, third, fourth) = (WidePack.zero, WidePack.zero, WidePack.zero, WidePack.zero)
      var (kernel, image) = (kernels + bin * kernelStride, images + bin)
      for _ in 0..<terms {
        let factor = WidePack(kernel)
        first.add(factor, image[0], image[8])
        second.add(factor, image[16], image[24])
        third.add(factor, image[32], image[40])
        fourth.add(factor, image[48], image[56])
        kernel += packFloats
        image += packFloats
      }
      first.store(place)
      second.store(place + resultStride)
      third.store(place + 2 * resultStride)
      fourth.store(place + 3 * resultStride)
    }
  }

  /// Adds kernel times frame spectra to the spectrum of one result, for eight bins, four of them side by side.
  @inline(never)
  public static func exactAddOne(
    terms: Int, kernels: UnsafePointer<Double>, kernelStride: Int, images: UnsafePointer<Double>,
    results: UnsafeMutablePointer<Double>
  ) {
    for half in 0..<2 {
      let place = results + half * 4 * packFloats
      var (first, second) = (WidePack(place), WidePack(place + packFloats))
      var (third, fourth) = (WidePack(place + 2 * packFloats), WidePack(place + 3 * packFloats))
      var (kernel, image) = (kernels + half * 4 * kernelStride, images + half * 4)
      for _ in 0..<terms {
        first.add(WidePack(kernel), image[0], image[8])
        second.add(WidePack(kernel + kernelStride), image[1], image[9])
        third.add(WidePack(kernel + 2 * kernelStride), image[2], image[10])
        fourth.add(WidePack(kernel + 3 * kernelStride), image[3], image[11])
        kernel += packFloats
        image += packFloats
      }
      first.store(place)
      second.store(place + packFloats)
      third.store(place + 2 * packFloats)
      fourth.store(place + 3 * packFloats)
    }
  }

  /// Transforms the spectra of eight channels back, and rounds to the nearest integers.
  ///
  /// As ``restoreFeatures(_:rows:columns:spectrum:bias:epilogue:scratch:features:)``.
  ///
  /// - Parameters:
  ///   - spectrum: one pack per bin; lanes are channels.
  ///   - scratch: ``SpectralShape/exactScratch`` numbers.
  ///   - sums: `[8, outputHeight, outputWidth]`.
  @inline(never)
  public static func exactRestore(
    _ shape: SpectralShape, rows: FourierMatrixLayout, columns: FourierMatrixLayout,
    spectrum: UnsafeMutablePointer<Double>, scratch: UnsafeMutablePointer<Double>, sums: UnsafeMutablePointer<Int64>
  ) {
    let (height, width, binColumns) = (shape.fieldHeight, shape.fieldWidth, shape.binColumns)
    let sequence = scratch
    let transformed = sequence + width * packFloats
    let work = transformed + width * packFloats
    let middle = work + 2 * max(width, height) * packFloats
    let stride = binColumns * packFloats
    for k in 0..<binColumns {
      transform(
        columns, WideRow(spectrum + k * packFloats, stride: stride, isSwapped: true),
        WideRow(middle + k * packFloats, stride: stride, isSwapped: true), scratch: work)
    }
    let (outputHeight, outputWidth) = (shape.outputHeight, shape.outputWidth)
    let half = (outputHeight + 1) / 2
    let lastPaired = (width - 1) / 2
    for first in 0..<half {
      let hasLower = first + half < outputHeight
      let upper = middle + first * shape.strideVertical * stride
      let lower = hasLower ? upper + half * shape.strideVertical * stride : upper
      for k in 0..<binColumns {
        let (a, b) = (WidePack(upper + k * packFloats), WidePack(lower + k * packFloats))
        WidePack(re: a.re - b.im, im: a.im + b.re).store(sequence + k * packFloats)
        if k >= 1, k <= lastPaired {
          WidePack(re: a.re + b.im, im: b.re - a.im).store(sequence + (width - k) * packFloats)
        }
      }
      transform(
        rows, WideRow(sequence, stride: packFloats, isSwapped: true),
        WideRow(transformed, stride: packFloats, isSwapped: true), scratch: work)
      for x in 0..<outputWidth {
        let value = WidePack(transformed + x * shape.strideHorizontal * packFloats)
        let (upper, lower) = (nearest(value.re), nearest(value.im))
        var place = sums + first * outputWidth + x
        for lane in 0..<8 {
          place[0] = upper[lane]
          if hasLower { place[half * outputWidth] = lower[lane] }
          place += outputHeight * outputWidth
        }
      }
    }
  }
}

/// The nearest integers of magnitudes below 2^51: added to 1.5 * 2^52, they are the lowest bits.
@inline(__always)
private func nearest(_ values: WideLanes) -> SIMD8<Int64> {
  let shifted = values + WideLanes(repeating: 6_755_399_441_055_744)
  return unsafeBitCast(shifted, to: SIMD8<Int64>.self) &- SIMD8<Int64>(repeating: 0x4338_0000_0000_0000)
}

@inline(__always)
private func load(_ pointer: UnsafePointer<Double>) -> WideLanes {
  UnsafeRawPointer(pointer).loadUnaligned(as: WideLanes.self)
}

@inline(__always)
private func keep(_ value: WideLanes, _ pointer: UnsafeMutablePointer<Double>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: WideLanes.self)
}

@inline(__always)
private func multiplyAdd(_ a: WideLanes, _ b: WideLanes, _ c: WideLanes) -> WideLanes {
  #if RETINA_FMA || arch(arm64)
    return c.addingProduct(a, b)
  #else
    return a * b + c
  #endif
}

/// A complex number per lane; in memory, eight real and eight imaginary parts.
private struct WidePack {
  var re, im: WideLanes

  @inline(__always)
  init(re: WideLanes, im: WideLanes) {
    self.re = re
    self.im = im
  }

  @inline(__always)
  init(_ place: UnsafePointer<Double>) { self.init(re: load(place), im: load(place + 8)) }

  @inline(__always)
  static var zero: WidePack { WidePack(re: .zero, im: .zero) }

  /// Adds a product with x + i y.
  @inline(__always)
  mutating func add(_ factor: WidePack, _ x: Double, _ y: Double) {
    let (vx, vy) = (WideLanes(repeating: x), WideLanes(repeating: y))
    re = multiplyAdd(-factor.im, vy, multiplyAdd(factor.re, vx, re))
    im = multiplyAdd(factor.im, vx, multiplyAdd(factor.re, vy, im))
  }

  @inline(__always)
  func store(_ place: UnsafeMutablePointer<Double>) {
    keep(re, place)
    keep(im, place + 8)
  }
}

/// A sequence of packs in memory, a stride apart; with real and imaginary parts exchanged, a forward transform runs backwards.
private struct WideRow {
  let base: UnsafeMutablePointer<Double>
  let stride, re, im: Int

  @inline(__always)
  init(_ base: UnsafeMutablePointer<Double>, stride: Int, isSwapped: Bool = false) {
    (self.base, self.stride) = (base, stride)
    (re, im) = isSwapped ? (8, 0) : (0, 8)
  }

  @inline(__always)
  subscript(index: Int) -> WidePack {
    get {
      let place = base + index &* stride
      return WidePack(re: load(place + re), im: load(place + im))
    }
    nonmutating set {
      let place = base + index &* stride
      keep(newValue.re, place + re)
      keep(newValue.im, place + im)
    }
  }
}

/// Transforms one row of packs into another: `y[k] = sum over j of x[j] e^(-2 pi i j k / n)` in each lane.
///
/// - Parameter scratch: room for 2 n packs.
@inline(__always)
private func transform(
  _ matrices: FourierMatrixLayout, _ input: WideRow, _ output: WideRow, scratch: UnsafeMutablePointer<Double>
) {
  var (m, count) = (matrices.length, 1)
  var (coefficients, source) = (matrices.coefficients, input)
  for number in 0..<matrices.passes {
    let radix = matrices.radices[number]
    m /= radix
    let target =
      number == matrices.passes - 1
      ? output
      : WideRow(
        scratch + (number & 1) * matrices.length * packFloats, stride: packFloats, isSwapped: input.re != 0)
    switch radix {
    case 2: pass(2, m, count, coefficients, source, target)
    case 3: pass(3, m, count, coefficients, source, target)
    case 4: pass(4, m, count, coefficients, source, target)
    default: pass(5, m, count, coefficients, source, target)
    }
    coefficients += 2 * m * radix * radix
    count *= radix
    source = target
  }
}

/// A pass of a radix that the compiler knows.
@inline(__always)
private func pass(
  _ radix: Int, _ m: Int, _ count: Int, _ coefficients: UnsafePointer<Double>, _ x: WideRow, _ y: WideRow
) {
  for p in 0..<m {
    for k in 0..<radix {
      let row = coefficients + 2 &* (p &* radix &+ k) &* radix
      for q in 0..<count {
        var sum = WidePack.zero
        for j in 0..<radix { sum.add(x[q &+ count &* (p &+ m &* j)], row[2 &* j], row[2 &* j &+ 1]) }
        y[q &+ count &* (radix &* p &+ k)] = sum
      }
    }
  }
}
