import RetinaEngine

/// Methods that look at one stimulus without a baseline.
extension Probe {
  /// The units themselves.
  public func activation(_ input: UnsafePointer<Float>, boundary: Int) -> Attribution {
    run(input, into: values, to: boundary)
    return Attribution(values: copy(values, boundary), valueAtInput: 0)
  }

  /// The derivative of the target with respect to every unit.
  ///
  /// At boundary 0 this is the instantaneous receptive field.
  public func gradient(_ input: UnsafePointer<Float>, boundary: Int, target: Target) -> Attribution {
    run(input, into: values, to: target.boundary)
    pullBack(target, to: boundary)
    return Attribution(values: copy(gradients, boundary), valueAtInput: target.value(values))
  }

  /// Every unit times the derivative of the target with respect to it.
  public func gradientTimesActivation(
    _ input: UnsafePointer<Float>, boundary: Int, target: Target
  ) -> Attribution {
    var result = gradient(input, boundary: boundary, target: target)
    let units = values[boundary]
    for index in result.values.indices { result.values[index] *= units[index] }
    return result
  }
}
