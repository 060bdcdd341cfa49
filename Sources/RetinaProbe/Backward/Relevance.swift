import RetinaEngine

extension Probe {
  /// Added to sums, with their sign, before relevance is divided by them; Captum's.
  private static let stabilizer: Float = 1e-9

  /// Layer-wise relevance propagation with the epsilon rule at every affine step.
  ///
  /// A unit that gave the part `a_i w_ji` of a sum z_j gets that part of its relevance (Bach, Binder, Montavon 2015):
  /// `R_i = a_i sum over j of w_ji R_j / (z_j + sign(z_j) epsilon)`.
  ///
  /// Functions of single units pass relevance on, a division to what is divided ("signal-take-all"; Arras et al. 2019), and a maximum
  /// pool gives it to the unit that won. The relevance of the target's units
  /// is their value. Biases keep their part, so that sums are smaller than the target by it. A quadratic form is divided over its units by
  /// their gradient.
  ///
  /// Conventions of Captum's `LRP` and `LayerLRP`.
  public func relevance(_ input: UnsafePointer<Float>, boundary: Int, target: Target) -> Attribution {
    run(input, into: values, to: target.boundary)
    target.seed(gradients, at: values, count: count(target.boundary))
    multiply(target.boundary)
    for step in stride(from: target.boundary - 1, through: boundary, by: -1) {
      if program.steps[step].isElementwise, !program.steps[step].isAffine {
        gradients[step].update(from: gradients[step + 1], count: count(step))
        continue
      }
      if case .divisiveNormalization(let count) = program.steps[step].kind {
        gradients[step].update(from: gradients[step + 1], count: count)
        (gradients[step] + count).update(repeating: 0, count: count)
        continue
      }
      let (relevance, sums) = (gradients[step + 1], values[step + 1])
      for unit in 0..<count(step + 1) {
        relevance[unit] /= sums[unit] + (sums[unit] < 0 ? -Probe.stabilizer : Probe.stabilizer)
      }
      program.pullBack(gradients, at: values, from: step + 1, to: step)
      multiply(step)
    }
    return Attribution(values: copy(gradients, boundary), valueAtInput: target.value(values))
  }

  /// Multiplies the gradient at a boundary with the units there.
  private func multiply(_ boundary: Int) {
    let (result, units) = (gradients[boundary], values[boundary])
    for unit in 0..<count(boundary) { result[unit] *= units[unit] }
  }
}
