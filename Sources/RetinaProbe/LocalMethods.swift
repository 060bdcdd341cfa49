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

  /// The magnitude of the derivative with respect to every unit (saliency; Simonyan, Vedaldi, Zisserman 2014).
  public func saliency(_ input: UnsafePointer<Float>, boundary: Int, target: Target) -> Attribution {
    var result = gradient(input, boundary: boundary, target: target)
    for index in result.values.indices { result.values[index] = result.values[index].magnitude }
    return result
  }

  /// Grad-CAM of a layer: `sum over channels c of w_c y_c`, where w_c is the mean over space of dF/dy_c.
  ///
  /// One number per position, without the rectification that others add (Selvaraju, Cogswell, Das 2017; Captum's
  /// `LayerGradCam`).
  ///
  /// - Parameter shape: extents of the layer; the first counts channels.
  public func gradCAM(
    _ input: UnsafePointer<Float>, boundary: Int, shape: [Int], target: Target
  ) -> Attribution {
    let found = gradient(input, boundary: boundary, target: target)
    let (units, plane) = (values[boundary], shape.dropFirst().reduce(1, *))
    var sum = [Double](repeating: 0, count: plane)
    for first in stride(from: 0, to: found.values.count, by: plane) {
      let weight = found.values[first..<first + plane].reduce(0) { $0 + Double($1) } / Double(plane)
      for position in 0..<plane { sum[position] += weight * Double(units[first + position]) }
    }
    return Attribution(values: sum.map { Float($0) }, valueAtInput: found.valueAtInput)
  }
}
