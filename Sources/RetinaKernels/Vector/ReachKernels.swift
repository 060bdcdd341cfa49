#if RETINA_VARIANT
  import RetinaKernels
#endif

// The kernels of the replacement of units: a unit of one layer changes, and the next layer changes only where the unit reaches.
extension Kernels {
  /// Adds what happens to the units of the next layer, before its nonlinearity, when one unit changes.
  ///
  /// - Parameter changes: `[group][row][column][8]`.
  @inline(never)
  public static func spreadChange(
    _ shape: ReachShape, unit: SweepUnit, change: Float, changes: UnsafeMutablePointer<Float>
  ) {
    let factor = Lanes(repeating: change)
    forEachReached(shape.geometry, unit) { place, weight in
      let step = load(shape.weights + weight) * load(shape.scale + place)
      store(multiplyAdd(step, factor, load(changes + place)), changes + place)
    }
  }

  /// The units that one unit reaches, side by side: their values before the nonlinearity when the unit has changed, their weights, and
  /// their values behind the nonlinearity before the change.
  ///
  /// - Parameters:
  ///   - values, outcomes: the next layer before and behind its nonlinearity, `[group][row][column][8]`.
  ///   - readout: what each of its units is worth.
  ///   - reached: room for three times ``ReachShape/largestReach`` numbers: changed values, weights, outcomes.
  /// - Returns: how many numbers there are of each kind.
  @inline(never)
  public static func reachedUnits(
    _ shape: ReachShape, unit: SweepUnit, change: Float, values: UnsafePointer<Float>,
    outcomes: UnsafePointer<Float>, readout: UnsafePointer<Float>, reached: UnsafeMutablePointer<Float>
  ) -> Int {
    let (factor, room) = (Lanes(repeating: change), shape.largestReach)
    var count = 0
    forEachReached(shape.geometry, unit) { place, weight in
      let step = load(shape.weights + weight) * load(shape.scale + place)
      store(multiplyAdd(step, factor, load(values + place)), reached + count)
      store(load(readout + place), reached + room + count)
      store(load(outcomes + place), reached + 2 * room + count)
      count += 8
    }
    return count
  }

  /// `sum of weights[i] (to[i] - from[i])`.
  ///
  /// - Parameter count: a multiple of eight.
  @inline(never)
  public static func weightedChange(
    count: Int, weights: UnsafePointer<Float>, from: UnsafePointer<Float>, to: UnsafePointer<Float>
  ) -> Float {
    var (even, odd) = (Lanes.zero, Lanes.zero)
    var index = 0
    while index + 16 <= count {
      even = multiplyAdd(load(weights + index), load(to + index) - load(from + index), even)
      let next = index + 8
      odd = multiplyAdd(load(weights + next), load(to + next) - load(from + next), odd)
      index += 16
    }
    if index < count { even = multiplyAdd(load(weights + index), load(to + index) - load(from + index), even) }
    let lanes = even + odd
    let four = lanes.lowHalf + lanes.highHalf
    let two = four.lowHalf + four.highHalf
    return two[0] + two[1]
  }
}
