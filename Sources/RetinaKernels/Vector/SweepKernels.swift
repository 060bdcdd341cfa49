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
    let (forward, scale) = (shape.forward, shape.scale)
    let (position, constantChange, slopeChange) = (
      Wide(repeating: a), Wide(repeating: changeOfConstant), Wide(repeating: changeOfSlope)
    )
    forEachReached(shape.geometry, unit) { place, weight in
      let (constant, slope, sign) = (wide(constants, place), wide(slopes, place), wide(signs, place))
      let crossed = multiplyAdd(slope, position, constant) * sign .< 0
      if anyLane(crossed) {
        for lane in 0..<8 where crossed[lane] {
          found[count] = place + lane
          roots[count] = -constant[lane] / slope[lane]
          rates[count] = slope[lane]
          signs[place + lane] = -sign[lane]
          count += 1
        }
      }
      let factor = wide(forward, weight) * wide(scale, place)
      var newConstant = multiplyAdd(factor, constantChange, constant)
      var newSlope = multiplyAdd(factor, slopeChange, slope)
      let isZero = multiplyAdd(newConstant, newConstant, newSlope * newSlope) .< tiny * tiny
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
      store(newConstant, constants, place)
      store(newSlope, slopes, place)
    }
    return count
  }

  /// A unit of the second layer switches: changes the gradients of the units that feed it, and tells what it has carried since the
  /// start, which is the sum over these units of weight times what each has carried.
  ///
  /// - Parameters:
  ///   - clock: the integral of the last nonlinearity's derivative up to here.
  ///   - changeOfGradient: the gradient that the switching unit passes on, times +1 or -1.
  ///   - units: the first layer, four times eight numbers for each eight units. The gradients of the cell with respect to them; their
  ///     moments, sums of the changes of each gradient times the clock at which they happened (the integral of a gradient over the clock
  ///     is the gradient times the clock minus its moment); and the constants and slopes of what they have carried, a line in the clock.
  @inline(never)
  public static func sweepSwitch(
    _ shape: SweepShape, unit: SweepUnit, clock: Double, changeOfGradient: Double,
    units: UnsafeMutablePointer<Double>
  ) -> Double {
    let backward = shape.backward
    let (now, change) = (Wide(repeating: clock), Wide(repeating: changeOfGradient))
    let moment = Wide(repeating: changeOfGradient * clock)
    var sum = Wide.zero
    forEachFeeding(shape.geometry, unit) { place, weight in
      let factor = wide(backward, weight)
      let group = place &* 4
      store(multiplyAdd(factor, change, wide(units, group)), units, group)
      store(multiplyAdd(factor, moment, wide(units, group &+ 8)), units, group &+ 8)
      let carried = multiplyAdd(wide(units, group &+ 24), now, wide(units, group &+ 16))
      sum = multiplyAdd(factor, carried, sum)
    }
    let four = sum.lowHalf + sum.highHalf
    let two = four.lowHalf + four.highHalf
    return two[0] + two[1]
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
private func wide(_ pointer: UnsafePointer<Double>, _ place: Int) -> Wide {
  UnsafeRawPointer(pointer).loadUnaligned(fromByteOffset: place &* 8, as: Wide.self)
}

@inline(__always)
private func store(_ value: Wide, _ pointer: UnsafeMutablePointer<Double>, _ place: Int) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: value, toByteOffset: place &* 8, as: Wide.self)
}

/// Whether any lane is true: the mask is -1 in each of those.
@inline(__always)
private func anyLane(_ mask: SIMDMask<SIMD8<Int64>>) -> Bool {
  let bits = unsafeBitCast(mask, to: SIMD8<Int64>.self)
  let four = bits.lowHalf | bits.highHalf
  let two = four.lowHalf | four.highHalf
  return two[0] | two[1] != 0
}
