#if RETINA_VARIANT
  import RetinaKernels
#endif

/// Eight numbers of eight channels.
private typealias Wide = SIMD8<Double>

// The kernels of the exact path integration. Every unit of the second layer is `constant + slope * a` between the places on the
// path where a unit of the first layer switches.
extension Kernels {
  /// One unit of the first layer switches at `a`: finds the units of the second layer that it reaches and that have changed their
  /// sign since their line last changed, then changes their lines.
  ///
  /// - Parameters:
  ///   - constants, slopes: the lines of the second layer.
  ///   - signs: +1 for units above zero, -1 for units below; changed where a crossing is found.
  ///   - changeOfConstant, changeOfSlope: what happens to the line of the unit that switches.
  ///   - tiny: constants and slopes below this are taken for the rounding of a zero; a unit whose line is zero counts as below zero.
  ///   - found, roots, rates: place of each unit that crossed zero, where it did, and its slope there; room for twice the units of the
  ///     layer.
  /// - Returns: how many crossed.
  @inline(never)
  public static func sweepCrossings(
    _ shape: SweepShape, unit: SweepUnit, at a: Double, changeOfConstant: Double, changeOfSlope: Double, tiny: Double,
    constants: UnsafeMutablePointer<Double>, slopes: UnsafeMutablePointer<Double>,
    signs: UnsafeMutablePointer<Double>, found: UnsafeMutablePointer<Int>, roots: UnsafeMutablePointer<Double>,
    rates: UnsafeMutablePointer<Double>
  ) -> Int {
    var count = 0
    let (position, constantChange, slopeChange) = (
      Wide(repeating: a), Wide(repeating: changeOfConstant), Wide(repeating: changeOfSlope)
    )
    forEachReached(shape.geometry, unit) { place, weight in
      let (constant, slope, sign) = (wide(constants + place), wide(slopes + place), wide(signs + place))
      let crossed = (constant + slope * position) * sign .< 0
      if anyLane(crossed) {
        for lane in 0..<8 where crossed[lane] {
          found[count] = place + lane
          roots[count] = -constant[lane] / slope[lane]
          rates[count] = slope[lane]
          signs[place + lane] = -sign[lane]
          count += 1
        }
      }
      let factor = wide(shape.forward + weight) * wide(shape.scale + place)
      var (newConstant, newSlope) = (constant + factor * constantChange, slope + factor * slopeChange)
      let isZero = (newConstant * newConstant + newSlope * newSlope) .< tiny * tiny
      if anyLane(isZero) {
        newConstant.replace(with: 0, where: isZero)
        newSlope.replace(with: 0, where: isZero)
        for lane in 0..<8 where isZero[lane] && signs[place + lane] > 0 {
          found[count] = place + lane
          (roots[count], rates[count]) = (a, 0)
          signs[place + lane] = -1
          count += 1
        }
      }
      store(newConstant, constants + place)
      store(newSlope, slopes + place)
    }
    return count
  }

  /// What a unit of the second layer has carried since the start: the sum over the units that feed it of weight times what each has
  /// carried, which is a line in the clock.
  ///
  /// - Parameters:
  ///   - clock: the integral of the last nonlinearity's derivative up to here.
  ///   - constants, slopes: for each unit of the first layer, what it has carried is `constant + slope * clock`.
  @inline(never)
  public static func sweepCarried(
    _ shape: SweepShape, unit: SweepUnit, clock: Double, constants: UnsafePointer<Double>,
    slopes: UnsafePointer<Double>
  ) -> Double {
    let now = Wide(repeating: clock)
    var sum = Wide.zero
    forEachFeeding(shape, unit) { place, weight in
      let carried = multiplyAdd(wide(slopes + place), now, wide(constants + place))
      sum = multiplyAdd(wide(shape.backward + weight), carried, sum)
    }
    let four = sum.lowHalf + sum.highHalf
    let two = four.lowHalf + four.highHalf
    return two[0] + two[1]
  }

  /// A unit of the second layer switches: changes the gradients of the units that feed it.
  ///
  /// - Parameters:
  ///   - changeOfGradient: the gradient that the switching unit passes on, times +1 or -1.
  ///   - gradients: gradient of the cell with respect to each unit of the first layer.
  ///   - moments: sum of the changes of each gradient, times the clock at which they happened; the integral of a gradient over the
  ///     clock is the gradient times the clock minus its moment.
  @inline(never)
  public static func sweepBack(
    _ shape: SweepShape, unit: SweepUnit, clock: Double, changeOfGradient: Double,
    gradients: UnsafeMutablePointer<Double>, moments: UnsafeMutablePointer<Double>
  ) {
    let (change, moment) = (Wide(repeating: changeOfGradient), Wide(repeating: changeOfGradient * clock))
    forEachFeeding(shape, unit) { place, weight in
      let factor = wide(shape.backward + weight)
      store(multiplyAdd(factor, change, wide(gradients + place)), gradients + place)
      store(multiplyAdd(factor, moment, wide(moments + place)), moments + place)
    }
  }

  /// Visits the groups of eight units of the first layer that feed a unit of the second, with the place of the weights.
  @inline(__always)
  private static func forEachFeeding(
    _ shape: SweepShape, _ unit: SweepUnit, _ body: (_ place: Int, _ weight: Int) -> Void
  ) {
    let geometry = shape.geometry
    let taps = geometry.kernelHeight * geometry.kernelWidth
    for group in 0..<(geometry.inputs + 7) / 8 {
      let kernel = (unit.channel * ((geometry.inputs + 7) / 8) + group) * taps * 8
      for kernelRow in 0..<geometry.kernelHeight {
        let row =
          unit.row * geometry.strideVertical + kernelRow * geometry.dilationVertical - geometry.paddingVertical
        guard row >= 0, row < geometry.inputHeight else { continue }
        for kernelColumn in 0..<geometry.kernelWidth {
          let column =
            unit.column * geometry.strideHorizontal + kernelColumn * geometry.dilationHorizontal
            - geometry.paddingHorizontal
          guard column >= 0, column < geometry.inputWidth else { continue }
          body(
            ((group * geometry.inputHeight + row) * geometry.inputWidth + column) * 8,
            kernel + (kernelRow * geometry.kernelWidth + kernelColumn) * 8)
        }
      }
    }
  }
}

/// `a * b + c`, in one rounding where the processor level has the instruction.
@inline(__always)
private func multiplyAdd(_ a: Wide, _ b: Wide, _ c: Wide) -> Wide {
  #if RETINA_FMA || arch(arm64)
    return c.addingProduct(a, b)
  #else
    return a * b + c
  #endif
}

@inline(__always)
private func wide(_ pointer: UnsafePointer<Double>) -> Wide {
  UnsafeRawPointer(pointer).loadUnaligned(as: Wide.self)
}

@inline(__always)
private func store(_ value: Wide, _ pointer: UnsafeMutablePointer<Double>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: Wide.self)
}

/// Whether any lane is true: the mask is -1 in each of those.
@inline(__always)
private func anyLane(_ mask: SIMDMask<SIMD8<Int64>>) -> Bool {
  let bits = unsafeBitCast(mask, to: SIMD8<Int64>.self)
  let four = bits.lowHalf | bits.highHalf
  let two = four.lowHalf | four.highHalf
  return two[0] | two[1] != 0
}
