#if RETINA_VARIANT
  import RetinaKernels
#endif

extension Kernels {
  /// Transforms one image (one channel) and stores its spectrum as a plane of real and a plane of imaginary parts.
  ///
  /// Rows are transformed eight pairs at a time: rows y and y + (rows + 1) / 2 are the real and imaginary part of one complex
  /// sequence, whose transform is then taken apart. Columns follow, eight at a time.
  ///
  /// - Parameters:
  ///   - image: `[imageHeight, imageWidth]`.
  ///   - scratch: ``SpectralShape/imageScratch`` floats.
  ///   - re, im: `paddedBins + 8` floats each, row-major `[fieldHeight, binColumns]`.
  @inline(never)
  public static func transformImage(
    _ shape: SpectralShape, rows: FourierLayout, columns: FourierLayout, image: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, re: UnsafeMutablePointer<Float>, im: UnsafeMutablePointer<Float>
  ) {
    let (height, width) = (shape.fieldHeight, shape.fieldWidth)
    let half = (shape.imageHeight + 1) / 2
    let binColumns = shape.binColumns
    let columnGroups = (binColumns + 7) / 8
    let sequence = scratch
    let transformed = sequence + width * packFloats
    let work = transformed + width * packFloats
    // The half-transformed image, one pack of eight bin columns after another in each row.
    let middle = work + 2 * max(width, height) * packFloats
    let spectrum = middle + height * columnGroups * packFloats
    middle.update(repeating: 0, count: height * columnGroups * packFloats)
    for group in 0..<(half + 7) / 8 {
      sequence.update(repeating: 0, count: width * packFloats)
      for lane in 0..<min(8, half - 8 * group) {
        let first = 8 * group + lane
        let upper = image + first * shape.imageWidth
        var place = sequence + shape.left * packFloats + lane
        if first + half < shape.imageHeight {
          let lower = upper + half * shape.imageWidth
          for x in 0..<shape.imageWidth {
            place[0] = upper[x]
            place[8] = lower[x]
            place += packFloats
          }
        } else {
          for x in 0..<shape.imageWidth {
            place[0] = upper[x]
            place += packFloats
          }
        }
      }
      fourierTransform(
        rows, PackRow(base: sequence, stride: packFloats, re: 0, im: 8),
        PackRow(base: transformed, stride: packFloats, re: 0, im: 8), scratch: work)
      let lanes = min(8, half - 8 * group)
      for k in 0..<binColumns {
        let mirrored = k == 0 ? 0 : width - k
        let (z, m) = (pack(transformed, k), pack(transformed, mirrored))
        // The transforms of the two real rows: (Z[k] + conj Z[-k]) / 2 and (Z[k] - conj Z[-k]) / 2i.
        let (upperRe, upperIm) = ((z.re + m.re) * 0.5, (z.im - m.im) * 0.5)
        let (lowerRe, lowerIm) = ((z.im + m.im) * 0.5, (m.re - z.re) * 0.5)
        let column = middle + (k / 8) * packFloats + k % 8
        for lane in 0..<lanes {
          let row = shape.top + 8 * group + lane
          let upper = column + row * columnGroups * packFloats
          upper[0] = upperRe[lane]
          upper[8] = upperIm[lane]
          if 8 * group + lane + half < shape.imageHeight {
            let lower = upper + half * columnGroups * packFloats
            lower[0] = lowerRe[lane]
            lower[8] = lowerIm[lane]
          }
        }
      }
    }
    for group in 0..<columnGroups {
      fourierTransform(
        columns, PackRow(base: middle + group * packFloats, stride: columnGroups * packFloats, re: 0, im: 8),
        PackRow(base: spectrum + group * packFloats, stride: columnGroups * packFloats, re: 0, im: 8), scratch: work)
    }
    // Rows of whole packs become rows of binColumns numbers; what a store writes too much, the next one overwrites.
    for row in 0..<height {
      for group in 0..<columnGroups {
        let value = pack(spectrum, row * columnGroups + group)
        store(value.re, re + row * binColumns + 8 * group)
        store(value.im, im + row * binColumns + 8 * group)
      }
    }
  }

