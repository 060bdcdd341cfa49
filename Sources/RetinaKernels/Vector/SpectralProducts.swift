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
  ///   - isFirst: whether the results are taken to be zero before.
  ///   - results: for each j, `resultStride` floats apart, eight packs (one per bin).
  @inline(never)
  public static func multiplyAddFour(
    terms: Int, kernels: UnsafePointer<Float>, kernelStride: Int, images: UnsafePointer<Float>, isFirst: Bool,
    results: UnsafeMutablePointer<Float>, resultStride: Int
  ) {
    for bin in 0..<8 {
      let place = results + bin * packFloats
      var sums = isFirst ? FourSums() : FourSums(place, stride: resultStride)
      var kernel = kernels + bin * kernelStride
      var image = images + bin
      for _ in 0..<terms {
        let (re, im) = (load(kernel), load(kernel + 8))
        addProduct(re, im, image[0], image[8], &sums.re0, &sums.im0)
        addProduct(re, im, image[16], image[24], &sums.re1, &sums.im1)
        addProduct(re, im, image[32], image[40], &sums.re2, &sums.im2)
        addProduct(re, im, image[48], image[56], &sums.re3, &sums.im3)
        kernel += packFloats
        image += packFloats
      }
      sums.store(place, stride: resultStride)
    }
  }

  /// The same for one result: `result[bin] += sum over l of kernel[bin][l] * image[l][bin]`, in the order of l.
  ///
  /// Four bins run side by side, since one alone would wait for its own sums.
  @inline(never)
  public static func multiplyAddOne(
    terms: Int, kernels: UnsafePointer<Float>, kernelStride: Int, images: UnsafePointer<Float>, isFirst: Bool,
    results: UnsafeMutablePointer<Float>
  ) {
    for half in 0..<2 {
      let place = results + half * 4 * packFloats
      var sums = isFirst ? FourSums() : FourSums(place, stride: packFloats)
      var kernel = kernels + half * 4 * kernelStride
      var image = images + half * 4
      for _ in 0..<terms {
        sums.add(kernel, kernelStride, image, step: 1)
        kernel += packFloats
        image += packFloats
      }
      sums.store(place, stride: packFloats)
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
      var sums = FourSums()
      var kernel = kernels + bin * kernelStride
      for channel in 0..<channels {
        let image = images + (channel >> 3) * imageStride + bin * packFloats + (channel & 7)
        sums.add(kernel, kernelStride, image, step: packFloats)
        kernel += packFloats
      }
      sums.store(results + bin * packFloats, stride: packFloats)
      bin += 4
    }
    while bin < bins {
      var (re, im) = (Lanes.zero, Lanes.zero)
      var kernel = kernels + bin * kernelStride
      for channel in 0..<channels {
        let image = images + (channel >> 3) * imageStride + bin * packFloats + (channel & 7)
        addProduct(load(kernel), load(kernel + 8), image[0], image[8], &re, &im)
        kernel += packFloats
      }
      storePack(re, im, results + bin * packFloats)
      bin += 1
    }
  }
}

/// Four complex sums per lane, kept in registers.
private struct FourSums {
  var re0, im0, re1, im1, re2, im2, re3, im3: Lanes

  /// Zeros.
  @inline(__always)
  init() {
    (re0, im0, re1, im1) = (.zero, .zero, .zero, .zero)
    (re2, im2, re3, im3) = (.zero, .zero, .zero, .zero)
  }

  /// Four packs, `stride` floats apart.
  @inline(__always)
  init(_ place: UnsafePointer<Float>, stride: Int) {
    (re0, im0) = (load(place), load(place + 8))
    (re1, im1) = (load(place + stride), load(place + stride + 8))
    (re2, im2) = (load(place + 2 * stride), load(place + 2 * stride + 8))
    (re3, im3) = (load(place + 3 * stride), load(place + 3 * stride + 8))
  }

  @inline(__always)
  func store(_ place: UnsafeMutablePointer<Float>, stride: Int) {
    storePack(re0, im0, place)
    storePack(re1, im1, place + stride)
    storePack(re2, im2, place + 2 * stride)
    storePack(re3, im3, place + 3 * stride)
  }

  /// Adds kernel times image for four bins: kernels `kernelStride` floats apart, numbers of the image `step` floats.
  @inline(__always)
  mutating func add(_ kernel: UnsafePointer<Float>, _ kernelStride: Int, _ image: UnsafePointer<Float>, step: Int) {
    let (second, third, fourth) = (kernel + kernelStride, kernel + 2 * kernelStride, kernel + 3 * kernelStride)
    addProduct(load(kernel), load(kernel + 8), image[0], image[8], &re0, &im0)
    addProduct(load(second), load(second + 8), image[step], image[step + 8], &re1, &im1)
    addProduct(load(third), load(third + 8), image[2 * step], image[2 * step + 8], &re2, &im2)
    addProduct(load(fourth), load(fourth + 8), image[3 * step], image[3 * step + 8], &re3, &im3)
  }
}

/// (re, im) += (kernelRe + i kernelIm) * (x + i y).
@inline(__always)
private func addProduct(
  _ kernelRe: Lanes, _ kernelIm: Lanes, _ x: Float, _ y: Float, _ re: inout Lanes, _ im: inout Lanes
) {
  let (vx, vy) = (Lanes(repeating: x), Lanes(repeating: y))
  re = multiplyAdd(-kernelIm, vy, multiplyAdd(kernelRe, vx, re))
  im = multiplyAdd(kernelIm, vx, multiplyAdd(kernelRe, vy, im))
}

@inline(__always)
private func storePack(_ re: Lanes, _ im: Lanes, _ place: UnsafeMutablePointer<Float>) {
  store(re, place)
  store(im, place + 8)
}
