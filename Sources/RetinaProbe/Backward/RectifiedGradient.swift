import RetinaEngine

/// What a relu lets through backwards, where it is not the derivative.
public enum RectifierRule: Sendable {
  /// `max(g, 0)` where the unit is on (guided backpropagation; Springenberg et al. 2015).
  case guided
  /// `max(g, 0)` for every unit (deconvolution; Zeiler and Fergus 2014).
  case deconvolution
}

extension Probe {
  /// The gradient over the stimulus with another rule at every relu, other steps being as ever.
  ///
  /// It promises nothing about sums, and is here to be compared with.
  public func rectifiedGradient(
    _ input: UnsafePointer<Float>, target: Target, rule: RectifierRule
  ) -> Attribution {
    run(input, into: values, to: target.boundary)
    target.seed(gradients, at: values, count: count(target.boundary))
    for step in stride(from: target.boundary - 1, through: 0, by: -1) {
      guard case .activation(.relu, let count) = program.steps[step].kind else {
        program.pullBack(gradients, at: values, from: step + 1, to: step)
        continue
      }
      let (incoming, outgoing, units) = (gradients[step + 1], gradients[step], values[step])
      for unit in 0..<count {
        let passes = incoming[unit] > 0 && (rule == .deconvolution || units[unit] > 0)
        outgoing[unit] = passes ? incoming[unit] : 0
      }
    }
    return Attribution(values: copy(gradients, 0), valueAtInput: target.value(values))
  }
}
