import RetinaEngine
import RetinaKernels

extension Probe {
  /// DeepLIFT with the rescale rule (Shrikumar, Greenside, Kundaje 2017): differences from a baseline are passed back
  /// through every nonlinearity in the proportion `change of output / change of input`.
  ///
  /// Adds up exactly.
  ///
  /// Each step is judged by its own inputs, so that a relu directly before a maximum pool is right (Captum before its
  /// pull request 1843 was not).
  public func deepLIFT(
    _ input: UnsafePointer<Float>, baseline: UnsafePointer<Float>, boundary: Int, target: Target,
    multipliesByInputs: Bool = true
  ) -> Attribution {
    run(input, into: values, to: target.boundary)
    run(baseline, into: baselineValues, to: target.boundary)
    target.seedMean(gradients, from: baselineValues, to: values, count: count(target.boundary))
    for index in stride(from: target.boundary - 1, through: boundary, by: -1) {
      switch program.steps[index].kind {
      case .activation, .parametricSoftplus: rescale(index)
      case .divisiveNormalization(let count): share(index, count)
      case .maximumPool(let geometry): rescale(index, pool: geometry)
      default: program.pullBack(gradients, at: values, from: index + 1, to: index)
      }
    }
    let (valueAtInput, valueAtBaseline) = (target.value(values), target.value(baselineValues))
    var result = copy(gradients, boundary)
    guard multipliesByInputs else {
      return Attribution(values: result, valueAtInput: valueAtInput, valueAtBaseline: valueAtBaseline)
    }
    let (end, origin) = (values[boundary], baselineValues[boundary])
    for index in result.indices { result[index] *= end[index] - origin[index] }
    return .complete(result, input: valueAtInput, baseline: valueAtBaseline)
  }

  /// Below this change a smooth unit's quotient of differences is less certain, in float32, than its mean slope by two nodes.
  private static let smallestChange: Float = 0.125

  /// Multiplier of an elementwise step: change of the output over change of the input.
  private func rescale(_ step: Int) {
    let (incoming, outgoing) = (gradients[step + 1], gradients[step])
    let (x, b, fx, fb) = (values[step], baselineValues[step], values[step + 1], baselineValues[step + 1])
    // The mean slope between both ends, by Gauss-Legendre, for units that hardly change.
    let (points, slopes) = (tangents[step], tangents[step + 1])
    slopes.update(repeating: 0, count: count(step))
    for node: Float in [0.21132487, 0.78867513] {
      for index in 0..<count(step) { points[index] = b[index] + node * (x[index] - b[index]) }
      program.pullBack(gradients, at: tangents, from: step + 1, to: step)
      for index in 0..<count(step) { slopes[index] += 0.5 * outgoing[index] }
    }
    let hasKink = program.steps[step].hasKinkAtZero
    for index in 0..<count(step) {
      let change = x[index] - b[index]
      if change.magnitude > Probe.smallestChange || hasKink && (x[index] < 0) != (b[index] < 0) {
        outgoing[index] = incoming[index] * (fx[index] - fb[index]) / change
      } else {
        outgoing[index] = slopes[index]
      }
    }
  }

  /// Multipliers of a division: the change of a product of two is shared as Shapley values do, the change of each times the mean of the
  /// other at both ends.
  private func share(_ step: Int, _ count: Int) {
    let (incoming, outgoing) = (gradients[step + 1], gradients[step])
    let (x, b) = (values[step], baselineValues[step])
    for index in 0..<count {
      let (divisor, origin) = (1 + max(0, x[count + index]), 1 + max(0, b[count + index]))
      outgoing[index] = incoming[index] * (1 / divisor + 1 / origin) / 2
      let change = x[count + index] - b[count + index]
      let slope =
        change == 0
        ? (x[count + index] > 0 ? -1 / (divisor * divisor) : 0)
        : (origin - divisor) / change / (divisor * origin)
      outgoing[count + index] = incoming[index] * slope * (x[index] + b[index]) / 2
    }
  }

  /// Multipliers of a maximum pool: the part of the change up to the larger of both maxima goes to the unit that is largest
  /// now, the rest to the one that was largest for the baseline.
  private func rescale(_ step: Int, pool geometry: PoolGeometry) {
    let (incoming, outgoing) = (gradients[step + 1], gradients[step])
    let (x, b, fx, fb) = (values[step], baselineValues[step], values[step + 1], baselineValues[step + 1])
    outgoing.update(repeating: 0, count: count(step))
    geometry.forEachWindow { window, first in
      let (now, before) = (geometry.largest(x, from: first), geometry.largest(b, from: first))
      guard now != before else {
        outgoing[now] += incoming[window]
        return
      }
      let larger = max(fx[window], fb[window])
      for (unit, share) in [(now, larger - fb[window]), (before, fx[window] - larger)] {
        let change = x[unit] - b[unit]
        if change != 0 {
          outgoing[unit] += incoming[window] * share / change
        } else if unit == now {
          outgoing[unit] += incoming[window]
        }
      }
    }
  }

  /// Mean of ``deepLIFT(_:baseline:boundary:target:multipliesByInputs:)`` over several baselines.
  public func expectedDeepLIFT(
    _ input: UnsafePointer<Float>, baselines: [[Float]], boundary: Int, target: Target
  ) -> Attribution {
    var sum = [Double](repeating: 0, count: count(boundary))
    var (valueAtInput, valueAtBaselines) = (Float(0), 0.0)
    for baseline in baselines {
      let single = deepLIFT(input, baseline: baseline, boundary: boundary, target: target)
      for index in sum.indices { sum[index] += Double(single.values[index]) }
      valueAtInput = single.valueAtInput
      valueAtBaselines += Double(single.valueAtBaseline ?? 0)
    }
    let count = Double(baselines.count)
    return .complete(
      sum.map { Float($0 / count) }, input: valueAtInput, baseline: Float(valueAtBaselines / count))
  }
}

extension Step {
  /// Whether the step is a function of each unit whose slope jumps at zero.
  fileprivate var hasKinkAtZero: Bool {
    switch kind {
    case .activation(.relu, _), .activation(.elu, _): return true
    default: return false
    }
  }
}
