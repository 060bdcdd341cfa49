/// Training of a network of a fixed tangent kernel on any loss: `df/dt = -T gradient(f)`.
///
/// For losses without a closed form, such as that of Poisson responses, in steps of the classical method of Runge and Kutta; for
/// the squared error see ``KernelTrajectory``.
public enum KernelFlow {
  /// The outputs for the training inputs after a time.
  ///
  /// - Parameters:
  ///   - kernel: the tangent kernel, `[sample, sample]`.
  ///   - start: the outputs before training.
  ///   - time: steps of descent times the learning rate.
  ///   - gradient: derivatives of the loss with respect to the outputs.
  public static func outputs(
    kernel: Matrix, start: [Double], time: Double, steps: Int, gradient: ([Double]) -> [Double]
  ) -> [Double] {
    let step = time / Double(max(1, steps))
    func slope(_ outputs: [Double]) -> [Double] { (kernel * gradient(outputs)).map { -$0 } }
    func moved(_ outputs: [Double], _ slope: [Double], _ part: Double) -> [Double] {
      zip(outputs, slope).map { $0 + part * $1 }
    }
    var outputs = start
    for _ in 0..<max(1, steps) {
      let first = slope(outputs)
      let second = slope(moved(outputs, first, step / 2))
      let third = slope(moved(outputs, second, step / 2))
      let fourth = slope(moved(outputs, third, step))
      for place in outputs.indices {
        outputs[place] += step / 6 * (first[place] + 2 * second[place] + 2 * third[place] + fourth[place])
      }
    }
    return outputs
  }

  /// The gradient of the mean Poisson loss `e^f - y f` of counts whose logarithmic rates are the outputs.
  public static func poissonGradient(_ outputs: [Double], counts: [Double]) -> [Double] {
    zip(outputs, counts).map { (Nonlinearity.exp.value($0) - $1) / Double(counts.count) }
  }
}
