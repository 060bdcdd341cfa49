import RetinaModel
import RetinaStimuli

/// Weights with which signals and gradients keep their size through any depth.
public enum CriticalStart {
  /// A random matrix `[rows, columns]` whose columns are orthonormal times a gain; rows are at least as many.
  ///
  /// From the QR decomposition of normal numbers with the signs of the triangle taken out, so that all rotations are as
  /// likely (Mezzadri 2007).
  public static func orthogonal(
    rows: Int, columns: Int, gain: Double, using generator: inout SeededGenerator
  ) -> Matrix {
    precondition(rows >= columns, "columns cannot be orthogonal when they are more than rows")
    let normal = Matrix(
      rows: columns, columns: rows, values: (0..<rows * columns).map { _ in generator.normal() })
    let frame = OrthogonalBasis(of: normal)
    var basis = frame.basis
    for row in 0..<columns {
      let factor = frame.coordinates[row, row] < 0 ? -gain : gain
      for column in 0..<rows { basis[row, column] *= factor }
    }
    return basis.transposed
  }

  /// Kernels `[out, in, size, size]` that are zero but for an orthogonal matrix in the middle: a delta-orthogonal start
  /// (Xiao et al., ICML 2018), which keeps the length of every input with as much padding as half a kernel.
  ///
  /// - Parameter gain: the square root of the critical weight variance.
  /// - Throws: ``TheoryError`` for more inputs than outputs or an even size.
  public static func deltaOrthogonal(
    outputs: Int, inputs: Int, size: Int, gain: Double, seed: UInt64
  ) throws(TheoryError) -> Tensor {
    guard inputs <= outputs, inputs > 0, size % 2 == 1,
      let shape = Shape(checking: [outputs, inputs, size, size])
    else {
      throw TheoryError(
        "delta-orthogonal kernel", expected: "at most as many inputs as outputs and an odd size",
        found: "\(inputs) inputs, \(outputs) outputs, size \(size)")
    }
    var generator = SeededGenerator(seed: seed)
    let middle = orthogonal(rows: outputs, columns: inputs, gain: gain, using: &generator)
    var kernel = Tensor(repeating: 0, shape: shape)
    for output in 0..<outputs {
      for input in 0..<inputs {
        kernel.values[((output * inputs + input) * size + size / 2) * size + size / 2] = Float(middle[output, input])
      }
    }
    return kernel
  }
}
