#if RETINA_VARIANT
  import RetinaKernels
#endif

extension Kernels {
  /// Adds, for one bin, what the spectra of gradients and images say about the spectra of kernels.
  ///
  /// `result[l] += sum over s of conj(gradient[s]) * image[s, l]`, in the order of s.
  ///
  /// - Parameters:
  ///   - samples: number of s.
  ///   - terms: number of l.
  ///   - gradients: for each s, `gradientStride` floats apart, one pack (lanes are output channels).
  ///   - images: for s and l, `sampleStride` and `termStride` floats apart: a real part and, eight floats on, an imaginary part.
  ///   - results: `terms` packs.
  @inline(never)
  public static func addGradientProducts(
    samples: Int, terms: Int, gradients: UnsafePointer<Float>, gradientStride: Int, images: UnsafePointer<Float>,
    sampleStride: Int, termStride: Int, results: UnsafeMutablePointer<Float>
  ) {
    var term = 0
    while term + 4 <= terms {
      let place = results + term * packFloats
      var (re0, im0) = (load(place), load(place + 8))
      var (re1, im1) = (load(place + 16), load(place + 24))
      var (re2, im2) = (load(place + 32), load(place + 40))
      var (re3, im3) = (load(place + 48), load(place + 56))
      var gradient = gradients
      var image = images + term * termStride
      for _ in 0..<samples {
        let (g, h) = (load(gradient), load(gradient + 8))
        conjugateProduct(g, h, image, &re0, &im0)
        conjugateProduct(g, h, image + termStride, &re1, &im1)
        conjugateProduct(g, h, image + 2 * termStride, &re2, &im2)
        conjugateProduct(g, h, image + 3 * termStride, &re3, &im3)
        gradient += gradientStride
        image += sampleStride
      }
      store(re0, place)
      store(im0, place + 8)
      store(re1, place + 16)
      store(im1, place + 24)
      store(re2, place + 32)
      store(im2, place + 40)
      store(re3, place + 48)
      store(im3, place + 56)
      term += 4
    }
    while term < terms {
      let place = results + term * packFloats
      var (re, im) = (load(place), load(place + 8))
      for sample in 0..<samples {
        let gradient = gradients + sample * gradientStride
        conjugateProduct(
          load(gradient), load(gradient + 8), images + sample * sampleStride + term * termStride, &re, &im)
      }
      store(re, place)
      store(im, place + 8)
      term += 1
    }
  }

  /// Adds a matrix times the transpose of another: `c[r, o] += sum over t of a[r, t] * b[o, t]`.
  ///
  /// Eight partial sums per element, in the order of t.
  ///
  /// - Parameters:
  ///   - terms: number of t, a multiple of eight.
  ///   - a: `rows` rows, `aStride` floats apart.
  ///   - b: `columns` rows, `bStride` floats apart.
  ///   - c: `rows` rows, `cStride` floats apart.
  @inline(never)
  public static func addMatrixProductTransposed(
    rows: Int, columns: Int, terms: Int, a: UnsafePointer<Float>, aStride: Int, b: UnsafePointer<Float>, bStride: Int,
    c: UnsafeMutablePointer<Float>, cStride: Int
  ) {
    // Blocks of terms whose four rows of `a` and two of `b` stay in the nearest cache.
    let block = 1024
    var first = 0
    while first < terms {
      let count = terms - first < block ? terms - first : block
      var row = 0
      while row < rows {
        // Rows beyond the last are computed again and stored once.
        let (row1, row2, row3) = (least(row + 1, rows), least(row + 2, rows), least(row + 3, rows))
        let a0 = a + row * aStride + first
        let (a1, a2, a3) = (a + row1 * aStride + first, a + row2 * aStride + first, a + row3 * aStride + first)
        var column = 0
        while column < columns {
          let next = least(column + 1, columns)
          let (b0, b1) = (b + column * bStride + first, b + next * bStride + first)
          var (s00, s10, s20, s30) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
          var (s01, s11, s21, s31) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
          var term = 0
          while term < count {
            let (x, y) = (load(b0 + term), load(b1 + term))
            var value = load(a0 + term)
            s00 = multiplyAdd(value, x, s00)
            s01 = multiplyAdd(value, y, s01)
            value = load(a1 + term)
            s10 = multiplyAdd(value, x, s10)
            s11 = multiplyAdd(value, y, s11)
            value = load(a2 + term)
            s20 = multiplyAdd(value, x, s20)
            s21 = multiplyAdd(value, y, s21)
            value = load(a3 + term)
            s30 = multiplyAdd(value, x, s30)
            s31 = multiplyAdd(value, y, s31)
            term += 8
          }
          c[row * cStride + column] += total(s00)
          if row + 1 < rows { c[row1 * cStride + column] += total(s10) }
          if row + 2 < rows { c[row2 * cStride + column] += total(s20) }
          if row + 3 < rows { c[row3 * cStride + column] += total(s30) }
          if column + 1 < columns {
            c[row * cStride + next] += total(s01)
            if row + 1 < rows { c[row1 * cStride + next] += total(s11) }
            if row + 2 < rows { c[row2 * cStride + next] += total(s21) }
            if row + 3 < rows { c[row3 * cStride + next] += total(s31) }
          }
          column += 2
        }
        row += 4
      }
      first += block
    }
  }