  /// Transforms features of eight channels, `[row, column, lane]`, into one pack per bin.
  ///
  /// - Parameters:
  ///   - features: `imageHeight * imageWidth * 8` floats.
  ///   - scratch: ``SpectralShape/featureScratch`` floats.
  ///   - spectrum: `bins` packs.
  @inline(never)
  public static func transformFeatures(
    _ shape: SpectralShape, rows: FourierLayout, columns: FourierLayout, features: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, spectrum: UnsafeMutablePointer<Float>
  ) {
    let (height, width, binColumns) = (shape.fieldHeight, shape.fieldWidth, shape.binColumns)
    let half = (shape.imageHeight + 1) / 2
    let sequence = scratch
    let transformed = sequence + width * packFloats
    let work = transformed + width * packFloats
    let middle = work + 2 * max(width, height) * packFloats
    if shape.imageHeight < height { middle.update(repeating: 0, count: height * binColumns * packFloats) }
    sequence.update(repeating: 0, count: width * packFloats)
    for first in 0..<half {
      let upper = features + first * shape.imageWidth * 8
      let hasLower = first + half < shape.imageHeight
      let lower = upper + (hasLower ? half : 0) * shape.imageWidth * 8
      for x in 0..<shape.imageWidth {
        let place = sequence + (shape.left + x) * packFloats
        store(load(upper + 8 * x), place)
        store(hasLower ? load(lower + 8 * x) : .zero, place + 8)
      }
      fourierTransform(
        rows, PackRow(base: sequence, stride: packFloats, re: 0, im: 8),
        PackRow(base: transformed, stride: packFloats, re: 0, im: 8), scratch: work)
      let upperRow = middle + (shape.top + first) * binColumns * packFloats
      let lowerRow = upperRow + half * binColumns * packFloats
      for k in 0..<binColumns {
        let (z, m) = (pack(transformed, k), pack(transformed, k == 0 ? 0 : width - k))
        store((z.re + m.re) * 0.5, upperRow + k * packFloats)
        store((z.im - m.im) * 0.5, upperRow + k * packFloats + 8)
        if hasLower {
          store((z.im + m.im) * 0.5, lowerRow + k * packFloats)
          store((m.re - z.re) * 0.5, lowerRow + k * packFloats + 8)
        }
      }
    }
    for k in 0..<binColumns {
      fourierTransform(
        columns, PackRow(base: middle + k * packFloats, stride: binColumns * packFloats, re: 0, im: 8),
        PackRow(base: spectrum + k * packFloats, stride: binColumns * packFloats, re: 0, im: 8), scratch: work)
    }
  }

