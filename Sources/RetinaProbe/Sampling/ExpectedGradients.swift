import RetinaEngine
import RetinaKernels

/// Integrated gradients from many baselines (expected gradients; Erion et al. 2021).
extension Probe {
  /// Expected gradients without sampling: the mean over the given baselines of the integrated gradients from each.
  ///
  /// The values add up to F(input) less the mean of F over the baselines.
  ///
  /// - Parameter request: says how each integral is taken.
  /// - Throws: ``ProbeError``.
  public func expectedGradients(
    _ request: Request, input: [Float], baselines: [[Float]]
  ) throws(ProbeError) -> Attribution {
    var single = request
    single.method = .integratedGradients
    var sum = [Double](repeating: 0, count: count(0))
    var (valueAtInput, valueAtBaselines) = (Float(0), 0.0)
    for baseline in baselines {
      let found = try attribute(single, input: input, baseline: baseline)
      for index in sum.indices { sum[index] += Double(found.values[index]) }
      valueAtInput = found.valueAtInput
      valueAtBaselines += Double(found.valueAtBaseline ?? 0)
    }
    let number = Double(baselines.count)
    let values = sum.map { Float($0 / number) }
    let mean = Float(valueAtBaselines / number)
    guard request.multipliesByInputs else {
      return Attribution(values: values, valueAtInput: valueAtInput, valueAtBaseline: mean)
    }
    return .complete(values, input: valueAtInput, baseline: mean)
  }

  /// Expected gradients by sampling: the mean over samples of `(x - b) dF/dx(b + u (x - b))`.
  ///
  /// For each sample a baseline b is drawn from those given, and u from [0, 1) (Lundberg and Lee 2017; Captum's `GradientShap`
  /// without noise). The residual shows the error of sampling.
  ///
  /// - Parameter multipliesByInputs: when false, the factor x - b is left away.
  public func gradientShap(
    _ input: [Float], baselines: [[Float]], target: Target, samples: Int, seed: UInt64,
    multipliesByInputs: Bool = true
  ) -> Attribution {
    var random = SeededRandom(seed: seed)
    var mean = SampleMean(count: count(0))
    for _ in 0..<samples {
      let baseline = baselines[random.index(below: baselines.count)]
      let fraction = Float(random.uniform())
      let point = values[0]
      for index in input.indices { point[index] = baseline[index] + fraction * (input[index] - baseline[index]) }
      program.run(values, to: target.boundary)
      pullBack(target, to: 0)
      let slopes = gradients[0]
      mean.add { Double(slopes[$0]) * (multipliesByInputs ? Double(input[$0]) - Double(baseline[$0]) : 1) }
    }
    var valueAtBaselines = 0.0
    for baseline in baselines {
      run(baseline, into: values, to: target.boundary)
      valueAtBaselines += Double(target.value(values)) / Double(baselines.count)
    }
    run(input, into: values, to: target.boundary)
    let (valueAtInput, result) = (target.value(values), mean.mean.map { Float($0) })
    var attribution = Attribution(
      values: result, valueAtInput: valueAtInput, valueAtBaseline: Float(valueAtBaselines))
    if multipliesByInputs {
      attribution = .complete(result, input: valueAtInput, baseline: Float(valueAtBaselines))
    }
    attribution.standardError = mean.largestStandardError
    return attribution
  }
}
