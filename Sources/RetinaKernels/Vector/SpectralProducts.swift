#if RETINA_VARIANT
  import RetinaKernels
#endif

extension Kernels {
  /// Adds products of kernels and image spectra to the spectra of four results, for one group of eight bins.
  ///
  /// `result[j][bin] += sum over l of kernel[bin][l] * image[l + j][bin]`, in the order of l, for j in 0..<4: four consecutive
  /// frames use each kernel while it is in a register.
  ///
  /// - Parameters:
  ///   - terms: number of l.
  ///   - kernels: for each bin, `kernelStride` floats apart, `terms` packs (lanes are output channels).
  ///   - images: for each l + j, 16 floats: eight real parts (one per bin), eight imaginary parts.
  ///   - results: for each j, `resultStride` floats apart, eight packs (one per bin).
  @inline(never)
  public static func multiplyAddFour(
    terms: Int, kernels: UnsafePointer<Float>, kernelStride: Int, images: UnsafePointer<Float>,
    results: UnsafeMutablePointer<Float>, resultStride: Int
  ) {
    for bin in 0..<8 {
      let place = results + bin * packFloats
      var re0 = load(place)
      var im0 = load(place + 8)
      var re1 = load(place + resultStride)
      var im1 = load(place + resultStride + 8)
      var re2 = load(place + 2 * resultStride)
      var im2 = load(place + 2 * resultStride + 8)
      var re3 = load(place + 3 * resultStride)
      var im3 = load(place + 3 * resultStride + 8)
      var kernel = kernels + bin * kernelStride
      var image = images + bin
      for _ in 0..<terms {
        let (kernelRe, kernelIm) = (load(kernel), load(kernel + 8))
        let minusIm = -kernelIm
        var (x, y) = (Lanes(repeating: image[0]), Lanes(repeating: image[8]))
        re0 = multiplyAdd(minusIm, y, multiplyAdd(kernelRe, x, re0))
        im0 = multiplyAdd(kernelIm, x, multiplyAdd(kernelRe, y, im0))
        (x, y) = (Lanes(repeating: image[16]), Lanes(repeating: image[24]))
        re1 = multiplyAdd(minusIm, y, multiplyAdd(kernelRe, x, re1))
        im1 = multiplyAdd(kernelIm, x, multiplyAdd(kernelRe, y, im1))
        (x, y) = (Lanes(repeating: image[32]), Lanes(repeating: image[40]))
        re2 = multiplyAdd(minusIm, y, multiplyAdd(kernelRe, x, re2))
        im2 = multiplyAdd(kernelIm, x, multiplyAdd(kernelRe, y, im2))
        (x, y) = (Lanes(repeating: image[48]), Lanes(repeating: image[56]))
        re3 = multiplyAdd(minusIm, y, multiplyAdd(kernelRe, x, re3))
        im3 = multiplyAdd(kernelIm, x, multiplyAdd(kernelRe, y, im3))
        kernel += packFloats
        image += packFloats
      }
      store(re0, place)
      store(im0, place + 8)
      store(re1, place + resultStride)
      store(im1, place + resultStride + 8)
      store(re2, place + 2 * resultStride)
      store(im2, place + 2 * resultStride + 8)
      store(re3, place + 3 * resultStride)
      store(im3, place + 3 * resultStride + 8)
    }
  }

  /// The same for one result: `result[bin] += sum over l of kernel[bin][l] * image[l][bin]`, in the order of l.
  ///
  /// Four bins run side by side, since one alone would wait for its own sums.
  @inline(never)
  public static func multiplyAddOne(
    terms: Int, kernels: UnsafePointer<Float>, kernelStride: Int, images: UnsafePointer<Float>,
    results: UnsafeMutablePointer<Float>
  ) {
    for half in 0..<2 {
      let place = results + half * 4 * packFloats
      var re0 = load(place)
      var im0 = load(place + 8)
      var re1 = load(place + 16)
      var im1 = load(place + 24)
      var re2 = load(place + 32)
      var im2 = load(place + 40)
      var re3 = load(place + 48)
      var im3 = load(place + 56)
      var kernel = kernels + half * 4 * kernelStride
      var image = images + half * 4
      for _ in 0..<terms {
        product(kernel, image[0], image[8], &re0, &im0)
        product(kernel + kernelStride, image[1], image[9], &re1, &im1)
        product(kernel + 2 * kernelStride, image[2], image[10], &re2, &im2)
        product(kernel + 3 * kernelStride, image[3], image[11], &re3, &im3)
        kernel += packFloats
        image += packFloats
      }
      store(re0, place)
      store(im0, place + 8)
      store(re1, place + 16)
      store(im1, place + 24)
      store(re2, place + 32)
      store(im2, place + 40)
      store(re3, place + 48)
      store(im3, place + 56)
    }
  }

  /// Products of features' spectra: `result[bin] = sum over groups and lanes of kernel[bin][group][lane] * image[group][bin].lane`.
  ///
  /// - Parameters:
  ///   - bins: number of bins.
  ///   - groups: groups of eight input channels.
  ///   - channels: input channels in use; the lanes beyond are skipped.
  ///   - kernels: for each bin, `groups * 8` packs (lanes are output channels).
  ///   - images: for each group, `imageStride` floats apart, one pack per bin (lanes are input channels).
  ///   - results: one pack per bin.
  @inline(never)
  public static func multiplyFeatures(
    bins: Int, channels: Int, kernels: UnsafePointer<Float>, images: UnsafePointer<Float>, imageStride: Int,
    results: UnsafeMutablePointer<Float>
  ) {
    let groups = (channels + 7) / 8
    let kernelStride = groups * 8 * packFloats
    var bin = 0
    while bin + 4 <= bins {
      var (re0, im0, re1, im1) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
      var (re2, im2, re3, im3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
      var kernel = kernels + bin * kernelStride
      for channel in 0..<channels {
        let image = images + (channel >> 3) * imageStride + bin * packFloats + (channel & 7)
        product(kernel, image[0], image[8], &re0, &im0)
        product(kernel + kernelStride, image[16], image[24], &re1, &im1)
        product(kernel + 2 * kernelStride, image[32], image[40], &re2, &im2)
        product(kernel + 3 * kernelStride, image[48], image[56], &re3, &im3)
        kernel += packFloats
      }
      let place = results + bin * packFloats
      store(re0, place)
      store(im0, place + 8)
      store(re1, place + 16)
      store(im1, place + 24)
      store(re2, place + 32)
      store(im2, place + 40)
      store(re3, place + 48)
      store(im3, place + 56)
      bin += 4
    }
    while bin < bins {
      var (re, im) = (Lanes.zero, Lanes.zero)
      var kernel = kernels + bin * kernelStride
      for channel in 0..<channels {
        let image = images + (channel >> 3) * imageStride + bin * packFloats + (channel & 7)
        product(kernel, image[0], image[8], &re, &im)
        kernel += packFloats
      }
      store(re, results + bin * packFloats)
      store(im, results + bin * packFloats + 8)
      bin += 1
    }
  }
}

/// (re, im) += kernel * (x + i y).
@inline(__always)
private func product(_ kernel: UnsafePointer<Float>, _ x: Float, _ y: Float, _ re: inout Lanes, _ im: inout Lanes) {
  let (kernelRe, kernelIm) = (load(kernel), load(kernel + 8))
  let (vx, vy) = (Lanes(repeating: x), Lanes(repeating: y))
  re = multiplyAdd(-kernelIm, vy, multiplyAdd(kernelRe, vx, re))
  im = multiplyAdd(kernelIm, vx, multiplyAdd(kernelRe, vy, im))
}