  /// Transforms one pack per bin back into features of eight channels, adds the bias, and does what the epilogue says.
  ///
  /// The factor 1 / (height width) belongs to the kernels' spectra.
  ///
  /// - Parameters:
  ///   - spectrum: `bins` packs.
  ///   - bias: eight floats.
  ///   - scratch: ``SpectralShape/featureScratch`` floats.
  ///   - features: `outputHeight * outputWidth * 8` floats.
  @inline(never)
  public static func restoreFeatures(
    _ shape: SpectralShape, rows: FourierLayout, columns: FourierLayout, spectrum: UnsafeMutablePointer<Float>,
    bias: UnsafePointer<Float>, epilogue: Epilogue, scratch: UnsafeMutablePointer<Float>,
    features: UnsafeMutablePointer<Float>
  ) {
    let (height, width, binColumns) = (shape.fieldHeight, shape.fieldWidth, shape.binColumns)
    let sequence = scratch
    let transformed = sequence + width * packFloats
    let work = transformed + width * packFloats
    let middle = work + 2 * max(width, height) * packFloats
    for k in 0..<binColumns {
      fourierTransform(
        columns, PackRow(base: spectrum + k * packFloats, stride: binColumns * packFloats, re: 8, im: 0),
        PackRow(base: middle + k * packFloats, stride: binColumns * packFloats, re: 8, im: 0), scratch: work)
    }
    let constant = load(bias)
    let (outputHeight, outputWidth) = (shape.outputHeight, shape.outputWidth)
    let half = (outputHeight + 1) / 2
    let lastPaired = (width - 1) / 2
    for first in 0..<half {
      let hasLower = first + half < outputHeight
      let upper = middle + first * shape.strideVertical * binColumns * packFloats
      let lower = hasLower ? upper + half * shape.strideVertical * binColumns * packFloats : upper
      for k in 0..<binColumns {
        let (a, b) = (pack(upper, k), pack(lower, k))
        let place = sequence + k * packFloats
        store(a.re - b.im, place)
        store(a.im + b.re, place + 8)
        if k >= 1, k <= lastPaired {
          let mirrored = sequence + (width - k) * packFloats
          store(a.re + b.im, mirrored)
          store(b.re - a.im, mirrored + 8)
        }
      }
      fourierTransform(
        rows, PackRow(base: sequence, stride: packFloats, re: 8, im: 0),
        PackRow(base: transformed, stride: packFloats, re: 8, im: 0), scratch: work)
      let (upperPlace, lowerPlace) = (first * outputWidth, (first + half) * outputWidth)
      for x in 0..<outputWidth {
        let value = pack(transformed, x * shape.strideHorizontal)
        store(epilogue.finish(value.re + constant, at: upperPlace + x), features + 8 * (upperPlace + x))
        if hasLower {
          store(epilogue.finish(value.im + constant, at: lowerPlace + x), features + 8 * (lowerPlace + x))
        }
      }
    }
  }
}

@inline(__always)
private func pack(_ base: UnsafeMutablePointer<Float>, _ index: Int) -> Pack {
  Pack(load(base + index * packFloats), load(base + index * packFloats + 8))
}

// MARK: - Transforms of rows

/// A complex number per lane.
private struct Pack {
  var re, im: Lanes

  @inline(__always)
  init(_ re: Lanes, _ im: Lanes) {
    self.re = re
    self.im = im
  }

  @inline(__always)
  static func + (a: Pack, b: Pack) -> Pack { Pack(a.re + b.re, a.im + b.im) }

  @inline(__always)
  static func - (a: Pack, b: Pack) -> Pack { Pack(a.re - b.re, a.im - b.im) }

  /// Times a real number.
  @inline(__always)
  static func * (a: Pack, b: Float) -> Pack { Pack(a.re * b, a.im * b) }

  /// a + b * factor, for a real factor.
  @inline(__always)
  func adding(_ b: Pack, times factor: Float) -> Pack {
    let f = Lanes(repeating: factor)
    return Pack(multiplyAdd(b.re, f, re), multiplyAdd(b.im, f, im))
  }

  /// Times -i.
  @inline(__always)
  var timesMinusI: Pack { Pack(im, -re) }

  /// Times cosine + i sine.
  @inline(__always)
  func rotated(_ cosine: Float, _ sine: Float) -> Pack {
    let (c, s) = (Lanes(repeating: cosine), Lanes(repeating: sine))
    return Pack(multiplyAdd(re, c, -(im * s)), multiplyAdd(re, s, im * c))
  }
}

/// A sequence of packs in memory: `stride` floats from one to the next; `re` and `im` are 0 and 8, or 8 and 0 to exchange real
/// and imaginary parts, which turns a forward transform into a backward one.
private struct PackRow {
  var base: UnsafeMutablePointer<Float>
  var stride, re, im: Int

  @inline(__always)
  subscript(index: Int) -> Pack {
    get {
      let place = base + index &* stride
      return Pack(load(place + re), load(place + im))
    }
    nonmutating set {
      let place = base + index &* stride
      store(newValue.re, place + re)
      store(newValue.im, place + im)
    }
  }
}

