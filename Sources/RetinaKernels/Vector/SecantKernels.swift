#if RETINA_VARIANT
  import RetinaKernels
#endif

// The kernels of the streaming probe, on values in groups of eight channels. `vectors` counts groups of eight lanes.
extension Kernels {
  /// Moves a layer of relu to a place of its path.
  ///
  /// `units = max(origin + a * direction, 0)`; `changes` is what the units gain over their last values.
  @inline(never)
  public static func secantMove(
    vectors: Int, a: Float, origin: UnsafePointer<Float>, direction: UnsafePointer<Float>,
    units: UnsafeMutablePointer<Float>, changes: UnsafeMutablePointer<Float>
  ) {
    let factor = Lanes(repeating: a)
    for vector in 0..<vectors {
      let place = vector &* 8
      let line = multiplyAdd(load(direction + place), factor, load(origin + place))
      let value = line.replacing(with: 0, where: line .<= 0)
      store(value - load(units + place), changes + place)
      store(value, units + place)
    }
  }

  /// The second layer of relu, after its linear map has moved.
  ///
  /// The new line is `map * scale + constant`. `gains` adds, lane by lane, weight times what the relu gains; `gradients` is weight
  /// times scale times the slope of the secant (gain of the relu over gain of the line), the derivative where the line rests.
  @inline(never)
  public static func secantRectify(
    vectors: Int, map: UnsafePointer<Float>, scale: UnsafePointer<Float>, constant: UnsafePointer<Float>,
    weights: UnsafePointer<Float>, lines: UnsafeMutablePointer<Float>, gradients: UnsafeMutablePointer<Float>,
    gains: UnsafeMutablePointer<Float>
  ) {
    var sum = load(gains)
    for vector in 0..<vectors {
      let place = vector &* 8
      let factor = load(scale + place)
      let (old, new) = (load(lines + place), multiplyAdd(load(map + place), factor, load(constant + place)))
      let gain = new.replacing(with: 0, where: new .<= 0) - old.replacing(with: 0, where: old .<= 0)
      let change = new - old
      let rests = Lanes.zero.replacing(with: 1, where: new .> 0)
      let divisor = change.replacing(with: 1, where: change .== 0)
      let slope = (gain / divisor).replacing(with: rests, where: change .== 0)
      let weight = load(weights + place)
      sum = multiplyAdd(weight, gain, sum)
      store(weight * factor * slope, gradients + place)
      store(new, lines + place)
    }
    store(sum, gains)
  }

  /// Adds, lane by lane, the products of two arrays.
  @inline(never)
  public static func secantSum(
    vectors: Int, first: UnsafePointer<Float>, second: UnsafePointer<Float>, sums: UnsafeMutablePointer<Float>
  ) {
    var (even, odd) = (Lanes.zero, Lanes.zero)
    var vector = 0
    while vector &+ 2 <= vectors {
      let place = vector &* 8
      even = multiplyAdd(load(first + place), load(second + place), even)
      odd = multiplyAdd(load(first + place + 8), load(second + place + 8), odd)
      vector &+= 2
    }
    if vector < vectors {
      let place = vector &* 8
      even = multiplyAdd(load(first + place), load(second + place), even)
    }
    store(load(sums) + (even + odd), sums)
  }
}
