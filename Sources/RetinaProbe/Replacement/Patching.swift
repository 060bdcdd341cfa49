import RetinaEngine

/// Methods that carry units from the run on one stimulus into the run on another.
extension Probe {
  /// Activation patching (TransformerLens, `patching.py`): what a group of units brings back of the clean run,
  /// `F(corrupt run with the group := its clean values) - F(corrupt)`, written to every unit of the group.
  ///
  /// - Parameters:
  ///   - clean, corrupt: two stimuli.
  ///   - groups: the group of every unit, numbered from 0; nil makes each unit its own group.
  public func activationPatching(
    _ clean: UnsafePointer<Float>, corrupt: UnsafePointer<Float>, boundary: Int, target: Target, groups: [Int]? = nil
  ) -> Attribution {
    run(clean, into: values, to: target.boundary)
    let (units, valueAtClean) = (copy(values, boundary), target.value(values))
    let replaced = ablation(corrupt, boundary: boundary, target: target, replacement: units, groups: groups)
    return Attribution(
      values: replaced.values.map { 0 - $0 }, valueAtInput: valueAtClean, valueAtBaseline: replaced.valueAtInput)
  }

  /// Attribution patching: activation patching of every unit to first order, `(y_clean - y_corrupt) dF/dy` with the
  /// derivative at the corrupt run.
  ///
  /// Exact where the model behind the layer is linear (Nanda 2023; nnsight, `attribution-patching.md`).
  public func attributionPatching(
    _ clean: UnsafePointer<Float>, corrupt: UnsafePointer<Float>, boundary: Int, target: Target
  ) -> Attribution {
    run(clean, into: baselineValues, to: target.boundary)
    var result = gradient(corrupt, boundary: boundary, target: target)
    let (new, old) = (baselineValues[boundary], values[boundary])
    for unit in result.values.indices { result.values[unit] *= new[unit] - old[unit] }
    result.valueAtBaseline = result.valueAtInput
    result.valueAtInput = target.value(baselineValues)
    return result
  }
}