/// Transforms one row of packs into another (not in place): `y[k] = sum over j of x[j] e^(-2 pi i j k / n)` in each lane.
///
/// - Parameter scratch: room for 2 n packs.
@inline(__always)
private func fourierTransform(
  _ table: FourierLayout, _ input: PackRow, _ output: PackRow, scratch: UnsafeMutablePointer<Float>
) {
  var remaining = table.length
  var count = 1
  var twiddles = table.twiddles
  var source = input
  for pass in 0..<table.passes {
    let radix = table.radices[pass]
    let m = remaining / radix
    let target =
      pass == table.passes - 1
      ? output
      : PackRow(
        base: scratch + (pass & 1) * table.length * packFloats, stride: packFloats, re: input.re, im: input.im)
    switch radix {
    case 2: pass2(m, count, twiddles, source, target)
    case 3: pass3(m, count, twiddles, source, target)
    case 4: pass4(m, count, twiddles, source, target)
    case 6: pass6(m, count, twiddles, source, target)
    default: pass5(m, count, twiddles, source, target)
    }
    twiddles += m * (radix - 1) * 2
    remaining = m
    count *= radix
    source = target
  }
}

@inline(__always)
private func pass2(
  _ m: Int, _ count: Int, _ twiddles: UnsafePointer<Float>, _ x: PackRow, _ y: PackRow
) {
  for p in 0..<m {
    let w = twiddles + 2 &* p
    for q in 0..<count {
      let (a, b) = (x[q &+ count &* p], x[q &+ count &* (p &+ m)])
      let place = q &+ count &* 2 &* p
      y[place] = a + b
      y[place &+ count] = m == 1 ? a - b : (a - b).rotated(w[0], w[1])
    }
  }
}

@inline(__always)
private func pass3(
  _ m: Int, _ count: Int, _ twiddles: UnsafePointer<Float>, _ x: PackRow, _ y: PackRow
) {
  for p in 0..<m {
    let w = twiddles + 4 &* p
    for q in 0..<count {
      let (first, second, third) = threePoint(
        x[q &+ count &* p], x[q &+ count &* (p &+ m)], x[q &+ count &* (p &+ 2 &* m)])
      let place = q &+ count &* 3 &* p
      y[place] = first
      y[place &+ count] = m == 1 ? second : second.rotated(w[0], w[1])
      y[place &+ 2 &* count] = m == 1 ? third : third.rotated(w[2], w[3])
    }
  }
}

@inline(__always)
private func pass4(
  _ m: Int, _ count: Int, _ twiddles: UnsafePointer<Float>, _ x: PackRow, _ y: PackRow
) {
  for p in 0..<m {
    let w = twiddles + 6 &* p
    for q in 0..<count {
      let (a, b) = (x[q &+ count &* p], x[q &+ count &* (p &+ m)])
      let (c, d) = (x[q &+ count &* (p &+ 2 &* m)], x[q &+ count &* (p &+ 3 &* m)])
      let (even, evenDifference) = (a + c, a - c)
      let (odd, oddTurned) = (b + d, (b - d).timesMinusI)
      let place = q &+ count &* 4 &* p
      y[place] = even + odd
      if m == 1 {
        y[place &+ count] = evenDifference + oddTurned
        y[place &+ 2 &* count] = even - odd
        y[place &+ 3 &* count] = evenDifference - oddTurned
      } else {
        y[place &+ count] = (evenDifference + oddTurned).rotated(w[0], w[1])
        y[place &+ 2 &* count] = (even - odd).rotated(w[2], w[3])
        y[place &+ 3 &* count] = (evenDifference - oddTurned).rotated(w[4], w[5])
      }
    }
  }
}

