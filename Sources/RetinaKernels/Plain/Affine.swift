/// The plain definition of a multiplication and an addition per value.
public enum PlainAffine {
  /// `output[i] = input[i] * scale[i / run] + shift[i / run]`; no addition where `shift` is nil.
  public static func forward(
    count: Int, run: Int, input: UnsafePointer<Float>, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>?,
    output: UnsafeMutablePointer<Float>
  ) {
    for group in 0..<count / run {
      let (factor, constant) = (scale[group], shift?[group] ?? 0)
      for index in group * run..<(group + 1) * run { output[index] = input[index] * factor + constant }
    }
  }

  /// The same in place, for values in groups of eight lanes: `vectors` consecutive vectors share eight factors and constants.
  public static func forwardLanes(
    count: Int, vectors: Int, values: UnsafeMutablePointer<Float>, scale: UnsafePointer<Float>,
    shift: UnsafePointer<Float>
  ) {
    let (raw, scales, shifts) = (UnsafeMutableRawPointer(values), UnsafeRawPointer(scale), UnsafeRawPointer(shift))
    for group in 0..<count / (8 * vectors) {
      let factor = scales.loadUnaligned(fromByteOffset: group * 32, as: SIMD8<Float>.self)
      let constant = shifts.loadUnaligned(fromByteOffset: group * 32, as: SIMD8<Float>.self)
      for vector in group * vectors..<(group + 1) * vectors {
        let value = raw.loadUnaligned(fromByteOffset: vector * 32, as: SIMD8<Float>.self) * factor + constant
        raw.storeBytes(of: value, toByteOffset: vector * 32, as: SIMD8<Float>.self)
      }
    }
  }
}
