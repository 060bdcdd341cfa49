import RetinaEngine
import RetinaKernels

/// `alpha log(1 + e^(beta x))` of every unit, with alpha and beta that are learnt: one for all units, or one per unit.
///
/// In float64: it is for the last few units of a network, and beta's gradient is a sum over all of them.
final class ParametricSoftplusStep: NetworkStep, @unchecked Sendable {
  let output: FeatureLayout
  let isInPlace = false
  private let alpha, beta: Range<Int>
  /// Gradients of all alphas, then of all betas, per thread.
  private let sums: [Sums]

  private final class Sums: @unchecked Sendable {
    var values: [Double]

    init(_ count: Int) { values = [Double](repeating: 0, count: count) }
  }

  init(_ layout: FeatureLayout, alpha: Range<Int>, beta: Range<Int>, room: BatchRoom) {
    output = layout
    self.alpha = alpha
    self.beta = beta
    sums = (0..<room.threads).map { _ in Sums(alpha.count + beta.count) }
  }

  func prepare(_ pass: Pass) {}

  func forward(_ pass: Pass, _ values: StepValues) {
    guard let input = values.input.map(SendableFloats.init) else { return }
    pass.onEveryThread { thread in
      for sample in pass.samples(ofThread: thread) {
        let (source, target) = (input.base + sample * values.inputFloats, values.output + sample * values.outputFloats)
        for unit in 0..<output.count {
          let (a, b) = (Double(pass.parameters[alpha(unit)]), Double(pass.parameters[beta(unit)]))
          let place = output.place(unit)
          target[place] = Float(a * ElementaryDouble.softplus(b * Double(source[place])))
        }
      }
    }
  }

  func backward(_ pass: Pass, _ values: StepValues) {
    guard let input = values.input.map(SendableFloats.init) else { return }
    pass.onEveryThread { thread in
      let memory = sums[thread]
      for index in memory.values.indices { memory.values[index] = 0 }
      for sample in pass.samples(ofThread: thread) {
        let source = input.base + sample * values.inputFloats
        for unit in 0..<output.count {
          let (a, b) = (Double(pass.parameters[alpha(unit)]), Double(pass.parameters[beta(unit)]))
          let place = output.place(unit)
          let (x, gradient) = (
            Double(source[place]), Double(values.outputGradient[sample * values.outputFloats + place])
          )
          let slope = gradient * a / (1 + ElementaryDouble.exp(-b * x))
          memory.values[alpha(unit) - alpha.lowerBound] += gradient * ElementaryDouble.softplus(b * x)
          memory.values[alpha.count + beta(unit) - beta.lowerBound] += slope * x
          values.inputGradient?[sample * values.inputFloats + place] = Float(slope * b)
        }
      }
    }
    for memory in sums {
      for (index, place) in (Array(alpha) + Array(beta)).enumerated() {
        pass.gradient[place] += Float(memory.values[index])
      }
    }
  }

  /// The parameters of a unit.
  private func alpha(_ unit: Int) -> Int { alpha.lowerBound + (alpha.count > 1 ? unit : 0) }
  private func beta(_ unit: Int) -> Int { beta.lowerBound + (beta.count > 1 ? unit : 0) }
}