@inline(__always)
private func pass6(
  _ m: Int, _ count: Int, _ twiddles: UnsafePointer<Float>, _ x: PackRow, _ y: PackRow
) {
  for p in 0..<m {
    let w = twiddles + 10 &* p
    for q in 0..<count {
      // Three-point transforms of the even and of the odd elements.
      let (e0, e1, e2) = threePoint(
        x[q &+ count &* p], x[q &+ count &* (p &+ 2 &* m)], x[q &+ count &* (p &+ 4 &* m)])
      let (o0, odd1, odd2) = threePoint(
        x[q &+ count &* (p &+ m)], x[q &+ count &* (p &+ 3 &* m)], x[q &+ count &* (p &+ 5 &* m)])
      let (o1, o2) = (odd1.rotated(0.5, -0.866_025_4), odd2.rotated(-0.5, -0.866_025_4))
      let place = q &+ count &* 6 &* p
      y[place] = e0 + o0
      if m == 1 {
        y[place &+ count] = e1 + o1
        y[place &+ 2 &* count] = e2 + o2
        y[place &+ 3 &* count] = e0 - o0
        y[place &+ 4 &* count] = e1 - o1
        y[place &+ 5 &* count] = e2 - o2
      } else {
        y[place &+ count] = (e1 + o1).rotated(w[0], w[1])
        y[place &+ 2 &* count] = (e2 + o2).rotated(w[2], w[3])
        y[place &+ 3 &* count] = (e0 - o0).rotated(w[4], w[5])
        y[place &+ 4 &* count] = (e1 - o1).rotated(w[6], w[7])
        y[place &+ 5 &* count] = (e2 - o2).rotated(w[8], w[9])
      }
    }
  }
}

@inline(__always)
private func threePoint(_ a: Pack, _ b: Pack, _ c: Pack) -> (Pack, Pack, Pack) {
  let sum = b + c
  let middle = a.adding(sum, times: -0.5)
  let turn = (b - c).timesMinusI * 0.866_025_4
  return (a + sum, middle + turn, middle - turn)
}

@inline(__always)
private func pass5(
  _ m: Int, _ count: Int, _ twiddles: UnsafePointer<Float>, _ x: PackRow, _ y: PackRow
) {
  // Cosines and sines of 72 and 144 degrees.
  let (c1, c2, s1, s2): (Float, Float, Float, Float) = (0.309_017, -0.809_017, 0.951_056_5, 0.587_785_25)
  for p in 0..<m {
    let w = twiddles + 8 &* p
    for q in 0..<count {
      let a = x[q &+ count &* p]
      let (b, c) = (x[q &+ count &* (p &+ m)], x[q &+ count &* (p &+ 2 &* m)])
      let (d, e) = (x[q &+ count &* (p &+ 3 &* m)], x[q &+ count &* (p &+ 4 &* m)])
      let (outer, inner) = (b + e, c + d)
      let (outerDifference, innerDifference) = ((b - e).timesMinusI, (c - d).timesMinusI)
      let first = a.adding(outer, times: c1).adding(inner, times: c2)
      let second = a.adding(outer, times: c2).adding(inner, times: c1)
      let firstTurn = (outerDifference * s1).adding(innerDifference, times: s2)
      let secondTurn = (outerDifference * s2).adding(innerDifference, times: -s1)
      let place = q &+ count &* 5 &* p
      y[place] = a + (outer + inner)
      if m == 1 {
        y[place &+ count] = first + firstTurn
        y[place &+ 2 &* count] = second + secondTurn
        y[place &+ 3 &* count] = second - secondTurn
        y[place &+ 4 &* count] = first - firstTurn
      } else {
        y[place &+ count] = (first + firstTurn).rotated(w[0], w[1])
        y[place &+ 2 &* count] = (second + secondTurn).rotated(w[2], w[3])
        y[place &+ 3 &* count] = (second - secondTurn).rotated(w[4], w[5])
        y[place &+ 4 &* count] = (first - firstTurn).rotated(w[6], w[7])
      }
    }
  }
}
