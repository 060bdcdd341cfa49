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
  ///   - found, roots: place of each unit that crossed zero and where it did; room for twice the units of the layer.
  /// - Returns: how many crossed.
  @inline(never)
  public static func sweepCrossings(
    _ shape: SweepShape, unit: SweepUnit, at a: Double, changeOfConstant: Double, changeOfSlope: Double, tiny: Double,
    constants: UnsafeMutablePointer<Double>, slopes: UnsafeMutablePointer<Double>,
    signs: UnsafeMutablePointer<Double>, found: UnsafeMutablePointer<Int>, roots: UnsafeMutablePointer<Double>
  ) -> Int {
    var count = 0
    let (position, constantChange, slopeChange) = (
      Wide(repeating: a), Wide(repeating: changeOfConstant), Wide(repeating: changeOfSlope)
    )
    forEachReached(shape, unit) { place, weight in
      let (constant, slope, sign) = (wide(constants + place), wide(slopes + place), wide(signs + place))
      let crossed = (constant + slope * position) * sign .< 0
      if anyLane(crossed) {
        for lane in 0..<8 where crossed[lane] {
          found[count] = place + lane
          roots[count] = -constant[lane] / slope[lane]
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
          roots[count] = a
          signs[place + lane] = -1
          count += 1
        }
      }
      store(newConstant, constants + place)
      store(newSlope, slopes + place)
    }
    return count
  }

  /// The same switch in the second pass: adds what the reached units carried since they last changed, then changes their slopes.
  ///
  /// - Parameters:
  ///   - clock: the integral of the last nonlinearity's derivative up to here.
  ///   - active: 1 for units above zero, else 0.
  ///   - carried: integral of slope over the clock while active.
  ///   - since: the clock when a unit's `carried` was last brought up to date.
  @inline(never)
  public static func sweepForward(
    _ shape: SweepShape, unit: SweepUnit, clock: Double, changeOfSlope: Double,
    slopes: UnsafeMutablePointer<Double>, active: UnsafePointer<Double>, carried: UnsafeMutablePointer<Double>,
    since: UnsafeMutablePointer<Double>
  ) {
    let (now, change) = (Wide(repeating: clock), Wide(repeating: changeOfSlope))
    forEachReached(shape, unit) { place, weight in
      let slope = wide(slopes + place)
      store(
        wide(carried + place) + wide(active + place) * slope * (now - wide(since + place)), carried + place)
      store(now, since + place)
      store(slope + wide(shape.forward + weight) * wide(shape.scale + place) * change, slopes + place)
    }
  }

  /// A unit of the second layer switches: adds what the units that feed it carried since they last changed, then changes their
  /// gradients.
  ///
  /// - Parameters:
  ///   - changeOfGradient: the gradient that the switching unit passes on, times +1 or -1.
  ///   - gradients: gradient of the cell with respect to each unit of the first layer.
  ///   - carried: integral of that gradient over the clock.
  @inline(never)
  public static func sweepBack(
    _ shape: SweepShape, unit: SweepUnit, clock: Double, changeOfGradient: Double,
    gradients: UnsafeMutablePointer<Double>, carried: UnsafeMutablePointer<Double>,
    since: UnsafeMutablePointer<Double>
  ) {
    let geometry = shape.geometry
    let (now, change) = (Wide(repeating: clock), Wide(repeating: changeOfGradient))
    let taps = geometry.kernelHeight * geometry.kernelWidth
    for group in 0..<(geometry.inputs + 7) / 8 {
      let kernel = shape.backward + (unit.channel * ((geometry.inputs + 7) / 8) + group) * taps * 8
      for kernelRow in 0..<geometry.kernelHeight {
        let row =
          unit.row * geometry.strideVertical + kernelRow * geometry.dilationVertical - geometry.paddingVertical
        guard row >= 0, row < geometry.inputHeight else { continue }
        for kernelColumn in 0..<geometry.kernelWidth {
          let column =
            unit.column * geometry.strideHorizontal + kernelColumn * geometry.dilationHorizontal
            - geometry.paddingHorizontal
          guard column >= 0, column < geometry.inputWidth else { continue }
          let place = ((group * geometry.inputHeight + row) * geometry.inputWidth + column) * 8
          let gradient = wide(gradients + place)
          store(wide(carried + place) + gradient * (now - wide(since + place)), carried + place)
          store(now, since + place)
          store(
            gradient + wide(kernel + (kernelRow * geometry.kernelWidth + kernelColumn) * 8) * change,
            gradients + place)
        }
      }
    }
  }

  /// Visits the groups of eight units of the second layer that a unit of the first reaches, with the place of the weights.
  @inline(__always)
  private static func forEachReached(
    _ shape: SweepShape, _ unit: SweepUnit, _ body: (_ place: Int, _ weight: Int) -> Void
  ) {
    let geometry = shape.geometry
    let (outputHeight, outputWidth) = (geometry.outputHeight, geometry.outputWidth)
    for group in 0..<(geometry.outputs + 7) / 8 {
      for kernelRow in 0..<geometry.kernelHeight {
        let row = unit.row + geometry.paddingVertical - kernelRow * geometry.dilationVertical
        guard row >= 0, row % geometry.strideVertical == 0, row / geometry.strideVertical < outputHeight else {
          continue
        }
        let line = (group * outputHeight + row / geometry.strideVertical) * outputWidth
        let weights =
          ((group * geometry.inputs + unit.channel) * geometry.kernelHeight + kernelRow) * geometry.kernelWidth
        for kernelColumn in 0..<geometry.kernelWidth {
          let column = unit.column + geometry.paddingHorizontal - kernelColumn * geometry.dilationHorizontal
          guard column >= 0, column % geometry.strideHorizontal == 0,
            column / geometry.strideHorizontal < outputWidth
          else { continue }
          body((line + column / geometry.strideHorizontal) * 8, (weights + kernelColumn) * 8)
        }
      }
    }
  }
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
