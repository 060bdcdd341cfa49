/// A function of one unit, as the kernels know it.
public enum ActivationKind: Equatable, Sendable {
  /// max(x, 0), with derivative 0 at 0.
  case relu
  /// log(1 + e^x).
  case softplus
  /// 1 / (1 + e^-x).
  case sigmoid
  /// Hyperbolic tangent.
  case tanh
  /// x above 0, alpha (e^x - 1) below.
  case elu(alpha: Float)
  /// e^x.
  case exponential
}

/// The plain definition of elementwise functions and their derivatives.
public enum PlainActivation {
  /// `output[i] = f(input[i])`; both may be the same memory.
  public static func forward(
    _ kind: ActivationKind, count: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    switch kind {
    case .relu: map(count, input, output) { $0.replacing(with: 0, where: $0 .<= 0) }
    case .softplus: map(count, input, output) { Elementary.softplus($0) }
    case .sigmoid: map(count, input, output) { Elementary.sigmoid($0) }
    case .tanh: map(count, input, output) { Elementary.tanh($0) }
    case .elu(let alpha):
      map(count, input, output) { ((Elementary.exp($0) - 1) * alpha).replacing(with: $0, where: $0 .> 0) }
    case .exponential: map(count, input, output) { Elementary.exp($0) }
    }
  }

  /// `derivative[i] = f'(input[i])`; both may be the same memory.
  public static func derivative(
    _ kind: ActivationKind, count: Int, input: UnsafePointer<Float>, derivative: UnsafeMutablePointer<Float>
  ) {
    let one = SIMD8<Float>(repeating: 1)
    switch kind {
    case .relu: map(count, input, derivative) { SIMD8<Float>.zero.replacing(with: 1, where: $0 .> 0) }
    case .softplus: map(count, input, derivative) { Elementary.sigmoid($0) }
    case .sigmoid:
      map(count, input, derivative) {
        let value = Elementary.sigmoid($0)
        return value * (one - value)
      }
    case .tanh:
      map(count, input, derivative) {
        let value = Elementary.tanh($0)
        return (one - value) * (one + value)
      }
    case .elu(let alpha):
      map(count, input, derivative) { (Elementary.exp($0) * alpha).replacing(with: 1, where: $0 .> 0) }
    case .exponential: map(count, input, derivative) { Elementary.exp($0) }
    }
  }

  /// Applies a function eight values at a time; the last few go through a zero-filled vector.
  @inline(__always)
  static func map(
    _ count: Int, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
    _ function: (SIMD8<Float>) -> SIMD8<Float>
  ) {
    let source = UnsafeRawPointer(input)
    let target = UnsafeMutableRawPointer(output)
    var index = 0
    while index + 8 <= count {
      let value = function(source.loadUnaligned(fromByteOffset: 4 * index, as: SIMD8<Float>.self))
      target.storeBytes(of: value, toByteOffset: 4 * index, as: SIMD8<Float>.self)
      index += 8
    }
    guard index < count else { return }
    var rest = SIMD8<Float>.zero
    for lane in 0..<count - index { rest[lane] = input[index + lane] }
    rest = function(rest)
    for lane in 0..<count - index { output[index + lane] = rest[lane] }
  }
}
