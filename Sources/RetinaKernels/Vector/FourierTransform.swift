#if RETINA_VARIANT
  import RetinaKernels
#endif

/// A sequence of packs in memory: `stride` floats from one to the next; `re` and `im` are 0 and 8, or 8 and 0 to exchange real
/// and imaginary parts, which turns a forward transform into a backward one.
struct PackRow {
  var base: UnsafeMutablePointer<Float>
  var stride, re, im: Int

  @inline(__always)
  subscript(index: Int) -> Pack {
    get {
      let place = base + index * stride
      return Pack(load(place + re), load(place + im))
    }
    nonmutating set {
      let place = base + index * stride
      store(newValue.re, place + re)
      store(newValue.im, place + im)
    }
  }
}

/// Transforms one row of packs into another (not in place): `y[k] = sum over j of x[j] e^(-2 pi i j k / n)` in each lane.
///
/// - Parameter scratch: room for 2 n packs.
@inline(__always)
func fourierTransform(
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
    let w = twiddles + 2 * p
    for q in 0..<count {
      let (a, b) = (x[q + count * p], x[q + count * (p + m)])
      let place = q + count * 2 * p
      y[place] = a + b
      y[place + count] = m == 1 ? a - b : (a - b).rotated(w[0], w[1])
    }
  }
}

@inline(__always)
private func pass3(
  _ m: Int, _ count: Int, _ twiddles: UnsafePointer<Float>, _ x: PackRow, _ y: PackRow
) {
  for p in 0..<m {
    let w = twiddles + 4 * p
    for q in 0..<count {
      let (a, b, c) = (x[q + count * p], x[q + count * (p + m)], x[q + count * (p + 2 * m)])
      let sum = b + c
      let middle = a.adding(sum, times: -0.5)
      let turn = (b - c).timesMinusI * 0.866_025_4
      let place = q + count * 3 * p
      y[place] = a + sum
      if m == 1 {
        y[place + count] = middle + turn
        y[place + 2 * count] = middle - turn
      } else {
        y[place + count] = (middle + turn).rotated(w[0], w[1])
        y[place + 2 * count] = (middle - turn).rotated(w[2], w[3])
      }
    }
  }
}

@inline(__always)
private func pass4(
  _ m: Int, _ count: Int, _ twiddles: UnsafePointer<Float>, _ x: PackRow, _ y: PackRow
) {
  for p in 0..<m {
    let w = twiddles + 6 * p
    for q in 0..<count {
      let (a, b) = (x[q + count * p], x[q + count * (p + m)])
      let (c, d) = (x[q + count * (p + 2 * m)], x[q + count * (p + 3 * m)])
      let (even, evenDifference) = (a + c, a - c)
      let (odd, oddTurned) = (b + d, (b - d).timesMinusI)
      let place = q + count * 4 * p
      y[place] = even + odd
      if m == 1 {
        y[place + count] = evenDifference + oddTurned
        y[place + 2 * count] = even - odd
        y[place + 3 * count] = evenDifference - oddTurned
      } else {
        y[place + count] = (evenDifference + oddTurned).rotated(w[0], w[1])
        y[place + 2 * count] = (even - odd).rotated(w[2], w[3])
        y[place + 3 * count] = (evenDifference - oddTurned).rotated(w[4], w[5])
      }
    }
  }
}

@inline(__always)
private func pass5(
  _ m: Int, _ count: Int, _ twiddles: UnsafePointer<Float>, _ x: PackRow, _ y: PackRow
) {
  // Cosines and sines of 72 and 144 degrees.
  let (c1, c2, s1, s2): (Float, Float, Float, Float) = (0.309_017, -0.809_017, 0.951_056_5, 0.587_785_25)
  for p in 0..<m {
    let w = twiddles + 8 * p
    for q in 0..<count {
      let a = x[q + count * p]
      let (b, c) = (x[q + count * (p + m)], x[q + count * (p + 2 * m)])
      let (d, e) = (x[q + count * (p + 3 * m)], x[q + count * (p + 4 * m)])
      let (outer, inner) = (b + e, c + d)
      let (outerDifference, innerDifference) = ((b - e).timesMinusI, (c - d).timesMinusI)
      let first = a.adding(outer, times: c1).adding(inner, times: c2)
      let second = a.adding(outer, times: c2).adding(inner, times: c1)
      let firstTurn = (outerDifference * s1).adding(innerDifference, times: s2)
      let secondTurn = (outerDifference * s2).adding(innerDifference, times: -s1)
      let place = q + count * 5 * p
      y[place] = a + (outer + inner)
      if m == 1 {
        y[place + count] = first + firstTurn
        y[place + 2 * count] = second + secondTurn
        y[place + 3 * count] = second - secondTurn
        y[place + 4 * count] = first - firstTurn
      } else {
        y[place + count] = (first + firstTurn).rotated(w[0], w[1])
        y[place + 2 * count] = (second + secondTurn).rotated(w[2], w[3])
        y[place + 3 * count] = (second - secondTurn).rotated(w[4], w[5])
        y[place + 4 * count] = (first - firstTurn).rotated(w[6], w[7])
      }
    }
  }
}