  /// Adds a matrix product: `c[r, j] += sum over t of a[r, t] * b[t, j]`, in the order of t.
  ///
  /// - Parameters:
  ///   - columns: number of j, a multiple of eight.
  ///   - a: element r, t is `aRowStride * r + aTermStride * t` floats on.
  ///   - b: `terms` rows, `bStride` floats apart.
  ///   - c: `rows` rows, `cStride` floats apart.
  @inline(never)
  public static func addMatrixProduct(
    rows: Int, columns: Int, terms: Int, a: UnsafePointer<Float>, aRowStride: Int, aTermStride: Int,
    b: UnsafePointer<Float>, bStride: Int, c: UnsafeMutablePointer<Float>, cStride: Int
  ) {
    var column = 0
    while column < columns {
      // The last eight columns of an odd number of groups stand twice in registers and are stored once.
      let hasSecond = column + 8 < columns
      let second = hasSecond ? column + 8 : column
      var row = 0
      while row < rows {
        let (row1, row2, row3) = (least(row + 1, rows), least(row + 2, rows), least(row + 3, rows))
        let (c0, c1, c2, c3) = (c + row * cStride, c + row1 * cStride, c + row2 * cStride, c + row3 * cStride)
        var (s00, s01) = (load(c0 + column), load(c0 + second))
        var (s10, s11) = (load(c1 + column), load(c1 + second))
        var (s20, s21) = (load(c2 + column), load(c2 + second))
        var (s30, s31) = (load(c3 + column), load(c3 + second))
        var factor = a
        var values = b
        for _ in 0..<terms {
          let (x, y) = (load(values + column), load(values + second))
          var f = Lanes(repeating: factor[row * aRowStride])
          s00 = multiplyAdd(f, x, s00)
          s01 = multiplyAdd(f, y, s01)
          f = Lanes(repeating: factor[row1 * aRowStride])
          s10 = multiplyAdd(f, x, s10)
          s11 = multiplyAdd(f, y, s11)
          f = Lanes(repeating: factor[row2 * aRowStride])
          s20 = multiplyAdd(f, x, s20)
          s21 = multiplyAdd(f, y, s21)
          f = Lanes(repeating: factor[row3 * aRowStride])
          s30 = multiplyAdd(f, x, s30)
          s31 = multiplyAdd(f, y, s31)
          factor += aTermStride
          values += bStride
        }
        store(s00, c0 + column)
        store(s10, c1 + column)
        store(s20, c2 + column)
        store(s30, c3 + column)
        if hasSecond {
          store(s01, c0 + second)
          store(s11, c1 + second)
          store(s21, c2 + second)
          store(s31, c3 + second)
        }
        row += 4
      }
      column += 16
    }
  }
}

/// (re, im) += (g - i h) * image.
@inline(__always)
private func conjugateProduct(
  _ g: Lanes, _ h: Lanes, _ image: UnsafePointer<Float>, _ re: inout Lanes, _ im: inout Lanes
) {
  let (x, y) = (Lanes(repeating: image[0]), Lanes(repeating: image[8]))
  re = multiplyAdd(h, y, multiplyAdd(g, x, re))
  im = multiplyAdd(-h, x, multiplyAdd(g, y, im))
}

/// The row, or the last one.
@inline(__always)
private func least(_ row: Int, _ rows: Int) -> Int { row < rows ? row : rows - 1 }

/// The sum of eight lanes, in pairs.
@inline(__always)
private func total(_ lanes: Lanes) -> Float {
  let four = lanes.lowHalf + lanes.highHalf
  let two = four.lowHalf + four.highHalf
  return two[0] + two[1]
}
