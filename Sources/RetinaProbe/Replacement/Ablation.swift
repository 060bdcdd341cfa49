import RetinaEngine

/// Methods that replace units and see what the target does.
extension Probe {
  /// The change of the target when a group of units is replaced: `F - F(units of the group := replacement)`, written to every
  /// unit of the group.
  ///
  /// - Parameters:
  ///   - boundary: 0 replaces parts of the stimulus (feature ablation), others interior units.
  ///   - replacement: one value per unit of the boundary.
  ///   - groups: the group of every unit, numbered from 0; nil makes each unit its own group.
  public func ablation(
    _ input: UnsafePointer<Float>, boundary: Int, target: Target, replacement: [Float], groups: [Int]? = nil
  ) -> Attribution {
    let groups = UnitGroups(groups, count: count(boundary))
    let found = effects(input, boundary: boundary, target: target, replacement: replacement, groups: groups)
    return Attribution(values: groups.spread(found.effects), valueAtInput: found.whole)
  }

  /// The change of the target when a channel of a layer is replaced: one number per channel, or per unit of layers without channels.
  ///
  /// - Parameter shape: extents of the layer; the first counts channels.
  public func channelAblation(
    _ input: UnsafePointer<Float>, boundary: Int, shape: [Int], target: Target, replacement: [Float]
  ) -> Attribution {
    let plane = shape.dropFirst().reduce(1, *)
    let groups = UnitGroups((0..<count(boundary)).map { $0 / plane }, count: count(boundary))
    let found = effects(input, boundary: boundary, target: target, replacement: replacement, groups: groups)
    return Attribution(values: found.effects, valueAtInput: found.whole)
  }

  /// The target of the run on a stimulus, and how much lower it is when each group is replaced: from the changes alone where the model
  /// allows it (``UnitReplacement``), else by running the rest of the model for each group.
  private func effects(
    _ input: UnsafePointer<Float>, boundary: Int, target: Target, replacement: [Float], groups: UnitGroups
  ) -> (whole: Float, effects: [Float]) {
    runWhole(input, to: target.boundary)
    let value = target.value(whole)
    if let replacing = replacing(boundary: boundary, target: target),
      let effects = replacing.effects(self, whole: whole, target: target, replacement: replacement, groups: groups)
    {
      return (value, effects)
    }
    let complete = copy(whole, boundary)
    return (
      value,
      (0..<groups.count).map { group in
        value
          - self.value(target, boundary: boundary, units: complete, replacing: groups[group], with: replacement)
      }
    )
  }

  /// Occlusion (Zeiler and Fergus 2014): a window slides over the boundary, and a unit gets the mean effect of the
  /// windows that cover it.
  ///
  /// Windows at the far border are cut, so that every unit is covered.
  ///
  /// - Parameters:
  ///   - shape: extents of the boundary; `window` and `strides` have one number per axis.
  public func occlusion(
    _ input: UnsafePointer<Float>, boundary: Int, shape: [Int], window: [Int], strides: [Int], target: Target,
    replacement: [Float]
  ) -> Attribution {
    run(input, into: values, to: target.boundary)
    let (complete, whole) = (copy(values, boundary), target.value(values))
    var sum = [Double](repeating: 0, count: complete.count)
    var covering = [Int](repeating: 0, count: complete.count)
    // As many windows as reach the far border, each of which begins inside.
    let positions = shape.indices.map { axis in
      let rest = max(0, shape[axis] - window[axis])
      return rest == 0 ? 1 : 1 + min((rest - 1) / strides[axis] + 1, (shape[axis] - 1) / strides[axis])
    }
    for place in 0..<positions.reduce(1, *) {
      let covered = Probe.window(place, of: positions, shape: shape, window: window, strides: strides)
      let effect =
        whole - value(target, boundary: boundary, units: complete, replacing: covered, with: replacement)
      for unit in covered {
        sum[unit] += Double(effect)
        covering[unit] += 1
      }
    }
    let result = sum.indices.map { covering[$0] > 0 ? Float(sum[$0] / Double(covering[$0])) : 0 }
    return Attribution(values: result, valueAtInput: whole)
  }

  /// Shapley values of groups of units, by all subsets: the mean effect of a group over all orders in which groups are added.
  ///
  /// - Parameter groups: the group of every unit, numbered from 0; at most ``largestExactShapley`` of them.
  public func shapley(
    _ input: UnsafePointer<Float>, boundary: Int, target: Target, replacement: [Float], groups: [Int]? = nil
  ) -> Attribution {
    run(input, into: values, to: target.boundary)
    let complete = copy(values, boundary)
    let members = UnitGroups(groups, count: complete.count)
    let subsetValues = (0..<1 << members.count).map { subset in
      Double(
        value(
          target, boundary: boundary, units: complete,
          replacing: (0..<members.count).filter { subset >> $0 & 1 == 0 }.flatMap { members[$0] }, with: replacement))
    }
    // Weight of a subset of size s among n groups: s! (n - s - 1)! / n!.
    var weights = [1 / Double(max(1, members.count))]
    for size in stride(from: 1, to: members.count, by: 1) {
      weights.append(weights[size - 1] * Double(size) / Double(members.count - size))
    }
    let values = (0..<members.count).map { group in
      var sum = 0.0
      for subset in 0..<1 << members.count where subset >> group & 1 == 0 {
        sum += weights[subset.nonzeroBitCount] * (subsetValues[subset | 1 << group] - subsetValues[subset])
      }
      return Float(sum)
    }
    return Attribution(
      values: members.spread(values), valueAtInput: Float(subsetValues[subsetValues.count - 1]),
      valueAtBaseline: Float(subsetValues[0]))
  }

  /// The most groups for which ``shapley(_:boundary:target:replacement:groups:)`` visits all subsets.
  public static let largestExactShapley = 16

  /// The target when some units of a boundary are replaced.
  private func value<Units: Sequence<Int>>(
    _ target: Target, boundary: Int, units: [Float], replacing group: Units, with replacement: [Float]
  ) -> Float {
    let places = values[boundary]
    for index in units.indices { places[index] = units[index] }
    for unit in group { places[unit] = replacement[unit] }
    program.run(values, from: boundary, to: target.boundary)
    return target.value(values)
  }

  /// The units that one position of a sliding window covers.
  private static func window(
    _ place: Int, of positions: [Int], shape: [Int], window: [Int], strides: [Int]
  ) -> [Int] {
    var units = [0]
    var rest = place
    var axisStride = 1
    for axis in shape.indices.reversed() {
      let start = rest % positions[axis] * strides[axis]
      rest /= positions[axis]
      let span = start..<min(start + window[axis], shape[axis])
      units = span.flatMap { position in units.map { $0 + position * axisStride } }
      axisStride *= shape[axis]
    }
    return units
  }
}
